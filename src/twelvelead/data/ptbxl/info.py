"""What a store holds, counted per fold, class and protocol, beside what PTB-XL is published to hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.ptbxl.prepare import SOURCE
from twelvelead.data.ptbxl.published import PATIENTS, PUBLISHED, Published
from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, fold_names, holds_likelihoods, labels

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Count:
    """Records of some folds.

    Attributes:
        keep, drop, likely: how many records each protocol scores; None where `likely` is not available.
        classes: records with each class, whatever the likelihood.
        likely_classes: the same under the protocol `likely`; None where that is not available.
    """

    keep: int
    drop: int
    likely: int | None
    classes: dict[str, int]
    likely_classes: dict[str, int] | None


class Counter:
    """Counts the classes of a store; see `count`.

    Args:
        store: whose records.
        task: whose classes.

    Raises:
        TwelveLeadError: the store has no such task.
    """

    def __init__(self, store: Store, task: str = "superclass") -> None:
        self._fold = np.asarray(store.column("fold"))
        self._any = labels(store, task, "drop")
        self._likely = labels(store, task, "likely") if holds_likelihoods(store) else None

    @property
    def likely(self) -> bool:
        """Whether the protocol `likely` is available."""
        return self._likely is not None

    @property
    def folds(self) -> list[int]:
        """That the store holds."""
        return [int(fold) for fold in np.unique(self._fold)]

    def count(self, folds: tuple[int, ...]) -> Count:
        """The records of `folds`, those that the store does not hold counting nothing."""
        rows = np.isin(self._fold, folds)
        likely = self._likely
        return Count(
            int(rows.sum()),
            int(self._any.scored[rows].sum()),
            None if likely is None else int(likely.scored[rows].sum()),
            _classes(self._any, rows),
            None if likely is None else _classes(likely, rows),
        )


def _classes(labels: Labels, rows: NDArray[np.bool_]) -> dict[str, int]:
    return dict(zip(labels.classes, labels.values[rows].sum(axis=0).tolist(), strict=True))


def info(store: Store, task: str | None = None) -> "RenderableType":
    """A table for the terminal: counts per fold, class and protocol; superclasses of PTB-XL beside the published ones.

    Args:
        store: whose records.
        task: whose classes; None for superclass, or for the first task of a store that has none of that name.

    Raises:
        TwelveLeadError: the store has no such task.
    """
    from rich.console import Group
    from rich.table import Table

    task = task or ("superclass" if "superclass" in store.tasks else next(iter(store.tasks)))
    counter = Counter(store, task)
    if task != "superclass":
        return Group(*_head(store, counter), "", _task_table(counter), "", *_notes(holds_likelihoods(store), task))
    parts = PUBLISHED if store.source == SOURCE else ()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("fold", no_wrap=True)
    for name in ("keep", "drop", *store.tasks["superclass"], "likely"):
        table.add_column(name, justify="right", no_wrap=True)
    if parts:
        table.add_column("1.0.3", no_wrap=True)
    for fold in counter.folds:
        table.add_row(str(fold), *_cells(counter.count((fold,))))
    table.add_row()
    for part in parts:
        count = counter.count(part.folds)
        table.add_row(part.name, *_cells(count), verdict(count, part))
    if not parts:
        table.add_row("all", *_cells(counter.count(tuple(counter.folds))))
    likely = [_likely_table(store, counter)] if holds_likelihoods(store) else []
    return Group(*_head(store, counter), "", table, "", *likely, *_notes(bool(likely)), *_comparison(counter, parts))


def _task_table(counter: Counter) -> "RenderableType":
    """One line a class, as tasks other than the superclasses have too many for columns."""
    from rich.table import Table

    folds = {str(fold): counter.count((fold,)) for fold in counter.folds} | {"all": counter.count(tuple(counter.folds))}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("fold", no_wrap=True)
    for name in folds:
        table.add_column(name, justify="right", no_wrap=True)
    lines = {"keep": [count.keep for count in folds.values()], "drop": [count.drop for count in folds.values()]}
    if counter.likely:
        lines["likely"] = [count.likely or 0 for count in folds.values()]
    lines |= {name: [count.classes[name] for count in folds.values()] for name in folds["all"].classes}
    for name, numbers in lines.items():
        table.add_row(name, *(f"{number:,}" for number in numbers))
    return table


def _likely_table(store: Store, counter: Counter) -> "RenderableType":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("fold", no_wrap=True)
    for name in ("likely", *store.tasks["superclass"]):
        table.add_column(name, justify="right", no_wrap=True)
    parts = {str(fold): (fold,) for fold in counter.folds} | {"all": tuple(counter.folds)}
    for name, folds in parts.items():
        count = counter.count(folds)
        table.add_row(name, f"{count.likely:,}", *(f"{number:,}" for number in (count.likely_classes or {}).values()))
    table.add_row()
    return table


def _cells(count: Count) -> Iterator[str]:
    for number in (count.keep, count.drop, *count.classes.values()):
        yield f"{number:,}"
    yield "n/a" if count.likely is None else f"{count.likely:,}"


def verdict(count: Count, part: Published) -> str:
    """How the count compares with the published one: matches, absent, partial (fewer records) or differs."""
    if (count.keep, count.drop, count.classes) == (part.records, part.labelled, part.classes):
        return "matches"
    if count.keep == 0:
        return "absent"
    return "partial" if count.keep < part.records else "differs"


def _head(store: Store, counter: Counter) -> Iterator[str]:
    kind = "SYNTHETIC, generated records" if store.synthetic else store.source
    yield f"{store.path}: {kind}, fold {fold_names(counter.folds)}"
    yield (
        f"{len(store):,} records of {store.samples / store.sampling_rate:g} s at {store.sampling_rate:g} Hz, "
        f"{len(store.leads)} leads; data hash {store.data_hash[:12]}"
    )
    patient, fold = np.asarray(store.column("patient_id")), np.asarray(store.column("fold"))
    patients = len(np.unique(patient))
    shared = len(np.unique(np.stack([patient, fold], axis=1), axis=0)) - patients
    published = f" ({PATIENTS:,} published in all ten folds)" if store.source == SOURCE else ""
    yield f"{patients:,} patients{published}, {shared or 'none'} of them in two folds"


def _notes(likely: bool, task: str = "superclass") -> Iterator[str]:
    one = "superclass" if task == "superclass" else f"class of the task {task}"
    yield f"keep scores all records, drop those with at least one {one}; classes count whatever the likelihood."
    if likely and task == "superclass":
        yield "likely scores those with a superclass of at least 50 %; its classes are in the table of its own."
    elif likely:
        yield f"likely scores those with a {one} of at least 50 %."
    else:
        yield "likely is not available (n/a): this copy states no likelihoods (all are 0, which means unknown)."


def _comparison(counter: Counter, parts: tuple[Published, ...]) -> Iterator[str]:
    if parts:
        yield "1.0.3: the published release; train is fold 1-8, validation 9, test 10."
    for part in parts:
        count = counter.count(part.folds)
        found = verdict(count, part)
        if found == "partial":
            yield f"{part.name} is partial: {count.keep:,} of {part.records:,} records."
        elif found == "differs":
            wanted = {"keep": part.records, "drop": part.labelled, **part.classes}
            here = {"keep": count.keep, "drop": count.drop, **count.classes}
            differing = [f"{name} {here[name]:,} for {wanted[name]:,}" for name in wanted if here[name] != wanted[name]]
            yield f"{part.name} differs: {', '.join(differing)}."
