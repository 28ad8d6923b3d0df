"""Recordings as tables of text (CSV): a heading of lead names, then one line a sample.

Around that, what people have: lines before the heading, a line `sep=;`, a line of units, decimal commas, either quote,
UTF-16, a comma at the end of each line, and the layouts of PhysioBank's rdsamp and ATM.
"""

import csv
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS, all_columns_for, canonical_lead, canonical_leads
from twelvelead.readers import patient
from twelvelead.readers.recording import BadFile, Channel, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import decode
from twelvelead.readers.time_column import CLOCK, rate_of, seconds_per
from twelvelead.readers.units import units_per_millivolt

LARGEST = 1 << 26
"""Bytes: an hour and a half of twelve leads at 100 Hz; more takes too long to read as text."""

_BEFORE = 200
"""Lines among which the heading is looked for."""

_DELIMITERS = (",", ";", "\t", "|")
_BRACKETED = re.compile(r"(.*?)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\})")
_TRAILING = re.compile(r"(.*?)(?:\s*[/:,]\s*|\s+in\s+|[\s_-]+)([^\s/:,_-]+)")
_NOT_SIGNALS = ("", "index", "sample", "samples", "sample #", "sample number", "sample no", "no", "nr", "row")
_TIMES = ("time", "t", "elapsed time", "timestamp", "time stamp", "time and date", "date and time", "datetime", "zeit")
_MISSING = ("", "-", "nan", "na", "n/a", "null", "none")
_RATE = re.compile(
    r"\b(?:sampl\w*[ _-]*(?:rate|freq\w*)|fs|frequency)\b[^\d\n]{0,20}?(\d+(?:[.,]\d+)?)\s*(khz)?(?![\d.,]*\d)", re.I
)
_UNIT = re.compile(r"\bunits?\b\W{1,4}([^\s;,|)\]\"']+)", re.I)


_Row = tuple[int, list[str]]
"""The number of a line, from 1, and its cells."""


class _Heading(NamedTuple):
    """The columns of a table.

    Attributes:
        line: its number, from 0.
        delimiter: of columns.
        names, units: of each column; None where it states no unit.
    """

    line: int
    delimiter: str
    names: list[str]
    units: list[str | None]


def read(source: Source, request: Request) -> Recording:
    """A table with a heading of lead names and one line a sample.

    Raises:
        BadFile: it is no such table, or does not state its rate.
        Refused: a lead asked for is missing.
    """
    if source.size > LARGEST:
        raise BadFile(
            f"{source.size:,} bytes of text are more than are read; save the voltages with numpy.save", code="too-large"
        )
    lines = decode(source.content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    heading = _find_heading(lines[:_BEFORE], named=request.leads is not None)
    names = [name.lower() for name in heading.names]
    times = [place for place, name in enumerate(names) if _is_time(name)][:1]
    places = [place for place, name in enumerate(names) if place not in times and name not in _NOT_SIGNALS]
    stored = canonical_leads([heading.names[place] for place in places])
    columns = range(len(stored)) if request.leads is None else all_columns_for(request.leads, stored, source.name)
    signals = [places[column] for column in columns]
    rows = _rows(lines, heading)
    above = lines[: heading.line]
    unit = next((found[1] for line in above if (found := _UNIT.search(line))), None)
    units, rows = _units(rows, heading, signals, times, unit)
    values = _numbers(rows, heading, signals, times)
    rate = _rate_above(above, request.sampling_rate)
    findings: tuple[Finding, ...] = ()
    if times and len(values) > 1:
        rate, findings = rate_of(values[:, -1], units[times[0]], rate, request.time_unit)
    age, sex = patient.from_words(line.strip(" #;,\t\"'") for line in above)
    channels = [
        Channel(stored[place], values[:, column], 1.0, units[signals[column]]) for column, place in enumerate(columns)
    ]
    return Recording(channels, rate, age, sex, findings)


def leads_in(start: bytes) -> int:
    """How many of the twelve leads the heading of a text names, by its first bytes."""
    text = decode(start)
    if "\0" in text:
        return 0
    return max((_named(cells) for line in text.splitlines()[:_BEFORE] for _, cells in _splits(line)), default=0)


def _find_heading(lines: Sequence[str], *, named: bool) -> _Heading:
    """The line that names most leads, the first of these; without any lead, where none has to be, the first line."""
    written = [(number, line) for number, line in enumerate(lines) if line.strip(" \t;,")]
    if not written:
        raise BadFile("the file is empty; copy or export it again", code="not-found")
    separator = re.fullmatch(r"[\"']?sep=(.)[\"']?[;,\t]*", written[0][1].strip(" \ufeff"), re.I)
    if separator:
        del written[0]
    best: tuple[int, _Heading] | None = None
    for number, line in written:
        for delimiter, cells in _splits(line, separator[1] if separator else None):
            found = _named(cells)
            if best is None or found > best[0]:
                pairs = [_name_and_unit(cell) for cell in cells]
                best = found, _Heading(number, delimiter, [name for name, _ in pairs], [unit for _, unit in pairs])
    if best is None:
        raise BadFile("the file is empty; copy or export it again", code="not-found")
    if not best[0] and all(_number(name) is not None for name in best[1].names):
        raise BadFile(
            f"line {best[1].line + 1} holds numbers and no lead names; add a heading line such as I,II,III,...,V6",
            code="unknown-format",
        )
    if not best[0] and named:
        raise BadFile(
            "not a recording of a known kind; a CSV table starts with a heading I,II,III,...,V6", code="unknown-format"
        )
    return best[1]


def _splits(line: str, delimiter: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """A line cut at each delimiter that it may be cut at, the most frequent first."""
    candidates = [delimiter] if delimiter else sorted(_DELIMITERS, key=line.count, reverse=True)
    for one in candidates:
        if one == candidates[0] or one in line:
            yield one, _cells(line, one)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line.lstrip("#% \ufeff")], delimiter=delimiter, quotechar=_quote(line)), [])
    except csv.Error as error:
        raise BadFile(f"not a CSV table ({error}); export it again", code="damaged") from None
    return [cell.strip().strip("'\"").strip() for cell in cells]


