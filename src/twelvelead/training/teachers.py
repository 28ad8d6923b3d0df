"""Labels softened by what other weights say of the training records (Hinton et al. 2015, arXiv:1503.02531)."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing
from twelvelead.progress import Progress, silent
from twelvelead.training.data import StoreData
from twelvelead.training.forms import load_windowed, predict
from twelvelead.training.speed import bfloat16
from twelvelead.weights import Contract, find
from twelvelead.weights.suitability import require_suitable, require_unseen, seen_folds

PART = 1024
"""Records judged between two reports."""


def require_teachers(data: StoreData) -> None:
    """See that the teachers of a recipe can teach it.

    Args:
        data: what is trained on, with its recipe.

    Raises:
        Unreadable: there are no such weights.
        TwelveLeadError: they predict other classes, cannot read the store, have no PyTorch form, or a validation fold
            trained them or what they came from.
    """
    store, recipe = data.store, data.recipe
    for name in recipe.teachers:
        contract = Contract.load(find(name))
        teacher = f"recipe {recipe.name}: teacher {name}"
        if contract.classes != data.labels.classes:
            raise TwelveLeadError(
                f"{teacher} predicts {_few(contract.classes)}, and the task {recipe.task} is "
                f"{_few(data.labels.classes)}; choose teachers of the same task"
            )
        beside = None if data.auxiliary is None else data.auxiliary.classes
        if beside is not None and contract.statements is not None and contract.statements.classes != beside:
            raise TwelveLeadError(
                f"{teacher} predicts {_few(contract.statements.classes)} beside them, and the auxiliary_task "
                f"{recipe.auxiliary_task} is {_few(beside)}; choose teachers of the same auxiliary task"
            )
        require_suitable(contract, store, name)
        if "safetensors" not in contract.files:
            raise TwelveLeadError(
                f"{teacher} has no safetensors file; name a training's own weights, of an ensemble its members"
            )
        require_unseen(
            contract, store, recipe.validation_folds, name, "choose other validation_folds, or other teachers"
        )


def ask_teachers(
    data: StoreData, cache: Path, say: Callable[[str], None], progress: Progress = silent
) -> NDArray[np.float32]:
    """Mean calibrated probabilities of the recipe's teachers for the training records.

    A record is judged by the teachers that did not train on its fold; where all did, by all. The auxiliary task is
    taught where every teacher answers it.

    Args:
        data: holds the training records and the recipe.
        cache: file that keeps the result for a training that goes on; what does not fit in it is computed anew.
        say: takes a line of text.
        progress: told the records that a teacher has judged.

    Returns:
        [records, classes] float32, or [records, classes and auxiliary classes], in the order of `data.train_records`.
    """
    records, teachers = data.train_records, data.recipe.teachers
    contracts = [Contract.load(find(teacher)) for teacher in teachers]
    beside = 0
    if data.auxiliary is not None and all(contract.statements is not None for contract in contracts):
        beside = len(data.auxiliary.classes)
    shape = (len(records), len(data.labels.classes) + beside)
    kept = _kept(cache)
    if kept is not None and kept.shape == shape and np.isfinite(kept).all():
        return kept
    if cache.exists():
        say(f"{cache}: does not fit this training and is made anew")
    folds = np.asarray(data.store.column("fold"))[records]
    unseen = np.array([~np.isin(folds, sorted(seen_folds(contract, data.store))) for contract in contracts])
    asked = np.where(unseen.any(axis=0), unseen, True)
    total = np.zeros(shape)
    for number, (teacher, contract, rows) in enumerate(zip(teachers, contracts, asked, strict=True)):
        say(f"teacher {number + 1} of {len(teachers)}: {teacher} judges {int(rows.sum())} records")
        if rows.any():
            raw = _answers(teacher, data, records[rows], progress)
            total[rows] += contract.calibrated_outputs(raw)[:, : shape[1]]
    mean = np.asarray(total / asked.sum(axis=0)[:, None], np.float32)
    with replacing(cache) as partial, partial.open("wb") as stream:
        np.save(stream, mean)
    return mean


def _answers(teacher: str, data: StoreData, records: NDArray[np.int64], progress: Progress) -> NDArray[np.float32]:
    """What a teacher says of records before calibration, [records, classes and statements]."""
    device: Literal["cuda", "cpu"] = "cuda" if torch.cuda.is_available() else "cpu"
    network = load_windowed(teacher).to(device)
    fast = data.recipe.precision == "auto" and bfloat16(device)
    found = []
    with torch.autocast(device, torch.bfloat16, enabled=fast):
        for start in range(0, len(records), PART):
            progress(f"records judged by {teacher}", start, len(records))
            data.store.require_whole()
            found.append(predict(network, data.store.signals, data.store.features, records[start : start + PART]))
    return np.concatenate(found)


def _kept(cache: Path) -> NDArray[np.float32] | None:
    try:
        with cache.open("rb") as stream:
            values = np.lib.format.read_array(stream, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return np.asarray(values, np.float32) if np.issubdtype(values.dtype, np.floating) else None


def _few(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:5]) + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")
