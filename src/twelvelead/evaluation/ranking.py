"""Metrics of one class's order of probabilities, for many weightings of the records at once."""

import numpy as np
from numpy.typing import NDArray


def ranking_metrics(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUROC and average precision of one class from one sort.

    AUROC is the share of (positive, negative) pairs in which the positive has the higher probability, equal ones
    counting half (Hanley and McNeil 1982); average precision is the sum over distinct probabilities, from the highest
    down, of precision times the step in recall, without interpolation.

    Args:
        labels: [records] bool.
        probabilities: [records] float64; any real numbers, only their order counts.
        weights: [weightings, records] float64, how often each record counts.

    Returns:
        AUROC [weightings] float64, NaN where no positive or no negative has weight; average precision [weightings]
        float64, NaN where no positive has weight.
    """
    order = np.argsort(-probabilities, kind="stable")
    descending = probabilities[order]
    first_of_tie = np.flatnonzero(np.r_[True, descending[1:] != descending[:-1]])
    everyone = weights[:, order]
    positive = everyone * labels[order]
    if len(first_of_tie) < len(order):
        everyone = np.add.reduceat(everyone, first_of_tie, axis=1)
        positive = np.add.reduceat(positive, first_of_tie, axis=1)
    positive_so_far = np.cumsum(positive, axis=1)
    everyone_so_far = np.cumsum(everyone, axis=1)
    positives = positive_so_far[:, -1]
    negatives = everyone_so_far[:, -1] - positives
    won = np.einsum("wt,wt->w", everyone - positive, positive_so_far - positive / 2)
    precision = positive_so_far / np.maximum(everyone_so_far, 1e-300)
    with np.errstate(invalid="ignore", divide="ignore"):
        auroc = np.where(negatives > 0, won / (positives * negatives), np.nan)
        average_precision = np.einsum("wt,wt->w", positive, precision) / positives
    return auroc, average_precision
