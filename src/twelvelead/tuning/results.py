"""What a search leaves in its folder, and what it says while it goes on."""

import csv
import io
import json
import statistics
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from twelvelead.data.store import Store
from twelvelead.data.tasks import fold_names
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.training.hardware import list_versions
from twelvelead.training.recipe import Recipe
from twelvelead.tuning.space import Space
from twelvelead.tuning.study import DATABASE, PROCESS, REASON, Search, counts, finished, predecessor

COLUMNS = ("trial", "state", "validation_auroc", "epochs", "started", "seconds", "tries_again", "process", "reason")
_ABOUT = "study.json"
_ENOUGH = 20  # completed trials
_RECENT = 20  # trials whose times say how long the next will take


def state(trial: FrozenTrial) -> str:
    """completed, pruned, failed (by its settings), lost (interrupted, or its process died), running or waiting."""
    if not counts(trial):
        return "lost"
    return {TrialState.COMPLETE: "completed", TrialState.FAIL: "failed"}.get(trial.state, trial.state.name.lower())


def best_auroc(trial: FrozenTrial) -> float | None:
    """The best validation macro AUROC of a trial's epochs; None before the first one's end."""
    if trial.state == TrialState.COMPLETE:
        return trial.value
    return max(trial.intermediate_values.values(), default=None)