def _quote(line: str) -> str:
    return "'" if line.count("'") > line.count('"') else '"'


def _named(cells: Sequence[str]) -> int:
    return len({*canonical_leads([_name_and_unit(cell)[0] for cell in cells])} & {*LEADS})


def _name_and_unit(cell: str) -> tuple[str, str | None]:
    """Name and unit of a heading such as "V1 (mV)", "V1 [uV]", "V1_mV", "V1/mV" or "time in ms"."""
    cell = cell.strip()
    found = _BRACKETED.fullmatch(cell)
    if found is not None:
        return found[1].rstrip(" _-/:,"), next(part for part in found.groups()[1:] if part is not None).strip()
    found = _TRAILING.fullmatch(cell)
    if found is not None:
        name, unit = found.groups()
        is_lead = canonical_lead(name) in LEADS or re.fullmatch(r"[Cc][1-6]", name)
        if (is_lead and units_per_millivolt(unit)) or (_is_time(name.lower()) and seconds_per(unit)):
            return name, unit
    return (cell, cell) if seconds_per(cell) and len(cell) > 1 else (cell, None)


def _is_time(name: str) -> bool:
    return name in _TIMES or (len(name) > 1 and seconds_per(name) is not None)


def _rows(lines: list[str], heading: _Heading) -> Iterator[_Row]:
    """The lines below the heading that are not blank, as cells, with their numbers from 1."""
    width = len(heading.names)
    while width and not heading.names[width - 1]:
        width -= 1
    below = lines[heading.line + 1 :]
    quote = _quote(next((line for line in below if line.strip()), ""))
    try:
        for number, cells in enumerate(
            csv.reader(below, delimiter=heading.delimiter, quotechar=quote), heading.line + 2
        ):
            if any(cell.strip() for cell in cells):
                yield number, _fitted(cells, width, number)
    except csv.Error as error:
        raise BadFile(f"not a CSV table ({error}); export it again", code="damaged") from None


def _fitted(cells: list[str], width: int, number: int) -> list[str]:
    if len(cells) >= width and not any(cell.strip() for cell in cells[width:]):
        return cells
    mend = "mend it"
    if len(cells) in (2 * width, 2 * width - 1):
        mend = "decimal commas look like commas between columns, so export it with semicolons or decimal points"
    raise BadFile(f"line {number} has {len(cells)} columns, the heading has {width}; {mend}", code="damaged")


