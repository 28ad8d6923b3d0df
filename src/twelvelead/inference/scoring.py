"""Weights over folds of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, Protocol, fold_names, labels, select
from twelvelead.ecg.quality import Finding, check
from twelvelead.ecg.record import ECG
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.engine import Engine
from twelvelead.progress import Progress, counted, silent
from twelvelead.weights import Contract
from twelvelead.weights.matching import Shared, match
from twelvelead.weights.statements import read_off
from twelvelead.weights.suitability import require_suitable, role

BATCH = 32


@dataclass(frozen=True, eq=False)
class Scored:
    """What weights say of every record of some folds, whatever the protocol.

    Attributes:
        shared: the classes that are scored; of the first weights, where there are several.
        runs: what the weights mean, as if they answered these classes alone: one for all records, or, cross-validated,
            several.
        run: [records] int, which of them scored each.
        folds: of the store.
        records: [records] int64, rows of the store.
        probabilities: [records, classes] float32, calibrated.
        hidden: the same with age and sex hidden; None where the weights take no metadata.
        role: what the folds were to the weights.
    """

    shared: Shared
    runs: tuple[Contract, ...]
    run: NDArray[np.intp]
    folds: tuple[int, ...]
    records: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    hidden: NDArray[np.float32] | None
    role: str

    @property
    def contract(self) -> Contract:
        """Of the weights, the first of several, as if they answered the scored classes alone."""
        return self.runs[0]

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """[classes], or, of several weights, [records, classes]: each record is decided by those that scored it.

        Raises:
            TwelveLeadError: neither an operating point of the contracts nor a number from 0 to 1.
        """
        each = np.stack([contract.thresholds_at(operating_point) for contract in self.runs])
        return each[0] if len(each) == 1 else np.asarray(each[self.run])

    def under(self, store: Store, protocol: Protocol) -> tuple[NDArray[np.bool_], Predictions]:
        """The records that a protocol scores, [records] bool, and the predictions of these.

        Args:
            store: that was scored.
            protocol: which records and labels count.

        Raises:
            TwelveLeadError: the protocol is not available, or scores none of the records.
        """
        truth = truth_of(self.shared, store, protocol)
        rows = select(store, self.folds, truth)
        scored = np.isin(self.records, rows)
        thresholds = {
            name: tuple(np.mean([contract.thresholds[name] for contract in self.runs], axis=0).tolist())
            for name in self.contract.thresholds
            if all(name in contract.thresholds for contract in self.runs)
        }
        return scored, Predictions(
            ecg_id=np.asarray(store.column("ecg_id")[rows]),
            patient_id=np.asarray(store.column("patient_id")[rows]),
            labels=truth.values[rows],
            probabilities=self.probabilities[scored],
            classes=truth.classes,
            folds=self.folds,
            protocol=truth.protocol,
            data_hash=store.data_hash,
            thresholds=self.contract.thresholds if len(self.runs) == 1 else thresholds,
            role=self.role,
            known=truth.known_of(rows),
        )


def score_folds(
    engine: Engine, store: Store, folds: int | Sequence[int], progress: Progress = silent, task: str | None = None
) -> Scored:
    """Calibrated probabilities of every record of some folds, once as it is and once with age and sex hidden.

    Args:
        engine: the weights.
        store: of the rate and leads of the weights.
        folds: that the store holds.
        progress: told the records done, both passes counted.
        task: of the store; see `twelvelead.weights.matching.match`.

    Raises:
        TwelveLeadError: the weights cannot read the store or know none of its classes, or it lacks a fold.
    """
    require_suitable(engine.contract, store)
    shared = match(engine.contract, store, task)
    asked = Asked(engine, shared)
    records = select(store, folds)
    passes = 2 if engine.contract.metadata else 1

    def show(done: int, before: int = 0) -> None:
        progress("records scored", before + done, len(records) * passes)

    given = _probabilities(asked, store, records, show)
    hidden = None
    if passes == 2:
        hidden = _probabilities(asked, store, records, lambda done: show(done, len(records)), hide=True)
    wanted = (folds,) if isinstance(folds, int) else tuple(sorted(set(folds)))
    return Scored(
        shared,
        (shared.contract,),
        np.zeros(len(records), np.intp),
        wanted,
        records,
        given,
        hidden,
        role_of_folds(engine.contract, store, wanted),
    )


def predict_fold(
    engine: Engine,
    store: Store,
    fold: int,
    protocol: Protocol = "drop",
    progress: Progress = silent,
    task: str | None = None,
) -> Predictions:
    """Calibrated probabilities of the records of a fold that the protocol scores, for the classes that the weights and
    the store share.

    Args:
        engine: the weights.
        store: of the rate and leads of the weights.
        fold: one that the store holds.
        protocol: which records and labels count.
        progress: told the records done.
        task: of the store; see `twelvelead.weights.matching.match`.

    Raises:
        TwelveLeadError: the weights cannot read the store or know none of its classes, it lacks the fold, or the
            protocol is not available.
    """
    require_suitable(engine.contract, store)
    shared = match(engine.contract, store, task)
    records = select(store, fold, truth_of(shared, store, protocol))
    found = _probabilities(
        Asked(engine, shared), store, records, lambda done: progress("records scored", done, len(records))
    )
    whose = role(engine.contract, store, fold)
    one = np.zeros(len(records), np.intp)
    return Scored(shared, (shared.contract,), one, (fold,), records, found, None, whose).under(store, protocol)[1]


def role_of_folds(contract: Contract, store: Store, folds: Sequence[int]) -> str:
    """What some folds were to the weights, in a few words; where they differ, for each."""
    of_role: dict[str, list[int]] = {}
    for fold in folds:
        of_role.setdefault(role(contract, store, fold), []).append(fold)
    if len(of_role) == 1:
        return next(iter(of_role))
    return "; ".join(f"fold {fold_names(some)}: {name}" for name, some in of_role.items())


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


def truth_of(shared: Shared, store: Store, protocol: Protocol) -> Labels:
    """The store's labels of the classes that weights share with it.

    Args:
        shared: of the weights and this store.
        store: holds the labels.
        protocol: which records and labels count.

    Raises:
        TwelveLeadError: the protocol is not available.
    """
    return labels(store, shared.task, protocol).of(shared.contract.classes)


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


class Asked:
    """Weights that are asked for the classes that they share with a store."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self._engine = engine
        self._columns = list(shared.columns)

    def __call__(self, ecg: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities [n, shared classes], of what `Engine.run` takes."""
        outputs, own = self._engine.run(ecg, features), self._engine.contract
        parts = [outputs.probabilities]
        if outputs.statements is not None and own.statements is not None:
            parts.append(outputs.statements)
            if own.subclasses is not None:
                parts.append(own.subclasses.calibrated(read_off(own.statements.classes, outputs.statements)))
        return np.concatenate(parts, axis=1)[:, self._columns]


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
