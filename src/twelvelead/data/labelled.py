"""Recordings with what is known of them, before they are read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.recordings import Place
from twelvelead.data.store import UNKNOWN, Tasks


@dataclass(frozen=True, eq=False)
class Labelled:
    """Recordings and their labels.

    Attributes:
        files: [record], the file of each, or what it is in a file of many.
        columns: those of a store, [record] each; `fold` only where it is stated, 0 for recordings of which it is not.
        labels: names.
        likelihoods: [record, label] float32, as a store holds them: percent, 0 where none is stated, NaN where the
            record lacks the label, `UNKNOWN` where that is not known.
        tasks: task -> class -> the labels that make it.
        source: what the labels were taken from.
        how: in words, where the labels stand and how they are written.
        written: [record], the labels as the source has them.
        notes: what a reader should know of how they were read, each a line.
        doubts: why this may not be what was meant, with what to do, each a line.
        bad: recordings whose labels cannot be known, each with one line that names it and the fault.
        unlisted_codes: code that the mapping does not list -> recordings that have it.
        not_mapped: task -> PTB-XL's classes that the mapping cannot express.
    """

    files: Sequence[Place]
    columns: dict[str, NDArray[Any]]
    labels: tuple[str, ...]
    likelihoods: NDArray[np.float32]
    tasks: Tasks
    source: str
    how: str
    written: Sequence[str]
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    bad: dict[Place, str] = field(default_factory=dict)
    unlisted_codes: Counter[str] = field(default_factory=Counter)
    not_mapped: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def present(self) -> NDArray[np.bool_]:
        """[record, label] bool."""
        return np.asarray(self.likelihoods >= 0)

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """[record, label] bool: not known whether the record has the label."""
        return np.asarray(self.likelihoods == UNKNOWN)

    def taken(self, order: NDArray[np.int64]) -> "Labelled":
        """The recordings in another order, [record]."""
        return replace(
            self,
            files=[self.files[row] for row in order],
            columns={name: column[order] for name, column in self.columns.items()},
            likelihoods=self.likelihoods[order],
            written=[self.written[row] for row in order],
        )

    def without_rare(self, least: int) -> "Labelled":
        """The same without the classes that fewer records have, which are named in a note.

        Raises:
            ValueError: no class is left.
        """
        columns = {name: column for column, name in enumerate(self.labels)}
        present = self.present
        tasks: dict[str, dict[str, Sequence[str]]] = {}
        notes = []
        for task, classes in self.tasks.items():
            counts = {
                name: int(present[:, [columns[one] for one in of]].any(axis=1).sum()) for name, of in classes.items()
            }
            kept = {name: of for name, of in classes.items() if counts[name] >= least}
            rare = [f"{name} ({counts[name]:,})" for name in classes if name not in kept]
            if rare:
                notes.append(f"task {task}: left out, in fewer than {least:,} recordings: {', '.join(rare)}")
            if kept:
                tasks[task] = kept
        if not tasks:
            raise ValueError(f"no class is in {least:,} recordings or more")
        return replace(self, tasks=tasks, notes=(*self.notes, *notes))
