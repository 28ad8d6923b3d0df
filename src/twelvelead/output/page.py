"""What stands under the ECG on a page: the answer's figures, measurements, quality, the model and a line to sign."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from twelvelead.ecg.paper import BOTTOM, GREY, INK, LEFT, RIGHT, Line, fill, points, shorten_end, width_of, write
from twelvelead.inference.interpretation import NOTICE
from twelvelead.inference.shown import show_probability, show_spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 6

_RULE, _EMPTY = "#c9ced6", "#eceef1"
_BARS = {"present": "#1f4e79", "uncertain": "#6f94b8"}
_FAINT = "#a9bfd3"
_BAR, _LONG = 66.0, 32.0
"""Where the bars begin and how long they are, mm."""
_VALUE, _DECISION = 108.5, 124.0
"""Right edge of the probability, left edge of the decision, mm; between them is the spread."""
_COLUMNS = (154.5, 164.0, 173.5, 183.0)
"""Right edges of sensitivity, specificity and the predictive values, mm."""
_SECOND = 190.0
"""Where the second half of the page begins, mm."""
_HEAD, _PITCH = BOTTOM + 10.5, 4.7
_FOOT, _SIGN = BOTTOM + 43.0, BOTTOM + 58.0
"""Heights of the rule over the small print and of the line to sign, mm."""


class Row(NamedTuple):
    """One class of the answer.

    Attributes:
        name: of the condition.
        probability: 0-1, calibrated.
        spread: over the members of an ensemble; None for a single network.
        threshold: 0-1, of the operating point.
        decision: "present", "absent" or "uncertain".
        performance: sensitivity, specificity, positive and negative predictive value, 0-1; None where unknown.
    """

    name: str
    probability: float
    spread: float | None
    threshold: float
    decision: str
    performance: tuple[float | None, float | None, float | None, float | None]


class Section(NamedTuple):
    """A heading and sentences under it."""

    heading: str
    sentences: Sequence[str]


class Signature(NamedTuple):
    """What stands on the lines to sign: who read it, when, and how that is known; empty lines to be signed by hand."""

    name: str = ""
    date: str = ""
    known: str = ""


UNSIGNED = Signature()


def write_foot(
    axes: "Axes",
    rows: Sequence[Row],
    sections: Sequence[Section],
    small_print: Sequence[str],
    signature: Signature = UNSIGNED,
) -> None:
    """Fills the lower part of a page that `twelvelead.ecg.paper.draw` made.

    Args:
        axes: of that page, in mm, y downwards.
        rows: in the order of the model; of more than `MOST_ROWS` the most probable are shown. Without any, the sections
            have the whole width.
        sections: at their right, from the top; what has no room is said to be in the JSON.
        small_print: at the foot: what the figures mean, the model and its checksums.
        signature: of who has signed.
    """
    if rows:
        _tabulate(axes, rows)
    left = _SECOND if rows else LEFT
    paragraphs = [
        line
        for heading, sentences in sections
        for line in (Line(heading, "bold"), *(Line(sentence) for sentence in sentences))
    ]
    sizes = (7.5, 7, 6.5, 6, 5.5) if rows else (8.5, 8, 7.5, 7, 6.5, 6)
    fill(axes, paragraphs, (left, RIGHT, _HEAD - 3.2, _FOOT - 1), sizes, more="… more in the JSON")
    axes.plot([LEFT, RIGHT], [_FOOT] * 2, color=_RULE, linewidth=points(0.2))
    lines = [Line(line, color=GREY) for line in small_print]
    fill(axes, lines, (LEFT, RIGHT, _FOOT + 0.6, _SIGN - 3), (6, 5.5, 5, 4.5), more="… more in the JSON")
    write(axes, LEFT, _SIGN, NOTICE, 7.0, weight="bold")
    places = (("Read by", 128.0, 188.0), ("Date", 192.0, 222.0), ("Signature", 226.0, RIGHT))
    for (words, x, end), value in zip(places, signature, strict=True):
        write(axes, x, _SIGN, words, 7.0, color=GREY)
        start = x + width_of(f"{words} ", 7.0)
        write(axes, start, _SIGN, shorten_end(value, end - start, 6.5), 6.5)
        axes.plot([start, end], [_SIGN + 0.5] * 2, color=INK, linewidth=points(0.2))


def _tabulate(axes: "Axes", rows: Sequence[Row]) -> None:
    from matplotlib.patches import Rectangle

    titles = (("class", LEFT), ("probability | threshold", _BAR), ("decision", _DECISION))
    for title, x in titles:
        write(axes, x, _HEAD, title, 6.5, color=GREY)
    for title, x in zip(("sens.", "spec.", "PPV", "NPV"), _COLUMNS, strict=True):
        write(axes, x, _HEAD, title, 6.5, color=GREY, ha="right")
    kept = _most(rows)
    y = _HEAD + 5
    for row in kept:
        bold = "bold" if row.decision == "present" else "normal"
        write(axes, LEFT, y, row.name, _size(row.name, bold), weight=bold)
        filled = _LONG * min(max(row.probability, 0.0), 1.0)
        for length, colour in ((_LONG, _EMPTY), (filled, _BARS.get(row.decision, _FAINT))):
            axes.add_patch(Rectangle((_BAR, y - 2.5), length, 3.0, facecolor=colour, edgecolor="none"))
        mark = _BAR + _LONG * row.threshold
        axes.plot([mark, mark], [y - 3.1, y + 1.1], color=INK, linewidth=points(0.35))
        write(axes, _VALUE, y, show_probability(row.probability), 8.0, ha="right", weight=bold)
        if row.spread is not None:
            write(axes, _VALUE + 1, y, show_spread(row.spread), 6.5, color=GREY)
        write(axes, _DECISION, y, row.decision, 8.0, weight=bold)
        for value, x in zip(row.performance, _COLUMNS, strict=True):
            write(axes, x, y, "–" if value is None else f"{value:.2f}", 7.0, color=GREY, ha="right")
        y += min(_PITCH, 5 * _PITCH / len(kept))
    hidden = len(rows) - len(kept)
    if hidden:
        write(axes, LEFT, y, f"{hidden} less probable classes are in the JSON.", 6.0, color=GREY)


def _size(name: str, weight: str) -> float:
    """Of the type in which a class keeps clear of its bar."""
    room = _BAR - LEFT - 1.5
    return next((size for size in (8.0, 7.0, 6.0, 5.0) if width_of(name, size, weight) <= room), 4.5)


def _most(rows: Sequence[Row]) -> list[Row]:
    kept = sorted(rows, key=lambda row: -row.probability)[:MOST_ROWS]
    return [row for row in rows if row in kept]
