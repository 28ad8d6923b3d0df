"""An ECG drawn to scale on ECG paper: 25 mm/s, 10 mm/mV, three rows of four leads and a rhythm strip."""

import os
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM_PER_SECOND = 25.0
MM_PER_MV = 10.0
PIXELS_PER_MM = 8
"""Of the PNG, exactly: 203.2 dots per inch."""
NOTE = "Decision aid, not a medical device: to be read by a physician."

_SECONDS = 10.0
_ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
_RHYTHM = "II"

# The page in mm; y runs downwards.
_WIDTH = 297.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 13.5, 283.5, 23.0, 158.0
_START = _LEFT + 15.0
_ROW_PITCH = 5.5
_BASELINES = tuple(_TOP + mm for mm in (25.0, 55.0, 85.0, 115.0))

_PAPER, _FINE, _COARSE = "#fffaf9", "#f8dcd8", "#eeb4ad"
_INK, _GREY, _LOOKED, _ALERT = "#16181d", "#5d636d", "#1f6feb", "#b3261e"
_TRACE_MM = 0.28


class Finding(NamedTuple):
    """One row of the table under the ECG.

    Attributes:
        name: of the condition.
        probability: 0 to 1.
        decision: a few words, such as "likely" or "no".
    """

    name: str
    probability: float
    decision: str


def figure(
    ecg: ECG,
    *,
    title: str = "12-lead ECG",
    label: str = "",
    findings: Sequence[Finding | tuple[str, float, str]] = (),
    lines: Sequence[str] = (),
    attention: NDArray[np.floating[Any]] | None = None,
    note: str = NOTE,
) -> "Figure":
    """The recording as an electrocardiograph prints it, on a page of A4 width, 210 mm high with five findings.

    The first 10 s are drawn, unfiltered; column k of the three upper rows shows the k-th quarter of them, so that one
    instant has one place across all rows. Every piece of trace is centred on its median, and nothing is cut off.

    Args:
        ecg: any leads that give the twelve, mV.
        title: first line of the page.
        label: a warning in a frame at the top, such as "SYNTHETIC ECG".
        findings: rows of the table below the ECG: name, probability 0 to 1, decision.
        lines: free text beside that table.
        attention: [steps], weights evenly spread over the whole recording, none below 0; drawn as a blue band.
        note: last line of the page.

    Returns:
        A figure with its own Agg canvas, without pyplot and so safe in threads. Its one axes measures in mm, y
        downwards; a trace's gid is its lead's name, "rhythm II" for the strip and "calibration" for the pulses.

    Raises:
        Refused: leads are missing that algebra cannot give.
        ValueError: attention is not [steps] of finite weights of at least 0.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ecg = ecg.twelve()
    rows = max(len(findings), len(lines))
    height = _BOTTOM + 12 + (_ROW_PITCH * rows + 12.5 if rows else 0)
    page = Figure(figsize=(_WIDTH / 25.4, height / 25.4), dpi=PIXELS_PER_MM * 25.4, facecolor="white")
    FigureCanvasAgg(page)
    axes = page.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
    axes.set_axis_off()

    _grid(axes)
    if attention is not None:
        _attention(axes, np.asarray(attention, np.float64), ecg.duration)
    _traces(axes, ecg)
    _header(axes, ecg, title, label)
    _table(axes, [Finding(*finding) for finding in findings], lines)
    _text(axes, _LEFT, height - 6, note, color=_GREY)
    return page


def png(page: "Figure") -> bytes:
    """The figure as PNG at `PIXELS_PER_MM`."""
    buffer = BytesIO()
    page.savefig(buffer, format="png", dpi="figure", pil_kwargs={"compress_level": 4})
    return buffer.getvalue()


def save_png(page: "Figure", path: str | os.PathLike[str]) -> None:
    """Writes the figure as PNG, whole or not at all.

    Raises:
        TwelveLeadError: the file cannot be written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{id(page):x}.tmp")
    image = png(page)
    try:
        temporary.write_bytes(image)
        temporary.replace(target)
    except OSError as error:
        raise TwelveLeadError(
            f"{target}: cannot be written ({error.strerror}); choose a folder that exists and is writable"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def _two_digits(probability: float) -> str:
    """Never 0 or 1, which no probability means."""
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{probability:.2f}"


def _text(axes: "Axes", x: float, y: float, text: str, size: float = 8.0, **how: Any) -> None:
    """Text in mm coordinates, baseline at y; file names may hold a $, so none of it is mathematics."""
    axes.text(x, y, text, fontsize=size, parse_math=False, **{"color": _INK, "va": "baseline", **how})


def _grid(axes: "Axes") -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((_LEFT, _TOP), _RIGHT - _LEFT, _BOTTOM - _TOP, facecolor=_PAPER, edgecolor="none"))
    across, down = np.arange(_LEFT, _RIGHT + 0.5), np.arange(_TOP, _BOTTOM + 0.5)
    for every, colour, width in ((1, _FINE, 1.0), (5, _COARSE, 1.6)):
        lines = [[(x, _TOP), (x, _BOTTOM)] for x in across[::every]] + [
            [(_LEFT, y), (_RIGHT, y)] for y in down[::every]
        ]
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=_points(width / PIXELS_PER_MM)), autolim=False
        )


