"""Multi-label metrics of labels, probabilities and decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.ranking import ranking_metrics

BINS = 15
"""Equal-width bins of the calibration error (Guo et al. 2017)."""

MACROS = ("auroc", "average_precision", "precision", "recall", "f1")
"""Metrics of a class whose mean over the classes is reported."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Metrics under each of several weightings of the records.

    Attributes:
        overall: name -> [weightings] float64; NaN where a macro has no class left.
        by_class: name -> [weightings, classes] float64; AUROC and average precision are NaN where undefined.
        scorable: [weightings, classes] bool, the class has positives and negatives and so counts in the macros.
    """

    overall: dict[str, NDArray[np.float64]]
    by_class: dict[str, NDArray[np.float64]]
    scorable: NDArray[np.bool_]


def score(
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
    decisions: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> Scores:
    """All metrics, under each weighting: the one definition behind `evaluate` and the bootstrap.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes] float64, 0-1.
        decisions: [records, classes] bool.
        weights: [weightings, records] float64, how often each record counts, not all 0 in a weighting.

    Returns:
        Overall: the macros of `MACROS`, `subset_accuracy` (share of records with every class right), `hamming_loss`
        (share of wrong record-class pairs), `calibration_error` (see `calibration_error`), `brier` (mean squared
        difference of probability and label over record-class pairs). By class: `auroc`, `average_precision`,
        `precision`, `recall`, `specificity`, `f1` (all four 0 where the denominator is 0), `accuracy`, `brier`. A
        class without positives or without negatives is left out of every macro.
    """
    total = weights.sum(axis=1)
    per_record = total[:, None]
    positive, decided, both = (weights @ x.astype(np.float64) for x in (labels, decisions, labels & decisions))
    wrong = positive + decided - 2 * both
    squared = (probabilities - labels) ** 2
    ranked = [ranking_metrics(y, p, weights) for y, p in zip(labels.T, probabilities.T, strict=True)]
    by_class = {
        "auroc": np.stack([auroc for auroc, _ in ranked], axis=1),
        "average_precision": np.stack([precision for _, precision in ranked], axis=1),
        "precision": _ratio(both, decided),
        "recall": _ratio(both, positive),
        "specificity": _ratio(per_record - positive - decided + both, per_record - positive),
        "f1": _ratio(2 * both, positive + decided),
        "accuracy": 1 - wrong / per_record,
        "brier": weights @ squared / per_record,
    }
    scorable = (positive > 0) & (positive < per_record)
    gaps = np.abs(weights @ _gaps(labels, probabilities)).sum(axis=1)
    overall = {f"macro_{name}": _macro(by_class[name], scorable) for name in MACROS} | {
        "subset_accuracy": weights @ (labels == decisions).all(axis=1) / total,
        "hamming_loss": wrong.mean(axis=1) / total,
        "calibration_error": gaps / (total * labels.shape[1]),
        "brier": by_class["brier"].mean(axis=1),
    }
    return Scores(overall, by_class, scorable)


def evaluate(
    labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike, classes: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """The metrics of one set of predictions, ready for JSON.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        thresholds: [classes], or one number for all; a class is decided present where probability >= threshold.
        classes: names of the columns.
        seed: of `calibration_error_by_chance`.

    Returns:
        The numbers of `score`'s overall metrics and `calibration_error_by_chance` at the top; `classes`: name -> the
        metrics by class with `positives` (a count) and `threshold`; `classes_left_out`: the names of those without
        positives or without negatives, which no macro contains and whose AUROC and average precision are None.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p = checked(labels, probabilities, classes)
    cuts = np.broadcast_to(np.asarray(thresholds, np.float64), (len(classes),))
    scores = score(y, p, p >= cuts, np.ones((1, len(y))))
    scorable = scores.scorable[0]
    for name in ("auroc", "average_precision"):
        scores.by_class[name][:, ~scorable] = np.nan
    by_class = {
        name: {metric: _plain(values[0, column]) for metric, values in scores.by_class.items()}
        | {"positives": int(y[:, column].sum()), "threshold": float(cuts[column])}
        for column, name in enumerate(classes)
    }
    return {name: _plain(values[0]) for name, values in scores.overall.items()} | {
        "calibration_error_by_chance": calibration_error_by_chance(p, seed),
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
    return _ranked(*checked(labels, probabilities))[0]


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
    return _ranked(*checked(labels, probabilities))[1]


def calibration_error(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Expected calibration error over pooled record-class pairs.

    The pairs fall into 15 equal-width bins of probability (the lower edge belongs to the bin, 1 to the last); the
    error is the mean over bins, weighted by count, of |mean probability - share of positives| (Naeini et al. 2015, Guo
    et al. 2017). Even a perfectly calibrated model has an error above 0 on finite data: see
    `calibration_error_by_chance`.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.

    Raises:
        ValueError, Unreadable: as `evaluate`.
    """
    y, p = checked(labels, probabilities)
    return float(np.abs(_gaps(y, p).sum(axis=0)).sum() / y.size)


def calibration_error_by_chance(probabilities: ArrayLike, seed: int = 0, simulations: int = 200) -> float:
    """The mean calibration error if every probability were exactly right: labels are drawn from the probabilities.

    Args:
        probabilities: [records, classes], 0-1.
        seed: of the draws.
        simulations: how many sets of labels are drawn.
    """
    p = np.asarray(probabilities, np.float64).ravel()
    bins = _bins(p)
    rng = np.random.default_rng(seed)
    expected = np.bincount(bins, p, BINS)
    errors = [
        np.abs(expected - np.bincount(bins[rng.random(p.size) < p], minlength=BINS)).sum() for _ in range(simulations)
    ]
    return float(np.mean(errors) / p.size)


def _ranked(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    once = np.ones((1, len(labels)))
    found = [ranking_metrics(y, p, once) for y, p in zip(labels.T, probabilities.T, strict=True)]
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _bins(probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.minimum(probabilities * BINS, BINS - 1).astype(np.intp)


def _gaps(labels: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """[records, bins]: the sum of probability - label over the record's classes in that bin."""
    records = len(labels)
    cells = np.arange(records)[:, None] * BINS + _bins(probabilities)
    flat = np.bincount(cells.ravel(), (probabilities - labels).ravel(), records * BINS)
    return np.asarray(flat.reshape(records, BINS), np.float64)


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(denominator > 0, numerator / np.maximum(denominator, 1e-300), 0.0)


def _macro(values: NDArray[np.float64], scorable: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = np.where(scorable, values, 0).sum(axis=1)
    count = scorable.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _plain(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
