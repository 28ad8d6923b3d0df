"""How much of the paper each row takes, and at what gain all rows find room."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.paper.layout import BOTTOM, LEFT, RIGHT, TOP, Strip

NAME = 9.0
"""Height and width that a lead's name takes over the beginning of its strip, mm."""

_GAP = 1.5
"""Between the traces of two rows, at least, mm."""
_NEAR = 2
"""Traces this near to each other, mm along the paper, have to keep the gap."""
_USUAL = (0.5, 99.5)
"""Percentiles of a strip that find room whatever else it holds."""
_NARROW = 15.0
"""Rows closer than this, mm, have their names before the traces."""

Trace = tuple[NDArray[np.float64], NDArray[np.float64]]
"""x in mm of the page, and mV above the strip's median."""


class Room(NamedTuple):
    """Where the rows lie.

    Attributes:
        gain: height of 1 mV, mm: as asked for, a half or a quarter of it.
        bases: [rows], the heights of their lines, mm.
        edges: [rows + 1], between them, mm.
        cut: whether a trace may be larger than its row, and ends at its edges.
    """

    gain: float
    bases: tuple[float, ...]
    edges: tuple[float, ...]
    cut: bool


def names_before(rows: int) -> bool:
    """Whether so many rows lie so close that the leads' names stand before the traces."""
    return (BOTTOM - TOP) / rows < _NARROW


def find_room(strips: Sequence[Strip], traces: Sequence[Trace], gain: float) -> Room:
    """The largest of the gain, its half and its quarter at which no trace meets one of another row or leaves the paper.

    Where there is none, single large waves are cut at the edges of their row, and the rest finds room.

    Args:
        strips: of all pages; every page has the same rows.
        traces: of the strips.
        gain: as asked for, mm/mV.
    """
    rows = max(strip.row for strip in strips) + 1
    usual = [(x, _within(voltage)) for x, voltage in traces]
    for cut, drawn in ((False, traces), (True, usual)):
        for tried in (gain, gain / 2, gain / 4):
            needed = _needed(strips, drawn, tried, rows)
            if needed.sum() <= BOTTOM - TOP:
                return _placed(tried, needed, cut)
    return _placed(gain / 4, np.zeros(rows + 1), True)


def _within(voltage: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = voltage[np.isfinite(voltage)]
    return np.clip(voltage, *np.percentile(finite, _USUAL)) if len(finite) else voltage


def _needed(strips: Sequence[Strip], traces: Sequence[Trace], gain: float, rows: int) -> NDArray[np.float64]:
    """[rows + 1], mm: over the first line, from each line to the next, below the last."""
    pages = max(strip.page for strip in strips) + 1
    width = round(RIGHT - LEFT) + 1
    # what lies over and below the line of a row, by page and mm along the paper; minus infinity where nothing does
    over, below = (np.full((rows, pages, width), -np.inf) for _ in range(2))
    for strip, (x, voltage) in zip(strips, traces, strict=True):
        known = np.isfinite(voltage)
        places = np.round(x[known] - LEFT).astype(int).clip(0, width - 1)
        np.maximum.at(over[strip.row, strip.page], places, gain * voltage[known])
        np.maximum.at(below[strip.row, strip.page], places, -gain * voltage[known])
        if not names_before(rows):
            name = slice(round(strip.left - LEFT), round(strip.left - LEFT + NAME))
            over[strip.row, strip.page, name] = np.maximum(over[strip.row, strip.page, name], NAME)
    wide = over.copy()
    for shift in range(1, _NEAR + 1):
        np.maximum(wide[..., shift:], over[..., :-shift], out=wide[..., shift:])
        np.maximum(wide[..., :-shift], over[..., shift:], out=wide[..., :-shift])
    between = [(below[row] + wide[row + 1]).max() for row in range(rows - 1)]
    needed = np.array([over[0].max(), *between, below[-1].max()]) + _GAP
    return needed.clip(_GAP, None)


def _placed(gain: float, needed: NDArray[np.float64], cut: bool) -> Room:
    """Rows as evenly as what they need allows."""
    total, rows = BOTTOM - TOP, len(needed) - 1
    even = np.full(rows + 1, total / rows)
    even[[0, -1]] /= 2
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(needed, middle * even).sum() <= total else (low, middle)
    gaps = np.maximum(needed, low * even)
    bases = TOP + gaps[:-1].cumsum()
    edges = [TOP, *((one + other) / 2 for one, other in itertools.pairwise(bases.tolist())), BOTTOM]
    return Room(gain, tuple(bases.tolist()), tuple(edges), cut)
