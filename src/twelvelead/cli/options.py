"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

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

Measure = Annotated[
    bool, typer.Option("--measure/--no-measure", help="Measure heart rate, PR, QRS, QT and axis, or leave them out.")
]
"""Whether an answer has measurements."""

AllowTrainedFold = Annotated[
    bool, typer.Option("--allow-trained-fold", help="Score a fold that trained the weights; what is written says so.")
]
"""The way past a refusal."""

OTHER_FOLD = "choose another fold, or add --allow-trained-fold, and what is written will say so"
"""What to do where a fold trained the weights."""
