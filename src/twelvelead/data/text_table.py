"""A table in a text file, as spreadsheets and scripts save it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from twelvelead.errors import Unreadable
from twelvelead.readers.text import decode

LARGEST = 1 << 28
"""Bytes."""

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_STATED = re.compile(r"[\"']?sep=(.)[\"']?[;,\t]*\r?\n", re.IGNORECASE)
"""A first line by which spreadsheets are told what separates columns."""


@dataclass(frozen=True)
class TextTable:
    """Columns by their names, and rows of text.

    Attributes:
        path: of the file.
        names: of the columns, without space around them; one may be empty.
        rows: the number of the line, and a cell for each column, without space around it.
        notes: what a reader should know of how it was read.
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        place = self.names.index(name)
        return [row[place] for _, row in self.rows]


def read_text_table(path: Path, known: Sequence[str]) -> TextTable:
    """Reads a table: UTF-8 with or without a mark, UTF-16 or Latin-1; commas, semicolons, tabs or bars between columns.

    What separates columns is what splits the first line so that it names one of the known columns, or, where no or
    several do, what splits it most.

    Args:
        path: of the file.
        known: normalised names (`normalised`) of columns, one of which every such table has.

    Raises:
        Unreadable: there is no such file, it is no table, names a column twice, a row has other cells than the first
            line names, or there is none.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"{path}: larger than {LARGEST >> 20} MiB; take the columns out that are not needed")
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror or error}); name a table") from None
    if content.startswith(b"PK\x03\x04") or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"{path}: a spreadsheet or archive, not a table of text; save it as CSV")
    text = decode(content).removeprefix("\ufeff")
    notes = []
    if not content.isascii() and text == content.decode("latin-1"):
        notes.append("not UTF-8, so read as Latin-1")
    stated = _STATED.match(text)
    body = text[stated.end() :] if stated else text
    delimiter = stated[1] if stated else _delimiter(body.lstrip().partition("\n")[0], known)
    try:
        reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, skipinitialspace=True)
        lines = [(reader.line_num + bool(stated), [cell.strip() for cell in row]) for row in reader]
    except (csv.Error, TypeError, ValueError) as error:
        raise Unreadable(f"{path}: cannot be read as a table ({error}); save it as CSV") from None
    lines = [(line, row) for line, row in lines if any(row)]
    if not lines:
        raise Unreadable(f"{path}: holds nothing; name a table with a line for each recording")
    names = [" ".join(name.split()) for name in lines[0][1]]
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise Unreadable(f"{path}: its first line names the column {twice[0]} twice; rename one")
    if len(lines) == 1:
        raise Unreadable(f"{path}: lists no recording; add a line for each")
    if delimiter != ",":
        notes.append(f"columns separated by {_DELIMITERS.get(delimiter, repr(delimiter))}")
    rows = tuple((line, _cells(path, line, row, names, delimiter)) for line, row in lines[1:])
    return TextTable(path, tuple(names), rows, tuple(notes))


def written_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> TextTable:
    """A table of values, each as a table of text has it.

    Args:
        path: what it is called.
        columns: name -> [record] values; None and NaN for an empty cell.

    Raises:
        Unreadable: there is no record.
    """
    written = [[_written(value) for value in column] for column in columns.values()]
    rows = tuple((number, tuple(row)) for number, row in enumerate(zip(*written, strict=True), start=1))
    if not rows:
        raise Unreadable(f"{path}: has no column beside the recordings; add those of labels")
    return TextTable(path, tuple(columns), rows, ())


def _written(value: Any) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def normalised(name: str) -> str:
    """The name of a column as names of columns are compared."""
    return re.sub(r"[\s_\-]+", "_", name.strip().casefold()).strip("_")


def _delimiter(line: str, known: Sequence[str]) -> str:
    def worth(delimiter: str) -> tuple[bool, int]:
        try:
            names = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:
            return False, 0
        return any(normalised(name) in known for name in names), len(names)

    return max(_DELIMITERS, key=worth)


def _cells(path: Path, line: int, row: list[str], names: list[str], delimiter: str) -> tuple[str, ...]:
    if not any(row[len(names) :]):
        row = row[: len(names)]
    if len(row) != len(names):
        inside = _DELIMITERS.get(delimiter, delimiter)
        remedy = f"put a cell that holds {inside} between quotes" if len(row) > len(names) else "mend it"
        raise Unreadable(f"{path}: line {line} has {len(row)} cells of {len(names)}; {remedy}")
    return tuple(row)
