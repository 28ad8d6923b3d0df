"""What is said of recordings as labels of a store, by what its codes stand for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.label_literals import Said
from twelvelead.data.store import UNKNOWN, Tasks


class Mapping(Protocol):
    """What codes stand for.

    Attributes:
        name: of the mapping.
        labels: all that can be said by it.
    """

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...

    def lists(self, code: str) -> bool:
        """Whether the mapping says anything of a code."""

    def said_by(self, codes: Iterable[str]) -> set[str]:
        """Which of `labels` all the codes of one recording stand for."""

    def tasks(self, task: str | None) -> Tasks:
        """The label tasks that it makes, the one of its own by this name."""

    def not_expressed(self) -> dict[str, tuple[str, ...]]:
        """Task of PTB-XL -> its classes that no code stands for."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Labels of recordings.

    Attributes:
        names: of the labels.
        likelihoods: [record, label] float32, as `Labelled.likelihoods`.
        tasks: task -> class -> the labels that make it.
        unlisted: code that the mapping does not list -> recordings that have it.
        not_mapped: task -> PTB-XL's classes that the mapping cannot express.
    """

    names: tuple[str, ...]
    likelihoods: NDArray[np.float32]
    tasks: Tasks
    unlisted: Counter[str]
    not_mapped: dict[str, tuple[str, ...]]


def joined(said: Sequence[Said | None], names: Sequence[str], mapping: Mapping | None, task: str | None) -> Joined:
    """Labels from what is said of each recording.

    Args:
        said: [record]; None where nothing is known of one.
        names: all that are said, in order.
        mapping: what these stand for; None where they are the classes.
        task: what the labels are called; None for "labels".
    """
    labels = tuple(names) if mapping is None else mapping.labels
    column = {name: place for place, name in enumerate(labels)}
    likelihoods = np.full((len(said), len(labels)), np.nan, np.float32)
    unlisted: Counter[str] = Counter()
    for row, one in enumerate(said):
        if one is None:
            likelihoods[row] = UNKNOWN
            continue
        if mapping is not None:
            unlisted.update(code for code in one if not mapping.lists(code))
        for name, likelihood in (one if mapping is None else _mapped(one, mapping)).items():
            likelihoods[row, column[name]] = likelihood
    if mapping is None:
        return Joined(labels, likelihoods, {task or "labels": {name: [name] for name in labels}}, unlisted, {})
    return Joined(labels, likelihoods, mapping.tasks(task), unlisted, mapping.not_expressed())


def _mapped(one: Said, mapping: Mapping) -> Said:
    """What codes say, in the labels of a mapping: of several codes the highest likelihood, and what a code of which it
    is not known whether it is there could add or take away is not known."""
    there = [code for code, likelihood in one.items() if likelihood != UNKNOWN]
    sure, possible = mapping.said_by(there), mapping.said_by(one)
    found: dict[str, float] = dict.fromkeys(sure ^ possible, UNKNOWN)
    for name in sure & possible:
        found[name] = max((one[code] for code in there if name in mapping.said_by([code])), default=0.0)
    return found
