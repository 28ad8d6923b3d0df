"""Lists and dictionaries in the notation of Python, JSON or NumPy, as cells of a table hold them.

Nothing in a cell is evaluated: it is read by `json.loads` or `ast.literal_eval`, within bounds.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import isnan, nan
from typing import Any

Said = Mapping[str, float]
"""What is said of a recording: class -> its likelihood in percent, 0 where none is stated, -1 where it is not known
whether the recording has it. A class that is not named is absent."""

_LONGEST, _LONGEST_NAME = 10_000, 200
"""Characters of a cell, and of a name."""
_OPENS, _CLOSES = "[({", "])}"
_ADJACENT = re.compile(r"(['\"])\s+(?=['\"])")
"""Between the strings of a NumPy array as it is printed; Python would join them to one."""
_WHOLE = re.compile(r"\d+\.0+")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)


def read_literal(cell: str) -> Said | str:
    """Names or likelihoods of a list or dictionary, NaN as the likelihood of the names of a list; other text as it is,
    that between brackets without quotes too."""
    quoted = is_quoted(cell)
    if quoted and cell[0] not in cell[1:-1]:
        return cell[1:-1].strip()
    if not quoted and cell[:1] not in tuple(_OPENS):
        return cell
    if len(cell) > _LONGEST:
        raise ValueError(f"a cell of {len(cell):,} characters, more than {_LONGEST:,} are not read")
    value = _literal(f"[{cell}]" if quoted else cell)
    if isinstance(value, dict):
        return {_name(key, cell): _likelihood(number, cell) for key, number in value.items()}
    if isinstance(value, list | tuple | set):
        return dict.fromkeys((_name(item, cell) for item in value if item != ""), nan)
    inner, whole = cell[1:-1], cell[-1] == _CLOSES[_OPENS.find(cell[0])]
    if quoted or not whole or any(sign in inner for sign in (*_OPENS, *_CLOSES, ":", "'", '"')):
        raise ValueError(f"{short(cell)} is no list or dictionary of Python or JSON")
    return inner.strip()


def _literal(text: str) -> Any:
    """The value of a literal of JSON or Python, nothing of which is evaluated; None where it is none."""
    depth = 0
    for sign in text:
        depth += (sign in _OPENS) - (sign in _CLOSES)
        if depth > 3:
            raise ValueError(f"{short(text)} holds lists in lists")
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ast.literal_eval(_ADJACENT.sub(r"\1, ", text))
    return None


def _name(item: Any, cell: str) -> str:
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    if isinstance(item, bool) or not isinstance(item, str | int) or not str(item).strip():
        raise ValueError(f"{short(cell)} holds {item!r}, which is no name of a class")
    return plain_name(str(item))


def _likelihood(number: Any, cell: str) -> float:
    if not isinstance(number, int | float) or not (number == -1 or 0 <= number <= 100):
        raise ValueError(f"{short(cell)} has the likelihood {number!r}, which is none from 0 to 100, nor -1")
    return float(number)


_LIST, _FLAGS, _SHARES, _PERCENT = "list", "flags", "shares", "percent"
SCALES = {
    _LIST: "lists",
    _FLAGS: "dictionaries of 1 (there) and 0 (not there)",
    _SHARES: "dictionaries of likelihoods as shares of 1 (0: not there)",
    _PERCENT: "dictionaries of likelihoods in percent (0: there, likelihood not stated)",
}


def scale_of(lists: Iterable[Said]) -> str:
    """What the numbers of all dictionaries together mean."""
    numbers = {number for one in lists for number in one.values() if number >= 0}
    if not numbers:
        return _LIST
    if max(numbers) > 1 or numbers == {0.0}:
        return _PERCENT
    return _FLAGS if numbers <= {0.0, 1.0} else _SHARES


def in_percent(cell: Said, scale: str) -> Said:
    if scale in (_LIST, _PERCENT):
        return {name: 0.0 if isnan(number) else number for name, number in cell.items()}
    percent = 0.0 if scale == _FLAGS else 100.0
    return {
        name: -1.0 if number == -1 else 0.0 if isnan(number) else number * percent
        for name, number in cell.items()
        if number != 0
    }


def is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def plain_name(name: str) -> str:
    """A name without the ".0" that a table puts behind whole numbers."""
    name = name.strip()
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"{short(name)} has {len(name):,} characters, more than a name of a class may have")
    if _ROUNDED.fullmatch(name):
        raise ValueError(f"{name} is a code that lost its digits, as spreadsheets do it; export it as text")
    return name.partition(".")[0] if _WHOLE.fullmatch(name) else name


def short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
