"""Labels of a task under a protocol, and the choice of records by fold.

Protocols (a figure without its protocol is not a figure):
    drop    every statement counts, whatever its likelihood; records without a label of the task are not scored
    keep    the same, and records without a label are scored as all-zero rows
    likely  only statements with a stated likelihood of at least 50 % count (0 means unknown and does not), then as drop
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.errors import TwelveLeadError

Protocol = Literal["drop", "keep", "likely"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
LIKELY = 50.0
"""From this likelihood in percent on, the protocol `likely` counts a statement."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of all records of a store for one task under one protocol.

    Attributes:
        classes: names, in the order of the last axis of `values`.
        values: [record, class] bool.
        scored: [record] bool; false where the protocol leaves the record out of training and scoring.
        task, protocol: what was asked for.
    """

    classes: tuple[str, ...]
    values: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    task: str
    protocol: Protocol


def labels(store: Store, task: str = "superclass", protocol: Protocol = "drop") -> Labels:
    """The labels of every record of the store.

    Raises:
        TwelveLeadError: the store has no such task, the protocol is none of `PROTOCOLS`, or it is `likely` and the
            store holds no likelihoods.
    """
    if task not in store.tasks:
        raise TwelveLeadError(f"{store.path}: no task {task}; it has {', '.join(store.tasks)}")
    if protocol not in PROTOCOLS:
        raise TwelveLeadError(f"no protocol {protocol}; choose one of {', '.join(PROTOCOLS)}")
    if protocol == "likely" and not holds_likelihoods(store):
        raise TwelveLeadError(
            f"{store.path}: protocol likely is not available: this copy states no likelihoods (all are 0, which means "
            "unknown); use drop or keep, or prepare the store from a copy that has them"
        )
    present = np.asarray(store.likelihoods) >= (LIKELY if protocol == "likely" else 0.0)
    column = {name: position for position, name in enumerate(store.statements)}
    classes = store.tasks[task]
    values: NDArray[np.bool_] = np.stack(
        [present[:, [column[name] for name in of]].any(axis=1) for of in classes.values()], axis=1
    )
    scored: NDArray[np.bool_] = np.asarray(values.any(axis=1) | (protocol == "keep"))
    return Labels(tuple(classes), values, scored, task, protocol)


def holds_likelihoods(store: Store) -> bool:
    """Whether any statement of the store has a known likelihood; where none has, `likely` is not available."""
    return bool((np.asarray(store.likelihoods) > 0).any())


def select(store: Store, folds: int | Iterable[int], labels: Labels | None = None) -> NDArray[np.int64]:
    """The records of some folds, as ascending indices [record]; with labels, only those that they score.

    Raises:
        TwelveLeadError: the store does not hold one of the folds, or none of the records is scored.
    """
    wanted = [folds] if isinstance(folds, int) else sorted(set(folds))
    column = np.asarray(store.column("fold"))
    held = np.unique(column).tolist()
    missing = [fold for fold in wanted if fold not in held]
    if missing:
        raise TwelveLeadError(f"{store.path}: no fold {fold_names(missing)}; it holds {fold_names(held)}")
    chosen = np.isin(column, wanted)
    if labels is not None:
        chosen &= labels.scored
        if not chosen.any():
            raise TwelveLeadError(
                f"{store.path}: no record of fold {fold_names(wanted)} has a label of the task {labels.task} under the "
                f"protocol {labels.protocol}; choose other folds or the protocol keep"
            )
    return np.flatnonzero(chosen)


def fold_names(folds: Iterable[int]) -> str:
    """Folds for a message, runs of them shortened: "1-8, 10"."""
    runs: list[list[int]] = []
    for fold in sorted(folds):
        if runs and fold == runs[-1][-1] + 1:
            runs[-1].append(fold)
        else:
            runs.append([fold])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
