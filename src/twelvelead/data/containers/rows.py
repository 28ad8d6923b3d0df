"""Recordings that lie in one array, or one column of lists."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.stated import Layout
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.naming import shown
from twelvelead.readers.arrays import Arrays
from twelvelead.readers.padding import without_padding, without_zeros
from twelvelead.readers.recording import LARGEST_FILE


class Rows(Container):
    """Recordings in an array.

    Args:
        origin: of the file.
        signals: [n, samples, leads] or a sequence of [samples, leads]; [leads, samples] too, where one axis alone has
            as many as there are leads.
        layout: what is known of them.
        names: of the recordings; None for their places, from 0.
        age, sex: of each, as `Arrays` takes them.
        close: lets go of the file.

    Raises:
        Unreadable: an array cannot hold recordings, a name stands twice, or the unit is another one.
    """

    def __init__(
        self,
        origin: Origin,
        signals: Any,
        layout: Layout,
        *,
        names: Sequence[str] | None = None,
        age: Any = None,
        sex: Any = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        where = called(origin)
        self._close = close
        self.leads = layout.leads
        turned = _Turned(signals, len(layout.leads), where)
        self._arrays = Arrays(
            turned,
            sampling_rate=layout.sampling_rate,
            leads=layout.leads,
            unit=layout.unit,
            step=layout.step,
            age=age,
            sex=sex,
            name=where,
        )
        super().__init__(origin, [str(row) for row in range(len(turned))] if names is None else names)
        if len(self._places) < len(self.members):
            first = {member: place for place, member in reversed(list(enumerate(self.members)))}
            twice = next(member for place, member in enumerate(self.members) if first[member] != place)
            raise Unreadable(
                f"{where}: names two recordings {shown(twice)}; give each a name of its own", code="ambiguous"
            )

    def _read(self, place: int, name: str, leads: tuple[str, ...] | None) -> ECG:
        try:
            ecg: ECG = self._arrays[place]
        except Unreadable as error:
            raise Unreadable(str(error).replace(f"{self._arrays.name}[{place}]", name, 1), code=error.code) from None
        signal = without_zeros(ecg.signal)
        if not len(signal):
            raise Unreadable(f"{name}: holds zeros alone; take it out", code="not-found")
        self.cut += len(signal) < len(ecg.signal)
        digest = hashlib.sha256(np.ascontiguousarray(ecg.signal).data).hexdigest()
        return without_padding(replace(ecg, signal=signal, source=name, sha256=digest))

    def close(self) -> None:
        self._close()


class _Turned(Sequence[NDArray[Any]]):
    """Recordings as [samples, leads], wherever the leads stand in the file."""

    def __init__(self, signals: Any, leads: int, name: str) -> None:
        self._signals, self._leads, self._name = signals, leads, name

    def __len__(self) -> int:
        return len(self._signals)

    def __getitem__(self, row: Any) -> Any:
        try:
            signal = self._signals[row]
        except (OSError, RuntimeError, ValueError, KeyError, StopIteration) as error:
            raise damaged(f"{self._name}[{row}]", error) from None
        return signal.T if signal.ndim == 2 and signal.shape[0] == self._leads != signal.shape[1] else signal


def require_rows(where: str, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """See that an array can hold recordings, before memory is taken for one.

    Raises:
        Unreadable: it cannot.
    """
    if len(shape) != 3 or 0 in shape[1:] or dtype.kind not in "iuf":
        raise Unreadable(
            f"{where}: {dtype} of shape {tuple(shape)}; recordings are [n, samples, leads], real numbers",
            code="unsupported",
        )
    if shape[1] * shape[2] * max(dtype.itemsize, 4) > LARGEST_FILE:
        raise Unreadable(
            f"{where}: a recording takes more than the {LARGEST_FILE:,} bytes that are read at once; export shorter "
            "ones",
            code="too-large",
        )


def damaged(where: str, error: Exception) -> Unreadable:
    """What a library says of a damaged file, in one line."""
    said = " ".join(str(error).split())[:100] or type(error).__name__
    return Unreadable(f"{where}: truncated or damaged ({said}); copy or export it again", code="damaged")
