"""Pictures of an evaluation and of a training, as PNG files."""

import os
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from twelvelead.evaluation.curves import confusion
from twelvelead.plots.style import BLUE, COLOURS, INK, LIGHT, QUIET, new_figure, save_png

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
    from matplotlib.colors import LinearSegmentedColormap

    counts = confusion(labels, predicted)
    rows = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, rows, out=np.zeros((2, 2)), where=rows > 0)
    figure = new_figure(4.6, 4.4)
    axes = figure.add_subplot()
    axes.imshow(share, cmap=LinearSegmentedColormap.from_list("ink", ["#f4f7fa", BLUE]), vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        colour = "white" if share[row, column] > 0.55 else INK
        percent = f"{100 * share[row, column]:.1f} % of row" if rows[row, 0] else "no such record"
        axes.text(
            column,
            row - 0.04,
            f"{counts[row, column]:,}",
            fontsize=21,
            fontweight="bold",
            ha="center",
            va="center",
            color=colour,
        )
        axes.text(column, row + 0.24, percent, fontsize=10, ha="center", va="center", color=colour)
    for side, name in (("x", "predicted"), ("y", "recorded")):
        ticks = [f"not {class_name}", class_name]
        axes.set(**{f"{side}ticks": [0, 1], f"{side}ticklabels": ticks})
        getattr(axes, f"set_{side}label")(name, fontsize=12, fontweight="bold", color=INK, labelpad=8)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")
    axes.tick_params(length=0, labelsize=11, colors=INK)
    axes.spines[:].set_visible(False)
    axes.axhline(0.5, color="white", linewidth=4)
    axes.axvline(0.5, color="white", linewidth=4)
    title = class_name if threshold is None else f"{class_name}, threshold {threshold:.3f}"
    _title(figure, title, note)
    save_png(figure, path)


def curves_png(
    epochs: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str],
    best_epoch: int | None = None,
    label: str = "",
) -> None:
    """Draw the curves of a training over the epochs: panels for loss, AUROC and learning rate that share one axis.

    Args:
        epochs: [epochs], in order.
        curves: name -> [epochs] values, NaN where not measured. A name with "loss" goes to the first panel, one with
            "learning rate" to the last (logarithmic), every other to the one between; a panel without curves is not
            drawn.
        path: of the PNG, replaced as a whole.
        best_epoch: marked by a line through all panels.
        label: added to the title, such as "synthetic data".
    """
    from matplotlib.ticker import MaxNLocator

    panels: dict[str, dict[str, Sequence[float]]] = {"loss": {}, "AUROC": {}, "learning rate": {}}
    for name, values in curves.items():
        known = [panel for panel in panels if panel.lower() in name.lower()]
        panels[known[0] if known else "AUROC"][name] = values
    drawn = {panel: lines for panel, lines in panels.items() if lines}
    figure = new_figure(7.2, 1.0 + 2.2 * max(len(drawn), 1))
    grid = figure.subplots(max(len(drawn), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (panel, lines) in zip(grid, drawn.items(), strict=False):
        _panel(axes, panel, epochs, lines, best_epoch)
    if best_epoch is not None and drawn:
        grid[0].annotate(
            f"best epoch {best_epoch}",
            (best_epoch, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=QUIET,
        )
    grid[-1].set_xlabel("epoch", color=INK)
    if len(epochs):
        grid[-1].set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _title(figure, f"Training, {label}" if label else "Training")
    save_png(figure, path)


def _panel(
    axes: "Axes",
    name: str,
    epochs: Sequence[int],
    lines: Mapping[str, Sequence[float]],
    best_epoch: int | None,
) -> None:
    rate = name == "learning rate"
    for colour, (label, values) in zip(COLOURS, lines.items(), strict=False):
        marker = "" if rate and len(epochs) > 1 else "o"
        style = "steps-mid" if rate else "default"
        axes.plot(
            epochs, values, color=colour, label=label, linewidth=1.8, marker=marker, markersize=3, drawstyle=style
        )
    if best_epoch is not None:
        axes.axvline(best_epoch, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    if rate:
        axes.set_yscale("log")
    axes.set_ylabel(next(iter(lines)) if len(lines) == 1 else name, color=INK)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=9)
    axes.grid(axis="y", color=LIGHT, linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", colors=INK, labelsize=9)


def _title(figure: "Figure", title: str, note: str = "") -> None:
    figure.suptitle(title, fontsize=14, fontweight="bold", color=INK)
    if note:
        figure.axes[0].set_title("\n".join(wrap(note, 56)), fontsize=10, color=QUIET, pad=8)
