"""Abstaining on whole recordings: how certain a model is that it has every class right.

A selective classifier answers only where its certainty is high enough (Geifman and El-Yaniv, NeurIPS 2017).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ABSTAIN = 0.2
"""The share of recordings, the least certain of the validation fold, that the selective rule leaves to a reader."""

STEPS = 20
"""Into which a contract divides the certainties of the validation fold."""


def certainty(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Probability of the likeliest combination of labels, were the classes independent: product of max(p, 1 - p).

    The classes are not independent, so it ranks recordings; it is not the share of them that is right.

    Args:
        probabilities: [..., classes], calibrated, 0-1.

    Returns:
        [...] float64, 0-1.
    """
    p = np.asarray(probabilities, np.float64)
    return np.asarray(np.maximum(p, 1 - p).prod(axis=-1), np.float64)


def fit_certainty(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Quantiles of the certainty of some records, from the lowest to the highest, [STEPS + 1]."""
    return np.asarray(np.quantile(certainty(probabilities), np.linspace(0, 1, STEPS + 1)), np.float64)


def rank(value: float, quantiles: ArrayLike) -> float:
    """The share of the fitted records that are less certain, 0-1, interpolated between the quantiles."""
    known = np.asarray(quantiles, np.float64)
    return float(np.interp(value, known, np.linspace(0, 1, len(known))))
