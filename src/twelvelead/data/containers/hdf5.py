"""HDF5: a data set of [n, samples, leads], by the library h5py."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.rows import Rows, damaged, require_rows
from twelvelead.data.containers.stated import Stated, settle
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import MissingExtra, Unreadable
from twelvelead.naming import shown

SIGNALS = "tracings"
"""What the data set is called in CODE-15 %."""

NAMES = ("exam_id", "ecg_id", "id")
"""Data sets [n] that may name the recordings, the first before the others."""

_CODE15 = {"sampling_rate": 400.0, "leads": LEADS}
_CODE15_SHAPE = (4096, 12)
_NO_UNIT = (
    "CODE-15 % states no unit, and what is written of it disagrees: mV by the PhysioNet Challenge of 2025, steps of "
    "100 uV by its authors; look at some recordings, and give --unit mV or --scale 100"
)
_LARGEST_BLOCK = 1 << 28
"""Bytes: of a chunk, and of what is read at once."""


def opened(origin: Origin, given: Stated) -> Container:
    """The recordings of a data set, named by `NAMES`, else by their places from 0.

    Raises:
        Unreadable: no HDF5, damaged, it lacks the data set, or something is not stated.
        MissingExtra: h5py is not installed.
    """
    where, signals = called(origin), data_set(origin, given.variable)
    file = signals.file
    with _closed_on_fault(where, file):
        require_rows(where, signals.shape, signals.dtype)
        names = _names(file, len(signals))
        held = {**file.attrs, **signals.attrs}
        is_code15 = signals.shape[1:] == _CODE15_SHAPE and signals.name == f"/{SIGNALS}" and NAMES[0] in file
        if is_code15:
            unstated = {name: value for name, value in _CODE15.items() if getattr(given, name) is None}
            layout = settle(where, unstated | held, given, no_unit=_NO_UNIT)
        else:
            layout = settle(where, held, given)
        return Rows(origin, _Blocks(signals), layout, names=names, close=file.close)


def data_set(origin: Origin, name: str | None = None) -> Any:
    """The data set of recordings as h5py has it, read row by row; its file stays open as long as it is used.

    Args:
        origin: of HDF5.
        name: of the data set; None for `SIGNALS`, or the only one of three axes.

    Raises:
        Unreadable: no such file, no HDF5, damaged, or it lacks the data set.
        MissingExtra: h5py is not installed.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise MissingExtra("HDF5", "hdf5") from None
    where = called(origin)
    try:
        file = h5py.File(origin, "r")
    except FileNotFoundError:
        raise Unreadable(f"{where}: no such file; name one of HDF5", code="not-found") from None
    except OSError as error:
        raise damaged(where, error) from None
    with _closed_on_fault(where, file):
        return _data_set(where, file, name)


@contextmanager
def _closed_on_fault(where: str, file: Any) -> Iterator[None]:
    """Closes the file where the block fails."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        file.close()
        raise damaged(where, error) from None
    except BaseException:
        file.close()
        raise


class _Blocks:
    """Rows of a data set, read in the pieces in which they are compressed; the last piece is kept."""

    def __init__(self, signals: Any) -> None:
        self._signals = signals
        step = signals.chunks[0] if signals.chunks else 1
        row = int(np.prod(signals.shape[1:])) * signals.dtype.itemsize
        self._step = step if step * row <= _LARGEST_BLOCK else 1
        self._first, self._block = -1, np.empty(0)

    def __len__(self) -> int:
        return len(self._signals)

    def __getitem__(self, row: int) -> NDArray[Any]:
        first = row - row % self._step
        if first != self._first:
            self._block, self._first = self._signals[first : first + self._step], first
        found: NDArray[Any] = self._block[row - first]
        return found


def _data_set(where: str, file: Any, name: str | None) -> Any:
    """The data set of recordings: the one named, `SIGNALS`, or the only one of three axes."""
    held = {key: found for key in file if (found := _held(file, key)) is not None}
    if name is None:
        name = SIGNALS
        of_three = [key for key, value in held.items() if value.ndim == 3]
        if name not in held and len(of_three) == 1:
            (name,) = of_three
    if name not in held:
        there = ", ".join(map(shown, held)) or "none"
        raise Unreadable(
            f"{where}: has no data set {shown(name)}; it holds {there}, so name the one of recordings, as in "
            "--variable NAME",
            code="not-found",
        )
    found = held[name]
    if _lies_elsewhere(found):
        raise Unreadable(f"{where}: its data set lies in other files; copy it into one", code="unsupported")
    if found.chunks and int(np.prod(found.chunks)) * found.dtype.itemsize > _LARGEST_BLOCK:
        raise Unreadable(
            f"{where}: its chunks inflate to more than {_LARGEST_BLOCK >> 20} MiB each; write it with smaller ones",
            code="too-large",
        )
    return found


def _held(file: Any, name: str) -> Any:
    """The data set of a name; None where there is none, or a link to it, which may lead out of the file."""
    import h5py

    is_held = name in file and isinstance(file.get(name, getlink=True), h5py.HardLink)
    return file[name] if is_held and isinstance(file[name], h5py.Dataset) else None


def _lies_elsewhere(found: Any) -> bool:
    return bool(found.external or found.is_virtual)


def _names(file: Any, count: int) -> Sequence[str] | None:
    for name in NAMES:
        found = _held(file, name)
        if found is not None and found.shape == (count,) and not _lies_elsewhere(found):
            return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in found[()]]
    return None
