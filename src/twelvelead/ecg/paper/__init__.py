"""An ECG drawn to scale on ECG paper, on a page of A4 landscape."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.paper.encode import FORMATS, encoded, save
from twelvelead.ecg.paper.layout import (
    BOTTOM,
    GAINS,
    HEIGHT,
    LAYOUTS,
    LEFT,
    LENGTH,
    RIGHT,
    SPEEDS,
    WIDTH,
    choose,
    first_instant,
    strips,
)
from twelvelead.ecg.paper.sheet import (
    ALERT,
    GREY,
    INK,
    PIXELS_PER_MM,
    blank,
    paper,
    picture,
    points,
    time_marks,
    traces,
    write,
)
from twelvelead.ecg.paper.tint import LOOKED, SPOKE, Attribution, scale, tint
from twelvelead.ecg.record import ECG

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    "WIDTH",
    "Attribution",
    "encoded",
    "figure",
    "points",
    "save",
    "write",
]


def figure(
    ecg: ECG,
    *,
    title: str = "12-lead ECG",
    label: str = "",
    layout: str = "3x4+1",
    speed: int = 25,
    gain: int = 10,
    start: float | None = None,
    attention: NDArray[np.floating[Any]] | None = None,
    attribution: Attribution | None = None,
) -> "Figure":
    """The recording as an electrocardiograph prints it, unfiltered, on the upper 15 cm of an A4 page, landscape.

    A row holds 250 mm of trace: 10 s at 25 mm/s, 5 s at 50 mm/s. Of a longer recording that much is drawn, and the page
    says which; a shorter one leaves paper empty. Column k shows the k-th part of the time, so that an instant has one
    place in all rows. Every trace lies with its median on its line, and ends at the edge of the paper.

    Args:
        ecg: any leads that give the twelve, mV.
        title: first line of the page.
        label: a warning in a frame at the top, such as "SYNTHETIC ECG".
        layout: one of `LAYOUTS`: "3x4+1" (the last row is lead II), "6x2" or "12x1".
        speed: of the paper, 25 or 50 mm/s.
        gain: 5, 10 or 20 mm/mV.
        start: first instant drawn, s; None takes the stretch with most attention.
        attention: [steps], weights evenly spread over the whole recording, none below 0; a blue tint of the paper.
        attribution: what speaks for one class, by lead and time; an orange tint of the paper.

    Returns:
        A figure whose one axes measures in mm, y downwards, empty below `BOTTOM` + 5. A trace's gid is its lead's name,
        "rhythm II" for the strip and "calibration" for the pulses.

    Raises:
        Refused: leads are missing that algebra cannot give.
        TwelveLeadError: layout, speed, gain or start are not available.
        ValueError: attention is not [steps] of finite weights of at least 0, or the attribution is of another shape.
    """
    choose("layout", layout, tuple(LAYOUTS))
    choose("speed", speed, SPEEDS)
    choose("gain", gain, GAINS)
    looked = None if attention is None else _attention(attention)
    if attribution is not None:
        _check(attribution)
    ecg = ecg.twelve()
    begin = first_instant(start, LENGTH / speed, ecg.duration, looked, ecg.source)
    places = strips(layout, speed, begin, ecg.duration)

    axes = blank()
    tinted = looked is not None or attribution is not None
    paper(axes, tint(places, speed, ecg.duration, looked, attribution) if tinted else None)
    outside = traces(axes, ecg, places, speed, gain)
    time_marks(axes, places, speed)
    _legend(axes, looked is not None and (attribution is None or layout == "3x4+1"), attribution)
    _header(axes, ecg, title, label)
    end = min(begin + LENGTH / speed, ecg.duration)
    drawn = f"{begin:.1f} to {end:.1f} s of {ecg.duration:.1f} s"
    if start is None and looked is not None and ecg.duration > LENGTH / speed + 0.05:
        drawn += " (where most attention lies)"
    cut = f", cut at the edge: {', '.join(outside)}" if outside else ""
    write(axes, RIGHT, 10, f"{speed} mm/s   {gain} mm/mV   no filter", 10.0, weight="bold", ha="right")
    write(
        axes, RIGHT, 15, f"original signal, {ecg.sampling_rate:g} Hz, each trace's median on its line{cut}", ha="right"
    )
    write(axes, RIGHT, 19.5, f"drawn: {drawn}", ha="right")
    return axes.figure  # type: ignore[return-value]


def _attention(weights: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    values = np.asarray(weights, np.float64)
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values)) or np.any(values < 0):
        raise ValueError("attention has to be [steps], finite and not below 0")
    return values


def _check(attribution: Attribution) -> None:
    shape = (len(attribution.leads), len(attribution.edges) - 1)
    if attribution.values.shape != shape or not np.all(np.isfinite(attribution.values)) or 0 in shape:
        raise ValueError(f"attribution has to be finite and [leads, cells] = {list(shape)}")


def _legend(axes: "Axes", looked: bool, attribution: Attribution | None) -> None:
    entries = [("where the model looked", LOOKED)] if looked else []
    entries += [(f"what speaks for {attribution.name}", SPOKE)] if attribution is not None else []
    right = RIGHT
    for words, colour in entries:
        picture(axes, scale(colour), (right - 12, right, BOTTOM + 6.6, BOTTOM + 4.2))
        write(axes, right - 13.5, BOTTOM + 6.3, f"{words}: less to more", 7.0, color=GREY, ha="right")
        right -= 85


def _header(axes: "Axes", ecg: ECG, title: str, label: str) -> None:
    name = Path(ecg.source).name
    name = name if len(name) <= 60 else f"…{name[-59:]}"
    patient = [f"{ecg.sex}" if ecg.sex else "", _age(ecg.age)]
    write(axes, LEFT, 10, title, 12.0, weight="bold")
    write(axes, LEFT, 15, " · ".join(part for part in patient if part) or "age and sex unknown")
    write(axes, LEFT, 19.5, name)
    if label:
        frame = {"boxstyle": "square,pad=0.4", "facecolor": "white", "edgecolor": ALERT}
        write(axes, 115, 11, label, 11.0, weight="bold", color=ALERT, ha="center", bbox=frame)


def _age(age: float | None) -> str:
    """In words; PTB-XL writes 300 for "over 89"."""
    if age is None or not np.isfinite(age):
        return ""
    return f"{age:.0f} years" if age <= 120 else "over 89 years"
