"""Recordings with what is known of them, before they are read."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Tasks


@dataclass(frozen=True, eq=False)
class Labelled:
    """Recordings and their labels.

    Attributes:
        files: [record].
        columns: those of a store, [record] each; `fold` only where it is stated.
        labels: names.
        present: [record, label] bool.
        tasks: task -> class -> the labels that make it.
        source: what the labels were taken from.
        bad: recordings whose labels cannot be known, each with one line that names it and the fault.
        unlisted_codes: code of a header that the mapping does not list -> recordings that have it.
        not_mapped: task -> PTB-XL's classes that the mapping cannot express.
    """

    files: list[Path]
    columns: dict[str, NDArray[Any]]
    labels: tuple[str, ...]
    present: NDArray[np.bool_]
    tasks: Tasks
    source: str
    bad: dict[Path, str] = field(default_factory=dict)
    unlisted_codes: Counter[str] = field(default_factory=Counter)
    not_mapped: dict[str, tuple[str, ...]] = field(default_factory=dict)
