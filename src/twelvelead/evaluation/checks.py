"""What every array that enters the evaluation has to satisfy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.errors import Unreadable


def checked(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels and probabilities as the metrics take them.

    Args:
        labels: [records, classes] bool, or 0 and 1.
        probabilities: [records, classes], 0-1.
        classes: names, for the messages.

    Returns:
        labels as bool, probabilities as float64, both [records, classes].

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    raw, p = np.asarray(labels), np.asarray(probabilities, np.float64)
    if raw.ndim != 2 or raw.shape != p.shape or (classes is not None and len(classes) != raw.shape[1]):
        named = "" if classes is None else f" for {len(classes)} classes"
        raise ValueError(f"labels {raw.shape} and probabilities {p.shape}{named}: both have to be [records, classes]")
    if not raw.size:
        raise Unreadable("evaluation: there are no records to score; choose a fold and protocol that hold some")
    y = raw.astype(bool)
    if raw.dtype != np.bool_ and not np.array_equal(y, raw):
        raise Unreadable("labels: some are neither 0 nor 1; give one column of 0 and 1 for each class")
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        record, column = (int(index) for index in np.argwhere(wrong)[0])
        name = f"column {column}" if classes is None else f"class {classes[column]}"
        raise Unreadable(
            f"probabilities: {int(wrong.sum())} NaN or outside 0-1, the first {p[record, column]:g} in row {record}, "
            f"{name}; give the model's outputs after the sigmoid"
        )
    return y, p
