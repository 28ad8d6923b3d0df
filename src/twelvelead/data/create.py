"""A store from one's own data: a folder of ECGs and a CSV of labels."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.cells import whole_number
from twelvelead.data.folds import patient_folds
from twelvelead.data.store import Store, write_store
from twelvelead.ecg.record import ECG
from twelvelead.ecg.resample import resample
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.progress import Progress, counted, silent
from twelvelead.readers import read
from twelvelead.readers.find import Found, recordings

KNOWN = ("file", "ecg_id", "patient_id", "fold", "age", "sex")
_SEX = {"": nan, "0": 0.0, "male": 0.0, "m": 0.0, "1": 1.0, "female": 1.0, "f": 1.0}
_YES, _NO = ("1", "1.0", "true", "yes"), ("", "0", "0.0", "false", "no")
_LARGEST = 32.767
"""mV, what int16 microvolts hold."""


@dataclass(frozen=True, eq=False)
class Created:
    """What came of it.

    Attributes:
        store: the new store.
        bad: for each recording that was left out, one line that names it and the fault.
        noticed: code of a reader's finding (`twelvelead.ecg.finding.CODES`) -> stored recordings that have it.
        unlisted: what else the folder holds: recordings that the table does not list, and files that are none.
    """

    store: Store
    bad: tuple[str, ...]
    noticed: Counter[str]
    unlisted: Found


def create(
    source: Path | str,
    table: Path | str,
    store: Path | str,
    *,
    rate: float,
    seconds: float = 10.0,
    task: str = "labels",
    folds: int | None = None,
    seed: int = 0,
    sampling_rate: float | None = None,
    unit: str | None = None,
    scale: float | None = None,
    variable: str | None = None,
    time_unit: str | None = None,
    progress: Progress = silent,
) -> Created:
    """Makes a store of any recordings that `twelvelead.read` reads, in the order of the table.

    The table is a CSV with a column `file`, the path of each recording below `source` (for WFDB the header, the signal
    file or the bare name), and one column for each class with 1 or 0 (or yes, no, true, false, empty), or one column
    `labels` with the names of the classes, separated by semicolons. Where they are there, `ecg_id`, `patient_id`,
    `fold` (1 to 100), `age` (years) and `sex` (0 or male, 1 or female) are taken too; without `ecg_id` it is the row,
    and without `patient_id` each recording counts as a patient of its own. Patients named by text get numbers in the
    order of the table.

    Args:
        source: the folder of recordings.
        table: the CSV.
        store: the folder to make; a store that is already there is replaced when the new one is whole.
        rate: of the store in Hz; recordings of another rate are resampled.
        seconds: of each recording that are stored, from its start; shorter recordings are left out and named.
        task: what the labels are called.
        folds: how many patient-safe folds to make; None to take those of the table.
        seed: of the folds.
        sampling_rate, unit, scale, variable, time_unit: see `twelvelead.read`.
        progress: told the recordings done.

    Raises:
        Unreadable: the folder or the table is missing, a row of it cannot be understood, a patient is in two folds, or
            no recording can be read; nothing is written.
        TwelveLeadError: `store` is something else than a store, cannot be written, or there are too few patients.
    """
    source, table = Path(source), Path(table)
    if not source.is_dir():
        raise Unreadable(f"{source}: no such folder; name the one that the paths in {table.name} start from")
    samples = round(rate * seconds)
    if not (0 < rate < 1e6 and samples > 0):
        raise TwelveLeadError(f"{seconds:g} s at {rate:g} Hz hold no sample; choose more of either")
    rows = _Rows(table, source)
    columns = rows.columns
    if folds is not None:
        try:
            columns["fold"] = patient_folds(columns["patient_id"], rows.labels, folds, seed)
        except ValueError as error:
            raise TwelveLeadError(f"{table}: {error} cannot be made; ask for fewer") from None
    elif "fold" not in columns:
        raise Unreadable(f"{table}: has no column fold; add one, or ask for patient-safe folds (--folds 10)")
    _require_apart(columns["patient_id"], columns["fold"], table)
    bad: list[str] = []
    noticed: Counter[str] = Counter()
    reading: dict[str, Any] = {
        "sampling_rate": sampling_rate,
        "unit": unit,
        "scale": scale,
        "variable": variable,
        "time_unit": time_unit,
    }

    def signals() -> Iterator[NDArray[np.int16] | None]:
        for file in counted(rows.files, "recordings", progress):
            try:
                ecg = read(file, **reading)
                signal = _microvolts(ecg, rate, samples)
                noticed.update(finding.code for finding in ecg.findings)
            except TwelveLeadError as error:
                bad.append(str(error))
                signal = None
            yield signal
        if len(bad) == len(rows.files):
            raise Unreadable(f"{source}: none of its {len(bad):,} recordings can be stored; the first is {bad[0]}")

    made = write_store(
        store,
        signals(),
        columns=columns,
        likelihoods=np.where(rows.labels, 0, np.nan).astype(np.float32),
        statements=rows.classes,
        tasks={task: {name: [name] for name in rows.classes}},
        sampling_rate=rate,
        source=table.name,
    )
    return Created(made, tuple(bad), noticed, _unlisted(source, rows.files))


def _unlisted(source: Path, listed: Iterable[Path]) -> Found:
    found = recordings([source])
    known = {path for file in listed for path in (file, file.with_suffix(".hea"), file.with_name(f"{file.name}.hea"))}
    found.files = [file for file in found.files if file not in known]
    return found


def _microvolts(ecg: ECG, rate: float, samples: int) -> NDArray[np.int16]:
    """[samples, 12] int16, microvolts."""
    signal = ecg.signal if ecg.sampling_rate == rate else resample(ecg.signal, ecg.sampling_rate, rate)
    if len(signal) < samples:
        raise Unreadable(
            f"{ecg.source}: {len(signal) / rate:g} s long, not {samples / rate:g} s; ask for fewer seconds"
        )
    signal = signal[:samples]
    if not (np.abs(signal) <= _LARGEST).all():
        raise Unreadable(f"{ecg.source}: samples are missing or exceed 32 mV; take it out of the table")
    return np.rint(signal * 1000).astype(np.int16)


class _Rows:
    """The table, checked.

    Attributes:
        files: [record].
        columns: those of a store, `fold` only where the table has it.
        classes: names.
        labels: [record, class] bool.
    """

    def __init__(self, table: Path, source: Path) -> None:
        names, rows = _cells(table)
        self.files: list[Path] = []
        found: dict[str, list[Any]] = {name: [] for name in KNOWN[1:]}
        listed = "labels" in names
        self.classes = tuple(name for name in names if name not in KNOWN and name != "labels")
        marks: list[set[str]] = []
        patients: dict[str, int] = {}
        for number, (line, row) in enumerate(rows, start=1):
            try:
                self.files.append(source / _inside(row["file"]))
                found["ecg_id"].append(whole_number(row.get("ecg_id", str(number)), "ecg_id", 2**53))
                patient = row.get("patient_id", str(number)).strip()
                if not patient:
                    raise ValueError("patient_id is empty")
                found["patient_id"].append(patients.setdefault(patient, len(patients) + 1))
                found["fold"].append(whole_number(row.get("fold", "1"), "fold", 100))
                found["age"].append(_age(row.get("age", "")))
                found["sex"].append(_sex(row.get("sex", "")))
                marks.append(
                    _listed(row["labels"]) if listed else {name for name in self.classes if _marked(name, row)}
                )
            except ValueError as error:
                raise Unreadable(f"{table}: line {line}: {error}; mend it") from None
        if listed:
            self.classes = tuple(sorted(set().union(*marks)))
        if not self.classes:
            raise Unreadable(f"{table}: has no class; add a column of 0 and 1 for each, or one column labels")
        if len(set(found["ecg_id"])) < len(rows):
            twice = next(one for one in found["ecg_id"] if found["ecg_id"].count(one) > 1)
            raise Unreadable(f"{table}: ecg_id {twice} is listed twice; give each recording its own")
        whole = all(name.isascii() and name.isdigit() and 0 < int(name) < 2**53 for name in patients)
        if whole:
            by_number = {number: int(name) for name, number in patients.items()}
            found["patient_id"] = [by_number[number] for number in found["patient_id"]]
        if "fold" not in names:
            del found["fold"]
        self.columns = {name: np.array(values) for name, values in found.items()}
        self.labels = np.array([[name in mark for name in self.classes] for mark in marks])


def _cells(table: Path) -> tuple[list[str], list[tuple[int, Mapping[str, str]]]]:
    """The names of the columns, and each row with the number of its line."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            names = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{table}: cannot be read ({error}); name a CSV in UTF-8") from None
    if "file" not in names or len(set(names)) < len(names) or "" in names:
        raise Unreadable(f"{table}: its first line has to name each column once, file among them; it is {names[:8]}")
    if "labels" in names and set(names) - {*KNOWN, "labels"}:
        extra = ", ".join(sorted(set(names) - {*KNOWN, "labels"})[:4])
        raise Unreadable(f"{table}: has a column labels and the columns {extra}; keep one of the two ways")
    for line, row in rows:
        if len(row) != len(names):
            raise Unreadable(f"{table}: line {line} has {len(row)} cells of {len(names)}; mend it")
    if not rows:
        raise Unreadable(f"{table}: lists no recording; add a line for each")
    return names, [(line, dict(zip(names, row, strict=True))) for line, row in rows]


