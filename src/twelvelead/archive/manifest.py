"""A manifest: a table that lists recordings, one a row, with what is known of them besides."""

import csv
from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twelvelead.archive.inputs import Input, Shard, digest
from twelvelead.data import cells
from twelvelead.data.text_table import normalised
from twelvelead.ecg.record import Sex
from twelvelead.errors import MissingExtra, Unreadable
from twelvelead.naming import Naming, is_url, shown, shown_url
from twelvelead.readers.table import leads_in

if TYPE_CHECKING:
    import pyarrow

KNOWN = ("path", "member", "id", "age", "sex", "site", "device", "time")
"""Columns that manifests have; any other may be copied too."""

TABLES = (".csv", ".tsv", ".txt")
"""Suffixes of manifests that are text."""

_START = 1 << 16
"""Bytes in which a heading ends."""

_ROWS = 4096
"""That are held at a time."""

_SEX: dict[float, Sex] = {0.0: "male", 1.0: "female"}


class Manifest:
    """A manifest whose heading has been read.

    Args:
        path: a CSV (separated by comma, semicolon, tab or bar; UTF-8), or a Parquet file. A cell of its column `member`
            names a recording in the file of many at `path`.
        naming: what its recordings are called: by `id`, where it has that column, else by their paths.
        copied: names of columns that go into the rows.

    Raises:
        Unreadable: it cannot be read, names a column twice, or lacks `path` or a copied column.
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, path: Path, naming: Naming, copied: Sequence[str] = ()) -> None:
        self.name = shown(path)
        self._path, self._naming = path, naming
        heading = _heading_of_parquet(path) if _is_parquet(path) else _heading_of_csv(path)
        written: dict[str, str] = {}
        for name in heading:
            if normalised(name) in written:
                raise Unreadable(f"{self.name}: names the column {name} twice; rename one")
            written[normalised(name)] = name
        if "path" not in written:
            raise Unreadable(f"{self.name}: a manifest without a column path, which names the recordings; add it")
        for name in copied:
            if normalised(name) not in written:
                raise Unreadable(f"{self.name}: has no column {name} to copy; its columns are {', '.join(heading)}")
        self._copied = [normalised(name) for name in copied]
        self._columns = {
            name: written[name] for name in ("path", "member", "id", "age", "sex", *self._copied) if name in written
        }

    def count(self, shard: Shard) -> int:
        """See that each row can become an input of its own, and count those of a shard. Each shard sees to its share of
        the ids and of the paths, so that all together see to all.

        Raises:
            Unreadable: an id or a path comes twice, or a row cannot be understood.
        """
        ids: set[int] = set()
        paths: set[int] = set()
        for number, row in self._rows():
            source, address, member = self._names(number, row)
            own, place = digest(source), digest(address if member is None else f"{address}#{member}")
            if own in ids or place in paths:
                what = "id" if "id" in row and own in ids else "path"
                raise self._bad(number, f"has the {what} of an earlier row; each needs its own")
            if shard.holds(own):
                ids.add(own)
                self._input(number, row, source, address, member)
            if shard.holds(place):
                paths.add(place)
        return len(ids)

    def inputs(self, shard: Shard) -> Iterator[Input]:
        """The inputs of a shard, in the order of the rows.

        Raises:
            Unreadable: a row cannot be understood.
        """
        for number, row in self._rows():
            source, address, member = self._names(number, row)
            if shard.holds(digest(source)):
                yield self._input(number, row, source, address, member)

    def _names(self, number: int, row: dict[str, str]) -> tuple[str, str, str | None]:
        """What the recording of a row is called, where it lies, and its name there in a file of many."""
        path = row["path"]
        if not path or "\0" in path:
            raise self._bad(number, "names no path")
        address = path if is_url(path) else str(self._path.parent / path)
        member = row.get("member") or None
        if "id" in row:
            if not row["id"]:
                raise self._bad(number, "has no id")
            return self._naming.identifier(row["id"]), address, member
        if is_url(path):
            return self._naming.identifier(shown_url(path) + (f"#{member}" if member else "")), address, member
        return self._naming(address) if member is None else self._naming.member(address, member), address, member

    def _input(self, number: int, row: dict[str, str], source: str, address: str, member: str | None) -> Input:
        try:
            age, sex = cells.age_in_years(row.get("age", "")), cells.sex_code(row.get("sex", ""))
        except ValueError as error:
            raise self._bad(number, f"cannot be understood: {error}") from None
        copied = tuple(row[name] or None for name in self._copied)
        return Input(source, address, member, None if isnan(age) else age, _SEX.get(sex), copied)

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The number of each row, the first below the heading being 1, and its cells by the names of `normalised`."""
        wanted = list(self._columns.values())
        batches = (
            _batches_of_parquet(self._path, wanted) if _is_parquet(self._path) else _batches_of_csv(self._path, wanted)
        )
        number = 0
        for batch in batches:
            columns = [_texts(batch.column(name)) for name in wanted]
            for values in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(self._columns, values, strict=True))

    def _bad(self, number: int, what: str) -> Unreadable:
        return Unreadable(f"{self.name}: row {number} {what}")


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest, and no recording: Parquet, or a table of text that `lists_recordings`."""
    if _is_parquet(path):
        return True
    if path.suffix.lower() not in TABLES:
        return False
    try:
        with path.open("rb") as stream:
            return lists_recordings(stream.read(_START))
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


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


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


def _heading_of_csv(path: Path) -> list[str]:
    try:
        return _names_in(_first_line(path))
    except OSError as error:
        raise Unreadable(f"{shown(path)}: cannot be read ({error.strerror}); check the path") from None
    except csv.Error:
        raise Unreadable(f"{shown(path)}: cannot be read as a table of text; save it as CSV in UTF-8") from None


def _names_in(line: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]


def _first_line(path: Path) -> str:
    with path.open("rb") as stream:
        return _text(stream.readline(_START))


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig", "replace").rstrip("\r\n")


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)


def _batches_of_csv(path: Path, wanted: Sequence[str]) -> "Iterator[pyarrow.RecordBatch]":
    pa = _pyarrow()
    ragged: list[str] = []

    def refuse(row: Any) -> str:
        ragged.append(f"row {row.number - 1} has {row.actual_columns} cells of {row.expected_columns}; mend it")
        return "error"

    heading, delimiter = _heading_of_csv(path), _delimiter(_first_line(path))
    try:
        yield from pa.csv.open_csv(
            path,
            pa.csv.ReadOptions(use_threads=False, column_names=heading, skip_rows=1),
            pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.string()), include_columns=list(wanted)),
        )
    except (OSError, pa.ArrowException):
        # the text of an error may quote the row
        reason = ragged[0] if ragged else "cannot be read as a table of UTF-8 text; save it as CSV in UTF-8"
        raise Unreadable(f"{shown(path)}: {reason}") from None


def _heading_of_parquet(path: Path) -> list[str]:
    return list(_opened(path).schema_arrow.names)


def _batches_of_parquet(path: Path, wanted: Sequence[str]) -> "Iterator[pyarrow.RecordBatch]":
    yield from _opened(path).iter_batches(_ROWS, columns=list(wanted))


def _opened(path: Path) -> Any:
    pa = _pyarrow()
    try:
        return pa.parquet.ParquetFile(path)
    except (OSError, pa.ArrowException):
        raise Unreadable(f"{shown(path)}: cannot be read as Parquet; check the file") from None
