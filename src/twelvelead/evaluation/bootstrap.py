"""95 % intervals by resampling patients."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.metrics import score

LEVEL = 0.95
"""Of the intervals."""

BLOCK = 50
"""Resamples scored together, so that their sorted weights stay in the processor's cache."""


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


def intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    decisions: ArrayLike,
    patients: ArrayLike,
    classes: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of `evaluate`'s numbers (Efron and Tibshirani 1993).

    Patients, not records, are drawn, since the records of a patient resemble each other. Intervals are percentiles of
    the resampled metric. The calibration error is the exception: resampling noise can only add to it, so percentiles
    lie too high, and the basic interval (2 * estimate - percentiles, kept above 0 and made to hold the estimate) takes
    that off. Thresholds are taken as given: the interval does not hold the uncertainty of having chosen them. A class
    that a resample leaves without positives or negatives is left out of that resample.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        decisions: [records, classes] bool.
        patients: [records], a patient's identity in each.
        classes: names of the columns.
        resamples: number of resamples.
        seed: of the resampling.

    Returns:
        key -> (low, high): `macro_auroc` and the other top-level numbers under their names, each class's AUROC under
        `classes.NAME.auroc`. A metric that is undefined in the data as given is absent.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p = checked(labels, probabilities, classes)
    d = np.asarray(decisions, bool)
    if d.shape != y.shape or np.shape(patients) != y.shape[:1]:
        raise ValueError(f"decisions {d.shape} and patients {np.shape(patients)} do not match labels {y.shape}")
    weights = patient_weights(patients, resamples, seed)
    blocks = np.split(weights, range(BLOCK, resamples, BLOCK))
    parts = [_flat(y, p, d, block, classes) for block in blocks]
    estimate = _flat(y, p, d, np.ones((1, len(y))), classes)
    found = {}
    for key, (value,) in estimate.items():
        if np.isnan(value):
            continue
        resampled = np.concatenate([part[key] for part in parts])
        low, high = np.quantile(resampled[~np.isnan(resampled)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        if key == "calibration_error":
            low, high = max(2 * value - high, 0.0), max(2 * value - low, value)
        found[key] = (float(low), float(high))
    return found


def _flat(
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
    decisions: NDArray[np.bool_],
    weights: NDArray[np.float64],
    classes: Sequence[str],
) -> dict[str, NDArray[np.float64]]:
    scores = score(labels, probabilities, decisions, weights)
    aurocs = zip(classes, scores.by_class["auroc"].T, strict=True)
    return scores.overall | {f"classes.{name}.auroc": values for name, values in aurocs}
