"""An ECG drawn to scale on ECG paper, on pages of A4 landscape."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, obtainable
from twelvelead.ecg.paper.encode import FORMATS, encode, figure_of, format_of, save
from twelvelead.ecg.paper.header import describe_filters, say_whose, shorten_end, warn, write_header
from twelvelead.ecg.paper.layout import (
    BOTTOM,
    GAINS,
    HEIGHT,
    LAYOUTS,
    LEFT,
    RIGHT,
    SPEEDS,
    TOP,
    WIDTH,
    choose,
    first_instant,
    lay_strips,
)
from twelvelead.ecg.paper.room import Room, find_room
from twelvelead.ecg.paper.sheet import (
    PIXELS_PER_MM,
    draw_traces,
    lay_image,
    lay_paper,
    mark_time,
    open_pages,
    trace,
)
from twelvelead.ecg.paper.text import ALERT, GREY, INK, Line, fill, points, shorten, width_of, wrap, write
from twelvelead.ecg.paper.tint import LOOKED, SPOKE, Evidence, draw_scale, tint
from twelvelead.ecg.record import ECG

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ALERT",
    "BOTTOM",
    "FORMATS",
    "GAINS",
    "GREY",
    "HEIGHT",
    "INK",
    "LAYOUTS",
    "LEFT",
    "PIXELS_PER_MM",
    "RIGHT",
    "SPEEDS",
    "TOP",
    "WIDTH",
    "Evidence",
    "Line",
    "draw",
    "encode",
    "figure_of",
    "fill",
    "format_of",
    "open_pages",
    "points",
    "save",
    "say_whose",
    "shorten",
    "shorten_end",
    "warn",
    "width_of",
    "wrap",
    "write",
]

TITLE = (Line("12-lead ECG", "bold"),)


def draw(
    ecg: ECG,
    *,
    headline: Sequence[Line] = TITLE,
    layout: str = "3x4+1",
    speed: int = 25,
    gain: int = 10,
    start: float | None = None,
    attention: NDArray[np.floating[Any]] | None = None,
    evidence: Evidence | None = None,
    stacked: bool = True,
) -> list["Axes"]:
    """The recording as an electrocardiograph prints it, unfiltered, in the middle of A4 pages, landscape.

    10 s are drawn: one page at 25 mm/s, two at 50 mm/s. Of a longer recording the page says which; a shorter one leaves
    paper empty. Column k shows the k-th part of the time, so that an instant has one place in all rows. Every trace
    lies with its median on its line. Rows take the room that their waves need; where there is not enough, the gain is
    halved, or quartered, and the page says so. A wave that is larger still ends at the edge of its row, and is named.

    Args:
        ecg: any leads, mV; of the twelve those that algebra cannot give are said not to be recorded.
        headline: at the top of each page, most important first.
        layout: one of `LAYOUTS`: "3x4+1" (the last row is lead II), "6x2" or "12x1".
        speed: of the paper, 25 or 50 mm/s.
        gain: 5, 10 or 20 mm/mV.
        start: first instant drawn, s, None for the beginning; so early that the paper is full.
        attention: [steps], weights evenly spread over the whole recording, none below 0; a blue tint of the paper.
        evidence: what speaks for one class, by lead and time; an orange tint of the paper.
        stacked: the pages in one figure, one below the other; else each is a figure.

    Returns:
        For each page axes that measure in mm, y downwards, empty below `BOTTOM` + 7. A trace's gid is its lead's name,
        "rhythm II" for the strip and "calibration" for the pulses.

    Raises:
        TwelveLeadError: layout, speed, gain or start are not available.
        ValueError: attention is not [steps] of finite weights of at least 0, or the evidence is of another shape.
    """
    choose("layout", layout, tuple(LAYOUTS))
    choose("speed", speed, SPEEDS)
    choose("gain", gain, GAINS)
    looked = None if attention is None else _attention(attention)
    if evidence is not None:
        _check(evidence)
    ecg = _twelve(ecg)
    begin = first_instant(start, ecg.duration, ecg.source)
    strips = lay_strips(layout, speed, begin, ecg.duration)
    traces = [trace(ecg, strip, speed) for strip in strips]
    room = find_room(strips, traces, gain)

    pages = open_pages(max(strip.page for strip in strips) + 1, stacked)
    scale = f"{speed} mm/s   {room.gain:g} mm/mV"
    for number, axes in enumerate(pages):
        here = [place for place, strip in enumerate(strips) if strip.page == number]
        shown = [strips[place] for place in here]
        tinted = looked is not None or evidence is not None
        lay_paper(axes, tint(shown, room, speed, ecg.duration, looked, evidence) if tinted else None)
        cut = draw_traces(axes, shown, [traces[place] for place in here], room, speed)
        mark_time(axes, shown, speed)
        _legend(axes, looked is not None and (evidence is None or layout == "3x4+1"), evidence)
        first, last = min(strip.start for strip in shown), max(strip.stop for strip in shown)
        remarks = [*_scaling(room, gain, cut), Line(describe_filters(ecg))]
        page = f"page {number + 1} of {len(pages)}, " if len(pages) > 1 else ""
        drawn = f"drawn: {first:.1f} to {last:.1f} s of {ecg.duration:.1f} s at {ecg.sampling_rate:g} Hz"
        remarks.append(Line(f"{page}{drawn}, each trace's median on its line"))
        write_header(axes, ecg, headline, scale, remarks)
    return pages


def _twelve(ecg: ECG) -> ECG:
    """The twelve leads; NaN for those that are not there."""
    there = obtainable(ecg.leads)
    held = ecg.select(there)
    signal = np.full((len(ecg.signal), len(LEADS)), np.nan, np.float32)
    signal[:, [LEADS.index(lead) for lead in there]] = held.signal
    return replace(ecg, signal=signal, leads=LEADS)


def _attention(weights: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    values = np.asarray(weights, np.float64)
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values)) or np.any(values < 0):
        raise ValueError("attention has to be [steps], finite and not below 0")
    return values


def _check(evidence: Evidence) -> None:
    shape = (len(evidence.leads), len(evidence.edges) - 1)
    if evidence.values.shape != shape or not np.all(np.isfinite(evidence.values)) or 0 in shape:
        raise ValueError(f"evidence has to be finite and [leads, cells] = {list(shape)}")


def _scaling(room: Room, gain: int, cut: Sequence[str]) -> list[Line]:
    """How the voltages found room, where they did not as they are."""
    remarks = []
    if room.gain < gain:
        share = "HALVED" if room.gain == gain / 2 else "QUARTERED"
        remarks.append(warn(f"GAIN {share} to {room.gain:g} mm/mV, so that the rows keep apart"))
    if cut:
        remarks.append(warn(f"cut at the edge of the row: {', '.join(cut)}"))
    return remarks


def _legend(axes: "Axes", looked: bool, evidence: Evidence | None) -> None:
    entries = [("where the model looked", LOOKED)] if looked else []
    entries += [(f"what speaks for {evidence.name}", SPOKE)] if evidence is not None else []
    right = RIGHT
    for words, colour in entries:
        lay_image(axes, draw_scale(colour), (right - 12, right, BOTTOM + 6.6, BOTTOM + 4.2))
        write(axes, right - 13.5, BOTTOM + 6.3, f"{words}: less to more", 7.0, color=GREY, ha="right")
        right -= 85