def best_trial(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The completed trial with the highest AUROC, the first of equals."""
    completed = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return max(completed, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)


def require_ours(folder: Path, search: Search, name: str, storage: str) -> None:
    """See that the folder is free, or this search's.

    Args:
        folder: of the study.
        search: what is searched.
        name: of the study.
        storage: where its trials are kept, without a password.

    Raises:
        TwelveLeadError: it holds something else, or another search.
    """
    about = folder / _ABOUT
    if about.is_file():
        try:
            recorded = json.loads(about.read_text(encoding="utf-8"))
            before = dict(recorded["search"])
            places = (str(recorded["study"]), str(recorded["storage"]))
        except (ValueError, KeyError, TypeError):
            raise Unreadable(f"{about}: damaged; name another folder for the study") from None
        search.require_same(before, f"{folder}: holds a study that", "name another folder")
        if places != (name, storage):
            raise TwelveLeadError(f"{folder}: holds study {places[0]} of {places[1]}; name another folder")
        return
    if not folder.exists():
        return
    # a process that begins at the same time may have made its database, and not yet said whose it is
    if not folder.is_dir() or any(not path.name.startswith((".", DATABASE)) for path in folder.iterdir()):
        raise TwelveLeadError(f"{folder}: exists and is not a study; name another folder")


def claim(folder: Path, search: Search, name: str, storage: str) -> None:
    """Make the folder this search's; the arguments are those of `require_ours`."""
    about = folder / _ABOUT
    if not about.is_file():
        recorded = {"study": name, "storage": storage, "search": search.to_dict()}
        with replacing(about) as partial:
            partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def write(study: optuna.Study, recipe: Recipe, base: Recipe, space: Space, folder: Path, asked: int) -> None:
    """Write `trials.csv`, `study.json` and, where a trial has completed, `best.toml`.

    Args:
        study: holds the trials.
        recipe: with its own folds and epochs.
        base: with those of the search.
        space: what is drawn.
        folder: of the study.
        asked: how many trials.
    """
    trials = study.get_trials(deepcopy=False)
    with replacing(folder / "trials.csv") as partial:
        partial.write_text(_table(trials, list(space.drawn)), encoding="utf-8")
    best = best_trial(trials)
    about = folder / _ABOUT
    recorded = json.loads(about.read_text(encoding="utf-8"))
    recorded |= {
        "objective": f"best validation macro AUROC, fold {fold_names(base.validation_folds)}, which chose",
        "asked": asked,
        "trials": dict(Counter(map(state, trials))),
        "pruned": {str(one.number): len(one.intermediate_values) for one in trials if state(one) == "pruned"},
        "failed": {str(one.number): one.user_attrs[REASON] for one in trials if state(one) == "failed"},
        "lost": [one.number for one in trials if state(one) == "lost"],
        "best": best and {"trial": best.number, "validation_auroc": best.value, "settings": best.params},
        "importance": importance(study),
        "versions": list_versions("optuna", "sqlalchemy"),
    }
    with replacing(about) as partial:
        partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    if best is not None:
        tuned = space.recipe(replace(recipe, name=f"{recipe.name}-tuned"), best.params)
        heading = (
            f"# Trial {best.number} of a search: macro AUROC {best.value:.4f} on fold "
            f"{fold_names(base.validation_folds)}, which chose it.\n"
        )
        with replacing(folder / "best.toml") as partial:
            partial.write_text(heading + tuned.to_toml(), encoding="utf-8")


def importance(study: optuna.Study) -> dict[str, float]:
    """Each setting's share of the variance of the AUROC between completed trials (fANOVA, Hutter et al. 2014, ICML),
    highest first; empty where too few trials completed to say."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(completed) < _ENOUGH or len({trial.value for trial in completed}) < 2:
        return {}
    # of Optuna's evaluators not the default: with tens of trials that one is led by settings that do nothing
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: round(float(share), 4) for name, share in shares.items()}


def line(study: optuna.Study, number: int, asked: int) -> str:
    """How a trial ended, with the best so far and the time that is left."""
    trials = study.get_trials(deepcopy=False)
    trial = trials[number]
    value, epochs = best_auroc(trial), len(trial.intermediate_values)
    said = {
        "completed": f"macro AUROC {value or 0:.4f} in {_epochs(epochs)}",
        "pruned": f"pruned after {_epochs(epochs)} at {value or 0:.4f}",
        "failed": f"failed, {trial.user_attrs.get(REASON)}",
    }.get(state(trial), state(trial))
    best = best_trial(trials)
    so_far = f"; best {best.value:.4f} (trial {best.number})" if best else ""
    settings = ", ".join(f"{name} {_short(given)}" for name, given in trial.params.items())
    return f"{finished(trials)} of {asked}, trial {number}: {said}{so_far}; {settings}; {_left(trials, asked)}"


def summary(study: optuna.Study, base: Recipe, folder: Path, store: Store) -> str:
    """The end of a search.

    Raises:
        TwelveLeadError: no trial has completed.
    """
    trials = study.get_trials(deepcopy=False)
    best = best_trial(trials)
    told = ", ".join(f"{count} {name}" for name, count in Counter(map(state, trials)).items())
    if best is None:
        reasons = [trial.user_attrs[REASON] for trial in trials if REASON in trial.user_attrs]
        last = f"; the last failed so: {reasons[-1]}" if reasons else ""
        raise TwelveLeadError(f"{folder}: no trial completed ({told}){last}; name another folder and another space")
    kind = ", synthetic ECGs" if store.synthetic else ""
    return (
        f"{told}; best: trial {best.number}, macro AUROC {best.value:.4f} on fold "
        f"{fold_names(base.validation_folds)}, which chose it{kind}; now: twelvelead train {folder / 'best.toml'} "
        f"{store.path} RUN"
    )


def _table(trials: list[FrozenTrial], names: list[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, *names), lineterminator="\n")
    writer.writeheader()
    for trial in trials:
        row: dict[str, Any] = {
            "trial": trial.number,
            "state": state(trial),
            "validation_auroc": best_auroc(trial),
            "epochs": len(trial.intermediate_values),
            "started": trial.datetime_start and trial.datetime_start.isoformat(timespec="seconds"),
            "seconds": _seconds(trial),
            "tries_again": predecessor(trial),
            "process": trial.user_attrs.get(PROCESS),
            "reason": trial.user_attrs.get(REASON),
        }
        writer.writerow(row | trial.params)
    return text.getvalue()


def _seconds(trial: FrozenTrial) -> float | None:
    return round(trial.duration.total_seconds(), 1) if trial.duration is not None else None


def _left(trials: list[FrozenTrial], asked: int) -> str:
    over = [trial for trial in trials if trial.state.is_finished() and counts(trial)]
    left = asked - len(over)
    if left <= 0:
        return "the last"
    processes = 1 + sum(trial.state == TrialState.RUNNING for trial in trials)
    each = statistics.mean(_seconds(trial) or 0.0 for trial in over[-_RECENT:]) if over else 0.0
    minutes = round(left * each / min(processes, left) / 60)
    return f"about {minutes // 60} h {minutes % 60:02} min left" if minutes >= 60 else f"about {minutes} min left"


def _epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
