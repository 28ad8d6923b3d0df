"""A search for the settings of a recipe: many trainings that share one study, on one machine or on several."""

import os
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import optuna
import torch
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError
from twelvelead.training.data import StoreData
from twelvelead.training.initial import initial_contract, require_starting
from twelvelead.training.recipe import Recipe
from twelvelead.training.teachers import require_teachers
from twelvelead.tuning.picture import draw
from twelvelead.tuning.results import claim, line, require_ours, summary, write
from twelvelead.tuning.sampler import Seeded, pruner
from twelvelead.tuning.space import Space
from twelvelead.tuning.study import (
    PROCESS,
    REASON,
    Search,
    fail_the_dead,
    finished,
    open_study,
    place,
    predecessor,
    shown,
    storage_url,
    try_again,
)
from twelvelead.tuning.trial import run_trial

SEARCH_FOLDS = ((1, 2, 3, 4, 5, 6, 7), (8,))
"""Training and validation folds of a search whose recipe has the official ones: fold 9 is to choose few things."""


@dataclass(frozen=True)
class Options:
    """How to search.

    Attributes:
        trials: how many in all, over all processes.
        epochs: of a trial at most; None for the recipe's.
        folds: training and validation folds of the search; None for `SEARCH_FOLDS`, or the recipe's where it names
            others than the official ones.
        sampler, pruner: names in `twelvelead.tuning.sampler`.
        seed: of the sampler.
        storage: URL of a database; None for a SQLite file in the folder.
        name: of the study; None for the folder's name.
        grace: seconds after which a trial without a sign of life is tried again.
    """

    trials: int = 50
    epochs: int | None = None
    folds: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    sampler: str = "tpe"
    pruner: str = "median"
    seed: int = 0
    storage: str | None = None
    name: str | None = None
    grace: int = 180


