"""The table of PTB-XL, ptbxl_database.csv, as plain arrays."""

import ast
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from math import nan
from operator import itemgetter
from pathlib import Path
from typing import Any
from zipfile import Path as ZipPath

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.cells import whole_number
from twelvelead.data.ptbxl.release import Rate, inside, require_size
from twelvelead.data.ptbxl.source import ZIP_FAULTS
from twelvelead.data.store import NOTES
from twelvelead.errors import Unreadable
from twelvelead.naming import shown

_FILE_COLUMN = {100: "filename_lr", 500: "filename_hr"}
_PAIR = re.compile(r"'([A-Z0-9_/()]+)': ([0-9]{1,3}\.[0-9]+)", re.ASCII)
_PLAIN = re.compile(rf"\{{(?:{_PAIR.pattern}(?:, {_PAIR.pattern})*)?\}}", re.ASCII)
"""How the release writes scp_codes, which is read without the price of a Python literal."""
_SEX = {"": nan, "0": 0.0, "0.0": 0.0, "1": 1.0, "1.0": 1.0}


@dataclass(frozen=True, eq=False)
class Table:
    """What a store needs of ptbxl_database.csv, in ascending ecg_id.

    Attributes:
        columns: the columns of a store, [record] each. `age` 300 stands for "over 89" and is kept as published. Notes
            are among them where the table holds any; the release writes words where something was noted, else nothing.
        likelihoods: [record, statement] float32, percent: 0 where unknown, NaN where absent.
        files: path of each record below the folder, without suffix.
    """

    columns: Mapping[str, NDArray[Any]]
    likelihoods: NDArray[np.float32]
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def where(self, rows: NDArray[np.bool_]) -> "Table":
        """The rows, [record] bool, that are true."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Table(columns, self.likelihoods[rows], tuple(np.array(self.files)[rows].tolist()))


def read_table(path: Path | ZipPath, codes: Sequence[str], rate: Rate = 100) -> Table:
    """Reads ptbxl_database.csv.

    Args:
        path: the file.
        codes: the statements, in the order of the last axis of `likelihoods`.
        rate: whose file names to take, in Hz.

    Raises:
        Unreadable: the file is missing, lacks a column, or a row of it cannot be understood: broken scp_codes, a code
            that is none of `codes`, an ecg_id that is listed twice, a path that leaves the folder, or more records than
            release 1.0.3 has.
    """
    position = {code: index for index, code in enumerate(codes)}
    # cells repeat: few ages, folds and sets of statements
    whole, known = lru_cache(None)(whole_number), lru_cache(8192)(partial(_likelihoods, known=position))
    rows: dict[int, tuple[int, int, float, float, str, dict[str, float], list[bool]]] = {}
    for line, ecg_id, patient_id, fold, age, sex, file, scp_codes, *notes in _rows(path, _FILE_COLUMN[rate]):
        try:
            identity = whole_number(ecg_id, "ecg_id", 2**53)
            if identity in rows:
                raise ValueError("this ecg_id is listed twice")
            rows[identity] = (
                whole(patient_id, "patient_id", 2**53),
                whole(fold, "strat_fold", 10),
                _age(age),
                _sex(sex),
                inside(file),
                known(scp_codes),
                [bool(note.strip()) for note in notes],
            )
        except ValueError as error:
            where = f"{path}: line {line} (ecg_id {shown(ecg_id)})"
            raise Unreadable(f"{where}: {error}; take the file of the release") from None
    if not rows:
        raise Unreadable(f"{path}: lists no record; take the file of the PTB-XL release")
    require_size(len(rows), str(path))
    ecg_ids = sorted(rows)
    ordered = [rows[ecg_id] for ecg_id in ecg_ids]
    likelihoods = np.full((len(rows), len(codes)), np.nan, np.float32)
    for record, row in enumerate(ordered):
        for code, likelihood in row[5].items():
            likelihoods[record, position[code]] = likelihood
    columns: dict[str, NDArray[Any]] = {
        "ecg_id": np.array(ecg_ids, np.int64),
        "patient_id": np.array([row[0] for row in ordered], np.int64),
        "fold": np.array([row[1] for row in ordered], np.int8),
        "age": np.array([row[2] for row in ordered], np.float32),
        "sex": np.array([row[3] for row in ordered], np.float32),
    }
    noted = np.array([row[6] for row in ordered])
    columns |= {name: column for name, column in zip(NOTES, noted.T, strict=True) if column.any()}
    return Table(columns, likelihoods, tuple(row[4] for row in ordered))


def _rows(path: Path | ZipPath, file_column: str) -> Iterator[tuple[Any, ...]]:
    """Line number, the needed cells and the notes of each row, as text; "" for a note that has no column."""
    wanted = ("ecg_id", "patient_id", "strat_fold", "age", "sex", file_column, "scp_codes")
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            names = next(reader, [])
            missing = [name for name in wanted if name not in names]
            if missing:
                raise Unreadable(f"{path}: lacks the column {', '.join(missing)}; take the file of the PTB-XL release")
            take = itemgetter(*[names.index(name) if name in names else len(names) for name in (*wanted, *NOTES)])
            for row in reader:
                if len(row) != len(names):
                    raise Unreadable(
                        f"{path}: line {reader.line_num} has {len(row)} cells of {len(names)}, as in a truncated "
                        "file; take that of the PTB-XL release"
                    )
                yield (reader.line_num, *take([*row, ""]))
    except (OSError, csv.Error, *ZIP_FAULTS) as error:
        raise Unreadable(f"{path}: cannot be read ({error}); take the file of the PTB-XL release") from None


def _age(text: str) -> float:
    age = float(text or nan)
    if age < 0 or age > 300:
        raise ValueError(f"age is {text!r}, not a number of years")
    return age


def _sex(text: str) -> float:
    if text not in _SEX:
        raise ValueError(f"sex is {text!r}, not 0 (male), 1 (female) or empty")
    return _SEX[text]


def _likelihoods(text: str, known: Mapping[str, int]) -> dict[str, float]:
    codes: Any = None
    if _PLAIN.fullmatch(text):
        codes = {code: float(likelihood) for code, likelihood in _PAIR.findall(text)}
    else:
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            codes = ast.literal_eval(text)
    if not isinstance(codes, dict):
        raise ValueError(f"scp_codes is {text[:60]!r}, not a dictionary of likelihoods")
    for code, likelihood in codes.items():
        if code not in known:
            raise ValueError(f"scp_statements.csv does not know the statement {code!r}")
        if not isinstance(likelihood, int | float) or not 0 <= likelihood <= 100:
            raise ValueError(f"the likelihood of {code} is {likelihood!r}, not a percentage")
    return codes
