"""How far the macro AUROC falls when recordings go wrong: the faults of `twelvelead.ecg.faults`, one after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import to_millivolts
from twelvelead.ecg.faults import CLEAN, FAULTS, Case
from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import Estimate, estimate, patient_weights
from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.ranking import Ranking
from twelvelead.progress import Progress, silent

BATCH = 32
"""Records that are in memory at once."""

Floats = NDArray[np.float64]
Predict = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.floating[Any]]]
"""ecg [n, samples, 12] float32 mV and features [n, 2] float32 -> probabilities [n, classes]."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """The records that every case is put to.

    Attributes:
        signals: [rows, samples, 12 leads], int16 uV as a store holds them, or floating mV; may be memory-mapped.
        rows: [records] int64, which of them are scored.
        sampling_rate: in Hz.
        features: [records, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.
        labels: [records, classes] bool.
        patients: [records], a patient's identity in each.
        ids: [records] int64, at least 0: what a record's random choices are drawn from, so that they are the same in
            every subset.
        known: [records, classes] bool, which labels are known; None for all. The others take no part.
    """

    signals: NDArray[Any]
    rows: NDArray[np.int64]
    sampling_rate: float
    features: NDArray[np.float32]
    labels: NDArray[np.bool_]
    patients: NDArray[Any]
    ids: NDArray[np.int64]
    known: NDArray[np.bool_] | None = None

    def millivolts(self, start: int, stop: int) -> NDArray[np.float32]:
        """[records from start to stop, samples, 12 leads] float32 mV."""
        raw = self.signals[self.rows[start:stop]]
        return to_millivolts(raw) if np.issubdtype(raw.dtype, np.integer) else raw.astype(np.float32)


def macro_aurocs(
    recordings: Recordings,
    predict: Predict,
    wanted: Sequence[Case],
    *,
    seed: int = 0,
    resamples: int = 1000,
    progress: Progress = silent,
) -> Iterator[tuple[Case, Floats]]:
    """The macro AUROC of each case, as it is and over resampled patients.

    Every case has the same records and the same resamples, so that differences between cases, and between models that
    were put to them, are paired. The choices of a fault follow from (seed, fault, severity, record id), so neither the
    other cases nor the other records change them. Memory holds one batch of signals.

    Args:
        recordings: what is scored.
        predict: the model.
        wanted: the cases.
        seed: of the faults and of the resampling.
        resamples: number of patient resamples.
        progress: told the case, and the records done, counted over the cases.

    Yields:
        Each case with [1 + resamples] float64: the macro AUROC of the records, then of each resample. A class without
        positives or without negatives is left out of the macro.

    Raises:
        Unreadable: there are no records, a probability is NaN or outside 0-1, or no class has positives and negatives.
    """
    labels, each = recordings.labels, len(recordings.rows)
    known = np.ones_like(labels) if recordings.known is None else recordings.known
    if not each:
        raise Unreadable("evaluation: there are no records to score; choose a fold that holds some")
    scorable = np.flatnonzero(labels.any(axis=0) & (known & ~labels).any(axis=0))
    if not len(scorable):
        raise Unreadable("evaluation: no class has positives and negatives; choose more records")
    drawn = patient_weights(recordings.patients, resamples, seed)
    weights = np.ascontiguousarray(np.concatenate([np.ones((1, each)), drawn]).T)
    del drawn
    for number, case in enumerate(wanted):

        def show(done: int, before: int = number * each, case: Case = case) -> None:
            progress(f"records, {case}", before + done, len(wanted) * each)

        _, probabilities = checked(labels, _probabilities(recordings, predict, case, seed, show))
        aurocs = []
        for column in scorable:
            seen = np.flatnonzero(known[:, column])
            aurocs.append(Ranking(labels[seen, column], probabilities[seen, column], seen, each)(weights)[0])
        yield case, _mean_of_known(np.stack(aurocs))


def _probabilities(
    recordings: Recordings, predict: Predict, case: Case, seed: int, show: Callable[[int], None]
) -> NDArray[np.floating[Any]]:
    """[records, classes]."""
    parts = []
    total = len(recordings.rows)
    for start in range(0, total, BATCH):
        stop = min(start + BATCH, total)
        ecg = recordings.millivolts(start, stop)
        if case != CLEAN:
            for signal, record in zip(ecg, recordings.ids[start:stop], strict=True):
                rng = np.random.default_rng([seed, crc32(str(case).encode()), int(record)])
                signal[:] = FAULTS[case.fault].apply(signal, recordings.sampling_rate, case.severity, rng)
        parts.append(predict(ecg, recordings.features[start:stop]))
        show(stop)
    return np.concatenate(parts)


def _mean_of_known(values: Floats) -> Floats:
    """The mean over the first axis without NaN; NaN where nothing is known."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan), np.float64)


def falls(found: Mapping[Case, Floats]) -> dict[Case, Estimate]:
    """By how much the macro AUROC of each case is below that of the clean signal, paired by resample.

    Args:
        found: of `macro_aurocs`, with `CLEAN`.
    """
    return {case: estimate(found[CLEAN] - values) for case, values in found.items() if case != CLEAN}


def summary(found: Mapping[Case, Floats]) -> Floats:
    """The mean macro AUROC under the graded faults, [1 + resamples]: over a fault's severities, then over the faults.

    Args:
        found: of `macro_aurocs`, with at least one graded fault.
    """
    graded: dict[str, list[Floats]] = {}
    for case, values in found.items():
        if case != CLEAN and FAULTS[case.fault].graded:
            graded.setdefault(case.fault, []).append(values)
    return np.asarray(np.mean([np.mean(values, axis=0) for values in graded.values()], axis=0))
