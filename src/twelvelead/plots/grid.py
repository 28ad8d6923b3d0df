"""A page-wide grid with one small panel a class."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.plots.style import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
WIDTH = 7.1
"""Inches, what an A4 page leaves."""


def panel_grid(
    titles: Sequence[str], height: float, below: float = 0.36, spare: int = 1
) -> tuple["Figure", Iterator[tuple["Axes", int]]]:
    """A figure of panels, each with its title, and spare cells, one for a legend.

    Height of a panel with what is above and below its axes, and the part of it below, in inches.
    """
    rows = -(-(len(titles) + spare) // COLUMNS)
    above = 0.26
    figure = new_figure(WIDTH, height * rows, layout=None)
    figure.subplots_adjust(
        left=0.07,
        right=0.985,
        wspace=0.28,
        hspace=(above + below) / (height - above - below),
        top=1 - above / (height * rows),
        bottom=below / (height * rows),
    )
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes in grid[len(titles) :]:
        axes.set_axis_off()
    for axes, title in zip(grid, titles, strict=False):
        axes.set_title(title, fontsize=8, fontweight="bold", color=INK, loc="left", pad=4, parse_math=False)
    return figure, ((axes, column) for column, axes in enumerate(grid[: len(titles)]))


def seen(column: int, known: NDArray[np.bool_] | None, *arrays: ArrayLike) -> list[NDArray[Any]]:
    """Of one class the records of which it is known, [records] of each array [records, classes].

    Args:
        column: of the class.
        known: [records, classes] bool; None for all.
        arrays: labels, probabilities or decisions.
    """
    rows = slice(None) if known is None else known[:, column]
    return [np.asarray(array)[rows, column] for array in arrays]


def add_legend(figure: "Figure", panels: int, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """In the first cell without a panel."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], label=name, **{k: v for k, v in how.items() if k != "clip_on"}) for name, how in entries]
    figure.axes[panels].legend(handles=lines, loc="upper left", frameon=False, fontsize=8, labelcolor=INK)