def _points(mm: float) -> float:
    return mm / 25.4 * 72


def _traces(axes: "Axes", ecg: ECG) -> None:
    """All rows with calibration pulse, separators and lead names."""
    seconds = min(ecg.duration, _SECONDS)
    quarter = seconds / 4
    pieces = [
        (lead, lead, row, column * quarter, (column + 1) * quarter)
        for row, leads in enumerate(_ROWS)
        for column, lead in enumerate(leads)
    ]
    pieces.append((_RHYTHM, f"rhythm {_RHYTHM}", len(_ROWS), 0.0, seconds))
    drawn: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for lead, gid, row, start, stop in pieces:
        # One sample past the end, so that the trace reaches the separator.
        window = slice(round(start * ecg.sampling_rate), round(stop * ecg.sampling_rate) + 1)
        voltage = ecg.signal[window, ecg.leads.index(lead)].astype(np.float64)
        valid = voltage[np.isfinite(voltage)]
        x = _START + MM_PER_SECOND / ecg.sampling_rate * (window.start + np.arange(len(voltage), dtype=np.float64))
        y = _BASELINES[row] - MM_PER_MV * (voltage - (np.median(valid) if len(valid) else 0.0))
        _trace(axes, x, y, gid)
        drawn.append((x, y))
    for row, base in enumerate(_BASELINES):
        left = _LEFT + 2.5
        pulse = [(0.0, 0), (2.5, 0), (2.5, 1), (7.5, 1), (7.5, 0), (10.0, 0)]
        _trace(axes, [left + x for x, _ in pulse], [base - MM_PER_MV * y for _, y in pulse], "calibration")
        for column in range(1, 4 if row < len(_ROWS) else 1):
            x_mark = _START + MM_PER_SECOND * quarter * column
            axes.plot([x_mark, x_mark], [base - 2.5, base + 2.5], color=_GREY, linewidth=_points(0.2))
    for lead, _, row, start, _ in pieces:
        x_name = _START + MM_PER_SECOND * start + 1.5
        _text(axes, x_name, _free(drawn, x_name, _BASELINES[row]), lead, 9.0, weight="bold")


def _trace(axes: "Axes", x: Any, y: Any, gid: str) -> None:
    axes.plot(x, y, color=_INK, linewidth=_points(_TRACE_MM), solid_joinstyle="round", solid_capstyle="butt", gid=gid)


def _free(drawn: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], x: float, base: float) -> float:
    """Where a lead's name, 8 mm wide and 3 mm high, meets no trace: the first such height, else the first of all."""
    heights = [base - mm for mm in (7, 9, 11, 13, 5.5, -8, -10, -12, 15, 17, 19)]
    hit = np.zeros(len(heights), bool)
    for across, down in drawn:
        near = np.flatnonzero((across > x - 0.8) & (across < x + 8.0))
        if len(near) < 2:
            continue
        y = down[near[0] : near[-1] + 1]
        low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
        hit |= [bool(np.any((high > height - 3.6) & (low < height + 0.8))) for height in heights]
    return heights[int(np.argmin(hit))]


