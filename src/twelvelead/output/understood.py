"""What was understood of labels, for a terminal, before a store is written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twelvelead.data.labelled import Labelled
from twelvelead.inference.shown import show_class

MOST = 40
"""Classes that are listed."""

EXAMPLES = 5

_CELL = 60


def understood(listed: Labelled, labels: str | Path) -> Iterator[str]:
    """Lines: how the labels are written, each label with its recordings, five examples, and what was passed over.

    Args:
        listed: what was read.
        labels: what they were read from.
    """
    yield f"{labels}: {len(listed.files):,} recordings, {listed.how}"
    counts, unknown = listed.present.sum(axis=0), listed.unknown.sum(axis=0)
    names = [show_class(name) for name in listed.labels]
    order = [column for column in np.argsort(-counts, kind="stable").tolist() if counts[column] or unknown[column]]
    width = max((len(names[column]) for column in order[:MOST]), default=0)
    for column in order[:MOST]:
        rest = f", not known of {unknown[column]:,}" if unknown[column] else ""
        yield f"  {names[column]:<{width}}  {counts[column]:>7,}{rest}"
    if len(order) > MOST:
        yield f"  and {len(order) - MOST:,} more, in at most {counts[order[MOST]]:,} recordings each"
    absent = [name for column, name in enumerate(listed.labels) if column not in order]
    if absent:
        yield f"  in no recording: {', '.join(absent)}"
    without = int((~listed.present.any(axis=1)).sum())
    if without:
        yield f"  {'(none of these)':<{width}}  {without:>7,}"
    for row in _examples(listed):
        said = [
            name + ("?" if unsure else "")
            for name, there, unsure in zip(listed.labels, listed.present[row], listed.unknown[row], strict=True)
            if there or unsure
        ]
        yield f"  {listed.files[row].name}: {_short(listed.written[row])} -> {_short('; '.join(said)) or 'none'}"
    for note in listed.notes:
        yield f"  {note}"


def _examples(listed: Labelled) -> list[int]:
    """Recordings whose labels are written differently, those with several first."""
    several = np.argsort(-np.minimum(listed.present.sum(axis=1), 2), kind="stable").tolist()
    first: dict[str, int] = {}
    for row in several:
        first.setdefault(listed.written[row], row)
        if len(first) == EXAMPLES:
            break
    return sorted(first.values())


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CELL else f"{text[: _CELL - 3]}..."
