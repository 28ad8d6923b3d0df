"""The mistakes that a model was surest of."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mistake:
    """A class of a record that was decided wrongly.

    Attributes:
        record: row of the arrays.
        column: of the class.
        kind: "missed", recorded and not predicted, or "false alarm".
        probability: of the class.
    """

    record: int
    column: int
    kind: Literal["missed", "false alarm"]
    probability: float


def confident_mistakes(
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.floating[Any]],
    predicted: NDArray[np.bool_],
    columns: Sequence[int],
    known: NDArray[np.bool_] | None = None,
) -> list[Mistake]:
    """The surest mistake of each kind in each class, the surest first; none where a class has no mistake of a kind.

    Args:
        labels, predicted: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        columns: the classes to look at.
        known: [records, classes] bool, which labels are known; None for all.
    """
    found = []
    for column in columns:
        y, p, d = labels[:, column], probabilities[:, column], predicted[:, column]
        absent = ~y if known is None else ~y & known[:, column]
        if (absent & d).any():
            record = int(np.where(absent & d, p, -1).argmax())
            found.append(Mistake(record, column, "false alarm", float(p[record])))
        if (y & ~d).any():
            record = int(np.where(y & ~d, p, 2).argmin())
            found.append(Mistake(record, column, "missed", float(p[record])))
    return sorted(found, key=lambda mistake: min(mistake.probability, 1 - mistake.probability))


def drawn(mistakes: Sequence[Mistake], each: int = 3) -> list[Mistake]:
    """The first few of each kind, no record twice: those whose ECG is shown."""
    chosen: dict[int, Mistake] = {}
    for kind in ("false alarm", "missed"):
        fresh: dict[int, Mistake] = {}
        for mistake in mistakes:
            if mistake.kind == kind and mistake.record not in chosen:
                fresh.setdefault(mistake.record, mistake)
        chosen |= dict(islice(fresh.items(), each))
    return list(chosen.values())
