"""The verb ensemble."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from twelvelead.cli.architecture import Architecture, load_architecture
from twelvelead.errors import Interrupted

_WIDTH = 132
"""Columns for a table that goes to a file."""


def ensemble(
    store: Annotated[
        Path, typer.Argument(help="Take the store of the data that trained the runs.", show_default=False)
    ],
    dest: Annotated[Path, typer.Argument(help="Write the ensemble into this new folder.", show_default=False)],
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Take two or more of these together: run folders, shipped names, or files of weights.",
            show_default=False,
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Call the weights this.", show_default="that of DEST")] = None,
    fold: Annotated[int, typer.Option(help="Choose on this fold, which may have trained no run.")] = 9,
    aggregate: Annotated[Literal["logit", "probability"], typer.Option(help="Average this of the runs.")] = "logit",
    architecture: Architecture = None,
) -> None:
    """Make one model of several finished runs.

    DEST receives weights/ with their contract, predictions.npz, and how differently the runs answer and what each is
    worth, as diversity.json and diversity.png. Weights of the runs are fitted on the fold, and used where they are
    better than equal ones for patients that did not fit them.
    """
    from rich.console import Console

    from twelvelead.cli.train import missing
    from twelvelead.data.store import Store
    from twelvelead.output.diversity import tables

    try:
        from twelvelead.training.ensemble import make_ensemble as make

        load_architecture(architecture)
        values = make(runs, Store.open(store), dest, name=name, fold=fold, aggregate=aggregate, say=typer.echo)
    except ModuleNotFoundError as error:
        raise missing(error, "An ensemble", "train") from None
    except KeyboardInterrupt:
        raise Interrupted(f"{dest}: interrupted; the same command begins anew") from None
    printed = Console(highlight=False, markup=False)
    if not printed.is_terminal:
        printed.width = max(printed.width, _WIDTH)
    printed.print(tables(values))
    typer.echo(f"diversity.json, diversity.png, predictions.npz and weights in {dest}")
