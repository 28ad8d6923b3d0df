"""One trial of a search: a training that tells the study each epoch's AUROC."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from optuna import Trial, TrialPruned

from twelvelead.data.store import Store
from twelvelead.errors import TwelveLeadError
from twelvelead.training.folder import claim, read_log
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import prepare, train_epochs


class Watch(pl.Callback):
    """Tells the study each epoch's validation AUROC, and ends the training where the pruner says so.

    Args:
        trial: of the study.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.values: list[float] = []
        self._told = 0

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.values.append(float(trainer.callback_metrics["validation_auroc"]))
        # A training that goes on has epochs of which this trial has not heard.
        for epoch in range(self._told, len(self.values)):
            self.trial.report(self.values[epoch], epoch)
        self._told = len(self.values)
        if self.trial.should_prune():
            raise TrialPruned

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.values = list(state_dict["values"])


def run_trial(trial: Trial, recipe: Recipe, store: Store, folder: Path, say: Callable[[str], None]) -> float:
    """Train the recipe of a trial, or go on where its training in the folder stopped.

    Args:
        trial: is told each epoch's AUROC.
        recipe: with the drawn settings.
        store: holds the folds.
        folder: of the run; receives `recipe.toml`, `run.json`, `log.csv` and `tensorboard/`. The checkpoints in it are
            removed when the trial is over, and kept when it is interrupted.
        say: takes a line of text.

    Returns:
        The best validation macro AUROC.

    Raises:
        TwelveLeadError: the recipe does not fit the store, or the loss or the AUROC is not finite.
        TrialPruned: the pruner ended it.
    """
    begun = prepare(recipe, store)
    claim(folder, begun.training.recipe, store)
    checkpoints = folder / "checkpoints"
    try:
        train_epochs(begun, folder, folder.parent / "teachers.npy", say, watchers=[Watch(trial)])
    except (TwelveLeadError, TrialPruned):
        shutil.rmtree(checkpoints, ignore_errors=True)
        raise
    values = [row["validation_auroc"] for row in read_log(folder)]
    if not all(map(math.isfinite, values)):
        raise TwelveLeadError(f"{folder}: the validation AUROC is not finite")
    shutil.rmtree(checkpoints, ignore_errors=True)
    return max(values)
