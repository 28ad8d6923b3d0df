"""NumPy arrays of [n, samples, leads], memory-mapped, or read a recording at a time where they lie elsewhere."""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.rows import Rows, damaged, require_rows
from twelvelead.data.containers.stated import Stated, settle
from twelvelead.errors import Unreadable


def opened(origin: Origin, given: Stated) -> Container:
    """The recordings of an array, named by their places from 0.

    Raises:
        Unreadable: the file is cut short, holds objects or no recordings, or something is not stated.
    """
    where = called(origin)
    try:
        array: Any = np.load(origin, mmap_mode="r", allow_pickle=False) if isinstance(origin, Path) else _Rows(origin)
    except (OSError, ValueError) as error:
        raise damaged(where, error) from None
    require_rows(where, array.shape, array.dtype)
    return Rows(origin, array, settle(where, {}, given))


class _Rows(Sequence[NDArray[Any]]):
    """The array of a stream, a row at a time.

    Raises:
        Unreadable: its rows do not lie one after another.
        ValueError: it is cut short, or no array.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.shape, is_by_columns, self.dtype = header(stream)
        if is_by_columns and len(self.shape) > 1:
            raise Unreadable(
                f"{called(stream)}: its rows do not lie one after another; save it in C order, or copy it to this "
                "machine",
                code="unsupported",
            )
        self._first, self._row = stream.tell(), prod(self.shape[1:]) * self.dtype.itemsize
        if min(self.shape) < 0 or stream.seek(0, 2) < self._first + self.shape[0] * self._row:
            raise ValueError("shorter than its header says")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: Any) -> Any:
        self._stream.seek(self._first + row * self._row)
        return np.frombuffer(self._stream.read(self._row), self.dtype).reshape(self.shape[1:])


def header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns lie together, and type of the array at the start of a stream, which is left behind them.

    Raises:
        Exception: there is none: NumPy takes the header for Python, and lets through what its tokenizer raises.
    """
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)
