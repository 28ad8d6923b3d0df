"""Metrics of the order of probabilities, for many weightings of the records from one sort."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ranking:
    """AUROC and average precision of pairs of a label and a probability, sorted once.

    AUROC is the share of (positive, negative) pairs in which the positive has the higher probability, equal ones
    counting half (Hanley and McNeil 1982); average precision is the sum over distinct probabilities, from the highest
    down, of precision times the step in recall, without interpolation.

    Both change only at probabilities that a positive has. So the weights are first added up between those, by a
    product with a sparse matrix, and everything else is done on as many rows as there are such probabilities.

    Args:
        labels: [pairs] bool.
        probabilities: [pairs] float64; any real numbers, only their order counts.
        record: [pairs] int, the row of the weights that a pair belongs to.
        records: number of those rows.
    """

    def __init__(
        self, labels: NDArray[np.bool_], probabilities: NDArray[np.float64], record: NDArray[np.intp], records: int
    ) -> None:
        order = np.argsort(-probabilities, kind="stable")
        positive, descending, record = labels[order], probabilities[order], record[order]
        tie = np.cumsum(np.r_[False, descending[1:] != descending[:-1]])[: len(order)]  # there may be no pair
        holds_positive = np.bincount(tie, positive) > 0
        step: NDArray[np.intp] = (np.cumsum(holds_positive) - holds_positive)[tie]
        steps = int(holds_positive.sum())
        tied = holds_positive[tie] & ~positive
        self._tied_steps: NDArray[np.intp]
        self._tied_steps, tied_step = np.unique(step[tied], return_inverse=True)
        self._everyone = _sums(step, record, (steps + 1, records))
        self._positive = _sums(step[positive], record[positive], (steps, records))
        self._tied = _sums(tied_step, record[tied], (len(self._tied_steps), records))

    def __call__(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both metrics under each weighting.

        Args:
            weights: [records, weightings] float64 in C order, how often each record counts.

        Returns:
            AUROC [weightings] float64, NaN where no positive or no negative has weight; average precision [weightings]
            float64, NaN where no positive has weight.
        """
        positive = self._positive @ weights
        everyone = np.cumsum(self._everyone @ weights, axis=0)
        so_far = np.cumsum(positive, axis=0)
        positives = positive.sum(axis=0)
        negatives = everyone[-1] - positives
        everyone = everyone[:-1]
        above = np.einsum("sw,sw->w", positive, everyone - so_far)
        above -= np.einsum("sw,sw->w", positive[self._tied_steps], self._tied @ weights) / 2
        precision = so_far / np.maximum(everyone, 1e-300)
        with np.errstate(invalid="ignore", divide="ignore"):
            auroc = np.where(negatives > 0, 1 - above / (positives * negatives), np.nan)
            average_precision = np.einsum("sw,sw->w", positive, precision) / positives
        return np.where(positives > 0, auroc, np.nan), average_precision


def _sums(rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
