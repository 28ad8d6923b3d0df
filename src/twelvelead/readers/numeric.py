"""Recordings as bare numbers, NPY and MATLAB: what the file does not state has to be given."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.readers.recording import BLOCK
from twelvelead.readers.units import units_per_millivolt

INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def read_npy(file: Path, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None) -> ECG:
    """A NumPy array, [samples, leads] or [leads, samples]: twelve leads in our order, or I, II, V1-V6.

    Returns:
        All leads as stored.

    Raises:
        Unreadable: see `twelvelead.readers.read`.
    """
    try:
        with file.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(stream)
            needed = stream.tell() + math.prod(shape) * dtype.itemsize
            held = file.stat().st_size
            if dtype.hasobject or needed > held:
                raise ValueError(f"{held:,} of {needed:,} bytes" if needed > held else "it holds Python objects")
            stream.seek(0)
            array = np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, MemoryError, OSError, SyntaxError, TypeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise Unreadable(f"{file}: not a readable NPY array ({reason}); save it again with numpy.save") from None
    return from_matrix(array, sampling_rate, unit, file)


def read_matlab(file: Path, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None) -> ECG:
    """The largest numeric matrix of a MATLAB file of version 4 to 7, laid out as `read_npy` takes it.

    Returns:
        All leads as stored.

    Raises:
        Unreadable: see `twelvelead.readers.read`.
        Fault: the file is damaged.
    """
    from twelvelead.readers import matlab

    return from_matrix(matlab.read(file.read_bytes()), sampling_rate, unit, file)


def from_matrix(array: NDArray[Any], sampling_rate: float | None, unit: str | None, file: Path) -> ECG:
    """A recording from an array, [samples, leads] or [leads, samples].

    Raises:
        Unreadable: the array is no such array, or the rate or the unit is not given.
    """
    if array.dtype.kind not in "iuf":
        raise Unreadable(f"{file}: holds {array.dtype} and not real numbers; save the voltages as float32")
    sizes = (len(LEADS), len(INDEPENDENT))
    axes = [axis for axis, size in enumerate(array.shape) if size in sizes]
    if array.ndim != 2 or len(axes) != 1:
        raise Unreadable(
            f"{file}: an array of shape {array.shape}; it has to be [samples, leads] or [leads, samples] with just one "
            "axis of 12 leads (or 8: I, II, V1-V6), so save it in that shape"
        )
    stored = LEADS if array.shape[axes[0]] == len(LEADS) else INDEPENDENT
    rate = stated_rate(sampling_rate, file)
    divisor = per_millivolt([], unit, file)
    return ECG(millivolts(array if axes[0] == 1 else array.T, divisor), rate, stored, source=str(file))


def stated_rate(stated: float | None, file: Path) -> float:
    """The sampling rate that the caller gives, in Hz.

    Raises:
        Unreadable: there is none, or it cannot be one.
    """
    if stated is None:
        raise Unreadable(f"{file}: states no sampling rate; give it, as in --sampling-rate 500")
    if not 0 < stated < float("inf"):
        raise Unreadable(
            f"{file}: a sampling rate of {stated:g} Hz cannot be; give it in Hz, as in --sampling-rate 500"
        )
    return stated


def per_millivolt(headings: list[tuple[str, str | None]], stated: str | None, file: Path) -> NDArray[np.float64]:
    """How many units of each column make 1 mV; one number where there are no headings.

    Args:
        headings: name and unit of each column; None where it states no unit.
        stated: the unit that the caller gives.
        file: named in errors.

    Raises:
        Unreadable: a unit is missing, no voltage, or contradicts the stated one.
    """
    if stated is not None and units_per_millivolt(stated) is None:
        raise Unreadable(f"{file}: {stated!r} is no unit of voltage; give mV, uV or V, as in --unit mV")
    factors = []
    for name, unit in headings or [("", None)]:
        if unit is None and stated is None:
            raise Unreadable(f"{file}: states no unit; give it, as in --unit mV")
        factor = units_per_millivolt(unit if unit is not None else str(stated))
        if factor is None:
            raise Unreadable(f"{file}: column {name} is in {unit!r}, which is not a voltage; give it in mV, uV or V")
        if stated is not None and factor != units_per_millivolt(stated):
            raise Unreadable(f"{file}: column {name} is in {unit}, not {stated}; leave the unit out")
        factors.append(factor)
    return np.array(factors)


def millivolts(values: NDArray[Any], per_millivolt: NDArray[np.float64]) -> NDArray[np.float32]:
    """[samples, leads] float32, mV, from [samples, leads] in other units."""
    signal = np.empty(values.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(values), BLOCK):
            signal[start : start + BLOCK] = values[start : start + BLOCK] / per_millivolt
    return signal