def parse_folds(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and validation folds from a text such as "1-6:7" or "1,3-5:8,9".

    Raises:
        TwelveLeadError: it is none.
    """
    match = re.fullmatch(r"([\d,-]+):([\d,-]+)", text)
    try:
        train, validation = (_numbers(part) for part in match.groups()) if match else ((), ())
    except ValueError:
        train, validation = (), ()
    if not train or not validation:
        raise TwelveLeadError(f"--folds {text}: give training and validation folds in the form 1-7:8")
    return train, validation


def _numbers(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def search_recipe(recipe: Recipe, options: Options) -> Recipe:
    """The recipe as a search trains it: its folds and epochs are those of the search."""
    folds = options.folds
    if folds is None and (recipe.train_folds, recipe.validation_folds) == (Recipe.train_folds, Recipe.validation_folds):
        folds = SEARCH_FOLDS
    train, validation = folds or (recipe.train_folds, recipe.validation_folds)
    return replace(recipe, train_folds=train, validation_folds=validation, epochs=options.epochs or recipe.epochs)


def tune(
    recipe: Recipe, space: Space, store: Store, folder: Path, options: Options, say: Callable[[str], None] = print
) -> Path:
    """Search the space, or go on where an interrupted search of it stopped.

    Args:
        recipe: what is not drawn.
        space: what is drawn.
        store: holds the folds.
        folder: receives `study.db` (without another storage), `trials/`, `trials.csv`, `best.toml`, `study.json` and
            `study.png`.
        options: how.
        say: takes a line of text.

    Returns:
        The best recipe, with the folds and epochs of `recipe`.

    Raises:
        TwelveLeadError: the store does not fit the recipe, the folder or the storage holds another search, the storage
            fails, or no trial reached an epoch's end.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    base = search_recipe(recipe, options)
    require_teachers(StoreData(base, store, labels(store, base.task, base.protocol)))
    if base.initial:
        require_starting(initial_contract(base), base, store)
    if "epochs" in space.drawn and options.epochs:
        raise TwelveLeadError(f"{space.source}: draws epochs, and --epochs sets them; choose one of them")
    search = Search(base.to_dict(), space.text, store.data_hash, options.sampler, options.pruner, options.seed)
    url = storage_url(options.storage, folder)
    name = options.name or folder.absolute().name
    require_ours(folder, search, name, shown(url))
    if options.storage is None:
        folder.mkdir(parents=True, exist_ok=True)
    study = open_study(url, name, search, grace=options.grace)
    claim(folder, search, name, shown(url))
    work = _Work(recipe, base, space, store, folder, options, study, say)
    try:
        work.go()
    except KeyboardInterrupt:
        work.record(picture=True)
        raise
    except (StorageInternalError, SQLAlchemyError) as error:
        raise TwelveLeadError(
            f"{shown(url)}: failed ({str(error).strip().splitlines()[0]}); the same command goes on when it is back"
        ) from None
    work.record(picture=True)
    say(summary(study, base, folder, store))
    return folder / "best.toml"


class _Surplus(Exception):
    """Another process has begun the last of the trials asked for."""


@dataclass
class _Work:
    """What one process does for a study."""

    recipe: Recipe
    base: Recipe
    space: Space
    store: Store
    folder: Path
    options: Options
    study: optuna.Study
    say: Callable[[str], None]
    number: int = -1
    fault: BaseException | None = None
    process: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")

    def go(self) -> None:
        """Run trials until all that were asked for are over, in whichever process."""
        study, options = self.study, self.options
        self.study.sampler = Seeded(
            options.sampler, options.seed, lambda number: place(study.get_trials(deepcopy=False), number)
        )
        self.study.pruner = pruner(options.pruner, self.base.epochs)
        waited = False
        while True:
            fail_the_dead(study, options.grace)
            trials = study.get_trials(deepcopy=False)
            done = finished(trials)
            if done >= options.trials:
                break
            running = sum(trial.state == TrialState.RUNNING for trial in trials)
            waiting = any(trial.state == TrialState.WAITING for trial in trials)
            if done + running >= options.trials and not waiting:
                if not waited:
                    self.say(f"waiting for {running} trials that other processes run; if one dies, it is tried again")
                waited = True
                time.sleep(min(5.0, options.grace / 6))
                continue
            waited = False
            self._one()

    def record(self, *, picture: bool = False) -> None:
        """Write what there is so far."""
        write(self.study, self.recipe, self.base, self.space, self.folder, self.options.trials)
        if picture:
            draw(self.study, self.space, self.base, self.folder, synthetic=self.store.synthetic)

    def _one(self) -> None:
        self._begin()
        caught = (TwelveLeadError, torch.OutOfMemoryError, _Surplus)
        try:
            self.study.optimize(self._objective, n_trials=1, catch=caught, gc_after_trial=True)
        except KeyboardInterrupt:
            self._again()
            raise
        except (StorageInternalError, SQLAlchemyError):
            raise
        except Exception as error:
            # Optuna objects to the end of a trial that others took for dead and ended.
            if error is self.fault and not isinstance(error, UpdateFinishedTrialError):
                self._again()
                raise
            self.say(f"trial {self.number}: taken over by another process, which had no sign of life from this one")
        if isinstance(self.fault, _Surplus):
            return
        self.record()
        self.say(line(self.study, self.number, self.options.trials))

    def _begin(self) -> None:
        self.number, self.fault = -1, None

    def _again(self) -> None:
        if self.number >= 0:
            try_again(self.study, self.number)

    def _objective(self, trial: optuna.Trial) -> float:
        self.number = trial.number
        try:
            trials = self.study.get_trials(deepcopy=False)
            if place(trials, trial.number) >= self.options.trials:
                raise _Surplus
            trial.set_user_attr(PROCESS, self.process)
            folder = self._adopted(trial.number, predecessor(trials[trial.number]))
            recipe = self.space.recipe(self.base, self.space.draw(trial))
            return run_trial(trial, recipe, self.store, folder, lambda text: None)
        except BaseException as error:
            self.fault = error
            if isinstance(error, TwelveLeadError | torch.OutOfMemoryError):
                trial.set_user_attr(REASON, str(error).splitlines()[0])
            raise

    def _adopted(self, number: int, before: int | None) -> Path:
        """The folder of a trial: that of the trial that it tries again, where it lies on this machine."""
        folder = self.folder / "trials" / f"{number:04}"
        if before is not None and not folder.exists():
            older = folder.with_name(f"{before:04}")
            if older.is_dir():
                # away from a process that may only have been slow, and still writes there
                older.rename(folder)
        return folder
