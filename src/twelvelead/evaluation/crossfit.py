"""What is fitted, on records that had no part in fitting it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked


def partition(patients: ArrayLike, parts: int = 5, seed: int = 0) -> NDArray[np.intp]:
    """Which part each record belongs to, all records of a patient to the same one.

    Args:
        patients: [records], a patient's identity in each.
        parts: number of parts; they hold equally many patients, give or take one.
        seed: of the partition.

    Returns:
        [records] int, 0 to parts - 1.
    """
    unique, position = np.unique(np.asarray(patients), return_inverse=True)
    return np.asarray((np.random.default_rng(seed).permutation(len(unique)) % parts)[position], np.intp)


def crossfit(
    labels: ArrayLike,
    probabilities: ArrayLike,
    patients: ArrayLike,
    fit: Callable[[NDArray[np.bool_], NDArray[np.float64]], Callable[[NDArray[np.float64]], NDArray[Any]]],
    parts: int = 5,
    seed: int = 0,
) -> NDArray[Any]:
    """Fitted on all parts but one and applied to that one, in turn.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        patients: [records], a patient's identity in each; no patient is on both sides.
        fit: labels and probabilities of some records -> the function to apply to the probabilities of others.
        parts, seed: of `partition`.

    Returns:
        [records, classes], of the type that the fitted function gives (probabilities or decisions).

    Raises:
        ValueError: the shapes do not match.
        Unreadable: as `evaluate`, and what `fit` raises.
    """
    y, p = checked(labels, probabilities)
    part = partition(patients, parts, seed)
    if part.shape != y.shape[:1]:
        raise ValueError(f"patients {part.shape} do not match labels {y.shape}")
    applied = [(part == one, fit(y[part != one], p[part != one])(p[part == one])) for one in np.unique(part)]
    result = np.empty(y.shape, applied[0][1].dtype)
    for rows, values in applied:
        result[rows] = values
    return result
