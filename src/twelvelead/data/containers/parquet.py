"""Parquet: a column of lists, a recording in each row, by the library pyarrow."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.rows import Rows, damaged
from twelvelead.data.containers.stated import Stated, settle
from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.files import read_regular
from twelvelead.naming import shown
from twelvelead.readers.recording import LARGEST_FILE

NAMES = ("member", "exam_id", "ecg_id", "id", "file", "filename", "path")
"""Columns that may name the recordings, the first before the others, where no name stands twice."""

MARK = b"PAR1"

EMBEDDING = "embedding"
"""A column of lists of numbers that are no recording."""

_STATED = ("sampling_rate", "leads", "unit")
_BATCH = 16
"""Rows that are decoded at once."""


def opened(origin: Origin, given: Stated) -> Container:
    """The recordings of a column, named by `NAMES`, else by their places from 0. `age` and `sex` are taken from columns
    of these names.

    A cell is [samples][leads] or [leads][samples], or all numbers in one list, sample by sample.

    Raises:
        Unreadable: no Parquet, damaged, no column or several may hold recordings, or something is not stated.
        MissingExtra: pyarrow is not installed.
    """
    where = called(origin)
    file = parquet_file(origin)
    try:
        column = signal_column(where, file.schema_arrow, given.variable)
        metadata = file.schema_arrow.metadata or {}
        held = {name: metadata[name.encode()] for name in _STATED if name.encode() in metadata}
        layout = settle(where, held, given)
        known = {name: _column(file, name) for name in ("age", "sex") if name in file.schema_arrow.names}
        return Rows(
            origin,
            _Cells(file, column, len(layout.leads)),
            layout,
            names=_names(file, column),
            age=known.get("age"),
            sex=known.get("sex"),
            close=file.close,
        )
    except TwelveLeadError:
        file.close()
        raise
    except Exception as error:  # pyarrow raises what it likes
        file.close()
        raise damaged(where, error) from None


def parquet_file(origin: Origin) -> Any:
    """The opened file.

    Raises:
        Unreadable: it is damaged.
        MissingExtra: pyarrow is not installed.
    """
    try:
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtra("Parquet", "parquet") from None
    try:
        return parquet.ParquetFile(origin, buffer_size=1 << 20)
    except TwelveLeadError:  # of a stream
        raise
    except Exception as error:
        raise damaged(called(origin), error) from None


def has_recordings(origin: Origin) -> bool:
    """Whether some column, of an embedding apart, holds lists of numbers; true where that cannot be told, so that
    opening the file says why."""
    try:
        with parquet_file(origin) as file:
            return any(field.name != EMBEDDING and _holds_numbers(field.type) for field in file.schema_arrow)
    except TwelveLeadError:
        return True


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    try:
        return read_regular(path, 3) == MARK
    except OSError:
        return False


def columns_beside(path: Path, signals: str | None = None) -> dict[str, list[Any]]:
    """Name -> [row], of all columns but one.

    Raises:
        Unreadable: the file is damaged.
        MissingExtra: pyarrow is not installed.
    """
    with parquet_file(path) as file:
        return {name: _column(file, name) for name in file.schema_arrow.names if name != signals}


def signal_column_of(path: Path, variable: str | None) -> str:
    """The name of the column that holds recordings; see `signal_column`."""
    with parquet_file(path) as file:
        return signal_column(shown(path), file.schema_arrow, variable)


def signal_column(where: str, schema: Any, name: str | None) -> str:
    """The name of the column that holds recordings: the one named, or the only one of lists of numbers.

    Raises:
        Unreadable: there is none, or there are several.
    """
    lists = [field.name for field in schema if field.name != EMBEDDING and _holds_numbers(field.type)]
    there = ", ".join(map(shown, schema.names))
    if name is not None:
        if name not in lists:
            raise Unreadable(
                f"{where}: {shown(name)} is no column of lists of numbers; its columns are {there}", code="not-found"
            )
        return name
    if len(lists) != 1:
        what = "no column holds lists of numbers" if not lists else f"{' and '.join(lists[:2])} may hold the recordings"
        way = f"its columns are {there}" if not lists else "say which by --variable"
        raise Unreadable(f"{where}: {what}; {way}", code="ambiguous" if lists else "not-found")
    return str(lists[0])


def _holds_numbers(kind: Any) -> bool:
    import pyarrow as pa

    kind, depth = _stored(kind), 0
    while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth in (1, 2) and (pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _stored(kind: Any) -> Any:
    """The type in which an extension type, such as a tensor, is stored."""
    return getattr(kind, "storage_type", kind)


class _Cells(Sequence[NDArray[Any]]):
    """Recordings of a column; read in their order, they are decoded once."""

    def __init__(self, file: Any, column: str, leads: int) -> None:
        self._file, self._column, self._leads = file, column, leads
        metadata = file.metadata
        self._ends = np.cumsum([metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)])
        self._group, self._first = -1, 0
        self._batch: Any = None
        self._batches: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __getitem__(self, row: Any) -> Any:
        group = int(np.searchsorted(self._ends, row, side="right"))
        if group != self._group or row < self._first:
            self._group, self._first = group, int(self._ends[group - 1]) if group else 0
            self._batches = self._file.iter_batches(_BATCH, row_groups=[group], columns=[self._column])
            self._batch = next(self._batches)
        while row >= self._first + len(self._batch):
            self._first += len(self._batch)
            self._batch = next(self._batches)
        return _array(self._batch.column(0), row - self._first, self._leads)


def _array(column: Any, place: int, leads: int) -> NDArray[Any]:
    """[samples, leads] or [leads, samples], as it is stored."""
    shape = getattr(column.type, "shape", None)
    cell = getattr(column, "storage", column)[place]
    if not cell.is_valid:
        raise ValueError("an empty cell")
    values, inner = cell.values, None
    if hasattr(values, "flatten") and values.type.num_fields:
        inner, count = values.flatten(), len(values)
        lengths = {len(one) for one in values} if len(values) <= leads else {len(values[0]), len(values[-1])}
        if len(lengths) != 1 or count * lengths.copy().pop() != len(inner):
            raise ValueError("lists of different lengths")
    flat: NDArray[Any] = (values if inner is None else inner).to_numpy(zero_copy_only=False)
    if flat.nbytes > LARGEST_FILE:
        raise ValueError(f"more than the {LARGEST_FILE:,} bytes that are read at once")
    if shape is not None and len(shape) == 2:
        return flat.reshape(shape)
    if inner is not None:
        return flat.reshape(len(values), -1)
    if len(flat) % leads:
        raise ValueError(f"{len(flat):,} numbers, no multiple of {leads} leads")
    return flat.reshape(-1, leads)


def _column(file: Any, name: str) -> list[Any]:
    return list(file.read(columns=[name]).column(0).to_pylist())


def _names(file: Any, signals: str) -> list[str] | None:
    for name in NAMES:
        if name in file.schema_arrow.names and name != signals:
            values = _column(file, name)
            named = [str(value) for value in values]
            if None not in values and len(set(named)) == len(named):
                return named
    return None
