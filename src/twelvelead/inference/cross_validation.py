"""Out-of-fold predictions: each fold of a store is scored by the run that neither trained nor chose on it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import fold_names
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.inference.engine import Engine
from twelvelead.inference.scoring import Scored, score_folds
from twelvelead.progress import Progress, silent
from twelvelead.weights import Contract, find
from twelvelead.weights.contract import FILE
from twelvelead.weights.suitability import require_unseen

ROLE = "out of fold: each record was scored by a run that neither trained nor chose on it"


def finished_runs(folder: Path) -> list[Path]:
    """The folders of finished runs in a folder."""
    return sorted(path.parent.parent for path in folder.glob(f"*/weights/{FILE}"))


def runs_of(folder: Path, store: Store, folds: Sequence[int] | None = None) -> dict[int, Path]:
    """The run of each fold.

    Args:
        folder: holds the folders of the runs, as `twelvelead train --folds all` makes them.
        store: that they were trained on.
        folds: wanted; None for all of the store.

    Raises:
        Unreadable: the folder holds no finished run.
        TwelveLeadError: a run is of other data, or knew its fold by the weights it began with, or a fold has no run
            that left it out, or several.
    """
    if (folder / "weights" / FILE).is_file():
        raise TwelveLeadError(
            f"{folder}: is one run, and --cross-validate takes the folder of several, as twelvelead train RECIPE STORE "
            "RUNS --folds all makes it; leave --cross-validate out for one"
        )
    runs = finished_runs(folder)
    if not runs:
        raise Unreadable(
            f"{folder}: holds no finished run; make them with twelvelead train RECIPE STORE {folder} --folds all"
        )
    held = [int(fold) for fold in np.unique(store.column("fold"))]
    left_out: dict[int, Path] = {}
    for run in runs:
        contract = Contract.load(find(run))
        if contract.data["hash"] != store.data_hash:
            raise TwelveLeadError(f"{run}: trained on other data than {store.path}; name the store that trained it")
        for fold in sorted(set(held) - {*contract.train_folds, *contract.validation_folds}):
            if fold in left_out:
                both = f"{left_out[fold].name} and {run.name}"
                raise TwelveLeadError(f"{folder}: fold {fold} was left out by {both}; take one of them away")
            require_unseen(contract, store, [fold], run, "begin the runs with other weights")
            left_out[fold] = run
    missing = [fold for fold in folds or held if fold not in left_out]
    if missing:
        raise TwelveLeadError(
            f"{folder}: no finished run left fold {fold_names(missing)} out; finish them by the command that began "
            "them (twelvelead train ... --folds all), or name folds that have one (--fold)"
        )
    return {fold: left_out[fold] for fold in folds or held}


def score_out_of_fold(
    runs: dict[int, Path], store: Store, progress: Progress = silent, task: str | None = None
) -> tuple[Scored, list[dict[str, Any]]]:
    """What runs say of the folds that they left out, pooled.

    Args:
        runs: fold -> its run, of `runs_of`.
        store: that they were trained on.
        progress: told the records done of a fold.
        task: of the store; see `twelvelead.weights.matching.match`.

    Returns:
        The scored records of all folds, and of each run its name, fold and the hashes of its files.

    Raises:
        TwelveLeadError: as `score_folds`; or the runs answer different classes.
    """
    parts: list[Scored] = []
    files: list[dict[str, Any]] = []
    for fold, run in runs.items():
        engine = Engine(run)
        part = score_folds(engine, store, fold, partial(_of_fold, progress, fold), task)
        first = parts[0] if parts else part
        if part.contract.classes != first.contract.classes or (part.hidden is None) != (first.hidden is None):
            raise TwelveLeadError(f"{run}: not of the kind of the run before it; keep runs of one recipe together")
        parts.append(part)
        hashes = {"sha256": engine.contract.files["onnx"]["sha256"], "contract_sha256": engine.contract_sha256}
        files.append({"name": run.name, "fold": fold, **hashes})
    order = np.argsort(np.concatenate([part.records for part in parts]))
    hidden = [part.hidden for part in parts if part.hidden is not None]
    scored = Scored(
        parts[0].shared,
        tuple(part.contract for part in parts),
        np.repeat(np.arange(len(parts)), [len(part.records) for part in parts])[order],
        tuple(runs),
        np.concatenate([part.records for part in parts])[order],
        np.concatenate([part.probabilities for part in parts])[order],
        np.concatenate(hidden)[order] if hidden else None,
        ROLE,
    )
    return scored, files


def _of_fold(progress: Progress, fold: int, what: str, done: int, total: int, size: int = 0) -> None:
    progress(f"{what}, fold {fold}", done, total, size)
