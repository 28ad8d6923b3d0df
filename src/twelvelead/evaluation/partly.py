"""Fits on labels of which some are not known."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def each_class(
    fit: Callable[..., tuple[Floats, ...]],
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    known: NDArray[np.bool_],
    otherwise: Sequence[float] | None,
) -> tuple[Floats, ...]:
    """What a fit of each class by itself gives, of the records in which the class is known.

    Args:
        fit: labels [records, classes] and probabilities likewise -> arrays [classes].
        labels, known: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        otherwise: one number for each of the arrays, for a class that is known of no record; None to ask `fit`, which
            says that there is none.

    Returns:
        Arrays [classes], as `fit` gives them.
    """
    if known.all():
        return fit(labels, probabilities)
    found = []
    for column, rows in enumerate(known.T):
        if otherwise is None or rows.any():
            one = fit(labels[rows][:, [column]], probabilities[rows][:, [column]])
            found.append([array[0] for array in one])
        else:
            found.append(list(otherwise))
    return tuple(np.array(values, np.float64) for values in zip(*found, strict=True))


def known_pairs(
    labels: NDArray[np.bool_], probabilities: NDArray[np.floating], known: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.floating]]:
    """The pairs of record and class that are known, for a fit of all of them together.

    Returns:
        Labels and probabilities, [pairs, 1] each, or as they are where all are known.
    """
    if known.all():
        return labels, probabilities
    return labels[known][:, None], probabilities[known][:, None]
