"""The verb for searching: tune."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from twelvelead.cli.architecture import Architecture, load_architecture
from twelvelead.errors import Interrupted, MissingExtra


def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            help="Search for the settings of this recipe: a built-in one such as single, or a TOML file.",
            show_default=False,
        ),
    ],
    store: Annotated[Path, typer.Argument(help="Train and validate on this store.", show_default=False)],
    study: Annotated[Path, typer.Argument(help="Keep the study in this folder.", show_default=False)],
    trials: Annotated[int, typer.Option(help="End after this many trials in all, over all processes.", min=1)] = 50,
    space: Annotated[
        str, typer.Option(help="Draw settings from this space: default, optimizer, attentive or a TOML file.")
    ] = "default",
    epochs: Annotated[
        int | None, typer.Option(help="Train a trial for this many epochs at most.", min=1, show_default="the recipe's")
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(
            help="Train and validate the trials on these folds, as in 1-7:8.",
            show_default="1-7:8, or the recipe's if not 1-8:9",
        ),
    ] = None,
    sampler: Annotated[Literal["tpe", "random"], typer.Option(help="Draw settings by this method.")] = "tpe",
    pruner: Annotated[
        Literal["median", "hyperband", "none"], typer.Option(help="End poor trials early by this rule.")
    ] = ("median"),
    seed: Annotated[int, typer.Option(help="Seed the sampler with this.", min=0)] = 0,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Keep trials in the database at this URL, which machines may share, as in postgresql://user@host/name.",
            show_default="SQLite in STUDY",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Call the study this in the database.", show_default="that of the folder")
    ] = None,
    architecture: Architecture = None,
    grace: Annotated[
        int, typer.Option(help="Try a trial again after this many seconds without a sign of life.", min=1)
    ] = 180,
) -> None:
    """Search for the settings of a recipe with Optuna. After Ctrl-C or a kill, the same command goes on.

    The same command in further processes, or on further machines with --storage, takes part in the search; each process
    uses one device. Each trial is a training; its value is the best validation macro AUROC. A search of a recipe with
    the official folds trains on folds 1-7 and validates on fold 8: fold 9 is to choose few things.

    STUDY receives trials.csv, study.json, study.png, a folder for each trial, and best.toml, a recipe for the command
    train with the official folds again.
    """
    try:
        from twelvelead.training.recipe import Recipe
        from twelvelead.tuning.search import Options, parse_folds
        from twelvelead.tuning.search import tune as search
        from twelvelead.tuning.space import Space
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "twelvelead":
            raise
        raise MissingExtra("Searching", "tune") from None
    from twelvelead.data.store import Store

    load_architecture(architecture)
    chosen = Recipe.load(recipe)
    options = Options(
        trials=trials,
        epochs=epochs,
        folds=None if folds is None else parse_folds(folds),
        sampler=sampler,
        pruner=pruner,
        seed=seed,
        storage=storage,
        name=name,
        grace=grace,
    )
    try:
        search(chosen, Space.load(space, chosen), Store.open(store), study, options, typer.echo)
    except KeyboardInterrupt:
        raise Interrupted(f"{study}: interrupted; the same command goes on where it was") from None
