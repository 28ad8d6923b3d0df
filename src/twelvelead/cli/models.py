"""Verbs on models: train, evaluate, export."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from twelvelead.errors import Interrupted, MissingExtra, TwelveLeadError


def train(
    recipe: Annotated[str, typer.Argument(help="A built-in recipe (reference) or a TOML file.", show_default=False)],
    store: Annotated[
        str,
        typer.Argument(help="A store, or the word synthetic for a small generated one in RUN.", show_default=False),
    ],
    run: Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)],
    task: Annotated[
        str | None, typer.Option(help="Label task of the store, such as rhythm.", show_default="the recipe's")
    ] = None,
) -> None:
    """Train a recipe on a store. After Ctrl-C or a kill, the same command goes on.

    RUN receives the recipe, the log (CSV, TensorBoard), checkpoints, curves, the predictions of the validation folds,
    and in weights/ the weights with their contract.
    """
    try:
        from twelvelead.training.recipe import Recipe
        from twelvelead.training.run import train as start
    except ModuleNotFoundError as error:
        raise _missing(error, "Training", "train") from None
    from dataclasses import replace

    from twelvelead.data.store import Store

    chosen = Recipe.load(recipe)
    if task is not None:
        chosen = replace(chosen, task=task)
    if store == "synthetic":
        from twelvelead.training.newcomer import newcomer

        opened, chosen = newcomer(run, chosen)
    else:
        opened = Store.open(store)
    try:
        start(chosen, opened, run, typer.echo)
    except ModuleNotFoundError as error:
        raise _missing(error, "Training", "train") from None
    except KeyboardInterrupt:
        raise Interrupted(f"{run}: interrupted; the same command goes on after the last whole epoch") from None


def evaluate(
    weights: Annotated[str, typer.Argument(help="A shipped name, a run folder, or a file.", show_default=False)],
    store: Annotated[Path, typer.Argument(help="A store of the needed rate and leads.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for what is written.", show_default=False)],
    fold: Annotated[int, typer.Option(help="One that the store holds.")] = 9,
    protocol: Annotated[
        Literal["drop", "keep", "likely"], typer.Option(help="Which records and labels count.")
    ] = "drop",
    thresholds: Annotated[
        str, typer.Option(help="accuracy, f1, or one number from 0 to 1 for all classes.")
    ] = "accuracy",
    task: Annotated[
        str | None, typer.Option(help="Label task, which the weights have to predict.", show_default="the weights'")
    ] = None,
) -> None:
    """Score weights on a fold: metrics.json, predictions.npz and a confusion matrix a class."""
    from twelvelead.data.store import Store
    from twelvelead.inference.engine import Engine
    from twelvelead.output.evaluation import report, table

    engine = Engine(weights)
    engine.contract.threshold(thresholds)
    if task not in (None, engine.contract.task):
        raise TwelveLeadError(
            f"--task {task}: the weights {weights} predict the task {engine.contract.task}; choose weights of that task"
        )
    opened = Store.open(store)
    from rich.console import Console
    from rich.progress import Progress

    from twelvelead.inference.scoring import predict_fold

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(f"fold {fold}", total=None)
        predictions = predict_fold(
            engine, opened, fold, protocol, lambda done, total: bar.update(line, completed=done, total=total)
        )
    Console(highlight=False, markup=False).print(table(report(engine.contract, opened, predictions, thresholds, out)))
    typer.echo(f"metrics.json, predictions.npz and confusion matrices in {out}")


def export(
    weights: Annotated[str, typer.Argument(help="A run folder, a shipped name, or a file.", show_default=False)],
    dest: Annotated[Path, typer.Argument(help="Folder to write.", show_default=False)],
) -> None:
    """Write weights with their contract and, for the reference architecture, the HDF5 file that Keras loads."""
    from twelvelead.training.ship import export as write

    for path in write(weights, dest):
        typer.echo(str(path))


def _missing(error: ModuleNotFoundError, what: str, extra: str) -> TwelveLeadError:
    if (error.name or "").split(".")[0] == "twelvelead":
        raise error
    return MissingExtra(what, extra)
