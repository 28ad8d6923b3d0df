"""Predictions of anybody's model from a plain CSV, as a mapping of the attributes of `Predictions`."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import Unreadable
from twelvelead.evaluation.prediction_files import LABEL

_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "-1": -1, "-1.0": -1}


def read_csv(path: Path, reference: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes of `Predictions`; what the CSV does not hold comes from the reference.

    Args:
        path: of the CSV; see `Predictions.load` for its columns.
        reference: attributes of predictions that hold the same records, or None.

    Raises:
        Unreadable: it is not a CSV, a column or a cell is missing or wrong, or a record is not in the reference.
    """
    header, rows = _table(path)
    has_labels = [name.removesuffix(LABEL) for name in header if name.endswith(LABEL)]
    classes = tuple(has_labels) if reference is None else tuple(reference["classes"])
    _require_columns(path, header, classes, has_labels, reference is not None)
    ecg_id = _numbers(path, header, rows, "ecg_id")
    probabilities = [
        [_number(row[header.index(name)], path, line, ecg, name) for name in classes]
        for (line, row), ecg in zip(rows, ecg_id, strict=True)
    ]
    values: dict[str, Any] = {
        "fold": 0,
        "protocol": "",
        "data_hash": "",
        "thresholds": {},
        "role": "",
        "known": None,
    }
    if reference is not None:
        values |= {"fold": reference["folds"], "protocol": reference["protocol"], "data_hash": reference["data_hash"]}
        values |= _of_reference(path, ecg_id, reference)
    if "patient_id" in header:
        values["patient_id"] = _numbers(path, header, rows, "patient_id")
    if has_labels:
        places = [header.index(name + LABEL) for name in classes]
        labels = np.array([[_label(row[place], path, line, header[place]) for place in places] for line, row in rows])
        values["labels"] = labels == 1
        values["known"] = None if (labels >= 0).all() else labels >= 0
    return values | {
        "ecg_id": ecg_id,
        "probabilities": np.array(probabilities, np.float64).reshape(len(rows), len(classes)),
        "classes": classes,
    }


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and the rows that are not blank, each with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path}: this is not a readable predictions file; give NPZ, Parquet or CSV") from error
    lines = [(line, row) for line, row in lines if any(row)]
    header = lines[0][1] if lines else []
    if "ecg_id" not in header:
        raise Unreadable(
            f"{path}: the first line names no column ecg_id, so nobody knows which records these are; write a CSV "
            "with commas, a header, and the columns ecg_id and one for each class"
        )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise Unreadable(f"{path}: column {twice[0]} is there twice; leave one")
    if len(lines) == 1:
        raise Unreadable(f"{path}: it holds no record; write one row for each")
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise Unreadable(f"{path}, line {line}: {len(row)} cells under {len(header)} columns; mend the line")
    return header, lines[1:]


def _require_columns(
    path: Path, header: Sequence[str], classes: Sequence[str], has_labels: Sequence[str], has_reference: bool
) -> None:
    if not has_reference and not (classes and "patient_id" in header):
        raise Unreadable(
            f"{path}: no {'column patient_id' if classes else 'labels (NAME_label)'}, and no other predictions to take "
            "them from; add them, or give an NPZ or Parquet file of the same records beside it"
        )
    for name in classes:
        if name not in header:
            alike = [there for there in header if there.lower() == name.lower()]
            hint = f"call {alike[0]} so, case counts" if alike else "add its probabilities"
            raise Unreadable(f"{path}: no column {name}; {hint}")
    lacking = [name for name in classes if name not in has_labels]
    if has_labels and lacking:
        raise Unreadable(f"{path}: no column {lacking[0]}{LABEL}; give labels for every class, or for none")


def _of_reference(path: Path, ecg_id: NDArray[np.int64], reference: Mapping[str, Any]) -> dict[str, Any]:
    """Patients and labels of the CSV's rows."""
    order = np.argsort(reference["ecg_id"])
    known = reference["ecg_id"][order]
    places = np.searchsorted(known, ecg_id).clip(max=len(known) - 1)
    foreign = ecg_id[known[places] != ecg_id]
    if foreign.size:
        raise Unreadable(
            f"{path}: {foreign.size} of {ecg_id.size} records are not among the {known.size} that it is compared on, "
            f"the first {foreign[0]}; leave them out, or score the other model on them too"
        )
    rows = order[places]
    known = reference["known"]
    return {
        "patient_id": reference["patient_id"][rows],
        "labels": reference["labels"][rows],
        "known": None if known is None else known[rows],
    }


def _numbers(
    path: Path, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], name: str
) -> NDArray[np.int64]:
    column = header.index(name)
    return np.array([_whole(row[column], path, line, name) for line, row in rows], np.int64)


def _whole(text: str, path: Path, line: int, name: str) -> int:
    """A whole number, which may be written as PTB-XL does, "15709.0"."""
    try:
        value = float(text)
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    except ValueError:
        pass
    raise Unreadable(f"{path}, line {line}: {name} is {text!r}, not a whole number; mend the cell")


def _number(text: str, path: Path, line: int, ecg_id: int, name: str) -> float:
    try:
        value = float(text)
        if isfinite(value) and 0 <= value <= 1:
            return value
    except ValueError:
        pass
    raise Unreadable(
        f"{path}, line {line}: record {ecg_id}, class {name}: {text!r} is not a probability from 0 to 1; give the "
        "model's outputs after the sigmoid"
    )


def _label(text: str, path: Path, line: int, column: str) -> int:
    """1, 0, or -1 where it is not known."""
    if text.lower() not in _LABELS:
        raise Unreadable(f"{path}, line {line}: {column} is {text!r}, neither 0, 1 nor -1 (not known); mend the cell")
    return _LABELS[text.lower()]
