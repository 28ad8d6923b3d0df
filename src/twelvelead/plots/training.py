"""The picture of a training."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from twelvelead.plots.style import COLOURS, INK, LIGHT, QUIET, new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    title = f"Training, {label}" if label else "Training"
    figure.suptitle(title, fontsize=14, fontweight="bold", color=INK)
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
