"""Which lead lies where on ECG paper, and which seconds of it: geometry in mm, without drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError

LAYOUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "3x4+1": (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",)),
    "6x2": tuple(zip(LEADS[:6], LEADS[6:], strict=True)),
    "12x1": tuple((lead,) for lead in LEADS),
}
"""Name -> rows of leads, from the top. The leads of a row share its width, so one alone is a strip over all of it."""
SPEEDS = (25, 50)
"""Of the paper, mm/s."""
GAINS = (5, 10, 20)
"""Height of 1 mV, mm."""

# The page in mm, A4 landscape; y runs downwards. The paper is 54 by 25 squares of 5 mm.
WIDTH, HEIGHT = 297.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 13.5, 283.5, 22.0, 147.0
START = LEFT + 15.0
"""Where the traces begin, behind the calibration pulses."""
LENGTH = 250.0
"""Of a row of traces: 10 s at 25 mm/s."""


@dataclass(frozen=True)
class Strip:
    """A stretch of one lead.

    Attributes:
        lead: its name.
        name: the lead, "rhythm II" where the page shows it a second time.
        row: from the top.
        left: where it begins, mm.
        length: of the paper that it has, mm.
        base: height of its line, mm.
        start: the instant of the recording at `left`, s.
        stop: the last instant drawn, s.
    """

    lead: str
    name: str
    row: int
    left: float
    length: float
    base: float
    start: float
    stop: float


def strips(layout: str, speed: int, start: float, duration: float) -> list[Strip]:
    """The strips of a page, row by row.

    Column k shows the k-th part of what a whole row shows, so that an instant has one place in all rows. Where the
    recording ends sooner, a strip begins as early as it must to be full; what is then left of the paper stays empty.

    Args:
        layout: one of `LAYOUTS`.
        speed: one of `SPEEDS`, mm/s.
        start: first instant of the recording to be drawn, s.
        duration: of the recording, s.
    """
    rows = LAYOUTS[layout]
    pitch = (BOTTOM - TOP - 5) / len(rows)
    end = min(start + LENGTH / speed, duration)
    found: list[Strip] = []
    for row, leads in enumerate(rows):
        length = LENGTH / len(leads)
        for column, lead in enumerate(leads):
            first = max(start, min(start + column * length / speed, end - length / speed))
            name = f"rhythm {lead}" if any(strip.lead == lead for strip in found) else lead
            found.append(
                Strip(
                    lead,
                    name,
                    row,
                    START + column * length,
                    length,
                    TOP + 5 + pitch * (row + 0.5),
                    first,
                    min(first + length / speed, end),
                )
            )
    return found


def choose(name: str, value: object, allowed: Sequence[object]) -> None:
    """Refuses what the paper cannot show.

    Raises:
        TwelveLeadError: the value is none of those.
    """
    if value not in allowed:
        raise TwelveLeadError(f"{name} {value} is not available; choose {', '.join(str(one) for one in allowed)}")


def first_instant(
    start: float | None, shown: float, duration: float, attention: NDArray[np.float64] | None, source: str
) -> float:
    """Where the drawing of a recording begins, s.

    Args:
        start: as asked for, s; None takes the stretch with most attention, the beginning where there is none.
        shown: how long a stretch the page holds, s.
        duration: of the recording, s.
        attention: [steps] over the whole recording.
        source: of the recording, for the message.

    Raises:
        TwelveLeadError: start lies outside the recording.
    """
    if start is not None:
        if not 0 <= start < duration:
            raise TwelveLeadError(
                f"{source}: --start {start:g} lies outside the recording of {duration:.1f} s; choose an instant in it"
            )
        return start
    if attention is None or duration <= shown:
        return 0.0
    # The attention before an instant, at tenths of a second: the stretch with most is where it grows most.
    instants = np.arange(0, duration - shown + 1e-9, 0.1)
    edges = np.linspace(0, duration, len(attention) + 1)
    before = np.concatenate([[0.0], np.cumsum(attention)])
    gained = np.interp(instants + shown, edges, before) - np.interp(instants, edges, before)
    return float(instants[np.argmax(gained)])
