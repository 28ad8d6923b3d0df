"""Abstaining with a stated error rate: which of "present" and "absent" a probability leaves open.

Class-conditional (Mondrian) split conformal prediction for each binary label: Vovk, Conditional validity of inductive
conformal predictors, ACML 2012; Angelopoulos and Bates, arXiv:2107.07511, 2021. Of new recordings with a class, and of
those without it, at most the error rate get a set that does not hold the truth, if they are drawn as the records at
hand were. The score is the probability itself, so calibration that keeps the order of a class changes nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked

ERROR_RATES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""What a contract holds limits for."""


def fit_conformal(
    labels: ArrayLike, probabilities: ArrayLike, error_rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The limits of a class's probability within which "present", and "absent", stay possible.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        error_rate: above 0, below 1.

    Returns:
        present_from [classes]: "present" is possible where probability >= this; 0 where there are too few positives to
        rule it out at this rate. absent_to [classes]: "absent" is possible where probability <= this; 1 likewise.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p = checked(labels, probabilities)
    present_from = [_lowest(column[truth], error_rate, 0.0) for column, truth in zip(p.T, y.T, strict=True)]
    absent_to = [-_lowest(-column[~truth], error_rate, -1.0) for column, truth in zip(p.T, y.T, strict=True)]
    return np.array(present_from), np.array(absent_to)


def possible(probabilities: ArrayLike, present_from: ArrayLike, absent_to: ArrayLike) -> NDArray[np.bool_]:
    """The prediction sets: whether "absent" and "present" are possible; both or neither means uncertain.

    Args:
        probabilities: [..., classes].
        present_from, absent_to: [classes], from `fit_conformal`.

    Returns:
        [..., classes, 2] bool: absent, present.
    """
    p = np.asarray(probabilities, np.float64)
    return np.stack([p <= np.asarray(absent_to), p >= np.asarray(present_from)], axis=-1)


def _lowest(scores: NDArray[np.float64], error_rate: float, otherwise: float) -> float:
    """The m-th smallest, m = floor(error_rate * (n + 1)): a lower one has a p-value of at most the error rate."""
    m = int(error_rate * (len(scores) + 1) + 1e-9)  # 0.15 * 20 is a whole number, whatever its binary digits
    return float(np.sort(scores)[m - 1]) if m else otherwise
