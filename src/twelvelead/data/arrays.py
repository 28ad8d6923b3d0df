"""A store from what lies in Python: arrays, data sets of HDF5, lists, rows of Hugging Face `datasets`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.folds import patient_folds
from twelvelead.data.label_table import labelled
from twelvelead.data.locating import Located
from twelvelead.data.recordings import Member, Place
from twelvelead.data.row_dicts import Rows, is_rows
from twelvelead.data.store import Store, Tasks, write_store
from twelvelead.data.stored import to_microvolts
from twelvelead.data.table_columns import columns_of
from twelvelead.data.text_table import TextTable
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers.arrays import Arrays
from twelvelead.readers.padding import without_zeros


def store(
    signals: Any,
    path: Path | str,
    *,
    sampling_rate: float,
    leads: Sequence[str],
    unit: str,
    labels: Mapping[str, Any] | Sequence[str] | None = None,
    signal: str | None = None,
    separator: str | None = None,
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
        signals: [n, samples, leads] real numbers (an array or a dataset of HDF5), or a sequence of [samples, leads]; or
            rows that are dictionaries: a Hugging Face `datasets.Dataset`, or a list of them. A recording in a row is
            [samples][leads] or [leads][samples], or all numbers in one list, sample by sample. What else is known of it
            stands in the row too, in columns told by names and cells as in a table (`twelvelead.data.create.create`).
        path: the folder to make; a store that is already there is replaced when the new one is whole.
        sampling_rate: of the signals, in Hz.
        leads: names of the last axis; the twelve have to follow from them.
        unit: of voltage.
        labels: class -> [n], 1 or True where a recording has it; of rows, the names of the columns that hold labels,
            None to tell them.
        signal, separator: of rows, the column of recordings, and what separates names in a cell; None to tell them.
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
    if is_rows(signals):
        if any(value is not None for value in (patient_id, ecg_id, age, sex, fold)):
            raise Unreadable("signals: of rows, patient_id, ecg_id, age, sex and fold are columns; leave them out here")
        rows = Rows(signals, signal, len(leads), "signals")
        known = _of_table(rows.table(), labels, task, separator)
        recordings = Arrays(rows.signals, sampling_rate=sampling_rate, leads=leads, unit=unit)
    else:
        recordings = Arrays(signals, sampling_rate=sampling_rate, leads=leads, unit=unit, age=age, sex=sex)
        known = _of_arrays(recordings, labels, task, {"ecg_id": ecg_id, "fold": fold}, patient_id)
    recordings[0].twelve()
    folded = _folds(known.columns, known.likelihoods >= 0, folds, seed)
    bridged: list[int] = []

    def voltages() -> Iterator[NDArray[np.int16] | None]:
        stored = 0
        for row in range(len(recordings)):
            try:
                ecg = recordings[row]
                twelve = replace(ecg, signal=without_zeros(ecg.signal)).twelve()
                signal, filled = to_microvolts(twelve, rate, seconds, bridge)
            except (Unreadable, ValueError) as fault:
                where = "" if isinstance(fault, Unreadable) else f"{ecg.source}: "
                say(f"{where}{fault} (left out)")
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
        columns={**known.columns, "fold": folded},
        likelihoods=known.likelihoods,
        statements=known.statements,
        tasks=known.tasks,
        sampling_rate=rate,
        source=source,
        leads=LEADS,
    )
    if bridged:
        say(f"{path}: {sum(bridged):,} gaps of NaN in {len(bridged):,} recordings bridged by straight lines")
    return made


class _Known(NamedTuple):
    """What is known of recordings, as `write_store` takes it; `fold` only where it is stated."""

    columns: dict[str, NDArray[Any]]
    likelihoods: NDArray[np.float32]
    statements: tuple[str, ...]
    tasks: Tasks


def _of_table(table: TextTable, labels: Any, task: str, separator: str | None) -> _Known:
    if isinstance(labels, Mapping):
        raise Unreadable("labels: of rows, name the columns that hold labels, or leave it out to have them told")
    roles = columns_of(table, 0, [labels] if isinstance(labels, str) else labels, is_of_one_file=True)
    places: list[Place] = [Member(table.path, str(row)) for row in range(len(table.rows))]
    listed = labelled(Located(table, places), roles, task, separator=separator)
    if listed.doubts:
        said = listed.doubts[0].replace("--separator ", "separator=").replace("by --columns", "by labels=")
        raise Unreadable(f"{table.path}: {said}")
    return _Known(listed.columns, listed.likelihoods, listed.labels, listed.tasks)


def _of_arrays(
    recordings: Arrays, labels: Any, task: str, numbers: Mapping[str, Any], patient_id: Sequence[Any] | None
) -> _Known:
    n, features = len(recordings), recordings.features
    if not isinstance(labels, Mapping) or not labels:
        raise Unreadable("labels: no class; give class -> [n]")
    present = np.stack([_marks(name, labels[name], n) for name in labels], axis=1)
    columns: dict[str, NDArray[Any]] = {
        "ecg_id": np.arange(1, n + 1),
        "patient_id": np.arange(1, n + 1) if patient_id is None else _numbered(patient_id, n),
        "age": features[:, 0],
        "sex": features[:, 1],
    }
    columns |= {name: _column(name, values, n) for name, values in numbers.items() if values is not None}
    likelihoods = np.where(present, 0, np.nan).astype(np.float32)
    return _Known(columns, likelihoods, tuple(labels), {task: {name: [name] for name in labels}})


def _folds(columns: Mapping[str, NDArray[Any]], present: NDArray[np.bool_], folds: int, seed: int) -> NDArray[Any]:
    patients, fold = columns["patient_id"], columns.get("fold")
    if fold is None:
        try:
            return patient_folds(patients, present, folds, seed)
        except ValueError as error:
            raise TwelveLeadError(f"{error} cannot be made; ask for fewer folds") from None
    if len(np.unique(np.stack([patients, fold], axis=1), axis=0)) > len(np.unique(patients)):
        raise Unreadable("fold: a patient is in two folds; keep each in one, or leave fold out")
    return fold


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
