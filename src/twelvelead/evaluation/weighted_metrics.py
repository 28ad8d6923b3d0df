"""The one definition of every metric, under many weightings of the records at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation.ranking import Ranking
from twelvelead.evaluation.reliability import gaps

AVERAGED = ("auroc", "average_precision", "precision", "recall", "specificity", "f1")
"""Metrics of a class that are averaged over the classes: `macro_`, `micro_`, `weighted_`."""

BY_CLASS = (*AVERAGED, "accuracy", "brier")
"""Metrics of a class."""

LOWER_IS_BETTER = ("hamming_loss", "brier", "calibration_error")
"""Of the overall metrics; of all others more is better."""

FMAX_THRESHOLDS = np.arange(101) / 100
"""Of `fmax`, as in the evaluation code of Mehari and Strodthoff 2022; the benchmark's released code has no Fmax."""


@dataclass(frozen=True, eq=False)
class MetricValues:
    """Metrics under each of several weightings of the records.

    Attributes:
        overall: name -> [weightings] float64; NaN where undefined.
        by_class: name -> [weightings, classes] float64; AUROC and average precision are NaN where undefined.
        scorable: [weightings, classes] bool, the class has positives and negatives and so counts in the averages.
    """

    overall: dict[str, NDArray[np.float64]]
    by_class: dict[str, NDArray[np.float64]]
    scorable: NDArray[np.bool_]


