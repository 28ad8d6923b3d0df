"""Recordings as tables of text (CSV): a heading line of lead names, then one line a sample."""

import csv
import re
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, canonical_lead, columns_for
from twelvelead.readers.recording import RATES, Channel, Fault, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

LARGEST = 1 << 26
"""Bytes: an hour and a half of twelve leads at 100 Hz; more takes too long to read as text."""

_HEADING = re.compile(r"(.*?)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\])")
_NOT_SIGNALS = ("time", "t", "", "index", "sample", "samples")
_TIMES = ("time", "t")
_TIME_UNITS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "": 1.0, "ms": 1e-3}
_SAME_RATE = 1e-3
"""Relative: written times are rounded, so a rate read off them is not exact."""


def read(source: Source, request: Request) -> Recording:
    """A table with a heading line of lead names and one line a sample.

    Raises:
        Fault: it is no such table, or does not state its rate.
        Refused: a lead asked for is missing.
    """
    lines = _lines(source)
    headings = [_heading(cell) for cell in next(lines)[1]]
    if all(_is_number(name) for name, _ in headings):
        raise Fault("line 1 holds numbers and no lead names; add a heading line such as I,II,III,...,V6")
    places = [place for place, (name, _) in enumerate(headings) if name.lower() not in _NOT_SIGNALS]
    stored = tuple([canonical_lead(headings[place][0]) for place in places])
    if not places or (request.leads is not None and not set(stored) & set(LEADS)):
        raise Fault("not a recording of a known kind; a CSV table starts with a heading I,II,III,...,V6")
    columns = range(len(stored)) if request.leads is None else columns_for(request.leads, stored, source.name)
    signals = [places[column] for column in columns]
    times = [place for place, (name, _) in enumerate(headings) if name.lower() in _TIMES][:1]
    values = _numbers(lines, signals + times, headings)
    rate = _rate(values[:, -1], headings[times[0]][1], request.sampling_rate) if times and len(values) > 1 else None
    channels = [
        Channel(headings[place][0], values[:, column], 1.0, headings[place][1]) for column, place in enumerate(signals)
    ]
    return Recording(channels, rate)


def _lines(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not blank, as cells, with their numbers; the heading first."""
    if source.size > LARGEST:
        raise Fault(f"{source.size:,} bytes of text are more than are read; save the voltages with numpy.save")
    try:
        text = source.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = source.content.decode("latin-1")
    rows = text.splitlines()
    first = next((row for row in rows if row.strip()), None)
    if first is None:
        raise Fault("the file is empty; copy or export it again")
    try:
        for number, cells in enumerate(csv.reader(rows, delimiter=max(",;\t", key=first.count)), start=1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise Fault(f"not a CSV table ({error}); export it again") from None


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
    lines: Iterator[tuple[int, list[str]]], places: list[int], headings: list[tuple[str, str | None]]
) -> NDArray[np.float64]:
    """[samples, places]; NaN for an empty cell."""
    values = array("d")
    for number, cells in lines:
        if len(cells) != len(headings):
            raise Fault(f"line {number} has {len(cells)} columns, the heading has {len(headings)}; mend it")
        for place in places:
            cell = cells[place].strip()
            try:
                # float() takes the underscores of Python's own literals
                values.append(float(cell if "_" not in cell else "x") if cell else np.nan)
            except ValueError:
                raise Fault(
                    f"line {number}, column {headings[place][0] or place + 1}: {cell[:30]!r} is not a number "
                    "(with a decimal point); mend the cell or leave it empty"
                ) from None
    if not values:
        raise Fault("a heading and no samples; export it again")
    return np.frombuffer(values).reshape(-1, len(places))


def _rate(times: NDArray[np.float64], unit: str | None, stated: float | None) -> float:
    """The sampling rate in Hz, from the time of each sample."""
    scale = _TIME_UNITS.get((unit or "").lower())
    if scale is None:
        raise Fault(f"the time column is in {unit!r}; give it in s or ms")
    seconds = times * scale
    span = seconds[-1] - seconds[0]
    steps = len(seconds) - 1
    even = span > 0 and np.abs(seconds - np.linspace(seconds[0], seconds[-1], steps + 1)).max() < 0.6 * span / steps
    if not even:
        raise Fault("the time column does not rise evenly; export at a constant sampling rate")
    rate = float(steps / span)
    if not RATES[0] <= rate <= RATES[1]:
        raise Fault(f"the time column gives {rate:g} Hz; write its unit into the heading: time (s) or (ms)")
    if stated is not None and abs(stated - rate) > _SAME_RATE * rate:
        raise Fault(f"the time column gives {rate:g} Hz, not {stated:g} Hz; leave the rate out")
    whole = float(round(rate))
    return stated or (whole if abs(whole - rate) <= _SAME_RATE * rate else rate)
