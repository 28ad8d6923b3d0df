"""What the model went by, as a tint of the paper behind the traces.

The colours differ in lightness from the paper as well as in hue, so that they survive printing in black and white, and
stay so light that trace and grid are read through them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.paper.layout import BOTTOM, LEFT, RIGHT, TOP, Strip
from twelvelead.ecg.paper.room import Room

PAPER = "#fffaf9"
LOOKED = "#1f6feb"
SPOKE = "#d4690b"

_ACROSS, _DOWN = 4, 2
"""Pixels of the tint in a mm."""
_STRONGEST = {LOOKED: 0.45, SPOKE: 0.35}


class Evidence(NamedTuple):
    """What speaks for one class, by lead and time.

    Attributes:
        name: of the class.
        values: [leads, cells], above 0 where the cell speaks for the class.
        edges: [cells + 1], s: where the cells begin and end.
        leads: names of the rows.
    """

    name: str
    values: NDArray[np.float64]
    edges: NDArray[np.float64]
    leads: tuple[str, ...]


def tint(
    strips: Sequence[Strip],
    room: Room,
    speed: int,
    duration: float,
    attention: NDArray[np.float64] | None,
    evidence: Evidence | None,
) -> NDArray[np.uint8]:
    """The colour of the paper, [y, x, (red, green, blue)] uint8, y downwards, from edge to edge.

    Attention is a band behind the rhythm strip and a fainter one behind the leads. With evidence it keeps to the
    rhythm strip, where there is one, and the leads show the evidence.

    Args:
        strips: of one page.
        room: where their rows lie.
        speed: of the paper, mm/s.
        duration: of the recording, s.
        attention: [steps], not below 0, evenly spread over the recording.
        evidence: for one class.
    """
    size = (round((BOTTOM - TOP) * _DOWN), round((RIGHT - LEFT) * _ACROSS))
    image = np.full((*size, 3), _rgb(PAPER))
    has_rhythm = any(strip.name != strip.lead for strip in strips)
    for strip in strips:
        rhythm = strip.name != strip.lead
        instants = strip.start + (np.arange(round(strip.length * _ACROSS)) + 0.5) / _ACROSS / speed
        instants = instants[instants < strip.stop]
        if evidence is not None and not rhythm:
            strength, colour = _share(evidence, strip.lead, instants), SPOKE
        elif attention is not None:
            faint = 1.0 if rhythm else 0.25 if has_rhythm else 0.6
            strength, colour = faint * _weight(attention, duration, instants), LOOKED
        else:
            continue
        across = round((strip.left - LEFT) * _ACROSS)
        top, bottom = room.edges[strip.row] + 0.5, room.edges[strip.row + 1] - 0.5
        down = slice(round((top - TOP) * _DOWN), round((bottom - TOP) * _DOWN))
        area = image[down, across : across + len(instants)]
        area += _STRONGEST[colour] * strength[None, :, None] * (_rgb(colour) - area)
    return np.round(image).astype(np.uint8)


def _weight(attention: NDArray[np.float64], duration: float, instants: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at the largest attention, but never much where it is nearly even."""
    centres = (np.arange(len(attention)) + 0.5) / len(attention) * duration
    largest = max(attention.max(), 3 * attention.mean(), np.finfo(float).tiny)
    return np.asarray(np.interp(instants, centres, attention / largest), np.float64)


def _share(evidence: Evidence, lead: str, instants: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 in the cell that speaks most for the class, 0 in those that speak against it."""
    largest = max(evidence.values.max(), np.finfo(float).tiny)
    cells = evidence.values[evidence.leads.index(lead)].clip(0) / largest
    shares: NDArray[np.float64] = cells[np.searchsorted(evidence.edges[1:-1], instants, "right")]
    return shares


def draw_scale(colour: str) -> NDArray[np.uint8]:
    """From the paper's colour to the strongest tint, [1, 40, (red, green, blue)] uint8."""
    strength = np.linspace(0, _STRONGEST[colour], 40)[None, :, None]
    return np.round(_rgb(PAPER) + strength * (_rgb(colour) - _rgb(PAPER))).astype(np.uint8)


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float64)
