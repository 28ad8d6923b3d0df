"""The drawing of the ECG on pages whose axes measure in mm, y downwards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.paper.layout import BOTTOM, HEIGHT, LEFT, RIGHT, START, TOP, WIDTH, Strip
from twelvelead.ecg.paper.room import Room, Trace, names_before
from twelvelead.ecg.paper.text import GREY, INK, points, width_of, write
from twelvelead.ecg.paper.tint import PAPER
from twelvelead.ecg.record import ECG

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS_PER_MM = 8
"""Of the PNG, exactly: 203.2 dots per inch."""

_LINE, _FINE, _COARSE = "#e0685a", 0.22, 0.45
"""Colour of the grid and opacities, so that it is darker than a tinted paper too."""
_TRACE_MM = 0.28


def open_pages(count: int, stacked: bool) -> list["Axes"]:
    """Empty A4 pages, landscape, with an Agg canvas of their own: without pyplot and so safe in threads.

    Args:
        count: of pages.
        stacked: one below the other in one figure; else each is a figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pages = []
    height = count if stacked else 1
    for number in range(count):
        if number % height == 0:
            size = (WIDTH / 25.4, height * HEIGHT / 25.4)
            figure = Figure(figsize=size, dpi=PIXELS_PER_MM * 25.4, facecolor="white")
            FigureCanvasAgg(figure)
        axes = figure.add_axes((0.0, 1 - (number % height + 1) / height, 1.0, 1 / height))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), autoscale_on=False)
        axes.set_axis_off()
        pages.append(axes)
    return pages


def lay_paper(axes: "Axes", tint: NDArray[np.uint8] | None) -> None:
    """The empty paper: lines 1 mm apart, every fifth stronger, over its colour."""
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    if tint is None:
        axes.add_patch(Rectangle((LEFT, TOP), RIGHT - LEFT, BOTTOM - TOP, facecolor=PAPER, edgecolor="none"))
    else:
        lay_image(axes, tint, (LEFT, RIGHT, BOTTOM, TOP))
    for step, opacity, width in ((1, _FINE, 0.125), (5, _COARSE, 0.2)):
        lines = [((x, TOP), (x, BOTTOM)) for x in np.arange(LEFT, RIGHT + 0.5, step)]
        lines += [((LEFT, y), (RIGHT, y)) for y in np.arange(TOP, BOTTOM + 0.5, step)]
        path = Path(np.reshape(lines, (-1, 2)), [Path.MOVETO, Path.LINETO] * len(lines))
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=(_LINE, opacity), linewidth=points(width)))


def lay_image(axes: "Axes", image: NDArray[np.uint8], extent: tuple[float, float, float, float]) -> None:
    """An image over (left, right, bottom, top), mm."""
    from twelvelead.ecg.paper.pixels import Pixels

    axes.add_image(Pixels(axes, image, extent))


def trace(ecg: ECG, strip: Strip, speed: int) -> Trace:
    """What is drawn of a strip: x in mm of the page, and mV above its median."""
    rate = ecg.sampling_rate
    # A millionth of a sample of grace: 2.5 s at 257 Hz is no whole number, 0.1 s at 10 Hz should be.
    first, last = np.ceil(strip.start * rate - 1e-6), np.floor(strip.stop * rate + 1e-6)
    samples = np.arange(int(first), min(int(last), len(ecg.signal) - 1) + 1)
    voltage = ecg.signal[samples, ecg.leads.index(strip.lead)].astype(np.float64)
    valid = voltage[np.isfinite(voltage)]
    return strip.left + speed * (samples / rate - strip.start), voltage - (np.median(valid) if len(valid) else 0.0)


