"""Tables that list recordings: CSV and Parquet, in a file or in memory, read a piece at a time."""

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twelvelead.data.text_table import normalised
from twelvelead.errors import MissingExtra, Unreadable
from twelvelead.readers.table import leads_in

if TYPE_CHECKING:
    import pyarrow

KNOWN = ("path", "member", "id", "age", "sex", "site", "device", "time")
"""Columns that manifests have; any other may be copied too."""

TEXTS = (".csv", ".tsv", ".txt")
"""Suffixes of tables of text."""

START = 1 << 16
"""Bytes in which a heading ends."""

_PARQUET = (".parquet", ".pq")
_ROWS = 4096
"""That are held at a time."""


class Table:
    """A table whose heading has been read: text (separated by comma, semicolon, tab or bar; UTF-8), or Parquet.

    Args:
        name: what it is called in messages; its suffix tells what it is.
        origin: the path of the file, or what it holds.

    Attributes:
        name: as given.
        heading: names of its columns.

    Raises:
        Unreadable: it cannot be read.
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, name: str, origin: Path | bytes) -> None:
        self.name, self._origin = name, origin
        self._is_parquet = is_parquet(name)
        self.heading: list[str] = list(self._parquet().schema_arrow.names) if self._is_parquet else self._names()

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The cells of each row in some columns, without spaces around them; "" where there is nothing.

        Raises:
            Unreadable: the table is damaged.
        """
        batches = self._parquet().iter_batches(_ROWS, columns=list(wanted)) if self._is_parquet else self._csv(wanted)
        for batch in batches:
            yield from zip(*(_texts(batch.column(name)) for name in wanted), strict=True)

    def _parquet(self) -> Any:
        pa = _pyarrow()
        try:
            return pa.parquet.ParquetFile(self._opened(pa))
        except (OSError, pa.ArrowException):
            raise Unreadable(f"{self.name}: cannot be read as Parquet; check the file") from None

    def _opened(self, pa: Any) -> Any:
        return pa.BufferReader(self._origin) if isinstance(self._origin, bytes) else self._origin

    def _names(self) -> list[str]:
        try:
            return _names_in(self._first_line())
        except OSError as error:
            raise Unreadable(f"{self.name}: cannot be read ({error.strerror}); check the path") from None
        except csv.Error:
            raise Unreadable(f"{self.name}: cannot be read as a table of text; save it as CSV in UTF-8") from None

    def _first_line(self) -> str:
        with BytesIO(self._origin) if isinstance(self._origin, bytes) else self._origin.open("rb") as stream:
            return _text(stream.readline(START))

    def _csv(self, wanted: Sequence[str]) -> "Iterator[pyarrow.RecordBatch]":
        pa = _pyarrow()
        ragged: list[str] = []

        def refuse(row: Any) -> str:
            ragged.append(f"row {row.number - 1} has {row.actual_columns} cells of {row.expected_columns}; mend it")
            return "error"

        try:
            yield from pa.csv.open_csv(
                self._opened(pa),
                pa.csv.ReadOptions(use_threads=False, column_names=self.heading, skip_rows=1),
                pa.csv.ParseOptions(
                    delimiter=_delimiter(self._first_line()), newlines_in_values=True, invalid_row_handler=refuse
                ),
                pa.csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.string()), include_columns=list(wanted)),
            )
        except (OSError, pa.ArrowException):
            # the text of an error may quote the row
            reason = ragged[0] if ragged else "cannot be read as a table of UTF-8 text; save it as CSV in UTF-8"
            raise Unreadable(f"{self.name}: {reason}") from None


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest, and no recording: Parquet, or a table of text that `lists_recordings`."""
    if is_parquet(path.name):
        return True
    if path.suffix.lower() not in TEXTS:
        return False
    try:
        with path.open("rb") as stream:
            return lists_recordings(stream.read(START))
    except OSError:
        return False


def lists_recordings(start: bytes) -> bool:
    """Whether the start of a table of text is that of a manifest: its heading names `path`, or other columns of
    manifests and no lead."""
    try:
        names = {normalised(name) for name in _names_in(_text(start.partition(b"\n")[0]))}
    except csv.Error:
        return False
    return "path" in names or (len(names & {*KNOWN}) > 1 and not leads_in(start))


def is_parquet(name: str) -> bool:
    """Whether a file is called as Parquet is."""
    return name.lower().endswith(_PARQUET)


def _texts(column: "pyarrow.Array") -> list[str]:
    import pyarrow as pa

    return [(text or "").strip() for text in column.cast(pa.string()).to_pylist()]


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise MissingExtra("A manifest", "parquet") from None
    return pa


def _names_in(line: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig", "replace").rstrip("\r\n")


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)
