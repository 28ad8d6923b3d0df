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
            help="Files (NPZ, Parquet, CSV), or folders of a run or an evaluation; the baseline first.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparison.json, comparison.md and forest.png.", show_default=False)
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(
            help="An operating point that all of them hold, such as f1, or one number from 0 to 1 for all.",
            show_default="accuracy where all hold it, else 0.5",
        ),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.", min=1000)] = 2000,
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
