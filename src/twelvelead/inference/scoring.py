"""Weights over a fold of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, Protocol, labels, select
from twelvelead.ecg.quality import Finding, check
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.engine import Engine
from twelvelead.progress import Progress, counted, silent
from twelvelead.weights import Contract
from twelvelead.weights.statements import read_off
from twelvelead.weights.suitability import require_suitable, role

BATCH = 32


@dataclass(frozen=True, eq=False)
class ScoredFold:
    """What weights say of every record of a fold, whatever the protocol.

    Attributes:
        fold: which.
        records: [records] int64, rows of the store.
        probabilities: [records, classes] float32, calibrated, of the task that was asked for.
        hidden: the same with age and sex hidden; None where the weights take no metadata.
    """

    fold: int
    records: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    hidden: NDArray[np.float32] | None

    def under(self, contract: Contract, store: Store, protocol: Protocol) -> tuple[NDArray[np.bool_], Predictions]:
        """The records that a protocol scores, [records] bool, and the predictions of these, of the classes that the
        store's labels know.

        Args:
            contract: of the weights.
            store: that was scored.
            protocol: which records and labels count.

        Raises:
            TwelveLeadError: the protocol is not available, or scores none of the records.
        """
        truth = truth_of(contract, store, protocol, partly=True)
        rows = select(store, self.fold, truth)
        scored = np.isin(self.records, rows)
        return scored, _predictions(contract, store, truth, rows, self.fold, self.probabilities[scored])


def score_fold(
    engine: Engine, store: Store, fold: int, progress: Progress = silent, task: str | None = None
) -> ScoredFold:
    """Calibrated probabilities of every record of a fold, once as it is and once with age and sex hidden.

    Args:
        engine: the weights.
        store: of the rate and leads of the weights.
        fold: one that the store holds.
        progress: told the records done, both passes counted.
        task: one that the weights answer (`Contract.of_task`); their own where None.

    Raises:
        TwelveLeadError: the weights cannot read the store or do not answer the task, or the store lacks the fold.
    """
    require_suitable(engine.contract, store)
    asked = _Asked(engine, task)
    records = select(store, fold)
    total = len(records) * (2 if engine.contract.metadata else 1)
    given = _probabilities(asked, store, records, lambda done: progress("records scored", done, total))
    hidden = None
    if engine.contract.metadata:
        hidden = _probabilities(
            asked, store, records, lambda done: progress("records scored", len(records) + done, total), hide=True
        )
    return ScoredFold(fold, records, given, hidden)


def predict_fold(
    engine: Engine,
    store: Store,
    fold: int,
    protocol: Protocol = "drop",
    progress: Progress = silent,
    task: str | None = None,
) -> Predictions:
    """Calibrated probabilities of the records of a fold that the protocol scores.

    Args:
        engine: the weights.
        store: of the rate, leads and classes of the weights.
        fold: one that the store holds.
        protocol: which records and labels count.
        progress: told the records done.
        task: one that the weights answer (`Contract.of_task`); their own where None.

    Raises:
        TwelveLeadError: the weights cannot read the store or do not answer the task, it lacks the fold, or the protocol
            is not available.
    """
    require_suitable(engine.contract, store)
    asked = _Asked(engine, task)
    truth = truth_of(asked.contract, store, protocol)
    records = select(store, fold, truth)
    found = _probabilities(asked, store, records, lambda done: progress("records scored", done, len(records)))
    return _predictions(asked.contract, store, truth, records, fold, found)


def all_outputs(
    engine: Engine, store: Store, records: NDArray[np.int64], progress: Progress = silent
) -> NDArray[np.float32]:
    """Calibrated probabilities of some records, [n, classes and statements].

    Args:
        engine: the weights.
        store: of the rate and leads of the weights.
        records: rows of the store, [n] int64.
        progress: told the records done.
    """

    def asked(ecg: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]:
        outputs = engine.run(ecg, features)
        parts = [outputs.probabilities] if outputs.statements is None else [outputs.probabilities, outputs.statements]
        return np.concatenate(parts, axis=1)

    return _probabilities(asked, store, records, lambda done: progress("records scored", done, len(records)))


def truth_of(contract: Contract, store: Store, protocol: Protocol, *, partly: bool = False) -> Labels:
    """The store's labels of the task of the weights.

    Args:
        contract: of the weights.
        store: holds the labels.
        protocol: which records and labels count.
        partly: whether the store may lack some of the classes: a source that cannot state them says nothing of them.

    Raises:
        TwelveLeadError: the store has no such task or other classes in it, or the protocol is not available.
    """
    truth = labels(store, contract.task, protocol)
    known = tuple(name for name in contract.classes if name in truth.classes)
    if truth.classes != (known if partly else contract.classes):
        raise TwelveLeadError(
            f"{store.path}: classes are {', '.join(truth.classes)}, but the weights {contract.name} predict "
            f"{', '.join(contract.classes)}; choose weights of that task, or fine-tune these to it (twelvelead train "
            "fine-tune STORE RUN --from WEIGHTS)"
        )
    return truth


def columns_of(contract: Contract, classes: Sequence[str]) -> list[int]:
    """Where some of the classes stand among those of the contract."""
    return [contract.classes.index(name) for name in classes]


def gate_findings(
    contract: Contract, store: Store, records: NDArray[np.int64], progress: Progress = silent
) -> list[tuple[Finding, ...]]:
    """What the quality gate says of each record; nothing is left out for it.

    Args:
        contract: of the weights, which need a shortest duration.
        store: of the records.
        records: [records] int64, rows of the store.
        progress: told the records done.
    """
    seconds = contract.minimum_samples / contract.sampling_rate
    found = []
    for row in counted(records.tolist(), "gate asked", progress):
        found.append(check(recording(store, row), minimum_seconds=seconds, ages=contract.ages))
    return found


def recording(store: Store, row: int) -> ECG:
    """One record of a store."""
    age, sex = store.features[row].tolist()
    return ECG(
        signal=store.millivolts(row),
        sampling_rate=store.sampling_rate,
        leads=store.leads,
        age=None if np.isnan(age) else age,
        sex=None if np.isnan(sex) else ("female" if sex else "male"),
        source=f"ECG {store.column('ecg_id')[row]}",
    )


class _Asked:
    """Weights that are asked for one task.

    Attributes:
        contract: as if they answered this task alone.
    """

    def __init__(self, engine: Engine, task: str | None) -> None:
        self.contract = engine.contract.of_task(task or engine.contract.task)
        self._engine = engine

    def __call__(self, ecg: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities [n, classes of the task], of what `Engine.run` takes."""
        outputs, own, task = self._engine.run(ecg, features), self._engine.contract, self.contract.task
        if task == own.task or outputs.statements is None or own.statements is None:
            return outputs.probabilities
        names = own.statements.classes
        if own.subclasses is not None and task == own.subclasses.task:
            return own.subclasses.calibrated(read_off(names, outputs.statements))
        return outputs.statements[:, [names.index(name) for name in self.contract.classes]]