class WeightedMetrics:
    """All metrics of one set of predictions, prepared for any weighting of its records.

    Overall: `macro_`, `micro_` and `weighted_` of each of `AVERAGED`, as scikit-learn defines them: the plain mean over
    the classes, all record-class pairs pooled, the mean weighted by each class's positives. `fmax` (see `_fmax`),
    `subset_accuracy` (share of records with every class right), `hamming_loss` (share of wrong record-class pairs),
    `brier` (mean squared difference of probability and label over record-class pairs), `calibration_error`. By class:
    `AVERAGED` (precision, recall, specificity and F1 are 0 where the denominator is 0), `accuracy`, `brier`. A class
    without positives or without negatives is left out of every macro and weighted mean; in the pooled pairs it stays.
    A record-class pair of which the label is not known counts nowhere: a record is right in every class if it is in
    those that are known.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes] float64, 0-1.
        predicted: [records, classes] bool.
        known: [records, classes] bool, which labels are known; None for all.
    """

    def __init__(
        self,
        labels: NDArray[np.bool_],
        probabilities: NDArray[np.float64],
        predicted: NDArray[np.bool_],
        known: NDArray[np.bool_] | None = None,
    ) -> None:
        records, classes = labels.shape
        every = np.arange(records)
        known = np.ones_like(labels) if known is None else known
        labels, predicted = labels & known, predicted & known
        self._gaps = gaps(labels, probabilities, known)
        summed = {
            "known": known,
            "positive": labels,
            "decided": predicted,
            "both": labels & predicted,
            "squared": np.where(known, (probabilities - labels) ** 2, 0),
            "right": (labels == predicted).all(axis=1, keepdims=True),
            "gaps": self._gaps,
            **_for_fmax(labels, probabilities, known),
        }
        self._names = tuple(summed)
        self._columns = np.hstack([np.asarray(column, np.float64) for column in summed.values()])
        self._edges = np.cumsum([column.shape[1] for column in summed.values()])[:-1]
        self._known = known
        self._classes = [
            Ranking(y[k], p[k], every[k], records) for y, p, k in zip(labels.T, probabilities.T, known.T, strict=True)
        ]
        self._pooled = Ranking(labels[known], probabilities[known], every.repeat(classes)[known.ravel()], records)

    def __call__(self, weights: NDArray[np.float64]) -> MetricValues:
        """The metrics under each weighting.

        Args:
            weights: [weightings, records] float64, how often each record counts, not all 0 in a weighting.
        """
        by_record = np.ascontiguousarray(weights.T)
        total = weights.sum(axis=1, keepdims=True)
        # whatever is a weighted sum over the records comes from one product
        sums = dict(zip(self._names, np.split(weights @ self._columns, self._edges, axis=1), strict=True))
        positive, decided, both, seen = (sums[name] for name in ("positive", "decided", "both", "known"))
        pairs = seen.sum(axis=1, keepdims=True)
        aurocs, precisions = zip(*(ranking(by_record) for ranking in self._classes), strict=True)
        brier = _ratio(sums["squared"], seen)
        by_class = {"auroc": np.stack(aurocs, axis=1), "average_precision": np.stack(precisions, axis=1)}
        by_class |= _of_decisions(positive, decided, both, seen)
        pooled = [x.sum(axis=1, keepdims=True) for x in (positive, decided, both)]
        micro = _of_decisions(pooled[0], pooled[1], pooled[2], pairs)
        micro["auroc"], micro["average_precision"] = (x[:, None] for x in self._pooled(by_record))
        scorable = (positive > 0) & (positive < seen)
        wrong = positive + decided - 2 * both
        overall = {f"macro_{name}": _mean(by_class[name], scorable.astype(np.float64)) for name in AVERAGED}
        overall |= {f"micro_{name}": micro[name][:, 0] for name in AVERAGED}
        overall |= {f"weighted_{name}": _mean(by_class[name], scorable * positive) for name in AVERAGED}
        overall |= {
            "fmax": _fmax(sums["precision"], sums["called"], sums["recall"], sums["labelled"]),
            "subset_accuracy": sums["right"][:, 0] / total[:, 0],
            "hamming_loss": wrong.sum(axis=1) / pairs[:, 0],
            "brier": sums["squared"].sum(axis=1) / pairs[:, 0],
            "calibration_error": np.abs(sums["gaps"] / pairs).sum(axis=1),
        }
        return MetricValues(overall, by_class | {"accuracy": 1 - _ratio(wrong, seen), "brier": brier}, scorable)

    def gaps(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """[weightings, bins]: what each bin adds to the calibration error, with its sign."""
        pairs = (weights @ self._known.sum(axis=1))[:, None]
        return np.asarray(weights @ self._gaps / pairs, np.float64)


def _for_fmax(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], known: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """What of each record `_fmax` adds up: [records, thresholds], and [records, 1] whether it has a label."""
    own = labels.sum(axis=1, keepdims=True)
    called = np.stack([(known & (probabilities >= cut)).sum(axis=1) for cut in FMAX_THRESHOLDS], axis=1)
    right = np.stack([(labels & (probabilities >= cut)).sum(axis=1) for cut in FMAX_THRESHOLDS], axis=1)
    return {
        "precision": right / np.maximum(called, 1),
        "called": called > 0,
        "recall": right / np.maximum(own, 1),
        "labelled": own > 0,
    }


def _fmax(
    precision: NDArray[np.float64],
    called: NDArray[np.float64],
    recall: NDArray[np.float64],
    labelled: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sample-centric Fmax (Strodthoff et al. 2021, from the CAFA challenge: Radivojac et al. 2013).

    At each threshold of `FMAX_THRESHOLDS`, a record's precision is the share of right ones among the classes called
    (probability >= threshold), its recall the share of its own classes that are called. Precision is averaged over the
    records with a class called, recall over all records; Fmax is the greatest harmonic mean of the two. The threshold
    is the best one on the records scored. A record without any label (protocol `keep`) has no recall: it is left out of
    the mean recall, and what is called in it lowers the mean precision. Without any label at all Fmax is undefined.
    """
    precision, recall = _ratio(precision, called), _ratio(recall, labelled)
    best = _ratio(2 * precision * recall, precision + recall).max(axis=1)
    return np.where(labelled[:, 0] > 0, best, np.nan)


def _of_decisions(
    positive: NDArray[np.float64], decided: NDArray[np.float64], both: NDArray[np.float64], total: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {
        "precision": _ratio(both, decided),
        "recall": _ratio(both, positive),
        "specificity": _ratio(total - positive - decided + both, total - positive),
        "f1": _ratio(2 * both, positive + decided),
    }


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(denominator > 0, numerator / np.maximum(denominator, 1e-300), 0.0)


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """[weightings]: the mean over the classes, NaN where none has weight."""
    total = weights.sum(axis=1)
    return np.where(total > 0, _ratio((np.where(weights > 0, values, 0) * weights).sum(axis=1), total), np.nan)
