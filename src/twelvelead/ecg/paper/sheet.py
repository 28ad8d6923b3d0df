"""The drawing of the ECG on a page whose one axes measures in mm, y downwards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.paper.layout import BOTTOM, HEIGHT, LEFT, RIGHT, START, TOP, WIDTH, Strip
from twelvelead.ecg.paper.tint import PAPER
from twelvelead.ecg.record import ECG

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS_PER_MM = 8
"""Of the PNG, exactly: 203.2 dots per inch."""
INK, GREY, ALERT = "#16181d", "#5d636d", "#b3261e"

_LINE, _FINE, _COARSE = "#e0685a", 0.22, 0.45
"""Colour of the grid and opacities, so that it is darker than a tinted paper too."""
_TRACE_MM = 0.28

Trace = tuple[NDArray[np.float64], NDArray[np.float64]]
"""x and y in mm of the page."""


def blank() -> "Axes":
    """An empty A4 page, landscape, with its own Agg canvas: without pyplot and so safe in threads."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = Figure(figsize=(WIDTH / 25.4, HEIGHT / 25.4), dpi=PIXELS_PER_MM * 25.4, facecolor="white")
    FigureCanvasAgg(page)
    axes = page.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), autoscale_on=False)
    axes.set_axis_off()
    return axes


def write(axes: "Axes", x: float, y: float, text: str, size: float = 8.0, **how: Any) -> None:
    """Text in mm coordinates, baseline at y; file names may hold a $, so none of it is mathematics."""
    axes.text(x, y, text, fontsize=size, parse_math=False, **{"color": INK, "va": "baseline", **how})


def points(mm: float) -> float:
    """A length in the unit of line widths, 1/72 inch."""
    return mm / 25.4 * 72


def paper(axes: "Axes", tint: NDArray[np.uint8] | None) -> None:
    """The empty paper: lines 1 mm apart, every fifth stronger, over its colour."""
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    if tint is None:
        axes.add_patch(Rectangle((LEFT, TOP), RIGHT - LEFT, BOTTOM - TOP, facecolor=PAPER, edgecolor="none"))
    else:
        picture(axes, tint, (LEFT, RIGHT, BOTTOM, TOP))
    for step, opacity, width in ((1, _FINE, 0.125), (5, _COARSE, 0.2)):
        lines = [((x, TOP), (x, BOTTOM)) for x in np.arange(LEFT, RIGHT + 0.5, step)]
        lines += [((LEFT, y), (RIGHT, y)) for y in np.arange(TOP, BOTTOM + 0.5, step)]
        path = Path(np.reshape(lines, (-1, 2)), [Path.MOVETO, Path.LINETO] * len(lines))
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=(_LINE, opacity), linewidth=points(width)))


def picture(axes: "Axes", image: NDArray[np.uint8], extent: tuple[float, float, float, float]) -> None:
    """An image over (left, right, bottom, top), mm."""
    axes.imshow(image, extent=extent, aspect="auto", interpolation="none", zorder=0.5)
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))


def traces(axes: "Axes", ecg: ECG, strips: Sequence[Strip], speed: int, gain: int) -> list[str]:
    """All strips with calibration pulses, marks where a row changes its lead, and names.

    A trace lies with its median on the line of its row. At the edge of the paper it ends.

    Returns:
        The leads whose traces leave the paper, in the order of the page.
    """
    drawn = [_trace_of(ecg, strip, speed, gain) for strip in strips]
    for (x, y), strip in zip(drawn, strips, strict=True):
        _draw(axes, x, y, strip.name)
    free = BOTTOM  # the highest that a calibration pulse may reach down: rows closer than its height share one
    for strip in reversed(strips):
        if strip.left == START and strip.base <= free and strip.base - gain >= TOP:
            _calibration(axes, strip.base, speed, gain)
            free = strip.base - gain - 2
        elif strip.left > START:
            axes.plot([strip.left] * 2, [strip.base - 2.5, strip.base + 2.5], color=GREY, linewidth=points(0.2))
    _names(axes, drawn, strips)
    outside = [strip.lead for (_, y), strip in zip(drawn, strips, strict=True) if np.any((y < TOP) | (y > BOTTOM))]
    return list(dict.fromkeys(outside))


