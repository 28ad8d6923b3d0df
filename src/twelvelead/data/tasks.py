"""Labels of a task under a protocol and a likelihood rule, and the choice of records by fold.

Protocols, which records are scored (a figure without its protocol is not a figure):
    drop    those with at least one label of the task
    keep    all of them, those without a label as all-zero rows
    likely  short for drop with the likelihood rule 50

Likelihood rules, which statements count:
    any     every statement, whatever its likelihood; PTB-XL writes 0 where a likelihood is unknown
    50      those with a stated likelihood of at least 50 % (any number above 0 and up to 100); unknown does not count
    soft    as any, and the targets of training are likelihood / 100, an unknown likelihood being 1
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import UNKNOWN, Store
from twelvelead.errors import TwelveLeadError

Protocol = Literal["drop", "keep", "likely"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
LIKELY = 50.0
"""From this likelihood in percent on, the protocol `likely` counts a statement."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of all records of a store for one task under one protocol and likelihood rule.

    Attributes:
        classes: names, in the order of the last axis of `values`.
        values: [record, class] bool.
        known: [record, class] bool; false where it is not known whether the record has the class, which then takes no
            part in the loss and in no metric, and is false in `values`.
        scored: [record] bool; false where the protocol leaves the record out of training and scoring, and where none of
            its classes is known.
        task, protocol, likelihood: what was asked for.
        likelihoods: [record, class] float32, percent: the highest of the class's statements, 0 where none is known and
            NaN where the record has none of them; None where the store states no likelihoods.
    """

    classes: tuple[str, ...]
    values: NDArray[np.bool_]
    known: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    task: str
    protocol: Protocol
    likelihood: str | float = "any"
    likelihoods: NDArray[np.float32] | None = None

    @property
    def targets(self) -> NDArray[np.float32]:
        """[record, class] float32, what a model is trained on: 0 or 1, under the rule `soft` from 0 to 1; NaN where
        nobody knows."""
        found = self.values.astype(np.float32)
        if self.likelihood == "soft" and self.likelihoods is not None:
            found = np.where(self.likelihoods > 0, self.likelihoods / np.float32(100), found).astype(np.float32)
        found[~self.known] = np.nan
        return found

    def known_of(self, records: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """[n, class] bool, which labels of some records are known; None where all are."""
        known = self.known[records]
        return None if known.all() else known

    def of(self, names: Sequence[str]) -> "Labels":
        """The labels of some of the classes, in this order, records scored by these alone."""
        columns = [self.classes.index(name) for name in names]
        values, known = self.values[:, columns], self.known[:, columns]
        likelihoods = None if self.likelihoods is None else self.likelihoods[:, columns]
        scored = _scored(values, known, self.protocol)
        return replace(self, classes=tuple(names), values=values, known=known, scored=scored, likelihoods=likelihoods)


def labels(
    store: Store, task: str = "superclass", protocol: Protocol = "drop", likelihood: str | float = "any"
) -> Labels:
    """The labels of every record of the store.

    Args:
        store: holds the statements.
        task: one of `store.tasks`; PTB-XL has all (71 classes), diagnostic (44), subclass (23), superclass (5), form
            (19) and rhythm (12).
        protocol: which records are scored, see above.
        likelihood: which statements count, see above: "any", "soft", or the least percentage, as a number or text.

    Raises:
        TwelveLeadError: the store has no such task, there is no such protocol or rule, or the rule needs likelihoods
            and the store states none.
    """
    if task not in store.tasks:
        raise TwelveLeadError(f"{store.path}: no task {task}; it has {', '.join(store.tasks)}")
    if protocol not in PROTOCOLS:
        raise TwelveLeadError(f"no protocol {protocol}; choose one of {', '.join(PROTOCOLS)}")
    rule = likelihood_rule(likelihood)
    if protocol == "likely" and rule != "any":
        raise TwelveLeadError(f"protocol likely is the likelihood rule {LIKELY:g}; with {rule} choose drop or keep")
    least = LIKELY if protocol == "likely" else rule
    stated = holds_likelihoods(store)
    if least != "any" and not stated:
        what = "protocol likely" if protocol == "likely" else f"likelihood rule {least}"
        raise TwelveLeadError(
            f"{store.path}: {what} is not available: this copy states no likelihoods (all are 0, which means "
            "unknown); use any with drop or keep, or prepare the store from a copy that has them"
        )
    column = {name: position for position, name in enumerate(store.statements)}
    all_likelihoods = np.asarray(store.likelihoods)
    # fmax passes over the NaN of statements that a record lacks
    highest: NDArray[np.float32] = np.stack(
        [
            np.fmax.reduce(all_likelihoods[:, [column[name] for name in of]], axis=1, initial=np.nan)
            for of in store.tasks[task].values()
        ],
        axis=1,
    )
    known = np.asarray(highest != UNKNOWN)
    highest[~known] = np.nan
    values: NDArray[np.bool_] = highest >= (least if isinstance(least, float) else 0.0)
    scored = _scored(values, known, protocol)
    return Labels(tuple(store.tasks[task]), values, known, scored, task, protocol, rule, highest if stated else None)


def _scored(values: NDArray[np.bool_], known: NDArray[np.bool_], protocol: Protocol) -> NDArray[np.bool_]:
    return np.asarray((values.any(axis=1) | (protocol == "keep")) & known.any(axis=1))


def likelihood_rule(rule: str | float) -> str | float:
    """The rule as `labels` knows it: "any", "soft", or a percentage as a float.

    Raises:
        TwelveLeadError: it is none of them.
    """
    if rule in ("any", "soft"):
        return rule
    try:
        least = float(rule)
    except (TypeError, ValueError):
        least = 0.0
    if not 0 < least <= 100:
        raise TwelveLeadError(f"no likelihood rule {rule}; choose any, soft, or a percentage such as {LIKELY:g}")
    return least


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
        raise TwelveLeadError(
            f"{store.path}: no fold {fold_names(missing)}; it holds {fold_names(held)}, so name these (--fold, or "
            "train_folds and validation_folds of a recipe), or make the store with more (--folds 10)"
        )
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
