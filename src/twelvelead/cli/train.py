"""Verbs on models: train, export."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli.architecture import Architecture, load_architecture
from twelvelead.cli.options import folds_from
from twelvelead.errors import Interrupted, MissingExtra, TwelveLeadError


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="Train by this recipe: a built-in one such as single or fine-tune, or a TOML file.", show_default=False
        ),
    ],
    store: Annotated[
        str,
        typer.Argument(
            help="Train on this store, or on a small generated one in RUN for the word synthetic.", show_default=False
        ),
    ],
    run: Annotated[Path, typer.Argument(help="Keep the run in this folder.", show_default=False)],
    task: Annotated[
        str | None,
        typer.Option(help="Train on this label task of the store, such as rhythm.", show_default="the recipe's"),
    ] = None,
    devices: Annotated[
        int,
        typer.Option(
            min=1,
            help="Share each batch among this many accelerators (CPU processes where there are none).",
        ),
    ] = 1,
    folds: Annotated[
        str | None,
        typer.Option(
            help="Train one run for each fold of the store, or for these, as in 1,2,3, into RUN/fold-N: it leaves the "
            "fold out, the next one chooses, the others train. evaluate --cross-validate scores them together.",
            metavar="all|N,...",
            show_default="one run, by the recipe's folds",
        ),
    ] = None,
    architecture: Architecture = None,
    initial: Annotated[
        str,
        typer.Option(
            "--from", help="Begin with these weights: a shipped name, a run folder, or a file.", show_default=False
        ),
    ] = "",
) -> None:
    """Train a recipe on a store. After Ctrl-C or a kill, the same command goes on.

    RUN receives the recipe, the log (CSV, TensorBoard), checkpoints, curves, the predictions of the validation folds,
    and in weights/ the weights with their contract.
    """
    try:
        from twelvelead.training.folds import train_each
        from twelvelead.training.recipe import Recipe
        from twelvelead.training.run import train as start
    except ModuleNotFoundError as error:
        raise missing(error, "Training", "train") from None
    from twelvelead.cli.meter import Meter
    from twelvelead.data.store import Store

    left_out = None if folds is None or folds == "all" else folds_from(folds)
    if folds is not None and devices > 1:
        raise TwelveLeadError("--folds trains one run after the other on one device; leave --devices out")
    load_architecture(architecture)
    chosen = Recipe.load(recipe, initial)
    if task is not None:
        wanted = chosen.for_task(task)
        if wanted.teachers != chosen.teachers:
            typer.echo(f"recipe {chosen.name}: its teachers know {chosen.task} only, so {task} is learned without them")
        chosen = wanted
    if store == "synthetic":
        from twelvelead.training.synthetic import prepare_synthetic

        opened, chosen = prepare_synthetic(run, chosen)
    else:
        opened = Store.open(store)
    try:
        with Meter() as meter:
            if folds is None:
                start(chosen, opened, run, typer.echo, devices=devices, progress=meter.show)
            else:
                runs = train_each(chosen, opened, run, left_out, typer.echo, progress=meter.show)
                typer.echo(
                    f"{len(runs)} runs in {run}; twelvelead evaluate {run} {opened.path} --cross-validate scores each "
                    "fold by the run that left it out"
                )
    except ModuleNotFoundError as error:
        raise missing(error, "Training", "train") from None
    except KeyboardInterrupt:
        raise Interrupted(f"{run}: interrupted; the same command goes on after the last whole epoch") from None


def export(
    weights: Annotated[
        str, typer.Argument(help="Export these weights: a run folder, a shipped name, or a file.", show_default=False)
    ],
    dest: Annotated[Path, typer.Argument(help="Write into this folder.", show_default=False)],
) -> None:
    """Write every form of the weights with their contract and, for the reference architecture, the HDF5 file that Keras
    loads."""
    from twelvelead.training.export import export as write

    for path in write(weights, dest):
        typer.echo(str(path))


def missing(error: ModuleNotFoundError, what: str, extra: str) -> TwelveLeadError:
    if (error.name or "").split(".")[0] == "twelvelead":
        raise error
    return MissingExtra(what, extra)