def _inside(file: str) -> str:
    path = PurePath(file)
    if not file or path.is_absolute() or ".." in path.parts or "\0" in file:
        raise ValueError(f"the path {file!r} does not lie in the folder")
    return file


def _age(text: str) -> float:
    try:
        age = float(text or nan)
    except ValueError:
        age = -1.0
    if age < 0 or age > 300:
        raise ValueError(f"age is {text!r}, not a number of years")
    return age


def _sex(text: str) -> float:
    if text.strip().lower() not in _SEX:
        raise ValueError(f"sex is {text!r}, not 0 (male), 1 (female) or empty")
    return _SEX[text.strip().lower()]


def _listed(text: str) -> set[str]:
    return {name.strip() for name in text.split(";")} - {""}


def _marked(name: str, row: Mapping[str, str]) -> bool:
    text = row[name].strip().lower()
    if text not in _YES + _NO:
        raise ValueError(f"{name} is {row[name]!r}, neither 1 nor 0")
    return text in _YES


def _require_apart(patient: NDArray[np.int64], fold: NDArray[Any], table: Path) -> None:
    pairs = np.unique(np.stack([patient, fold.astype(np.int64)], axis=1), axis=0)
    twice = pairs[1:, 0][pairs[1:, 0] == pairs[:-1, 0]]
    if len(twice):
        raise Unreadable(
            f"{table}: patient {twice[0]} is in two folds, so that what trains would be tested; keep each in one, "
            "or ask for patient-safe folds (--folds 10)"
        )
