"""Recordings as bare numbers, CSV and NPY: what the file does not state has to be given."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, canonical_lead, columns_for
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.readers.units import units_per_millivolt

NPY_MAGIC = b"\x93NUMPY"
INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")

_HEADING = re.compile(r"(.*?)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\])")
_NOT_SIGNALS = ("time", "t", "", "index", "sample", "samples")
_TIME_UNITS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "": 1.0, "ms": 1e-3}
_RATES = (50.0, 50_000.0)
"""Hz, between which a rate read off a time column is believed; beyond, its unit is another than it says."""
_SAME_RATE = 1e-3
"""Relative: written times are rounded, so a rate read off them is not exact."""


def read_npy(file: Path, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None) -> ECG:
    """A NumPy array, [samples, leads] or [leads, samples]: twelve leads in our order, or I, II, V1-V6.

    Returns:
        All leads as stored.

    Raises:
        Unreadable: see `twelvelead.readers.read`.
    """
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, MemoryError, OSError) as error:
        reason = " ".join(str(error).split())
        raise Unreadable(f"{file}: not a readable NPY array ({reason}); save it again with numpy.save") from None
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
    rate = _stated_rate(sampling_rate, file)
    per_millivolt = _per_millivolt([], unit, file)
    return ECG(_millivolts(array if axes[0] == 1 else array.T, per_millivolt), rate, stored, source=str(file))


def read_csv(file: Path, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None) -> ECG:
    """A table with a heading line of lead names and one line a sample.

    Returns:
        The leads that `leads` are taken from, in the order of the file; all for None.

    Raises:
        Unreadable, Refused: see `twelvelead.readers.read`.
    """
    lines = _lines(file)
    headings = [_heading(cell) for cell in lines[0][1]]
    if all(_is_number(name) for name, _ in headings):
        raise Unreadable(f"{file}: line 1 holds numbers and no lead names; add a heading line such as I,II,III,...,V6")
    places = [place for place, (name, _) in enumerate(headings) if name.lower() not in _NOT_SIGNALS]
    stored = tuple([canonical_lead(headings[place][0]) for place in places])
    if not places or (leads is not None and not set(stored) & set(LEADS)):
        raise Unreadable(f"{file}: not a recording of a known kind; a CSV table starts with a heading I,II,III,...,V6")
    for number, cells in lines[1:]:
        if len(cells) != len(headings):
            raise Unreadable(
                f"{file}: line {number} has {len(cells)} columns, the heading has {len(headings)}; mend it"
            )
    if len(lines) < 2:
        raise Unreadable(f"{file}: a heading and no samples; export it again")
    columns = list(range(len(stored))) if leads is None else columns_for(leads, stored, str(file))
    rate = _rate(lines, headings, sampling_rate, file)
    per_millivolt = _per_millivolt([headings[places[column]] for column in columns], unit, file)
    values = np.stack([_numbers(lines, places[column], headings, file) for column in columns], axis=1)
    return ECG(_millivolts(values, per_millivolt), rate, tuple([stored[c] for c in columns]), source=str(file))


def _lines(file: Path) -> list[tuple[int, list[str]]]:
    """The lines that are not blank, as cells, with their numbers; the heading first."""
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    rows = text.splitlines()
    first = next((row for row in rows if row.strip()), "")
    delimiter = max(",;\t", key=first.count)
    try:
        cells = list(csv.reader(rows, delimiter=delimiter))
    except csv.Error as error:
        raise Unreadable(f"{file}: not a CSV table ({error}); export it again") from None
    lines = [(number, row) for number, row in enumerate(cells, start=1) if any(cell.strip() for cell in row)]
    if not lines:
        raise Unreadable(f"{file}: the file is empty; copy or export it again")
    return lines


def _heading(cell: str) -> tuple[str, str | None]:
    """Name and unit of a column heading such as "V1 (mV)" or "V1 [uV]"."""
    found = _HEADING.fullmatch(cell.strip())
    if found is None:
        return cell.strip(), None
    name, round_unit, square_unit = found.groups()
    return name.strip(), (round_unit if round_unit is not None else square_unit).strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(
    lines: list[tuple[int, list[str]]], place: int, headings: list[tuple[str, str | None]], file: Path
) -> NDArray[np.float64]:
    """[samples]; NaN for an empty cell."""
    values = np.empty(len(lines) - 1)
    for row, (number, cells) in enumerate(lines[1:]):
        cell = cells[place].strip()
        try:
            # float() takes the underscores of Python's own literals
            values[row] = float(cell if "_" not in cell else "x") if cell else np.nan
        except ValueError:
            raise Unreadable(
                f"{file}: line {number}, column {headings[place][0] or place + 1}: {cell[:30]!r} is not a number "
                "(with a decimal point); mend the cell or leave it empty"
            ) from None
    return values


def _rate(
    lines: list[tuple[int, list[str]]], headings: list[tuple[str, str | None]], stated: float | None, file: Path
) -> float:
    """The sampling rate in Hz: of the time column, if there is one, else the stated one."""
    times = [place for place, (name, _) in enumerate(headings) if name.lower() in ("time", "t")]
    if not times or len(lines) < 3:
        return _stated_rate(stated, file)
    unit = (headings[times[0]][1] or "").lower()
    if unit not in _TIME_UNITS:
        raise Unreadable(f"{file}: the time column is in {unit!r}; give it in s or ms")
    seconds = _numbers(lines, times[0], headings, file) * _TIME_UNITS[unit]
    span = seconds[-1] - seconds[0]
    steps = len(seconds) - 1
    even = span > 0 and np.abs(seconds - np.linspace(seconds[0], seconds[-1], steps + 1)).max() < 0.6 * span / steps
    if not even:
        raise Unreadable(f"{file}: the time column does not rise evenly; export at a constant sampling rate")
    rate = float(steps / span)
    if not _RATES[0] <= rate <= _RATES[1]:
        raise Unreadable(
            f"{file}: the time column gives {rate:g} Hz; write its unit into the heading: time (s) or (ms)"
        )
    if stated is not None and abs(stated - rate) > _SAME_RATE * rate:
        raise Unreadable(f"{file}: the time column gives {rate:g} Hz, not {stated:g} Hz; leave the rate out")
    whole = float(round(rate))
    return stated or (whole if abs(whole - rate) <= _SAME_RATE * rate else rate)


def _stated_rate(stated: float | None, file: Path) -> float:
    if stated is None:
        raise Unreadable(f"{file}: states no sampling rate; give it, as in --sampling-rate 500")
    if not 0 < stated < float("inf"):
        raise Unreadable(
            f"{file}: a sampling rate of {stated:g} Hz cannot be; give it in Hz, as in --sampling-rate 500"
        )
    return stated


def _per_millivolt(headings: list[tuple[str, str | None]], stated: str | None, file: Path) -> NDArray[np.float64]:
    """How many units of each column make 1 mV; one number where there are no headings."""
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


def _millivolts(values: NDArray[Any], per_millivolt: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values / per_millivolt, dtype=np.float32)
