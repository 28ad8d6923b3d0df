"""Cross-validation: one run for each fold, which it leaves out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import fold_names
from twelvelead.errors import TwelveLeadError
from twelvelead.progress import Progress, silent
from twelvelead.training import folder as run_folder
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import prepare, train

FEWEST = 3
"""Folds: one trains, one chooses, one is left out."""


def recipe_of_each(recipe: Recipe, store: Store, folds: Sequence[int] | None = None) -> dict[int, Recipe]:
    """For each fold the recipe of the run that leaves it out: the fold behind it chooses, the others train.

    Args:
        recipe: of all runs; its own folds do not count.
        store: holds the folds.
        folds: to leave out; None for each of the store.

    Raises:
        TwelveLeadError: the store holds fewer than three folds, or not one of those asked for.
    """
    held = [int(fold) for fold in np.unique(store.column("fold"))]
    if len(held) < FEWEST:
        raise TwelveLeadError(
            f"{store.path}: holds fold {fold_names(held)}, and each run needs one to train, one to choose and one to "
            "leave out; make the store with more (--folds 5)"
        )
    missing = [fold for fold in folds or () if fold not in held]
    if missing:
        raise TwelveLeadError(
            f"{store.path}: no fold {fold_names(missing)}; it holds {fold_names(held)}, so name these"
        )
    found = {}
    for place, fold in enumerate(held):
        chooses = held[(place + 1) % len(held)]
        rest = tuple(other for other in held if other not in (fold, chooses))
        name = f"{recipe.name}-fold-{fold}"
        found[fold] = replace(recipe, name=name, train_folds=rest, validation_folds=(chooses,))
    return {fold: found[fold] for fold in folds or held}


def train_each(
    recipe: Recipe,
    store: Store,
    folder: Path,
    folds: Sequence[int] | None = None,
    say: Callable[[str], None] = print,
    *,
    progress: Progress = silent,
) -> dict[int, Path]:
    """Train one run for each fold into `folder/fold-N`; interrupted, the same call goes on.

    Args:
        recipe: of all runs.
        store: holds the folds.
        folder: of the runs.
        folds: to leave out; None for each of the store.
        say: takes a line of text.
        progress: told the batches done of an epoch, and the fold.

    Returns:
        Fold -> the folder of its run.

    Raises:
        TwelveLeadError: as `recipe_of_each` and `train`, of every run before the first begins; the folder is a run.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    recipes = recipe_of_each(recipe, store, folds)
    if (folder / "run.json").is_file():
        raise TwelveLeadError(f"{folder}: holds one run; name another folder for the runs of all folds")
    runs = {fold: folder / f"fold-{fold}" for fold in recipes}
    for fold, of in recipes.items():
        run_folder.require_ours(runs[fold], of, store)
        try:
            prepare(of, store)
        except TwelveLeadError as error:
            raise TwelveLeadError(f"the run that leaves fold {fold} out: {error}") from None
    for number, (fold, of) in enumerate(recipes.items(), start=1):
        beside = _Beside(f"fold {fold} left out ({number} of {len(recipes)})", say, progress)
        train(of, store, runs[fold], beside.say, progress=beside.show)
    return runs


class _Beside:
    """What a run says, with the fold that it leaves out."""

    def __init__(self, which: str, say: Callable[[str], None], progress: Progress) -> None:
        self._which, self._say, self._progress = which, say, progress

    def say(self, line: str) -> None:
        self._say(f"{self._which}: {line}")

    def show(self, what: str, done: int, total: int, size: int = 0) -> None:
        self._progress(f"{what}, {self._which}", done, total, size)