def _units(
    rows: Iterator[_Row], heading: _Heading, signals: list[int], times: list[int], general: str | None
) -> tuple[list[str | None], Iterator[_Row]]:
    """The unit of each column, from the heading, a line of units below it or a line above it, and the rows of numbers;
    "clock" for times of the clock."""
    first = next(rows, None)
    units = list(heading.units)
    if general is not None and _scale(general):
        units = [unit or (general if place in signals else None) for place, unit in enumerate(units)]
    written = [cell.strip(" '\"()[]{}") for cell in first[1]] if first else []
    if written and any(units_per_millivolt(written[place]) for place in signals):
        for place in signals + times:
            if written[place]:
                units[place] = _agreed(heading.names[place], units[place], written[place])
        first = next(rows, None)
    if first is None:
        raise BadFile("a heading and no samples; export it again", code="not-found")
    if times and CLOCK.search(first[1][times[0]]):
        units[times[0]] = "clock"
    return units, chain([first], rows)


def _agreed(column: str, stated: str | None, below: str) -> str:
    if stated and _scale(stated) != _scale(below):
        raise BadFile(
            f"column {column} is in {stated[:20]} and, by the line of units, in {below[:20]}; mend one of them",
            code="contradiction",
        )
    return below


def _scale(unit: str) -> float | None:
    return units_per_millivolt(unit) or seconds_per(unit)


def _numbers(rows: Iterator[_Row], heading: _Heading, signals: list[int], times: list[int]) -> NDArray[np.float64]:
    """[samples, signals and times] float64; NaN for an empty cell; a time of the clock in s, from midnight."""
    values = array("d")
    places = signals + times
    pick: Callable[[list[str]], Sequence[str]] = (
        itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
    )
    signs = set()
    for number, cells in rows:
        picked = pick(cells)
        try:
            # float() takes the underscores of Python's own literals
            found = [float(cell) for cell in picked if "_" not in cell]
        except ValueError:
            found = []
        if len(found) < len(picked):
            found = []
            for place, cell in zip(places, picked, strict=True):
                if ":" not in cell:
                    signs.update({",", "."}.intersection(cell))
                found.append(_cell(cell, heading.names[place] or str(place + 1), number, time=place in times))
        elif "." not in signs and any("." in cell for cell in picked):
            signs.add(".")
        values.extend(found)
    if len(signs) > 1:
        raise BadFile(
            "some numbers have a decimal point and others a decimal comma; export it with one of them", code="ambiguous"
        )
    table = np.frombuffer(values).reshape(-1, len(places))
    infinite = np.argwhere(np.isinf(table[:, : len(signals)]))
    if len(infinite):
        row, column = infinite[0].tolist()
        raise BadFile(
            f"sample {row + 1} of column {heading.names[places[column]]} is infinite; mend it or leave it empty",
            code="damaged",
        )
    return table


def _cell(cell: str, column: str, line: int, *, time: bool) -> float:
    text = cell.strip().strip("'\"").strip()
    value = np.nan if text.lower() in _MISSING else _number(text)
    if value is None and time:
        found = CLOCK.search(text)
        if found:
            hours, minutes, seconds = found.groups()
            return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds.replace(",", "."))
    if value is None:
        raise BadFile(
            f"line {line}, column {column}: {text[:30]!r} is not a number; mend the cell or leave it empty",
            code="damaged",
        )
    return value


def _number(text: str) -> float | None:
    """A number with a decimal point or comma; None where the text is none."""
    if "_" in text or ("," in text and ("." in text or text.count(",") > 1)):
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _rate_above(lines: Sequence[str], given: float | None) -> float | None:
    """The rate in Hz that a line above the heading states, or the caller."""
    found = next((match for line in lines if (match := _RATE.search(line))), None)
    if found is None:
        return given
    stated = float(found[1].replace(",", ".")) * (1000 if found[2] else 1)
    if given is not None and given != stated:
        raise BadFile(
            f"a line above the heading states {stated:g} Hz, not {given:g} Hz; leave the rate out", code="contradiction"
        )
    return stated
