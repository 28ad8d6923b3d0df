"""The verb on stored predictions: compare."""

from pathlib import Path
from typing import Annotated

import typer

_WIDTH = 132
"""Columns for a table that goes to a file."""


def compare(
    predictions: Annotated[
        list[str],
        typer.Argument(
            help="Compare these files (NPZ, Parquet, CSV), or folders of a run or an evaluation, the baseline first.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Write comparison.json, comparison.md and forest.png into this folder.", show_default=False),
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(
            help="Decide at this operating point, which all of them hold, such as f1, or at one number from 0 to 1.",
            show_default="accuracy where all hold it, else 0.5",
        ),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Draw this many resamples of the bootstrap.", min=1000)] = 2000,
) -> None:
    """Tell models apart: paired bootstrap by patient of every metric, on the same records.

    A CSV of anybody's model has the columns ecg_id and one for each class (probabilities); what else is needed comes
    from the predictions that it is compared with.
    """
    from rich.console import Console

    from twelvelead.cli.meter import Meter
    from twelvelead.output.comparison import comparison, write
    from twelvelead.output.comparison_text import markdown, tables

    with Meter() as meter:
        result = comparison(predictions, operating_point, resamples, meter.show)
    if out is not None:
        write(result, out, markdown(result))
    printed = Console(highlight=False, markup=False)
    if not printed.is_terminal:
        printed.width = max(printed.width, _WIDTH)
    printed.print(tables(result))
    if out is not None:
        typer.echo(f"comparison.json, comparison.md and forest.png in {out}")
