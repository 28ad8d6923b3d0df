"""Weights over a fold of a store."""

from collections.abc import Callable

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import Protocol, labels, select
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.engine import Engine

BATCH = 32


def predict_fold(
    engine: Engine,
    store: Store,
    fold: int,
    protocol: Protocol = "drop",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predictions:
    """Calibrated probabilities of the records of a fold that the protocol scores.

    Args:
        engine: the weights.
        store: of the rate, leads and classes of the weights.
        fold: one that the store holds.
        protocol: which records and labels count.
        progress: called with the records done and all.

    Raises:
        TwelveLeadError: the store does not fit the weights, lacks the fold, or the protocol is not available.
    """
    contract = engine.contract
    needs = {
        "sampling rate": (store.sampling_rate, contract.sampling_rate),
        "order of leads": (store.leads, contract.leads),
    }
    for what, (there, needed) in needs.items():
        if there != needed:
            raise TwelveLeadError(
                f"{store.path}: {what} is {there}, but the weights {contract.name} need {needed}; prepare such a store"
            )
    if store.samples < contract.minimum_samples:
        raise TwelveLeadError(
            f"{store.path}: records of {store.samples} samples, but the weights {contract.name} need "
            f"{contract.minimum_samples} at least"
        )
    truth = labels(store, contract.task, protocol)
    if truth.classes != contract.classes:
        raise TwelveLeadError(
            f"{store.path}: classes are {', '.join(truth.classes)}, but the weights {contract.name} predict "
            f"{', '.join(contract.classes)}; choose weights of that task"
        )
    records = select(store, fold, truth)
    parts = []
    for start in range(0, len(records), BATCH):
        chosen = records[start : start + BATCH]
        millivolts = store.signals[chosen].astype(np.float32) * np.float32(1e-3)
        parts.append(engine.run(millivolts, store.features[chosen])[0])
        progress(min(start + BATCH, len(records)), len(records))
    return Predictions(
        ecg_id=np.asarray(store.column("ecg_id")[records]),
        patient_id=np.asarray(store.column("patient_id")[records]),
        labels=truth.values[records],
        probabilities=np.concatenate(parts).astype(np.float32),
        classes=contract.classes,
        fold=fold,
        protocol=protocol,
        data_hash=store.data_hash,
    )
