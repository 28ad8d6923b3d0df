"""Text on a page in mm, measured before it is set, so that it keeps to its box."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, ALERT = "#16181d", "#5d636d", "#b3261e"

_LEADING = 0.46
"""Height of a line in mm for each point of its size."""
_HINTED = 1.025
"""How much wider a text may become where its letters are fitted to pixels."""


class Line(NamedTuple):
    """A paragraph.

    Attributes:
        text: that is wrapped.
        weight: "normal" or "bold".
        color: of the text.
    """

    text: str
    weight: str = "normal"
    color: str = INK


def write(axes: "Axes", x: float, y: float, text: str, size: float = 8.0, **how: Any) -> None:
    """Text in mm coordinates, baseline at y; file names may hold a $, so none of it is mathematics."""
    axes.text(x, y, text, fontsize=size, parse_math=False, **{"color": INK, "va": "baseline", **how})


def points(mm: float) -> float:
    """A length in the unit of line widths, 1/72 inch."""
    return mm / 25.4 * 72


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Of a text on one line, mm."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72 * 25.4 * _HINTED


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Lines no wider than `width`, mm, broken between words, and within one that is wider."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width_of(joined, size, weight) <= width:
            line = joined
            continue
        lines += [line] if line else []
        while width_of(word, size, weight) > width and len(word) > 1:
            fits = next(
                end for end in range(len(word) - 1, 0, -1) if end == 1 or width_of(word[:end], size, weight) <= width
            )
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line] if line else lines


def shorten(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text, with its beginning left out where it is wider than `width`, mm."""
    shown = text
    while width_of(shown, size, weight) > width and len(text) > 1:
        text = text[1:]
        shown = f"…{text}"
    return shown


def fill(
    axes: "Axes",
    paragraphs: Sequence[Line],
    box: tuple[float, float, float, float],
    sizes: Sequence[float],
    *,
    more: str = "…",
    ha: str = "left",
) -> float:
    """Sets paragraphs in a box, in the largest of the sizes at which all find room.

    Args:
        axes: of the page, mm.
        paragraphs: one below the other.
        box: left, right, top, bottom, mm; y downwards.
        sizes: from the largest on, in points.
        more: the last line, where even the smallest size is too large.
        ha: "left" or "right".

    Returns:
        The lower end of what was set, mm.
    """
    left, right, top, bottom = box
    for size in sizes:
        lines = [(line, one) for one in paragraphs for line in wrap(one.text, right - left, size, one.weight)]
        room = int((bottom - top + 1e-6) / (_LEADING * size))
        if len(lines) <= room:
            break
    else:
        lines = [*lines[: max(room - 1, 0)], (more, Line(more))]
    y = top
    for text, how in lines:
        y += _LEADING * size
        write(
            axes, left if ha == "left" else right, y - 0.1 * size, text, size, weight=how.weight, color=how.color, ha=ha
        )
    return y
