"""Multi-label metrics of labels, probabilities and decisions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.ranking import Ranking
from twelvelead.evaluation.reliability import calibration_error_by_chance
from twelvelead.evaluation.weighted_metrics import WeightedMetrics


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    thresholds: ArrayLike,
    classes: Sequence[str],
    seed: int = 0,
    known: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """The metrics of one set of predictions, ready for JSON.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        thresholds: [classes], one number for all, or [records, classes] where records were decided by several models;
            a class is decided present where probability >= threshold.
        classes: names of the columns.
        seed: of `calibration_error_by_chance`.
        known: [records, classes] bool, which labels are known; None for all. The others count nowhere.

    Returns:
        `WeightedMetrics`'s overall ones and `calibration_error_by_chance` at the top, None where undefined; `classes`:
        name -> the metrics by class with `positives` (a count) and `threshold` (of several the mean);
        `classes_left_out`: the names of those without positives or without negatives, which no macro and no weighted
        mean contains and whose AUROC and average precision are None.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p = checked(labels, probabilities, classes)
    y = y if known is None else y & known
    cuts = np.broadcast_to(np.asarray(thresholds, np.float64), p.shape)
    found = WeightedMetrics(y, p, p >= cuts, known)(np.ones((1, len(y))))
    scorable = found.scorable[0]
    for name in ("auroc", "average_precision"):
        found.by_class[name][:, ~scorable] = np.nan
    by_class = {
        name: {metric: _plain(values[0, column]) for metric, values in found.by_class.items()}
        | {"positives": int(y[:, column].sum()), "threshold": _mean(cuts[:, column])}
        for column, name in enumerate(classes)
    }
    return {name: _plain(values[0]) for name, values in found.overall.items()} | {
        "calibration_error_by_chance": calibration_error_by_chance(p if known is None else p[known], seed),
        "classes_left_out": [name for name, there in zip(classes, scorable, strict=True) if not there],
        "classes": by_class,
    }


def auroc(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Area under the receiver operating characteristic of each class, ties counting half.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.

    Returns:
        [classes] float64, NaN for a class without positives or without negatives.

    Raises:
        ValueError, Unreadable: as `evaluate`.
    """
    return _ranked(labels, probabilities)[0]


def average_precision(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Average precision of each class, not interpolated.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.

    Returns:
        [classes] float64, NaN for a class without positives.

    Raises:
        ValueError, Unreadable: as `evaluate`.
    """
    return _ranked(labels, probabilities)[1]


def _ranked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, p = checked(labels, probabilities)
    once, every = np.ones((len(y), 1)), np.arange(len(y))
    found = [Ranking(*column, every, len(y))(once) for column in zip(y.T, p.T, strict=True)]
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _mean(values: NDArray[np.float64]) -> float:
    """The mean, exact where all are the same number."""
    return float(values[0]) if (values == values[0]).all() else float(values.mean())


def _plain(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
