"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.errors import TwelveLeadError

_PLACES = "a shipped name, a run folder, a folder of weights, or a file in one."

Weights = Annotated[str, typer.Option(help=f"Answer by these weights: {_PLACES}")]
"""Of verbs that answer without being told by whom."""

WeightsArgument = Annotated[
    str, typer.Argument(metavar="WEIGHTS", help=f"Take these weights: {_PLACES}", show_default=False)
]
"""Of verbs on weights."""

StoreArgument = Annotated[
    Path,
    typer.Argument(
        metavar="STORE",
        help="Take this store, which has the rate and the leads that the weights need.",
        show_default=False,
    ),
]
"""Of verbs that ask weights of a store."""

OperatingPoint = Annotated[
    str,
    typer.Option(help="Decide at this operating point of the weights, such as f1, or at one number from 0 to 1."),
]
"""Whose thresholds decide."""

Thresholds = Annotated[
    str | None,
    typer.Option(
        help="Decide these classes at these numbers, and the others at the operating point, as in MI=0.3,CD=0.5.",
        show_default=False,
    ),
]
"""Thresholds of single classes."""


def at(operating_point: str, thresholds: str | None) -> str:
    """The operating point with thresholds of single classes behind it, as `Contract.thresholds_at` takes it."""
    return operating_point if thresholds is None else f"{operating_point},{thresholds}"


Measure = Annotated[
    bool, typer.Option("--measure/--no-measure", help="Measure heart rate, PR, QRS, QT and axis, or leave them out.")
]
"""Whether an answer has measurements."""

AllowTrainedFold = Annotated[
    bool, typer.Option("--allow-trained-fold", help="Score a fold that trained the weights; what is written says so.")
]
"""The way past a refusal."""


def folds_from(text: str) -> tuple[int, ...]:
    """Folds from "9", "1,2,3" or "1-3,5".

    Raises:
        TwelveLeadError: it is something else.
    """
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and int(first) <= int(last or first) <= MOST_FOLDS):
            raise TwelveLeadError(f"folds {text}: {part.strip()!r} is none; write numbers, as in 9, 1,2,3 or 1-3")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


MOST_FOLDS = 100
"""Of a store."""

OTHER_FOLD = "choose another fold, or add --allow-trained-fold, and what is written will say so"
"""What to do where a fold trained the weights."""
