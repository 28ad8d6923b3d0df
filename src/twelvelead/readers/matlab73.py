"""MATLAB files of version 7.3, which are HDF5, by the library h5py."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers.recording import LARGEST_FILE, BadFile

_DEEPEST = 4
_MOST = 1000


class Variable(NamedTuple):
    """A value of a MATLAB file.

    Attributes:
        name: as one writes it in MATLAB: "val", "ECG.data".
        value: [rows, columns], or a text.
    """

    name: str
    value: NDArray[Any] | str


def variables(content: bytes) -> Iterator[Variable]:
    """The real numeric matrices of two axes and the texts of a file, those in structs too.

    Raises:
        BadFile: the library is not installed, or the file is damaged.
    """
    try:
        import h5py
    except ImportError:
        raise BadFile(
            "MATLAB 7.3 (HDF5), which needs the library h5py: pip install h5py, or save it in MATLAB with -v7",
            code="missing-extra",
        ) from None
    try:
        with h5py.File(BytesIO(content), "r") as file:
            yield from _within(file, "", _DEEPEST, [_MOST, LARGEST_FILE])
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        raise BadFile("a damaged HDF5 file; copy it again, or save it in MATLAB with -v7", code="damaged") from None


def _within(group: Any, holder: str, deeper: int, left: list[int]) -> Iterator[Variable]:
    """What a group holds; `left` are the objects and bytes that may still be looked at."""
    import h5py

    for key in group:
        left[0] -= 1
        # other links may lead out of the file
        if left[0] < 0 or key.startswith("#") or not isinstance(group.get(key, getlink=True), h5py.HardLink):
            continue
        held, name = group[key], f"{holder}{key}"
        if isinstance(held, h5py.Group):
            if deeper:
                yield from _within(held, f"{name}.", deeper - 1, left)
            continue
        if not isinstance(held, h5py.Dataset) or held.external or held.is_virtual or held.dtype.kind not in "iuf":
            continue
        left[1] -= held.nbytes
        if left[1] < 0:
            raise BadFile("inflates to more than any recording; export a shorter one", code="too-large")
        if held.ndim != 2 or held.size < 1 or "MATLAB_empty" in held.attrs:
            continue
        values = held[()].T  # stored by columns
        kind = held.attrs.get("MATLAB_class", b"")
        is_text = kind in (b"char", "char")
        yield Variable(name, "".join(map(chr, np.ravel(values).astype(int))).strip() if is_text else values)
