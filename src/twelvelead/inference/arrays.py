"""Many recordings in arrays, answered in batches: what `Engine.predict` says of each, as one table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import columns_for
from twelvelead.errors import Refused
from twelvelead.inference.prepare import Prepared, prepare
from twelvelead.inference.together import BATCH, Outputs, run_together
from twelvelead.readers.arrays import Arrays

if TYPE_CHECKING:
    from twelvelead.inference.engine import Engine


class Answered(NamedTuple):
    """What weights say of one recording, the mean over its pieces.

    Attributes:
        probabilities: [classes] float64, calibrated.
        statements: [statements] float64, calibrated; None where the weights answer none.
        embedding: [units] float32; None where it was not asked for.
        findings: codes of the gate's warnings.
    """

    probabilities: NDArray[np.float64]
    statements: NDArray[np.float64] | None
    embedding: NDArray[np.float32] | None
    findings: tuple[str, ...]


def answer(
    engine: "Engine", recordings: Sequence[Any], *, gate: bool = True, embed: bool = False
) -> list[Answered | Refused]:
    """What weights say of recordings, or why they say nothing, in their order; pieces of one length run together.

    Args:
        engine: the weights.
        recordings: an `ECG` each; as many as memory holds at the weights' rate.
        gate: whether the quality gate is asked.
        embed: whether the embedding is wanted.
    """
    prepared: list[Prepared | Refused] = []
    for ecg in recordings:
        try:
            prepared.append(prepare(ecg, engine.contract, engine.leads, gate=gate))
        except Refused as refusal:
            prepared.append(refusal)
    outputs = iter(run_together(engine, [one for one in prepared if isinstance(one, Prepared)], embed=embed))
    return [one if isinstance(one, Refused) else _answered(one, next(outputs)) for one in prepared]


def _answered(prepared: Prepared, found: Outputs) -> Answered:
    codes = tuple(finding.code for finding in prepared.findings)
    return Answered(found.probabilities.mean(axis=0), _mean(found.statements), _mean(found.embedding), codes)


def _mean(values: Any) -> Any:
    return None if values is None else values.mean(axis=0)


def predict_arrays(engine: "Engine", recordings: Arrays, operating_point: str, *, gate: bool) -> Any:
    """See `Engine.predict_arrays`."""
    engine = engine.seeing(recordings.leads, recordings.name)
    columns_for(engine.leads, recordings.leads, recordings.name)
    rules, contract = engine.rules(operating_point), engine.contract
    assessed = [] if contract.statements is None else np.flatnonzero(contract.statements.assessed).tolist()
    names = [contract.statements.classes[column] for column in assessed] if contract.statements else []
    table = np.zeros(len(recordings), _fields(contract.classes, names))
    for name, columns in (("probabilities", contract.classes), ("statements", names)):
        for column in columns:
            table[name][column] = np.nan
    for first in range(0, len(recordings), BATCH):
        batch = range(first, min(first + BATCH, len(recordings)))
        for row, said in zip(batch, answer(engine, [recordings[row] for row in batch], gate=gate), strict=True):
            if isinstance(said, Refused):
                codes = tuple(finding.code for finding in said.findings)
                table[["status", "message", "findings"]][row] = ("refused", str(said), codes)
                continue
            statements = () if said.statements is None else rules.statements(said.statements)
            table[row] = (
                "ok",
                "",
                tuple(said.probabilities.tolist()),
                tuple(one.probability for one in statements),
                tuple(one.decision for one in rules(said.probabilities)),
                tuple(one.decision for one in statements),
                said.findings,
            )
    return _framed(table)


def _fields(classes: Sequence[str], statements: Sequence[str]) -> list[Any]:
    return [
        ("status", "U7"),
        ("message", object),
        ("probabilities", [(name, "f8") for name in classes]),
        ("statements", [(name, "f8") for name in statements]),
        ("decisions", [(name, "U9") for name in classes]),
        ("statement_decisions", [(name, "U9") for name in statements]),
        ("findings", object),
    ]


def _framed(table: NDArray[np.void]) -> Any:
    """The table as a frame of pandas, where that is installed; its columns have two levels."""
    try:
        import pandas as pd
    except ModuleNotFoundError:
        return table
    columns: dict[tuple[str, str], NDArray[Any]] = {}
    for name in table.dtype.names or ():
        inner = table.dtype[name].names
        columns |= {(name, ""): table[name]} if inner is None else {(name, each): table[name][each] for each in inner}
    return pd.DataFrame(columns, columns=pd.MultiIndex.from_tuples(columns))