def _trace_of(ecg: ECG, strip: Strip, speed: int, gain: int) -> Trace:
    rate = ecg.sampling_rate
    # A millionth of a sample of grace: 2.5 s at 257 Hz is no whole number, 0.1 s at 10 Hz should be.
    first, last = np.ceil(strip.start * rate - 1e-6), np.floor(strip.stop * rate + 1e-6)
    samples = np.arange(int(first), min(int(last), len(ecg.signal) - 1) + 1)
    voltage = ecg.signal[samples, ecg.leads.index(strip.lead)].astype(np.float64)
    valid = voltage[np.isfinite(voltage)]
    x = strip.left + speed * (samples / rate - strip.start)
    return x, strip.base - gain * (voltage - (np.median(valid) if len(valid) else 0.0))


def _calibration(axes: "Axes", base: float, speed: int, gain: int) -> None:
    """A pulse of 1 mV and 0.2 s in the 15 mm left of the traces."""
    width = 0.2 * speed
    x = LEFT + 2 + np.array([-1.5, 0, 0, width, width, width + 1.5])
    _draw(axes, x, base - gain * np.array([0.0, 0, 1, 1, 0, 0]), "calibration")


def _draw(axes: "Axes", x: Any, y: Any, gid: str) -> None:
    from matplotlib.patches import Rectangle

    (line,) = axes.plot(x, y, color=INK, linewidth=points(_TRACE_MM), solid_joinstyle="round", gid=gid)
    line.set_solid_capstyle("butt")
    line.set_clip_path(Rectangle((LEFT, TOP), RIGHT - LEFT, BOTTOM - TOP, transform=axes.transData))


def _names(axes: "Axes", drawn: Sequence[Trace], strips: Sequence[Strip]) -> None:
    """The leads' names: over the beginning of their traces, before them where the rows are close."""
    pitch = (strips[-1].base - strips[0].base) / strips[-1].row
    taken = list(drawn)
    for strip in strips:
        if pitch < 15:
            write(axes, strip.left - 0.6, strip.base - 0.8, strip.lead, 7.0, weight="bold", ha="right")
            continue
        x = strip.left + 1.5
        y = _free(taken, x, strip.base, pitch / 2)
        write(axes, x, y, strip.lead, 9.0, weight="bold")
        taken.append((np.array([x, x + 7]), np.array([y - 3, y])))


def _free(drawn: Sequence[Trace], x: float, base: float, reach: float) -> float:
    """Where a lead's name, 8 mm wide and 3 mm high, meets no trace or as little of one as can be."""
    heights = [base - mm for mm in (7, 9, 11, 13, 5.5, -8, -10, -12, 15) if abs(mm) <= reach]
    met = np.zeros(len(heights), int)
    for across, down in drawn:
        near = np.flatnonzero((across > x - 0.8) & (across < x + 8.0))
        if len(near) < 2:
            continue
        y = down[near[0] : near[-1] + 1]
        low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
        met += [int(np.sum((high > height - 3.6) & (low < height + 0.8))) for height in heights]
    return heights[int(np.argmin(met))]


def time_marks(axes: "Axes", strips: Sequence[Strip], speed: int) -> None:
    """The seconds of the recording along the lower edge, and where a strip begins out of the page's common time."""
    last = [strip for strip in strips if strip.row == strips[-1].row]
    for strip in last:
        for second in range(int(np.ceil(strip.start - 1e-6)), int(np.floor(strip.stop + 1e-6)) + 1):
            x = strip.left + speed * (second - strip.start)
            axes.plot([x, x], [BOTTOM - 1.5, BOTTOM], color=INK, linewidth=points(0.2))
            if x < strip.left + strip.length - 0.1 or strip is last[-1]:
                unit = " s" if second == int(np.ceil(strip.start - 1e-6)) else ""
                write(axes, x, BOTTOM + 3, f"{second}{unit}", 6.0, color=GREY, ha="center")
    for strip in strips:
        if strip.row < strips[-1].row and abs(strip.start - _common(strip, strips, speed)) > 1e-6:
            write(axes, strip.left + 0.8, strip.base + 6, f"from {strip.start:.1f} s", 6.0, color=GREY)


def _common(strip: Strip, strips: Sequence[Strip], speed: int) -> float:
    return strips[0].start + (strip.left - strips[0].left) / speed
