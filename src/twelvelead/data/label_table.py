"""Recordings and their labels, from a table."""

import csv
from collections.abc import Mapping
from math import nan
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from twelvelead.data.cells import whole_number
from twelvelead.data.labelled import Labelled
from twelvelead.errors import Unreadable

KNOWN = ("file", "ecg_id", "patient_id", "fold", "age", "sex")
_SEX = {"": nan, "0": 0.0, "male": 0.0, "m": 0.0, "1": 1.0, "female": 1.0, "f": 1.0}
_YES, _NO = ("1", "1.0", "true", "yes"), ("", "0", "0.0", "false", "no")


def labelled_by_table(source: Path, table: Path, task: str) -> Labelled:
    """The recordings that a table lists, in its order; see `twelvelead.data.create.create` for its columns.

    Args:
        source: the folder that its paths start from.
        table: a CSV.
        task: what its labels are called.

    Raises:
        Unreadable: the table is missing, or a row of it cannot be understood.
    """
    names, rows = _cells(table)
    files: list[Path] = []
    found: dict[str, list[Any]] = {name: [] for name in KNOWN[1:]}
    listed = "labels" in names
    classes = tuple(name for name in names if name not in KNOWN and name != "labels")
    marks: list[set[str]] = []
    patients: dict[str, int] = {}
    for number, (line, row) in enumerate(rows, start=1):
        try:
            files.append(source / _inside(row["file"]))
            found["ecg_id"].append(whole_number(row.get("ecg_id", str(number)), "ecg_id", 2**53))
            patient = row.get("patient_id", str(number)).strip()
            if not patient:
                raise ValueError("patient_id is empty")
            found["patient_id"].append(patients.setdefault(patient, len(patients) + 1))
            found["fold"].append(whole_number(row.get("fold", "1"), "fold", 100))
            found["age"].append(_age(row.get("age", "")))
            found["sex"].append(_sex(row.get("sex", "")))
            marks.append(_listed(row["labels"]) if listed else {name for name in classes if _marked(name, row)})
        except ValueError as error:
            raise Unreadable(f"{table}: line {line}: {error}; mend it") from None
    if listed:
        classes = tuple(sorted(set().union(*marks)))
    if not classes:
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
    return Labelled(
        files=files,
        columns={name: np.array(values) for name, values in found.items()},
        labels=classes,
        present=np.array([[name in mark for name in classes] for mark in marks]),
        tasks={task: {name: [name] for name in classes}},
        source=table.name,
    )


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
