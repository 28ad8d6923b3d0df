"""docs/results.png: the macro AUROC of every run with its interval."""

from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from results_figures import Index, figures, told_apart
from twelvelead.data.tasks import fold_names
from twelvelead.plots.style import BLUE, INK, LIGHT, QUIET, new_figure, plain, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _HEADING = 0.23, 0.34  # inches
_LETTERS = 66
"""Of a row's text; more is cut, unless the index has a shorter one."""


def picture(index: Index, path: Path) -> None:
    """Draw one row a run, in the sections of the page, the superclass on one axis and other tasks on another.

    A filled circle is a run that was told apart from its baseline, an open one was not; a square has no baseline.

    Args:
        index: of the results.
        path: of the PNG, replaced as a whole.
    """
    from matplotlib.lines import Line2D

    panels: dict[str, dict[str, list[str]]] = {}
    for section in index.sections:
        for name in index.of(section):
            task = "the five superclasses" if index.about[name]["task"] == "superclass" else "other tasks"
            panels.setdefault(task, {}).setdefault(section, []).append(name)
    heights = [sum(_HEADING + _ROW * len(rows) for rows in sections.values()) for sections in panels.values()]
    figure = new_figure(9.5, sum(heights) + 0.6 * len(heights) + 0.7)
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (task, sections), height in zip(grid, panels.items(), heights, strict=True):
        axes.set_ylim(height + 0.05, 0)
        _draw(axes, index, sections)
        axes.set_xlabel(f"macro AUROC of {task}", fontsize=8.5, color=INK)
    legend = [("no baseline", "s", BLUE), ("told apart from its baseline", "o", BLUE), ("not told apart", "o", "white")]
    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, marker=marker, markerfacecolor=fill, linewidth=1.3, markersize=5.5, label=label)
            for label, marker, fill in legend
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
    )
    title = "Fold 9, which also chose: macro AUROC with 95 % interval by patient bootstrap"
    figure.suptitle(title, fontsize=10.5, fontweight="bold", color=INK, x=0.01, ha="left")
    save_png(figure, path)


def _draw(axes: "Axes", index: Index, sections: dict[str, list[str]]) -> None:
    at, ticks, labels, values = 0.0, [], [], []
    for section, rows in sections.items():
        at += _HEADING
        axes.annotate(
            index.sections[section]["title"],
            (0, at - 0.05),
            xytext=(-3.5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=8.5,
            fontweight="bold",
            color=INK,
        )
        for name in rows:
            of, row, middle = figures(index, name), index.rows[name], at + _ROW / 2
            value, (low, high) = of["metrics"]["macro_auroc"], of["intervals"]["macro_auroc"]
            open_one = of["difference"] and not told_apart(of["difference"])
            axes.plot([low, high], [middle, middle], color=BLUE, linewidth=1.3, zorder=2)
            axes.plot(
                value,
                middle,
                marker="o" if of["difference"] else "s",
                markersize=5.5,
                color=BLUE,
                markerfacecolor="white" if open_one else BLUE,
                zorder=3,
            )
            ticks.append(middle)
            text = shorten(row.get("short", row["change"]).replace("`", ""), _LETTERS, placeholder=" ...")
            folds = index.about[name]["validation_folds"]
            labels.append(text if folds == [9] else f"{text} (fold {fold_names(folds)})")
            values.append(f"{value:.4f} [{low:.4f}, {high:.4f}]")
            at += _ROW
    axes.set_yticks(ticks, labels)
    plain(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.grid(axis="x", color=LIGHT, linewidth=0.8)
    axes.set_axisbelow(True)
    beside = axes.twinx()
    beside.set_ylim(axes.get_ylim())
    beside.set_yticks(ticks, values)
    beside.tick_params(axis="y", length=0, labelsize=7.5, colors=QUIET)
    beside.spines[:].set_visible(False)
