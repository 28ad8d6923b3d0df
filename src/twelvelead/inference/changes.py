"""What differs between the answers for two ECGs of one person, against what records of unchanged labels differ by.

`repeats.toml` holds the differences in PTB-XL; `python tools/repeats.py STORE` makes it, docs/comparing.md says how.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from twelvelead.ecg.measure import QUANTITIES

FILE = Path(__file__).with_name("repeats.toml")
UNITS = {"heart_rate_per_minute": "/min", "axis_degrees": "°"}
"""Of the quantities that are not in ms."""

_LEAST = 1e-6
"""Probability, and its distance from 1, below which answers are rounded."""


@dataclass(frozen=True)
class Change:
    """One quantity in two ECGs.

    Attributes:
        name: of `twelvelead.ecg.measure.QUANTITIES`, of a class or of a statement.
        unit: "/min", "ms", "°", or "" for a probability.
        before, now: its values; None where it was withheld, or is not answered for.
        difference: now - before; of the axis the shorter way round, -180 to 180.
        usual: where the difference lies in 95 % of pairs with unchanged labels; None where that is not known.
        beyond: whether it lies outside of that; None where that is not known.
    """

    name: str
    unit: str
    before: float | None
    now: float | None
    difference: float | None
    usual: tuple[float, float] | None
    beyond: bool | None


@cache
def load_repeats() -> dict[str, Any]:
    """The table of `repeats.toml`."""
    with FILE.open("rb") as stream:
        return tomllib.load(stream)


def turn(before: float, now: float) -> float:
    """Of the axis, degrees: now - before the shorter way round, -180 to 180, the second excluded."""
    return (now - before + 180) % 360 - 180


def log_odds(probability: float) -> float:
    """Of a probability, 0 and 1 taken as what answers are rounded to."""
    kept = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    """Rate, intervals and axis, then the classes, then the statements that are present or uncertain in either.

    Usual differences of probabilities are those of networks like `single`, so they are known of the classes of one that
    shipped, where the same weights gave both answers.

    Args:
        before, now: answers as JSON holds them (`Interpretation.to_dict`), the earlier ECG's first.
    """
    return (*_measured(before, now), *_answered(before, now))


def _measured(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    first, second = before["measurements"] or {}, now["measurements"] or {}
    for name in QUANTITIES:
        values = first.get(name), second.get(name)
        usual = load_repeats()["measurements"][name]
        yield _change(name, UNITS.get(name, "ms"), values, (usual["low"], usual["high"]))


def _answered(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    table = load_repeats()
    like = before["model"]["sha256"] == now["model"]["sha256"] and all(
        each["model"]["as_shipped"] and each["model"]["name"] in table["weights"] for each in (before, now)
    )
    for name in dict.fromkeys((*now["classes"], *before["classes"])):
        values = _probabilities(name, before["classes"], now["classes"])
        usual = table["probabilities"].get(name) if like and values[0] is not None else None
        yield _change(name, "", values, None if usual is None else _around(values[0], usual))
    shown = (
        name
        for name in dict.fromkeys((*now["statements"], *before["statements"]))
        if name not in now["classes"]
        and any(each["statements"].get(name, {"decision": "absent"})["decision"] != "absent" for each in (before, now))
    )
    for name in shown:
        yield _change(name, "", _probabilities(name, before["statements"], now["statements"]), None)


def _probabilities(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[float | None, float | None]:
    first, second = (each[name]["probability"] if name in each else None for each in (before, now))
    return first, second


def _around(before: float | None, usual: Mapping[str, float]) -> tuple[float, float] | None:
    """The usual difference of a probability: that of its log-odds is much the same wherever it stands."""
    if before is None:
        return None
    low, high = (1 / (1 + math.exp(-(log_odds(before) + usual[end]))) - before for end in ("low", "high"))
    return low, high


def _change(
    name: str, unit: str, values: tuple[float | None, float | None], usual: tuple[float, float] | None
) -> Change:
    before, now = values
    if before is None or now is None:
        return Change(name, unit, before, now, None, usual, None)
    difference = turn(before, now) if name == "axis_degrees" else now - before
    beyond = None if usual is None else not usual[0] <= difference <= usual[1]
    return Change(name, unit, before, now, difference, usual, beyond)