def _probabilities(
    asked: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]],
    store: Store,
    records: NDArray[np.int64],
    progress: Callable[[int], None],
    hide: bool = False,
) -> NDArray[np.float32]:
    """[records, classes], age and sex hidden or as they are."""
    parts = []
    for start in range(0, len(records), BATCH):
        chosen = records[start : start + BATCH]
        millivolts = store.millivolts(chosen)
        features = store.features[chosen]
        parts.append(asked(millivolts, np.full_like(features, np.nan) if hide else features))
        progress(min(start + BATCH, len(records)))
    return np.concatenate(parts).astype(np.float32)


def _predictions(
    contract: Contract,
    store: Store,
    truth: Labels,
    records: NDArray[np.int64],
    fold: int,
    probabilities: NDArray[np.float32],
) -> Predictions:
    columns = columns_of(contract, truth.classes)
    return Predictions(
        ecg_id=np.asarray(store.column("ecg_id")[records]),
        patient_id=np.asarray(store.column("patient_id")[records]),
        labels=truth.values[records],
        probabilities=probabilities[:, columns],
        classes=truth.classes,
        fold=fold,
        protocol=truth.protocol,
        data_hash=store.data_hash,
        thresholds={name: tuple(cuts[column] for column in columns) for name, cuts in contract.thresholds.items()},
        role=role(contract, store, fold),
    )
