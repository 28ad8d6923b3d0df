"""Confusion matrices, of one class as a picture and of many as panels, and how often classes come together."""

import os
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.curves import confusion, cooccurrence
from twelvelead.plots.grid import WIDTH, panel_grid, seen
from twelvelead.plots.style import BLUE, INK, QUIET, new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_png(
    labels: ArrayLike,
    predicted: ArrayLike,
    class_name: str,
    path: str | os.PathLike[str],
    threshold: float | None = None,
    note: str = "",
) -> None:
    """Draw the confusion matrix of one class: counts, and each as a share of its row.

    Args:
        labels: [records] bool, what is recorded.
        predicted: [records] bool, what is predicted.
        class_name: in the title.
        path: of the PNG, replaced as a whole.
        threshold: probability from which the class was called present; stated in the title.
        note: under the title: the model, fold, protocol, or that the data are synthetic.
    """
    figure = new_figure(4.6, 4.4)
    axes = figure.add_subplot()
    _draw(axes, confusion(labels, predicted), (f"not {class_name}", class_name), size=16)
    title = class_name if threshold is None else f"{class_name}, threshold {threshold:.3f}"
    figure.suptitle(title, fontsize=14, fontweight="bold", color=INK)
    axes.set_title("\n".join(wrap(note, 56)), fontsize=10, color=QUIET, pad=8)
    save_png(figure, path)


def confusion_panels(
    labels: ArrayLike, predicted: ArrayLike, titles: Sequence[str], known: NDArray[np.bool_] | None = None
) -> "Figure":
    """The confusion matrix of each class: counts, shaded and captioned by their share of the recorded row.

    Args:
        labels, predicted: [records, classes] bool.
        titles: of the panels, [classes].
        known: [records, classes] bool, which labels are known; None for all. The others are not counted.
    """
    figure, panels = panel_grid(titles, 1.75)
    for axes, column in panels:
        _draw(axes, confusion(*seen(column, known, labels, predicted)), ("absent", "present"), size=8)
    return figure


def cooccurrence_figure(labels: ArrayLike, predicted: ArrayLike, classes: Sequence[str]) -> "Figure":
    """How many records have each pair of classes, as recorded and as predicted.

    Args:
        labels, predicted: [records, classes] bool.
        classes: names of the columns.
    """
    counts = {"recorded": cooccurrence(labels), "predicted": cooccurrence(predicted)}
    figure = new_figure(WIDTH, 2.2 + 0.12 * len(classes))
    size = 7.5 if len(classes) <= 6 else 5
    for axes, (name, count) in zip(figure.subplots(1, 2), counts.items(), strict=True):
        own = np.diag(count)[:, None]
        _shade(axes, np.divide(count, own, out=np.zeros(count.shape), where=own > 0), _numbers(count), size)
        axes.set_xticks(range(len(classes)), classes, rotation=45 if len(classes) > 6 else 0, fontsize=size)
        axes.set_yticks(range(len(classes)), classes, fontsize=size)
        axes.set_title(name, fontsize=9, fontweight="bold", color=INK)
        axes.tick_params(length=0, colors=INK)
    return figure


def _draw(axes: "Axes", counts: NDArray[np.int64], names: tuple[str, str], size: float) -> None:
    """A confusion matrix [recorded, predicted]: each count with its share of the row; `size` of its type."""
    rows = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, rows, out=np.zeros((2, 2)), where=rows > 0)
    texts = _numbers(counts)
    for row, column in np.ndindex(2, 2):
        texts[row][column] += f"\n{100 * share[row, column]:.1f} %" if rows[row, 0] else "\nnone"
    _shade(axes, share, texts, size)
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    small = max(7, 0.7 * size)
    axes.set_xlabel("predicted", fontsize=small, color=INK, labelpad=1)
    axes.set_ylabel("recorded", fontsize=small, color=INK, labelpad=1)
    axes.tick_params(length=0, labelsize=small, colors=INK)


def _shade(axes: "Axes", share: NDArray[np.float64], texts: Sequence[Sequence[str]], size: float) -> None:
    """Cells shaded by a share of 0 to 1, each with its text."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("ink", ["#f4f7fa", BLUE])
    axes.imshow(share, cmap=shades, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > 0.55 else INK
        axes.text(column, row, texts[row][column], fontsize=size, ha="center", va="center", color=colour)
    axes.spines[:].set_visible(False)


def _numbers(counts: NDArray[np.int64]) -> list[list[str]]:
    return [[f"{count:,}" for count in row] for row in counts]
