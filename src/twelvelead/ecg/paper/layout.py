"""Which lead lies where on ECG paper, and which seconds of it: geometry in mm, without drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

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
SECONDS = 10.0
"""That a drawing shows."""

# The page in mm, A4 landscape; y runs downwards. The paper is 54 by 24 squares of 5 mm.
WIDTH, HEIGHT = 297.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 13.5, 283.5, 28.0, 148.0
START = LEFT + 20.0
"""Where the traces begin, behind the calibration pulses and names."""
LENGTH = RIGHT - START
"""Of a row of traces: 10 s at 25 mm/s, 5 s at 50 mm/s."""

_FEWEST = 0.6
"""A strip of which the recording leaves less than this share begins earlier, and says so."""


@dataclass(frozen=True)
class Strip:
    """A stretch of one lead.

    Attributes:
        lead: its name.
        name: the lead, "rhythm II" where the page shows it a second time.
        page: from 0.
        row: from the top.
        left: where it begins, mm.
        length: of the paper that it has, mm.
        start: the instant of the recording at `left`, s.
        stop: the last instant drawn, s.
        shifted: whether it begins before the instant that `left` is in the other rows.
    """

    lead: str
    name: str
    page: int
    row: int
    left: float
    length: float
    start: float
    stop: float
    shifted: bool


def lay_strips(layout: str, speed: int, start: float, duration: float) -> list[Strip]:
    """The strips of all pages, row by row: 10 s, which take one page at 25 mm/s and two at 50 mm/s.

    A row is 10 s long and is cut where a page ends. Column k shows the k-th part of it, so that an instant has one
    place in all rows. Only where a short recording leaves less than 0.6 of a column, that begins earlier.

    Args:
        layout: one of `LAYOUTS`.
        speed: one of `SPEEDS`, mm/s.
        start: first instant of the recording to be drawn, s.
        duration: of the recording, s.
    """
    rows = LAYOUTS[layout]
    end = min(start + SECONDS, duration)
    whole = SECONDS * speed
    found: list[Strip] = []
    for row, leads in enumerate(rows):
        length = whole / len(leads)
        for column, lead in enumerate(leads):
            name = f"rhythm {lead}" if any(strip.lead == lead for strip in found) else lead
            due = start + column * length / speed
            shifted = end - due < _FEWEST * length / speed
            first = max(start, min(due, end - length / speed)) if shifted else due
            for piece in range(max(1, round(length / LENGTH))):
                page, left = divmod(column * length + piece * LENGTH, LENGTH)
                begin = first + piece * LENGTH / speed
                if begin < end:
                    width = min(length, LENGTH)
                    found.append(
                        Strip(
                            lead,
                            name,
                            round(page),
                            row,
                            START + left,
                            width,
                            begin,
                            min(begin + width / speed, end),
                            abs(first - due) > 1e-6,
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


def first_instant(start: float | None, duration: float, source: str) -> float:
    """Where the drawing of a recording begins, s: where it was asked for, but so early that the paper is full.

    Args:
        start: as asked for, s; None is the beginning.
        duration: of the recording, s.
        source: of the recording, for the message.

    Raises:
        TwelveLeadError: start lies outside the recording.
    """
    if start is None:
        return 0.0
    if not 0 <= start < duration:
        raise TwelveLeadError(
            f"{source}: --start {start:g} lies outside the recording of {duration:.1f} s; choose an instant in it"
        )
    return max(0.0, min(start, duration - SECONDS))
