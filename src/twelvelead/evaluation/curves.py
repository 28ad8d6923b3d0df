"""The points of curves: ROC, precision and recall, reliability, and metrics against the threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Probabilities against what happened, in bins of equal width; bins without a pair are left out.

    Attributes:
        predicted: [bins], mean probability.
        observed: [bins], share of positives.
        low, high: [bins], 95 % interval of that share (Wilson 1927).
        count: [bins], int64, pairs of record and class.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    count: NDArray[np.int64]


def operating_points(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """How many are called present from each distinct probability on, of one class.

    Args:
        labels: [records] bool.
        probabilities: [records], 0-1.

    Returns:
        thresholds [points] float64, descending; true positives [points]; false positives [points]. The first point is
        a threshold that nothing reaches.
    """
    y, p = np.asarray(labels, bool), np.asarray(probabilities, np.float64)
    order = np.argsort(-p, kind="stable")
    last_of_tie = np.flatnonzero(np.r_[p[order][1:] != p[order][:-1], True])
    true = np.cumsum(y[order])[last_of_tie]
    false = last_of_tie + 1 - true
    return np.r_[np.inf, p[order][last_of_tie]], np.r_[0.0, true], np.r_[0.0, false]


def roc_curve(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats]:
    """False positive rate and true positive rate of one class, [points] each, both ascending from 0 to 1.

    Args:
        labels: [records] bool, with positives and negatives.
        probabilities: [records], 0-1.
    """
    _, true, false = operating_points(labels, probabilities)
    return false / false[-1], true / true[-1]


def precision_recall_curve(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats]:
    """Precision and recall of one class, [points] each, recall ascending to 1; no point for calling nothing present.

    Args:
        labels: [records] bool, with positives.
        probabilities: [records], 0-1.
    """
    _, true, false = operating_points(labels, probabilities)
    return true[1:] / (true[1:] + false[1:]), true[1:] / true[-1]


def threshold_curves(labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike) -> dict[str, Floats]:
    """Precision, recall, F1 and accuracy of one class when it is present where probability >= threshold.

    Args:
        labels: [records] bool.
        probabilities: [records], 0-1.
        thresholds: [thresholds].

    Returns:
        "precision" (NaN where nothing is called present), "recall" (NaN without positives), "F1" (NaN where both),
        "accuracy" -> [thresholds] float64.
    """
    y, p = np.asarray(labels, bool), np.asarray(probabilities, np.float64)
    cuts = np.asarray(thresholds, np.float64)
    positives = y.sum()
    true = positives - np.searchsorted(np.sort(p[y]), cuts)
    called = len(p) - np.searchsorted(np.sort(p), cuts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": true / called,
            "recall": true / positives,
            "F1": 2 * true / (called + positives),
            "accuracy": 1 - (called + positives - 2 * true) / len(p),
        }


def reliability(labels: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> Reliability:
    """How often what was given a probability was there.

    Args:
        labels: any shape, bool.
        probabilities: the same shape, 0-1.
        bins: of equal width; the lower edge belongs to the bin, 1 to the last.
    """
    y, p = np.asarray(labels, bool).ravel(), np.asarray(probabilities, np.float64).ravel()
    bin_of = np.minimum(p * bins, bins - 1).astype(np.intp)
    count = np.bincount(bin_of, minlength=bins)
    held = count > 0
    n = count[held]
    observed = np.bincount(bin_of, y, bins)[held] / n
    low, high = wilson(observed, n)
    return Reliability(np.bincount(bin_of, p, bins)[held] / n, observed, low, high, n)


def wilson(share: Floats, count: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """95 % interval of a share of `count` (Wilson 1927), low and high of the same shape."""
    z2 = 1.959963984540054**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def confusion(labels: ArrayLike, predicted: ArrayLike) -> NDArray[np.int64]:
    """[recorded, predicted] int64 counts of one class, absent before present; both arguments [records] bool."""
    return np.bincount(
        2 * np.asarray(labels, bool).astype(np.int64) + np.asarray(predicted, bool), minlength=4
    ).reshape(2, 2)


def cooccurrence(labels: ArrayLike) -> NDArray[np.int64]:
    """[class, class] int64: records that have both classes, on the diagonal those that have the one.

    Args:
        labels: [records, classes] bool.
    """
    y = np.asarray(labels, bool).astype(np.float64)
    return np.asarray(np.rint(y.T @ y), np.int64)