def _attention(axes: "Axes", weights: NDArray[np.float64], duration: float) -> None:
    """A blue band: strongest at the largest weight, but never strong where the weights are nearly even."""
    from matplotlib.colors import to_rgb

    if weights.ndim != 1 or not len(weights) or not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise ValueError("attention has to be [steps], finite and not below 0")
    edge = _START + MM_PER_SECOND * min(duration, _SECONDS)
    centres = (np.arange(len(weights)) + 0.5) / len(weights) * duration
    across = np.arange(_START + 0.125, edge, 0.25)
    shown = np.interp((across - _START) / MM_PER_SECOND, centres, weights)
    strength = shown / max(weights.max(), 3 * weights.mean(), np.finfo(float).tiny)

    def band(strength: NDArray[np.float64], opacity: float, extent: tuple[float, float, float, float]) -> None:
        image = np.empty((1, len(strength), 4))
        image[..., :3], image[..., 3] = to_rgb(_LOOKED), opacity * strength
        axes.imshow(image, extent=extent, aspect="auto", interpolation="nearest", zorder=1.5)

    base = _BASELINES[-1]
    band(strength, 0.10, (_START, edge, _BASELINES[-1] - 15, _TOP))
    band(strength, 0.40, (_START, edge, base + 15, base - 15))
    band(np.linspace(0, 1, 40), 0.40, (_RIGHT - 15, _RIGHT, _BOTTOM + 5, _BOTTOM + 2))
    _text(axes, _RIGHT - 17, _BOTTOM + 4.7, "where the model looked: less to more", color=_GREY, ha="right")
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())


def _header(axes: "Axes", ecg: ECG, title: str, label: str) -> None:
    name = Path(ecg.source).name
    name = name if len(name) <= 60 else f"…{name[-59:]}"
    patient = [f"{ecg.sex}" if ecg.sex else "", _age(ecg.age)]
    shown = f", first {_SECONDS:g} s of {ecg.duration:.1f} s" if ecg.duration > _SECONDS + 0.05 else ""
    _text(axes, _LEFT, 9.5, title, 12.0, weight="bold")
    _text(axes, _LEFT, 15, " · ".join(part for part in patient if part) or "age and sex unknown")
    _text(axes, _LEFT, 20, name)
    _text(axes, _RIGHT, 15, f"{MM_PER_SECOND:g} mm/s   {MM_PER_MV:g} mm/mV", ha="right")
    _text(axes, _RIGHT, 20, f"no filter, the original signal at {ecg.sampling_rate:g} Hz{shown}", ha="right")
    if label:
        frame = {"boxstyle": "square,pad=0.4", "facecolor": "white", "edgecolor": _ALERT}
        _text(axes, (_LEFT + _RIGHT) / 2, 15, label, 11.0, weight="bold", color=_ALERT, ha="center", bbox=frame)


def _age(age: float | None) -> str:
    """In words; PTB-XL writes 300 for "over 89"."""
    if age is None or not np.isfinite(age):
        return ""
    return f"{age:.0f} years" if age <= 120 else "over 89 years"


def _table(axes: "Axes", findings: Sequence[Finding], lines: Sequence[str]) -> None:
    from matplotlib.patches import Rectangle

    first = _BOTTOM + 12.0
    bar, length = _LEFT + 62, 70.0
    for row, (name, probability, decision) in enumerate(findings):
        y = first + _ROW_PITCH * row
        _text(axes, _LEFT, y, name, 9.0)
        for share, colour in ((1.0, "#eceef1"), (min(max(probability, 0.0), 1.0), "#4c78a8")):
            axes.add_patch(Rectangle((bar, y - 2.7), length * share, 3.2, facecolor=colour, edgecolor="none"))
        _text(axes, bar + length + 11, y, _two_digits(probability), 9.0, ha="right")
        _text(axes, bar + length + 15, y, decision, 9.0)
    for row, line in enumerate(lines):
        _text(axes, _LEFT + 190, first + _ROW_PITCH * row, line)
