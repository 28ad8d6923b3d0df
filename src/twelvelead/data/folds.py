"""Folds that keep each patient's recordings together and the classes alike, and what they are for."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray


def shared_out(folds: Collection[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which folds train and which choose, where nobody says: the last one is left to measure, the one before it
    chooses, the others train. Of two, one trains and one chooses.

    Returns:
        The training folds and the validation folds.

    Raises:
        ValueError: fewer than two folds.
    """
    *others, last = sorted(folds)
    if not others:
        raise ValueError("one fold cannot train and choose")
    *train, validation = others if len(others) > 1 else (*others, last)
    return tuple(train), (validation,)


def patient_folds(
    patient_id: NDArray[np.int64], labels: NDArray[np.bool_], folds: int, seed: int = 0
) -> NDArray[np.int8]:
    """A fold for each record: no patient is in two, and records and classes are spread as evenly as that allows.

    Patients with rare classes and many records are placed first, each into the fold that has the least of what the
    patient brings, rare classes weighing more (iterative stratification by groups, after Sechidis et al., On the
    stratification of multi-label data, ECML 2011).

    Args:
        patient_id: [record].
        labels: [record, class].
        folds: how many, 2 to 100.
        seed: decides between patients who are alike.

    Returns:
        [record], 1 to `folds`; the same arguments give the same folds.

    Raises:
        ValueError: fewer patients than folds, or `folds` out of range.
    """
    patients, position = np.unique(patient_id, return_inverse=True)
    if not 2 <= folds <= 100 or len(patients) < folds:
        raise ValueError(f"{folds} folds of {len(patients)} patients")
    # the records themselves count as a class that each has
    brings = np.zeros((len(patients), labels.shape[1] + 1))
    np.add.at(brings, position, np.concatenate([labels, np.ones((len(labels), 1), bool)], axis=1))
    weight = 1 / np.maximum(brings.sum(axis=0), 1)
    shuffled = np.random.default_rng(seed).permutation(len(patients))
    order = shuffled[np.argsort(-(brings * weight).sum(axis=1)[shuffled], kind="stable")]
    held = np.zeros((folds, brings.shape[1]))
    fold_of = np.zeros(len(patients), np.int8)
    for patient in order:
        # ties go to the fold with the fewest records, so that unlabelled patients spread too
        cost = ((held * weight) @ brings[patient], held[:, -1])
        fold = int(np.lexsort(cost[::-1])[0])
        held[fold] += brings[patient]
        fold_of[patient] = fold + 1
    result: NDArray[np.int8] = fold_of[position]
    return result
