"""MATLAB files of version 4 to 7, read from their bare elements (MAT-File Format, MathWorks), and 7.3 by h5py.

Only real numeric matrices, texts and structs of them are looked at: no objects, no cells, nothing that could be run.
"""

import zlib
from collections.abc import Iterator
from struct import unpack_from
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers import patient
from twelvelead.readers.matlab73 import Variable, variables
from twelvelead.readers.numeric import from_matrix, is_recording
from twelvelead.readers.recording import LARGEST_FILE, BadFile, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 16: "utf-8", 17: "utf-16"}
_OLD_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _CHAR = 2, 4
_NUMERIC = range(6, 16)
"""Classes double to uint64."""

_DEEPEST = 4
_MOST = 1000
_RATES = ("fs", "sfreq", "srate", "samplingrate", "samplerate", "samplingfrequency", "sampling_rate", "sample_rate")


def read(source: Source, request: Request) -> Recording:
    """The one matrix of the file that can be a recording, or the named one, laid out as in NPY files; age, sex and rate
    from scalars and texts called so.

    Raises:
        BadFile: there is none, there are several and none is named, or the file is damaged.
    """
    content = source.content
    if content.startswith(b"MATLAB 7.3"):
        found = list(variables(content))
    else:
        found = list(_new(content) if content.startswith(b"MATLAB 5") else _old(content))
    matrix = _chosen([one for one in found if not isinstance(one.value, str)], request.variable)
    recording = from_matrix(np.asarray(matrix.value), request)
    beside = matrix.name.rpartition(".")[0]
    remarks = {one.name.rpartition(".")[2].lower(): one.value for one in found if one.name.rpartition(".")[0] == beside}
    age, sex = patient.from_words(
        f"{key}: {words}" for key in ("age", "sex", "gender") if (words := _words(remarks.get(key)))
    )
    rates = {float(words) for key in _RATES if (words := _words(remarks.get(key))) and words.replace(".", "").isdigit()}
    return recording._replace(age=age, sex=sex, sampling_rate=rates.pop() if len(rates) == 1 else None)


def _words(value: NDArray[Any] | str | None) -> str:
    """A text, or a single number as text."""
    if isinstance(value, str):
        return value
    return f"{value.item():g}" if value is not None and value.size == 1 else ""


def _chosen(matrices: list[Variable], name: str | None) -> Variable:
    if not matrices:
        raise BadFile("holds no numeric matrix; save the voltages as one, [samples, leads]", code="unknown-format")
    if name is not None:
        found = [one for one in matrices if one.name == name]
        if not found:
            raise BadFile(f"holds no matrix {name[:40]!r}; name one of {_listed(matrices)}", code="ambiguous")
        return found[0]
    fitting = [one for one in matrices if is_recording(np.asarray(one.value))]
    if len(fitting) > 1:
        raise BadFile(
            f"{len(fitting)} matrices can be the ECG, {_listed(fitting)}; name it, as in --variable {fitting[-1].name}",
            code="ambiguous",
        )
    return fitting[0] if fitting else max(matrices, key=lambda one: np.asarray(one.value).size)


def _listed(matrices: list[Variable]) -> str:
    shapes = [f"{one.name} {list(np.asarray(one.value).shape)}" for one in matrices[:6]]
    return ", ".join(shapes) + (" and others" if len(matrices) > 6 else "")


