"""A store from arrays: NumPy, HDF5 as CODE-15 % lays it out, NPY, columns of lists."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.folds import patient_folds
from twelvelead.data.store import Store, write_store
from twelvelead.data.stored import to_microvolts
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.readers.arrays import Arrays
from twelvelead.readers.padding import without_zeros


def store(
    signals: Any,
    path: Path | str,
    *,
    sampling_rate: float,
    leads: Sequence[str],
    unit: str,
    labels: Mapping[str, Any],
    patient_id: Sequence[Any] | None = None,
    ecg_id: Sequence[int] | None = None,
    age: Any = None,
    sex: Any = None,
    fold: Sequence[int] | None = None,
    folds: int = 10,
    seed: int = 0,
    rate: float = 100.0,
    seconds: float = 10.0,
    task: str = "labels",
    bridge: float = 0.0,
    source: str = "arrays",
    say: Callable[[str], None] = print,
) -> Store:
    """Makes a store of recordings in arrays; it is there whole or not at all.

    Zeros at both ends of a recording, where all leads show them, are padding and cut before the first `seconds` are
    taken. A recording that is too short, has samples missing or exceeds 32 mV is left out, named and counted.

    Args:
        signals: [n, samples, leads] real numbers (an array or a dataset of HDF5), or a sequence of [samples, leads].
        path: the folder to make; a store that is already there is replaced when the new one is whole.
        sampling_rate: of the signals, in Hz.
        leads: names of the last axis; the twelve have to follow from them.
        unit: of voltage.
        labels: class -> [n], 1 or True where a recording has it.
        patient_id: [n], anything that tells patients apart; without it, each recording is a patient of its own.
        ecg_id: [n] whole numbers; 1, 2, ... without.
        age, sex: as `Engine.predict_arrays` takes them.
        fold: [n], 1 to 100; without it, `folds` are made that keep patients apart.
        folds, seed: of the folds.
        rate: of the store in Hz.
        seconds: of each recording that are stored.
        task: what the labels are called.
        bridge: gaps of NaN of up to this many seconds become a straight line, counted; 0 for none.
        source: what the data are called.
        say: takes a line for each recording that is left out, and for what was bridged.

    Raises:
        Unreadable: an array, a label or a column cannot be, a patient is in two folds, or no recording is left;
            nothing is written.
        TwelveLeadError: `path` is something else than a store, or cannot be written.
    """
    recordings = Arrays(signals, sampling_rate=sampling_rate, leads=leads, unit=unit, age=age, sex=sex)
    n = len(recordings)
    recordings[0].twelve()
    if not labels:
        raise Unreadable("labels: no class; give class -> [n]")
    present = np.stack([_marks(name, labels[name], n) for name in labels], axis=1)
    patients = np.arange(1, n + 1) if patient_id is None else _numbered(patient_id, n)
    if fold is None:
        try:
            chosen: NDArray[Any] = patient_folds(patients, present, folds, seed)
        except ValueError as error:
            raise TwelveLeadError(f"{error} cannot be made; ask for fewer folds") from None
    else:
        chosen = _column("fold", fold, n)
        if len(np.unique(np.stack([patients, chosen], axis=1), axis=0)) > len(np.unique(patients)):
            raise Unreadable("fold: a patient is in two folds; keep each in one, or leave fold out")
    features = recordings.features
    bridged: list[int] = []

    def voltages() -> Iterator[NDArray[np.int16] | None]:
        stored = 0
        for ecg in recordings:
            try:
                twelve = replace(ecg, signal=without_zeros(ecg.signal)).twelve()
                signal, filled = to_microvolts(twelve, rate, seconds, bridge)
            except ValueError as fault:
                say(f"{ecg.source}: {fault} (left out)")
                yield None
                continue
            if filled:
                bridged.append(filled)
            stored += 1
            yield signal
        if not stored:
            raise Unreadable("signals: no recording can be stored; each is named above")

    made = write_store(
        path,
        voltages(),
        columns={
            "ecg_id": np.arange(1, n + 1) if ecg_id is None else _column("ecg_id", ecg_id, n),
            "patient_id": patients,
            "fold": chosen,
            "age": features[:, 0],
            "sex": features[:, 1],
        },
        likelihoods=np.where(present, 0, np.nan).astype(np.float32),
        statements=tuple(labels),
        tasks={task: {name: [name] for name in labels}},
        sampling_rate=rate,
        source=source,
        leads=LEADS,
    )
    if bridged:
        say(f"{path}: {sum(bridged):,} gaps of NaN in {len(bridged):,} recordings bridged by straight lines")
    return made


def hdf5_signals(file: Path | str, name: str = "tracings") -> Any:
    """The dataset of signals in an HDF5 file, [n, samples, leads], read row by row; CODE-15 % calls it "tracings".

    Raises:
        Unreadable: no such file, no HDF5, or it lacks the dataset; those that it holds are named.
        MissingExtra: h5py is not installed.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise MissingExtra("HDF5", "hdf5") from None
    try:
        held = h5py.File(file, "r")
    except OSError as error:
        raise Unreadable(f"{file}: not a readable HDF5 file ({str(error).splitlines()[0]}); name another") from None
    if name not in held:
        there = ", ".join(sorted(held)) or "nothing"
        held.close()
        raise Unreadable(f"{file}: has no dataset {name}; it holds {there}, so name one of these", code="not-found")
    return held[name]


def _column(name: str, values: Any, n: int) -> NDArray[np.int64]:
    column = np.asarray(values)
    if column.shape != (n,) or not (column == column.astype(np.int64)).all():
        raise Unreadable(f"{name}: {n} whole numbers are needed, one a recording")
    return column.astype(np.int64)


def _numbered(values: Any, n: int) -> NDArray[np.int64]:
    if len(values) != n:
        raise Unreadable(f"patient_id: {len(values)} values for {n} recordings; give one each")
    known: dict[str, int] = {}
    return np.array([known.setdefault(str(value), len(known) + 1) for value in values], np.int64)


def _marks(name: str, values: Any, n: int) -> NDArray[np.bool_]:
    marks = np.asarray(values)
    if marks.shape != (n,) or marks.dtype.kind not in "biuf" or not np.isin(marks, (0, 1)).all():
        raise Unreadable(f"labels: {name} has to be {n} values of 0 and 1, one a recording")
    return marks.astype(np.bool_)
