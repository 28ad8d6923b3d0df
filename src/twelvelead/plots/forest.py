"""Forest plots: an estimate with its interval in each row, beside a line; differences of models, and subgroups."""

import os
from collections.abc import Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from twelvelead.evaluation.comparison import Difference
from twelvelead.plots.grid import WIDTH
from twelvelead.plots.style import new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = tuple[str, float, float, float]
"""Name, estimate, low, high."""

_INK, _QUIET = "black", "#555555"
_MARKERS = "osD^vP*X"
_ROW, _REST = 0.25, 1.9  # inches
_SIZE = 9  # of type


def forest_png(
    rows: Sequence[tuple[str, Difference]], baseline: str, path: str | os.PathLike[str], note: str = ""
) -> None:
    """Draw differences with their intervals around a line at zero, to be printed in black and white.

    Metrics of which more is better stand in one panel, those of which less is better in another, and each panel says on
    which side which model is better. A filled marker is a difference that was told apart from none. Of several models
    each has its own marker.

    Args:
        rows: label of the metric and its difference, in the order from above; rows of one metric stand together.
        baseline: its name.
        path: of the PNG, replaced as a whole.
        note: under the title, such as records, fold and protocol.
    """
    from matplotlib.lines import Line2D

    models = list(dict.fromkeys(difference.model for _, difference in rows))
    markers = {model: _MARKERS[place % len(_MARKERS)] for place, model in enumerate(models)}
    panels = [[row for row in rows if row[1].lower_is_better is lower] for lower in (False, True)]
    panels = [panel for panel in panels if panel]
    legend = [("told apart (p 0.05 or less)", "o", _INK), ("not told apart", "o", "white")]
    if len(models) > 1:
        legend = [(model, markers[model], _INK) for model in models] + [(legend[1][0], "o", "white")]
    lines = wrap(note, 118)
    rest = _REST + 0.45 * len(panels) + 0.18 * len(lines) + 0.2 * (len(legend) // 4)
    figure = new_figure(8.6, _ROW * len(rows) + rest, dpi=200)
    grid = figure.subplots(
        len(panels), 1, sharex=True, squeeze=False, height_ratios=[len(panel) + 0.6 for panel in panels]
    )
    sides = shorten(baseline, 30), shorten(models[0], 30) if len(models) == 1 else "the other model"
    for axes, panel in zip(grid[:, 0], panels, strict=True):
        _draw(axes, panel, markers, sides)
    grid[-1, 0].set_xlabel(f"difference to {shorten(baseline, 50)}, with 95 % interval", color=_INK)
    subject = shorten(models[0], 40) if len(models) == 1 else f"{len(models)} models"
    figure.suptitle(
        f"{subject} against {shorten(baseline, 40)}", fontsize=13, fontweight="bold", color=_INK, x=0.02, ha="left"
    )
    if lines:
        grid[0, 0].set_title("\n".join(lines), fontsize=8.5, color=_QUIET, loc="left", pad=20)
    handles = [
        Line2D([], [], color=_INK, marker=marker, markerfacecolor=fill, linewidth=1.2, markersize=5, label=label)
        for label, marker, fill in legend
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)
    save_png(figure, path)


def forest_figure(rows: Sequence[Row], reference: float, label: str) -> "Figure":
    """Estimates with their intervals beside a reference for all.

    Args:
        rows: from the top down.
        reference: a line through all rows.
        label: of the axis.
    """
    figure = new_figure(WIDTH, 0.6 + 0.2 * max(len(rows), 1))
    axes = figure.add_subplot()
    axes.axvline(reference, color=_QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    _draw_rows(axes, rows, [("s", _INK)] * len(rows), size=7.5)
    axes.set_xlabel(label, fontsize=8, color=_INK)
    return figure


def _draw_rows(axes: "Axes", rows: Sequence[Row], marks: Sequence[tuple[str, str]], size: float = _SIZE) -> None:
    """An interval and its estimate in each row, with the row's marker and the colour that fills it; `size` of type."""
    for place, ((_, estimate, low, high), (marker, fill)) in enumerate(zip(rows, marks, strict=True)):
        axes.plot([low, high], [place, place], color=_INK, linewidth=1.2, zorder=2)
        axes.plot(estimate, place, marker=marker, markersize=0.6 * size, color=_INK, markerfacecolor=fill, zorder=3)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows], color=_INK)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.tick_params(axis="x", labelbottom=True, labelsize=size)
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6, zorder=0)


def _draw(
    axes: "Axes", panel: Sequence[tuple[str, Difference]], markers: dict[str, str], sides: tuple[str, str]
) -> None:
    lower = panel[0][1].lower_is_better
    left, right = reversed(sides) if lower else sides
    axes.axvline(0, color=_INK, linewidth=1, zorder=1)
    labels = [label for label, _ in panel]
    for place, label in enumerate(labels):
        if len(markers) > 1 and place and label != labels[place - 1]:
            axes.axhline(place - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
    names = ["" if n and label == labels[n - 1] else label for n, label in enumerate(labels)]
    _draw_rows(
        axes,
        [(name, found.difference, found.low, found.high) for name, (_, found) in zip(names, panel, strict=True)],
        [(markers[found.model], _INK if found.better else "white") for _, found in panel],
    )
    figures = axes.twinx()
    figures.set_ylim(axes.get_ylim())
    p = "adj. p" if len(markers) > 1 else "p"
    values = [f"{d.difference:+.4f}  ({d.low:+.4f} to {d.high:+.4f})   {p} {p_text(d.p_adjusted)}" for _, d in panel]
    figures.set_yticks(range(len(panel)), [value.replace("-", "−") for value in values], color=_INK)
    figures.tick_params(axis="y", length=0, labelsize=_SIZE)
    figures.spines[["top", "left", "right"]].set_visible(False)
    head: dict[str, Any] = {
        "xycoords": "axes fraction",
        "fontsize": 8.5,
        "color": _INK,
        "va": "bottom",
        "style": "italic",
    }
    axes.annotate(f"← {left} better", (0, 1.0), xytext=(0, 3), textcoords="offset points", ha="left", **head)
    axes.annotate(f"{right} better →", (1, 1.0), xytext=(0, 3), textcoords="offset points", ha="right", **head)
    figures.annotate(
        f"{'less' if lower else 'more'} is better", (1, 1.0), xytext=(6, 3), textcoords="offset points", **head
    )


def p_text(p: float) -> str:
    """A p-value in three places, or in the first that is not 0."""
    return f"{p:.3f}" if p >= 0.0005 else f"{p:.1g}"
