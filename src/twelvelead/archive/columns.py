"""Answers of many recordings as columns: of the table that `score` writes, or of one file with the same columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.archive.scores import open_scores
from twelvelead.errors import MissingExtra, Unreadable
from twelvelead.naming import is_url, shown, shown_url

if TYPE_CHECKING:
    import pyarrow

TIME = "time"
"""The column with the instant of the recording."""

MONTH = "month"
"""A column that `TIME` stands for, unless the table has one of its own."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

Wanted = Callable[[str], bool]


class Columns:
    """A table of answers, a row a recording.

    Args:
        place: the file, folder or URL, as it is shown in messages.
        table: with the columns that are needed, or more.
        left_out: names of the columns that were not read.
    """

    def __init__(self, place: str, table: "pyarrow.Table", left_out: Sequence[str] = ()) -> None:
        self.place = place
        self.table = table
        self._left_out = left_out

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self.names or (name == MONTH and TIME in self.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self.table.column_names)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers, [rows] float64, NaN where there is none.

        Raises:
            Unreadable: it holds something else.
        """
        import pyarrow as pa

        column = self.table.column(name)
        if pa.types.is_null(column.type):
            return np.full(len(self), np.nan)
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise Unreadable(f"{self.place}: column {name} holds {column.type}, not numbers; write numbers")
        found = np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    def texts(self, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """A column as text: for each row the place of its text, -1 where there is none, and the texts in order.

        Raises:
            Unreadable: there is no such column, or it holds no text; of `MONTH`, as `days`.
        """
        if name == MONTH and name not in self.names:
            days, texts = self.days
            return _renumbered(days, [text[:7] for text in texts])
        return _renumbered(*self._as_text(name))

    @cached_property
    def days(self) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """`TIME` as the day that is written there, YYYY-MM-DD or YYYY-MM, in the form of `texts`.

        Raises:
            Unreadable: there is no such column, or a cell is no date.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if TIME not in self.names:
            raise Unreadable(f"{self.place}: no column {TIME}; score with a manifest that has one, and --copy {TIME}")
        kind = self.table.column(TIME).type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            written = pc.strftime(self.table.column(TIME), format="%Y-%m-%d")
            return _renumbered(*_encoded(written))
        rows, texts = self._as_text(TIME)
        return _renumbered(rows, [self._day(text) for text in texts])

    def codes(self, name: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Of a column of lists of codes, or of text with codes between commas, semicolons or spaces: each code, and
        [rows] bool whether it is there."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.table.column(name).combine_chunks()
        if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
            text = pc.utf8_trim(column.cast(pa.string()), "[](){} ")
            column = pc.split_pattern_regex(text, r"[\s,;'\"]+")
        rows = np.asarray(pc.list_parent_indices(column))
        numbers, codes = _encoded(pc.list_flatten(column).cast(pa.string()))
        for number, code in enumerate(codes):
            if code:
                there = np.zeros(len(self), bool)
                there[rows[numbers == number]] = True
                yield shown(code), there

    def _as_text(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        import pyarrow as pa

        if name not in self.names:
            raise Unreadable(
                f"{self.place}: no column {name}; it has {shown(', '.join((*self.names, *self._left_out)))}"
            )
        column = self.table.column(name)
        try:
            return _encoded(column.cast(pa.string()))
        except pa.ArrowException:
            raise Unreadable(f"{self.place}: column {name} holds {column.type}, not text; name another") from None

    def _day(self, text: str) -> str:
        text = text.strip()
        if not text or _MONTH.fullmatch(text):
            return text
        try:
            return datetime.fromisoformat(text).date().isoformat()
        except ValueError:
            raise Unreadable(
                f"{self.place}: {TIME} {text!r} is no date; write ISO 8601, as in 2026-03-01T10:30"
            ) from None


def read_columns(address: str, wanted: Wanted, as_text: Sequence[str]) -> Columns:
    """The columns of a table of answers that are wanted.

    Args:
        address: of a table in a folder or behind a URL, as `score` writes it, or of a Parquet or CSV file.
        wanted: whether a column is read.
        as_text: columns of a CSV that stay text, whatever they look like.

    Raises:
        Unreadable: there is nothing there, it cannot be read, or has no rows.
        MissingExtra: pyarrow is not installed, or what opens the URL is not.
    """
    place, file = shown_url(address) if is_url(address) else shown(address), Path(address)
    if is_url(address) or file.is_dir():
        names, table = _committed(address, wanted)
    elif file.exists():
        names, table = _of_file(file, place, wanted, as_text)
    else:
        raise Unreadable(f"{place}: not there; name what `twelvelead score` wrote, or a table", code="not-found")
    if not table.num_rows:
        raise Unreadable(f"{place}: holds no answers; score some recordings first")
    return Columns(place, table, [name for name in names if name not in table.column_names])


def _committed(address: str, wanted: Wanted) -> "tuple[Sequence[str], pyarrow.Table]":
    """Names of all columns, and those wanted of the parts that count."""
    scores = open_scores(address)
    names = list(scores.columns)
    return names, scores.table([name for name in names if wanted(name)])


def _of_file(file: Path, place: str, wanted: Wanted, as_text: Sequence[str]) -> "tuple[Sequence[str], pyarrow.Table]":
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise MissingExtra("Parquet", "parquet") from None
    try:
        if file.suffix.lower() in (".csv", ".tsv", ".txt"):
            table = _csv(file, as_text)
            return table.column_names, table
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            return names, parquet.read(columns=[name for name in names if wanted(name)])
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"{place}: cannot be read ({reason}); give a Parquet or CSV table") from None


def _csv(path: Path, as_text: Sequence[str]) -> "pyarrow.Table":
    import pyarrow as pa
    from pyarrow import csv

    with path.open("rb") as file:
        first = file.readline(1 << 20)
    return csv.read_csv(
        path,
        parse_options=csv.ParseOptions(delimiter=max((",", ";", "\t"), key=lambda each: first.count(each.encode()))),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(as_text, pa.string()), strings_can_be_null=True),
    )


def _encoded(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    import pyarrow as pa

    encoded = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = encoded.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _renumbered(rows: NDArray[np.int64], texts: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """With each text once, in order, as it can be printed; empty ones are none."""
    stripped = [shown(text.strip()) for text in texts]
    order = sorted({text for text in stripped if text})
    place = {text: number for number, text in enumerate(order)} | {"": -1}
    return np.array([*(place[text] for text in stripped), -1], np.int64)[rows], tuple(order)