def _old(content: bytes) -> Iterator[Variable]:
    place = 0
    while place + 20 <= len(content):
        kind, rows, columns, imaginary, length = unpack_from("<5I", content, place)
        if kind > 52 or kind // 10 >= len(_OLD_TYPES) or imaginary > 1 or not 1 < length <= 64:
            raise BadFile("its matrices are damaged; copy it again", code="damaged")
        code = _OLD_TYPES[kind // 10]
        start = place + 20 + length
        end = start + rows * columns * int(code[1])
        place = end + imaginary * (end - start)
        if place > len(content):
            raise BadFile(f"truncated: holds {len(content):,} of {place:,} bytes; copy it again", code="truncated")
        name = content[start - length : start].rstrip(b"\0").decode("latin-1")
        if rows and columns and kind % 10 < 2 and not imaginary:
            matrix = np.frombuffer(content[start:end], "<" + code).reshape(rows, columns, order="F")
            yield Variable(name, "".join(map(chr, matrix[0].astype(int) & 0xFF)) if kind % 10 else matrix)


def _new(content: bytes) -> Iterator[Variable]:
    order = "<" if content[126:128] == b"IM" else ">"
    place, left = 128, LARGEST_FILE
    while place + 8 <= len(content):
        kind, body, place = _element(content, place, order)
        if kind == _COMPRESSED:
            inflate = zlib.decompressobj()
            try:
                plain = inflate.decompress(body, left)
            except zlib.error:
                raise BadFile("its compressed data are damaged; copy it again", code="damaged") from None
            left -= len(plain)
            if left < 1 or not inflate.eof:
                raise BadFile("inflates to more than any recording, or is truncated; copy it again", code="truncated")
            kind, body, _ = _element(plain, 0, order)
        if kind == _MATRIX:
            yield from _array(body, order, "", _DEEPEST)


def _element(content: bytes, place: int, order: str) -> tuple[int, bytes, int]:
    """Type and bytes of the element at a place, and where the next one starts."""
    if place + 8 > len(content):
        raise BadFile("its elements are damaged or truncated; copy it again", code="truncated")
    kind, size = unpack_from(order + "II", content, place)
    if kind >> 16:  # a small one: both numbers in four bytes, up to four bytes of data behind
        kind, size = kind & 0xFFFF, kind >> 16
        if size > 4:
            raise BadFile("its elements are damaged; copy it again", code="damaged")
        return kind, content[place + 4 : place + 4 + size], place + 8
    start = place + 8
    if start + size > len(content):
        raise BadFile(
            f"truncated: holds {len(content):,} of at least {start + size:,} bytes; copy it again", code="truncated"
        )
    end = start + size
    return kind, content[start:end], end if kind == _COMPRESSED else end + -size % 8


def _array(body: bytes, order: str, name: str, deeper: int) -> Iterator[Variable]:
    """A real numeric matrix of two axes, a text, or what a struct holds of these; nothing for anything else.

    Args:
        body: of the array's element.
        order: of bytes.
        name: of an array that has none of its own, as a field of a struct has.
        deeper: how many structs may lie within one another.
    """
    if not body:
        return
    _, flags, place = _element(body, 0, order)
    if len(flags) < 4:
        raise BadFile("its elements are damaged; copy it again", code="damaged")
    word = unpack_from(order + "I", flags)[0]
    kind = word & 0xFF
    if kind not in (*_NUMERIC, _STRUCT, _CHAR) or word & 0x0800:
        return
    _, shape, place = _element(body, place, order)
    axes = np.frombuffer(shape[: len(shape) & ~3], order + "i4").tolist()
    _, written, place = _element(body, place, order)
    name = name or written.decode("latin-1")
    if len(axes) != 2 or min(axes) < 1:
        return
    if kind == _STRUCT:
        if deeper:
            yield from _fields(body, place, order, name, axes[0] * axes[1], deeper)
        return
    code, data, _ = _element(body, place, order)
    if kind == _CHAR:
        if code == 4:
            data, code = np.frombuffer(data[: len(data) & ~1], order + "u2").astype("<u2").tobytes(), 17
        if axes[0] == 1 and code in _TEXTS:
            yield Variable(name, data.decode(_TEXTS[code].replace("utf-16", "utf-16-le"), "replace").strip())
        return
    number = _TYPES.get(code)
    if number is None or len(data) < axes[0] * axes[1] * int(number[1]):
        raise BadFile("a matrix is shorter than it says; copy it again", code="truncated")
    yield Variable(name, np.frombuffer(data, order + number, axes[0] * axes[1]).reshape(axes, order="F"))


def _fields(body: bytes, place: int, order: str, name: str, count: int, deeper: int) -> Iterator[Variable]:
    """What the fields of a struct, or of each of several in an array, hold."""
    _, length, place = _element(body, place, order)
    _, names, place = _element(body, place, order)
    width = unpack_from(order + "i", length)[0] if len(length) >= 4 else 0
    if not 0 < width <= len(names) or len(names) % width:
        return
    fields = [names[at : at + width].partition(b"\0")[0].decode("latin-1") for at in range(0, len(names), width)]
    for number in range(1, min(count, _MOST) + 1):
        holder = name if count == 1 else f"{name}({number})"
        for field in fields:
            _, content, place = _element(body, place, order)
            yield from _array(content, order, f"{holder}.{field}", deeper - 1)
