"""95 % intervals by resampling patients."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.reliability import calibration_error_interval
from twelvelead.evaluation.weighted_metrics import BY_CLASS, WeightedMetrics

LEVEL = 0.95
"""Of the intervals."""

FEWEST = 20
"""Positives, and negatives, that a class needs for intervals of its own: with fewer they hold the truth too rarely."""

BLOCK = 100
"""Resamples scored together, so that what is computed of them stays in the processor's cache."""


class Estimate(NamedTuple):
    """A number with its 95 % interval: percentiles over the resampled patients."""

    value: float
    low: float
    high: float


def estimate(values: NDArray[np.float64]) -> Estimate:
    """A number and its interval.

    Args:
        values: [1 + resamples] float64: of the records, then of each resample.
    """
    low, high = np.nanquantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(values) > 1 else (np.nan,) * 2
    return Estimate(float(values[0]), float(low), float(high))


def patient_weights(patients: ArrayLike, resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each record counts when patients are drawn with replacement, all records of a patient together.

    Args:
        patients: [records], a patient's identity in each.
        resamples: number of draws, each of as many patients as there are.
        seed: of the draws.

    Returns:
        [resamples, records] float64, whole numbers.
    """
    _, patient = np.unique(np.asarray(patients), return_inverse=True)
    count = int(patient.max()) + 1
    drawn = np.random.default_rng(seed).integers(count, size=(resamples, count))
    cells = drawn + np.arange(resamples)[:, None] * count
    times = np.bincount(cells.ravel(), minlength=resamples * count).reshape(resamples, count)
    return times[:, patient].astype(np.float64)


def resampled(
    labels: ArrayLike,
    probabilities: ArrayLike,
    predicted: ArrayLike,
    patients: ArrayLike,
    classes: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
    known: NDArray[np.bool_] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """`evaluate`'s numbers in each bootstrap resample of the patients (Efron and Tibshirani 1993).

    The same patients and seed give the same draws, so the differences between two models' values are the paired
    bootstrap of their difference.

    Args:
        labels, probabilities, predicted, patients, classes, resamples, seed, known: as `intervals`.

    Returns:
        key -> [resamples] float64, NaN where undefined: the overall numbers under their names, those of a class under
        `classes.NAME.METRIC`.

    Raises:
        ValueError, Unreadable: as `intervals`.
    """
    y, p, d = _checked(labels, probabilities, predicted, patients, classes)
    return _scored(WeightedMetrics(y, p, d, known), patient_weights(patients, resamples, seed), classes)


def intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    predicted: ArrayLike,
    patients: ArrayLike,
    classes: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
    known: NDArray[np.bool_] | None = None,
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of `evaluate`'s numbers.

    Patients, not records, are drawn, since the records of a patient resemble each other. Intervals are percentiles of
    the resampled metric, that of the calibration error excepted: see `calibration_error_interval`. Thresholds are taken
    as given: the interval does not hold the uncertainty of having chosen them. A class that a resample leaves without
    positives or negatives is left out of that resample.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        predicted: [records, classes] bool.
        patients: [records], a patient's identity in each.
        classes: names of the columns.
        resamples: number of resamples.
        seed: of the resampling.
        known: [records, classes] bool, which labels are known; None for all. The others count nowhere.

    Returns:
        key -> (low, high): the overall numbers under their names, those of a class under `classes.NAME.METRIC`. A
        metric that is undefined in the data as given is absent, and so are those of a class with fewer than `FEWEST`
        positives or negatives.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p, d = _checked(labels, probabilities, predicted, patients, classes)
    metrics_of = WeightedMetrics(y, p, d, known)
    weights, once = patient_weights(patients, resamples, seed), np.ones((1, len(y)))
    estimate, values = _scored(metrics_of, once, classes), _scored(metrics_of, weights, classes)
    there = np.ones_like(y) if known is None else known
    few = np.minimum((y & there).sum(axis=0), (~y & there).sum(axis=0)) < FEWEST
    left_out = {f"classes.{name}.{metric}" for name in np.array(classes)[few] for metric in BY_CLASS}
    found = {
        key: _percentiles(values[key])
        for key, (value,) in estimate.items()
        if key not in left_out and not np.isnan(value)
    }
    gap = metrics_of.gaps(once)[0]
    found["calibration_error"] = calibration_error_interval(gap, metrics_of.gaps(weights) - gap, LEVEL)
    return found


def _checked(
    labels: ArrayLike, probabilities: ArrayLike, predicted: ArrayLike, patients: ArrayLike, classes: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    y, p = checked(labels, probabilities, classes)
    d = np.asarray(predicted, bool)
    if d.shape != y.shape or np.shape(patients) != y.shape[:1]:
        raise ValueError(f"predicted {d.shape} and patients {np.shape(patients)} do not match labels {y.shape}")
    return y, p, d


def _scored(
    metrics_of: WeightedMetrics, weights: NDArray[np.float64], classes: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    parts = [_flat(metrics_of, block, classes) for block in np.split(weights, range(BLOCK, len(weights), BLOCK))]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _flat(
    metrics_of: WeightedMetrics, weights: NDArray[np.float64], classes: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    of = metrics_of(weights)
    return of.overall | {
        f"classes.{name}.{metric}": values[:, column]
        for metric, values in of.by_class.items()
        for column, name in enumerate(classes)
    }


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values[~np.isnan(values)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
