"""What stands under the ECG on the page: findings, quality, measurements, the model and a line to sign."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from twelvelead.ecg.paper import BOTTOM, GREY, INK, LEFT, RIGHT, points, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTICE = "Decision aid, not a medical device: to be read by a physician."
MOST_ROWS = 6

_RULE, _EMPTY = "#c9ced6", "#eceef1"
_BARS = {"present": "#1f4e79", "uncertain": "#6f94b8"}
_FAINT = "#a9bfd3"
_BAR, _LONG = 68.0, 36.0
"""Where the bars begin and how long they are, mm."""
_COLUMNS = (150.5, 160.5, 170.5, 180.5)
"""Right edges of sensitivity, specificity and the predictive values, mm."""
_SECOND = 189.0
"""Where the second half of the page begins, mm."""
_HEAD, _PITCH = BOTTOM + 10.5, 4.8
_SMALL = 3.3
"""Height of a line of small print, mm."""


class Row(NamedTuple):
    """One finding.

    Attributes:
        name: of the condition.
        probability: 0-1, calibrated.
        threshold: 0-1, of the operating point.
        decision: "present", "absent" or "uncertain".
        performance: sensitivity, specificity, positive and negative predictive value, 0-1; None where unknown.
    """

    name: str
    probability: float
    threshold: float
    decision: str
    performance: tuple[float | None, float | None, float | None, float | None]


class Section(NamedTuple):
    """A heading and sentences under it."""

    heading: str
    sentences: Sequence[str]


def add(
    axes: "Axes", rows: Sequence[Row], caption: str, sections: Sequence[Section], small_print: Sequence[str]
) -> None:
    """Draw it into the lower part of a page that `twelvelead.ecg.paper.figure` made.

    Args:
        axes: of that page, in mm, y downwards.
        rows: in the order of the model; of more than `MOST_ROWS` the most probable are shown.
        caption: below the rows: what their figures mean.
        sections: at their right, from the top; what has no room is counted.
        small_print: lines at the foot: the model and its checksums.
    """
    _table(axes, rows, caption)
    y = _HEAD
    for heading, sentences in sections:
        y = _section(axes, y, heading, sentences)
    y = BOTTOM + 47.5
    axes.plot([LEFT, RIGHT], [y - 3] * 2, color=_RULE, linewidth=points(0.2))
    for line in small_print:
        write(axes, LEFT, y, line, 6.0, color=GREY)
        y += 2.8
    write(axes, LEFT, BOTTOM + 58, NOTICE, 8.0, weight="bold")
    for words, x, end in (("Read by", 128.0, 188.0), ("Date", 192.0, 222.0), ("Signature", 226.0, RIGHT)):
        write(axes, x, BOTTOM + 58, words, 7.0, color=GREY)
        axes.plot([x + 2 + 1.45 * len(words), end], [BOTTOM + 58.5] * 2, color=INK, linewidth=points(0.2))


def shown(probability: float) -> str:
    """Two digits, but never 0 or 1, which no probability means."""
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{probability:.2f}"


def _table(axes: "Axes", rows: Sequence[Row], caption: str) -> None:
    from matplotlib.patches import Rectangle

    titles = (("finding", LEFT), ("probability | threshold", _BAR), ("decision", _BAR + _LONG + 13))
    for title, x in titles:
        write(axes, x, _HEAD, title, 6.5, color=GREY)
    for title, x in zip(("sens.", "spec.", "PPV", "NPV"), _COLUMNS, strict=True):
        write(axes, x, _HEAD, title, 6.5, color=GREY, ha="right")
    kept = _most(rows)
    y = _HEAD + 5
    for row in kept:
        bold = "bold" if row.decision == "present" else "normal"
        write(axes, LEFT, y, row.name, 8.0, weight=bold)
        filled = _LONG * min(max(row.probability, 0.0), 1.0)
        for length, colour in ((_LONG, _EMPTY), (filled, _BARS.get(row.decision, _FAINT))):
            axes.add_patch(Rectangle((_BAR, y - 2.5), length, 3.0, facecolor=colour, edgecolor="none"))
        mark = _BAR + _LONG * row.threshold
        axes.plot([mark, mark], [y - 3.1, y + 1.1], color=INK, linewidth=points(0.35))
        write(axes, _BAR + _LONG + 10.5, y, shown(row.probability), 8.0, ha="right", weight=bold)
        write(axes, _BAR + _LONG + 13, y, row.decision, 8.0, weight=bold)
        for value, x in zip(row.performance, _COLUMNS, strict=True):
            write(axes, x, y, "–" if value is None else f"{value:.2f}", 7.0, color=GREY, ha="right")
        y += min(_PITCH, 5 * _PITCH / len(kept))
    hidden = len(rows) - len(kept)
    words = (f"{hidden} less probable findings are in the JSON. " if hidden else "") + caption
    for line in wrap(words, 140):
        write(axes, LEFT, y - 0.4, line, 6.0, color=GREY)
        y += 2.7


def _most(rows: Sequence[Row]) -> list[Row]:
    kept = sorted(rows, key=lambda row: -row.probability)[:MOST_ROWS]
    return [row for row in rows if row in kept]


def _section(axes: "Axes", y: float, heading: str, sentences: Sequence[str]) -> float:
    """Draws a section from y on; returns where the next may begin."""
    write(axes, _SECOND, y, heading, 7.0, weight="bold")
    lines = [line for sentence in sentences for line in wrap(sentence, 80, subsequent_indent="   ")]
    room = max(1, int((BOTTOM + 43.5 - y) / _SMALL))
    if len(lines) > room:
        lines = [*lines[: room - 1], "… more in the JSON"]
    for line in lines:
        y += _SMALL
        write(axes, _SECOND, y, line, 6.5)
    return y + _SMALL + 1.2