def draw_traces(axes: "Axes", strips: Sequence[Strip], traces: Sequence[Trace], room: Room, speed: int) -> list[str]:
    """The strips of one page with calibration pulses, marks where a row changes its lead, and names.

    Returns:
        The leads whose traces are cut at the edges of their rows, in the order of the page.
    """
    drawn = [(x, room.bases[strip.row] - room.gain * v) for (x, v), strip in zip(traces, strips, strict=True)]
    cut = []
    for (x, y), strip in zip(drawn, strips, strict=True):
        top, bottom = room.edges[strip.row : strip.row + 2] if room.cut else (TOP, BOTTOM)
        _draw(axes, x, y, strip.name, top, bottom)
        if np.any((y < top) | (y > bottom)):
            cut.append(strip.lead)
        if strip.left > START:
            base = room.bases[strip.row]
            axes.plot([strip.left] * 2, [base - 2.5, base + 2.5], color=GREY, linewidth=points(0.2))
    free = BOTTOM  # the highest that a calibration pulse may reach down: rows closer than its height share one
    for base in reversed(room.bases):
        if base <= free and base - room.gain >= TOP:
            _calibrate(axes, base, speed, room.gain)
            free = base - room.gain - 2
    _name(axes, drawn, strips, room)
    return list(dict.fromkeys(cut))


def _calibrate(axes: "Axes", base: float, speed: int, gain: float) -> None:
    """A pulse of 1 mV and 0.2 s left of the traces."""
    width = 0.2 * speed
    x = LEFT + 2 + np.array([-1.5, 0, 0, width, width, width + 1.5])
    _draw(axes, x, base - gain * np.array([0.0, 0, 1, 1, 0, 0]), "calibration", TOP, BOTTOM)


def _draw(axes: "Axes", x: Any, y: Any, gid: str, top: float, bottom: float) -> None:
    from matplotlib.patches import Rectangle

    (line,) = axes.plot(x, y, color=INK, linewidth=points(_TRACE_MM), solid_joinstyle="round", gid=gid)
    line.set_solid_capstyle("butt")
    line.set_clip_path(Rectangle((LEFT, top), RIGHT - LEFT, bottom - top, transform=axes.transData))


def _name(axes: "Axes", drawn: Sequence[Trace], strips: Sequence[Strip], room: Room) -> None:
    """The leads' names: over the beginning of their traces, before them where the rows are close."""
    for (across, down), strip in zip(drawn, strips, strict=True):
        base, top = room.bases[strip.row], room.edges[strip.row]
        if not np.isfinite(down).any():
            write(axes, across.mean() if len(across) else strip.left + 20, base, "not recorded", 8.0, ha="center")
        if names_before(len(room.bases)):
            write(axes, strip.left - 0.8, base - 0.8, strip.lead, 7.0, weight="bold", ha="right")
            continue
        x, y = _free(drawn, strip, base, base - top)
        write(axes, x, y, strip.lead, 9.0, weight="bold")
        if strip.shifted:
            write(axes, x, y + 3.2, f"from {strip.start:.1f} s", 6.0, color=GREY)


def _free(drawn: Sequence[Trace], strip: Strip, base: float, reach: float) -> tuple[float, float]:
    """Where over its line a lead's name, 3 mm high, meets no trace or as little of one as can be."""
    width, left = width_of(strip.lead, 9.0, "bold"), strip.left
    heights = [base - mm for mm in (7.0, 8.5, 10.0, 5.5, 11.5, 13.0, 15.0) if mm <= max(reach - 3.5, 5.5)]
    best, fewest = (left + 1.5, heights[0]), np.inf
    for x in np.arange(left + 1.5, left + 12, 0.5).tolist():
        met = np.zeros(len(heights), int)
        for across, down in drawn:
            near = np.flatnonzero((across > x - 0.8) & (across < x + width + 0.8))
            if len(near) < 2:
                continue
            y = down[near[0] : near[-1] + 1]
            low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
            met += [int(np.sum((high > height - 3.6) & (low < height + 0.8))) for height in heights]
        if met.min() < fewest:
            best, fewest = (x, heights[int(np.argmin(met))]), int(met.min())
    return best


def mark_time(axes: "Axes", strips: Sequence[Strip], speed: int) -> None:
    """The seconds of the recording along the lower edge."""
    last = [strip for strip in strips if strip.row == max(strip.row for strip in strips)]
    for strip in last:
        first = int(np.ceil(strip.start - 1e-6))
        for second in range(first, int(np.floor(strip.stop + 1e-6)) + 1):
            x = strip.left + speed * (second - strip.start)
            axes.plot([x, x], [BOTTOM - 1.5, BOTTOM], color=INK, linewidth=points(0.2))
            if x < strip.left + strip.length - 0.1 or strip is last[-1]:
                write(axes, x, BOTTOM + 3, f"{second}{' s' if second == first else ''}", 6.0, color=GREY, ha="center")
