"""Labels softened by what other weights say of the training records (Hinton et al. 2015, arXiv:1503.02531)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing
from twelvelead.training.data import StoreData
from twelvelead.training.export import load_windowed, probabilities
from twelvelead.training.speed import precision
from twelvelead.weights import Contract, find


def require_teaching(name: str, contract: Contract, data: StoreData) -> None:
    """See that weights can teach this recipe.

    Args:
        name: of the weights, for messages.
        contract: of the weights.
        data: what is trained on.

    Raises:
        TwelveLeadError: they predict other classes, read other leads or another rate, or a validation fold taught them.
    """
    store, recipe = data.store, data.recipe
    if contract.classes != data.labels.classes:
        raise TwelveLeadError(
            f"recipe {recipe.name}: teacher {name} predicts {', '.join(contract.classes[:5])}, and the task "
            f"{recipe.task} is {', '.join(data.labels.classes[:5])}; choose teachers of the same task"
        )
    if contract.leads != store.leads or contract.sampling_rate != round(store.sampling_rate):
        raise TwelveLeadError(
            f"recipe {recipe.name}: teacher {name} reads {len(contract.leads)} leads at {contract.sampling_rate} Hz, "
            f"and {store.path} holds {len(store.leads)} at {store.sampling_rate:g} Hz"
        )
    seen = (set(contract.train_folds) | contract.taught_by(store.source, store.data_hash)) & set(
        recipe.validation_folds
    )
    if seen:
        raise TwelveLeadError(
            f"recipe {recipe.name}: teacher {name} was trained on fold {min(seen)}, which is to choose here; "
            "its knowledge of it would leak into the training"
        )


def taught(teachers: tuple[str, ...], data: StoreData, cache: Path, say: Callable[[str], None]) -> NDArray[np.float32]:
    """Mean calibrated probabilities of the teachers for the training records.

    A record is judged by the teachers that did not train on its fold; where all did, by all.

    Args:
        teachers: weights, by name or place.
        data: holds the training records.
        cache: file that keeps the result for a training that goes on.
        say: takes a line of text.

    Returns:
        [records, classes] float32, in the order of `data.train_records`.
    """
    records = data.train_records
    if cache.is_file():
        return np.asarray(np.load(cache, allow_pickle=False), np.float32)
    folds = np.asarray(data.store.column("fold"))[records]
    contracts = [Contract.load(find(teacher)) for teacher in teachers]
    unseen = np.array([~np.isin(folds, contract.train_folds) for contract in contracts])
    asked = np.where(unseen.any(axis=0), unseen, True)
    total = np.zeros((len(records), len(data.labels.classes)))
    for number, (teacher, contract, rows) in enumerate(zip(teachers, contracts, asked, strict=True)):
        say(f"teacher {number + 1} of {len(teachers)}: {teacher} judges {int(rows.sum())} records")
        if rows.any():
            with torch.autocast("cpu", torch.bfloat16, enabled=precision(data.recipe) == "bf16-mixed"):
                raw = probabilities(load_windowed(teacher), data.store.signals, data.store.features, records[rows])
            total[rows] += contract.calibrated(raw)
    mean = np.asarray(total / asked.sum(axis=0)[:, None], np.float32)
    with replacing(cache) as partial, partial.open("wb") as stream:
        np.save(stream, mean)
    return mean
