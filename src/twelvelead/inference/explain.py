"""Which stretch of which lead speaks for a class: each one is hidden in turn, and the answer asked again.

Occlusion (Zeiler and Fergus, ECCV 2014), because it needs nothing of a model but its answer.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.calibration import logit
from twelvelead.inference.interpretation import Attribution
from twelvelead.inference.prepare import prepare

if TYPE_CHECKING:
    from twelvelead.inference.engine import Engine

CELL_SECONDS = 0.4
"""Of a cell: about a P wave with its PR interval, a QRS complex with its ST segment, or a T wave."""

BATCH = 30
"""Hidden variants that are answered together."""


def attribute(
    probabilities: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    signal: NDArray[np.float32],
    sampling_rate: float,
    classes: Sequence[str],
    leads: Sequence[str],
    first_sample: int = 0,
) -> Attribution:
    """The fall of each class's log-odds when one cell, a stretch of one lead, is replaced by a straight line.

    The line joins the samples on both sides of the cell, so that hiding adds no step that the model could take for a
    wave. Every class is answered by the same runs, as many as there are cells: 12 leads of 10 s make 300.

    Args:
        probabilities: the model: [n, samples, leads] float32 mV to [n, classes].
        signal: [samples, leads] float32 mV.
        sampling_rate: in Hz.
        classes: names of the outputs.
        leads: names of the columns.
        first_sample: where in the recording the signal begins.
    """
    samples, columns = signal.shape
    count = max(1, round(samples / sampling_rate / CELL_SECONDS))
    edges = np.linspace(0, samples, count + 1).round().astype(int)
    cells = [(lead, start, end) for lead in range(columns) for start, end in itertools.pairwise(edges)]
    before = logit(probabilities(signal[None]))
    falls = []
    for first in range(0, len(cells), BATCH):
        chosen = cells[first : first + BATCH]
        variants = np.repeat(signal[None], len(chosen), axis=0)
        for variant, (lead, start, end) in zip(variants, chosen, strict=True):
            variant[start:end, lead] = bridge(signal[:, lead], start, end)
        falls.append(before - logit(probabilities(variants)))
    by_class = np.concatenate(falls).reshape(columns, count, len(classes)).astype(np.float32)
    return Attribution(
        values={name: by_class[:, :, column] for column, name in enumerate(classes)},
        edges=tuple(((first_sample + edges) / sampling_rate).tolist()),
        leads=tuple(leads),
    )


def explain(engine: "Engine", ecg: ECG, output: str) -> Attribution:
    """What speaks for one class or statement, and for all others that the same runs tell of.

    Of a recording of more than 20 s, that is in the piece where the output is most probable, and the others are those
    that are most probable there too.

    Args:
        engine: the weights.
        ecg: as `Engine.predict` takes it.
        output: name of a class, or of a statement that is assessed; a name that is both is the class.

    Raises:
        Refused: the recording is not fit to read, with the reason.
        TwelveLeadError: the weights do not answer for the output.
    """
    engine = engine.seeing(ecg.leads, ecg.source)
    contract = engine.contract
    head = contract.statements
    said = () if head is None else zip(head.classes, head.assessed, strict=True)
    names = [*contract.classes, *(name for name, assessed in said if assessed and name not in contract.classes)]
    if output not in names:
        raise TwelveLeadError(f"the weights {contract.name} do not answer for {output}", code="usage")
    columns = [] if head is None else [head.classes.index(name) for name in names[len(contract.classes) :]]
    seen, signal, _, starts, length = prepare(ecg, contract, engine.leads)
    features = seen.features

    def answer(pieces: NDArray[np.float32]) -> NDArray[np.float64]:
        found = engine.run(pieces, np.broadcast_to(features, (len(pieces), len(features))))
        statements = np.empty((len(pieces), 0)) if found.statements is None else found.statements[:, columns]
        return np.concatenate([found.probabilities, statements], axis=1)

    telling = np.concatenate([answer(signal[None, start : start + length]) for start in starts]).argmax(axis=0)
    piece = telling[names.index(output)]
    start = starts[piece]
    found = attribute(answer, signal[start : start + length], contract.sampling_rate, names, contract.leads, start)
    there = {name: found.values[name] for name, best in zip(names, telling, strict=True) if best == piece}
    return Attribution(there, found.edges, found.leads)


def bridge(lead: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """A straight line from the sample before `start` to that at `end`; level where the recording begins or ends.

    Args:
        lead: [samples] mV.
        start, end: the samples to replace, the second excluded.
    """
    before = lead[start - 1] if start > 0 else lead[min(end, len(lead) - 1)]
    after = lead[end] if end < len(lead) else before
    return np.linspace(before, after, end - start + 2, dtype=np.float32)[1:-1]
