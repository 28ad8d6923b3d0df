"""A matrix in a MATLAB file of version 4, 5, 6 or 7, read from its bare elements (MAT-File Format, MathWorks).

Only real numeric matrices are looked at: no objects, no cells, nothing that could be run.
"""

import zlib
from collections.abc import Iterator
from struct import unpack_from
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers.numeric import from_matrix
from twelvelead.readers.recording import LARGEST_FILE, Fault, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_OLD_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC = range(6, 16)
"""Classes double to uint64."""


def read(source: Source, request: Request) -> Recording:
    """The largest numeric matrix of the file, laid out as in NPY files.

    Raises:
        Fault: there is none, or the file is damaged.
    """
    return from_matrix(_largest(source.content), request)


def _largest(content: bytes) -> NDArray[Any]:
    """The largest numeric matrix of two axes, as MATLAB has it: [rows, columns].

    Raises:
        Fault: there is none, or the file is damaged.
    """
    matrices = list(_new(content) if content.startswith(b"MATLAB 5") else _old(content))
    if not matrices:
        raise Fault("holds no numeric matrix; save the voltages as one, [samples, leads]")
    return max(matrices, key=lambda matrix: matrix.size)


def _old(content: bytes) -> Iterator[NDArray[Any]]:
    kind, rows, columns, _, name = unpack_from("<5I", content)
    code = _OLD_TYPES[kind // 10]
    start = 20 + name
    end = start + rows * columns * int(code[1])
    if end > len(content):
        raise Fault(f"truncated: holds {len(content):,} of {end:,} bytes; copy it again")
    yield np.frombuffer(content[start:end], "<" + code).reshape(rows, columns, order="F")


def _new(content: bytes) -> Iterator[NDArray[Any]]:
    order = "<" if content[126:128] == b"IM" else ">"
    place, left = 128, LARGEST_FILE
    while place + 8 <= len(content):
        kind, body, place = _element(content, place, order)
        if kind == _COMPRESSED:
            inflate = zlib.decompressobj()
            plain = inflate.decompress(body, left)
            left -= len(plain)
            if left < 1 or not inflate.eof:
                raise Fault("inflates to more than any recording, or is truncated; copy it again")
            kind, body, _ = _element(plain, 0, order)
        if kind == _MATRIX and (matrix := _matrix(body, order)) is not None:
            yield matrix


def _element(content: bytes, place: int, order: str) -> tuple[int, bytes, int]:
    """Type and bytes of the element at a place, and where the next one starts."""
    kind, size = unpack_from(order + "II", content, place)
    if kind >> 16:  # a small one: both numbers in four bytes, up to four bytes of data behind
        kind, size = kind & 0xFFFF, kind >> 16
        if size > 4:
            raise Fault("its elements are damaged; copy it again")
        return kind, content[place + 4 : place + 4 + size], place + 8
    start = place + 8
    if start + size > len(content):
        raise Fault(f"truncated: holds {len(content):,} of at least {start + size:,} bytes; copy it again")
    end = start + size
    return kind, content[start:end], end if kind == _COMPRESSED else end + -size % 8


def _matrix(body: bytes, order: str) -> NDArray[Any] | None:
    """[rows, columns] of a real numeric matrix of two axes; None for anything else."""
    _, flags, place = _element(body, 0, order)
    _, shape, place = _element(body, place, order)
    word = unpack_from(order + "I", flags)[0]
    axes = np.frombuffer(shape, order + "i4").tolist()
    if word & 0xFF not in _NUMERIC or word & 0x0800 or len(axes) != 2 or min(axes) < 1:
        return None
    _, _, place = _element(body, place, order)
    kind, data, _ = _element(body, place, order)
    code = _TYPES.get(kind)
    if code is None or len(data) < axes[0] * axes[1] * int(code[1]):
        raise Fault("a matrix is shorter than it says; copy it again")
    return np.frombuffer(data, order + code, axes[0] * axes[1]).reshape(axes, order="F")
