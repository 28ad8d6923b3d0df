"""Recordings that are answered together: each gets what it gets alone, and the network runs once for many."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.measure import measure as measured
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.selective import certainty, rank
from twelvelead.inference.decide import ERROR_RATE, Rules
from twelvelead.inference.explain import attribute
from twelvelead.inference.interpretation import Attribution, Interpretation, Piece
from twelvelead.inference.pieces import merge
from twelvelead.inference.prepare import Prepared, prepare

if TYPE_CHECKING:
    from twelvelead.inference.engine import Engine

BATCH = 32
"""Pieces that run together, so that memory stays flat."""


class Outputs(NamedTuple):
    """What weights say of n recordings, or of n pieces of one.

    Attributes:
        probabilities: [n, classes] float64, calibrated.
        attention: [n, steps] float32, adds up to 1 for each recording; None where the model has none.
        members: [n, members, classes] float64, of each network of an ensemble, on the calibrated scale; None for a
            single network.
        statements: [n, statements] float64, calibrated; None where the weights answer none.
        embedding: [n, units] float32, for whoever searches or clusters; None where the file gives none.
    """

    probabilities: NDArray[np.float64]
    attention: NDArray[np.float32] | None
    members: NDArray[np.float64] | None
    statements: NDArray[np.float64] | None
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True)
class Asked:
    """A recording and how it is answered; see `Engine.predict`. `statements` and `embed` say whether statements are
    decided and the embedding is wanted, of weights that have them."""

    ecg: ECG
    operating_point: str = "accuracy"
    error_rate: float = ERROR_RATE
    prevalence: Mapping[str, float] | None = None
    explain: bool = False
    measure: bool = True
    statements: bool = True
    embed: bool = False


class _Begun(NamedTuple):
    """A recording that can be answered, and all about it that needs no network."""

    asked: Asked
    engine: "Engine"
    rules: Rules
    prepared: Prepared
    measurements: Measurements | None


def run_together(engine: "Engine", prepared: Sequence[Prepared], *, embed: bool = False) -> list[Outputs]:
    """What weights say of the pieces of each recording, in order of time; pieces of one length run together.

    Args:
        engine: the weights.
        prepared: recordings, as `prepare` gives them for these weights.
        embed: whether the embedding is wanted.
    """
    parts: list[list[Outputs]] = [[] for _ in prepared]
    for length in dict.fromkeys(one.length for one in prepared):
        pieces = [(place, start) for place, one in enumerate(prepared) if one.length == length for start in one.starts]
        for first in range(0, len(pieces), BATCH):
            chosen = pieces[first : first + BATCH]
            signals = np.stack([prepared[place].signal[start : start + length] for place, start in chosen])
            found = engine.run(signals, np.stack([prepared[place].ecg.features for place, _ in chosen]), embed=embed)
            for place in dict.fromkeys(place for place, _ in chosen):
                rows = [row for row, (of, _) in enumerate(chosen) if of == place]
                parts[place].append(_of(found, slice(rows[0], rows[-1] + 1)))
    return [each[0] if len(each) == 1 else Outputs._make(map(_joined, zip(*each, strict=True))) for each in parts]


def _of(outputs: Outputs, rows: slice) -> Outputs:
    return Outputs._make(None if values is None else values[rows] for values in outputs)


def _joined(parts: Sequence[Any]) -> Any:
    return None if parts[0] is None else np.concatenate(parts)


def predict_each(engine: "Engine", asked: Sequence[Asked]) -> list[Interpretation | TwelveLeadError]:
    """What `Engine.predict` says of each recording, or why it says nothing, in their order.

    Args:
        engine: the weights.
        asked: as many as memory holds at the weights' rate.
    """
    answers: list[Interpretation | TwelveLeadError | None] = [None] * len(asked)
    begun: dict[int, _Begun] = {}
    for place, one in enumerate(asked):
        try:
            begun[place] = _begin(engine, one)
        except TwelveLeadError as error:
            answers[place] = error
    for seeing in dict.fromkeys(one.engine for one in begun.values()):
        places = [place for place, one in begun.items() if one.engine is seeing]
        embed = any(begun[place].asked.embed for place in places)
        outputs = run_together(seeing, [begun[place].prepared for place in places], embed=embed)
        for place, found in zip(places, outputs, strict=True):
            answers[place] = _interpret(begun[place], found)
    return [answer for answer in answers if answer is not None]


def _begin(engine: "Engine", asked: Asked) -> _Begun:
    ecg = asked.ecg
    engine = engine.seeing(ecg.leads, ecg.source)
    rules = engine.rules(asked.operating_point, asked.error_rate, asked.prevalence)
    prepared = prepare(ecg, engine.contract, engine.leads)
    # at once: measuring takes the beats that the gate has found, which are remembered of the last recording alone
    measurements = measured(prepared.ecg) if asked.measure and engine.leads == LEADS else None
    return _Begun(asked, engine, rules, prepared, measurements)


def _interpret(begun: _Begun, found: Outputs) -> Interpretation:
    asked, engine, rules, prepared, measurements = begun
    contract = engine.contract
    mean = found.probabilities.mean(axis=0)
    sure = float(certainty(mean))
    return Interpretation(
        ecg=prepared.ecg,
        classes=rules(mean, None if found.members is None else found.members.mean(axis=0).std(axis=0)),
        statements=()
        if found.statements is None or not asked.statements
        else rules.statements(found.statements.mean(axis=0)),
        not_assessed=rules.not_assessed,
        operating_point=asked.operating_point,
        attention=None
        if found.attention is None
        else merge(list(found.attention), prepared.starts, contract.attention_samples),
        weights=contract.name,
        sha256=engine.sha256,
        contract_sha256=engine.contract_sha256,
        as_shipped=engine.as_shipped,
        synthetic=contract.synthetic,
        error_rate=asked.error_rate,
        certainty=sure,
        certainty_rank=rank(sure, contract.certainty),
        pieces=tuple(_pieces(found.probabilities, prepared, contract.sampling_rate)),
        findings=prepared.findings,
        measurements=measurements,
        embedding=found.embedding.mean(axis=0) if asked.embed and found.embedding is not None else None,
        members=contract.members,
        attribution=_explained(engine, prepared, found.probabilities) if asked.explain else None,
    )


def _pieces(probabilities: NDArray[np.float64], prepared: Prepared, rate: int) -> Iterator[Piece]:
    for start, values in zip(prepared.starts, probabilities.tolist(), strict=True):
        yield Piece(start / rate, (start + prepared.length) / rate, tuple(values))


def _explained(engine: "Engine", prepared: Prepared, probabilities: NDArray[np.float64]) -> Attribution:
    """What speaks for the classes in the piece where the most probable one is most probable."""
    contract, features = engine.contract, prepared.ecg.features
    start = prepared.starts[probabilities[:, probabilities.mean(axis=0).argmax()].argmax()]
    return attribute(
        lambda ecg: engine.run(ecg, np.broadcast_to(features, (len(ecg), len(features)))).probabilities,
        prepared.signal[start : start + prepared.length],
        contract.sampling_rate,
        contract.classes,
        contract.leads,
        start,
    )
