"""Forest plot of differences between models."""

import os
from collections.abc import Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from twelvelead.evaluation.comparison import Difference
from twelvelead.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _QUIET = "black", "#555555"
_MARKERS = "osD^vP*X"
_ROW, _REST = 0.25, 1.9  # inches


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
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
    figure = Figure(figsize=(8.6, _ROW * len(rows) + rest), dpi=200, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
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
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": "twelvelead"})


def _draw(
    axes: "Axes", panel: Sequence[tuple[str, Difference]], markers: dict[str, str], sides: tuple[str, str]
) -> None:
    lower = panel[0][1].lower_is_better
    left, right = reversed(sides) if lower else sides
    axes.axvline(0, color=_INK, linewidth=1, zorder=1)
    labels = [label for label, _ in panel]
    for place, (label, found) in enumerate(panel):
        if len(markers) > 1 and place and label != labels[place - 1]:
            axes.axhline(place - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
        axes.plot([found.low, found.high], [place, place], color=_INK, linewidth=1.2, zorder=2)
        axes.plot(
            found.difference,
            place,
            marker=markers[found.model],
            markersize=5.5,
            color=_INK,
            markerfacecolor=_INK if found.better else "white",
            zorder=3,
        )
    axes.set_ylim(len(panel) - 0.4, -0.6)
    axes.set_yticks(
        range(len(panel)), ["" if n and label == labels[n - 1] else label for n, label in enumerate(labels)], color=_INK
    )
    figures = axes.twinx()
    figures.set_ylim(axes.get_ylim())
    p = "adj. p" if len(markers) > 1 else "p"
    values = [f"{d.difference:+.4f}  ({d.low:+.4f} to {d.high:+.4f})   {p} {p_text(d.p_adjusted)}" for _, d in panel]
    figures.set_yticks(range(len(panel)), [value.replace("-", "−") for value in values], color=_INK)
    for one in (axes, figures):
        one.tick_params(axis="y", length=0, labelsize=9)
        one.spines[["top", "left", "right"]].set_visible(False)
    axes.tick_params(axis="x", labelbottom=True, labelsize=8.5)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6, zorder=0)
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
