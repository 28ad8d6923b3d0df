"""An ensemble beside its members as a picture."""

import os
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from twelvelead.plots.style import BLUE, INK, LIGHT, ORANGE, QUIET, new_figure, plain, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.42  # inches


def diversity_png(values: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Draw the macro AUROC of the ensemble, of each member and of the ensemble without it, with 95 % intervals, and
    beside them how alike the members' errors are.

    Args:
        values: what `diversity.json` holds.
        path: of the PNG, replaced as a whole.
    """
    names = [shorten(member["name"], 28, placeholder="…") for member in values["members"]]
    count = len(names)
    figure = new_figure(10.4, 2.1 + _ROW * (count + 1))
    left, right = figure.subplots(1, 2, width_ratios=[1.55, 1])
    _aurocs(left, values, names)
    _errors(right, np.array(values["correlation"]["errors"]))
    kind = ", synthetic ECGs" if values["synthetic"] else ""
    figure.suptitle(
        f"{shorten(values['name'], 40)}: {count} members, {values['weights']['used']} weights",
        fontsize=13,
        fontweight="bold",
        color=INK,
        x=0.01,
        ha="left",
    )
    figure.supxlabel(
        f"Fold {values['fold']}, {values['role']}{kind}; protocol {values['protocol']}, {values['records']:,} records "
        f"of {values['patients']:,} patients",
        fontsize=8.5,
        color=QUIET,
        x=0.01,
        ha="left",
    )
    save_png(figure, path)


def _aurocs(axes: "Axes", values: Mapping[str, Any], names: Sequence[str]) -> None:
    together = values["ensemble"]["macro_auroc"]
    axes.axvspan(together["low"], together["high"], color=LIGHT, zorder=0, linewidth=0)
    axes.axvline(together["value"], color=ORANGE, linewidth=1, zorder=1)
    axes.plot([together["low"], together["high"]], [0, 0], color=ORANGE, linewidth=1.6, zorder=2)
    axes.plot(together["value"], 0, "D", color=ORANGE, markersize=7, label="ensemble", zorder=3)
    labels = ["ensemble"]
    for row, (name, member) in enumerate(zip(names, values["members"], strict=True), start=1):
        alone = member["alone"]
        first = row == 1
        axes.plot([alone["low"], alone["high"]], [row, row], color=BLUE, linewidth=1.6, zorder=2)
        axes.plot(alone["value"], row, "o", color=BLUE, markersize=6, zorder=3, label="member alone" if first else None)
        axes.plot(
            together["value"] - member["effect"]["value"],
            row,
            "|",
            color=INK,
            markersize=12,
            markeredgewidth=2,
            zorder=4,
            label="ensemble without it" if first else None,
        )
        labels.append(f"{name}, {member['weight']:.2f}   {row}")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    plain(axes)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.tick_params(axis="x", labelsize=8.5)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LIGHT, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.set_title("Macro AUROC with 95 % interval; weights beside the names", fontsize=9.5, color=INK, loc="left")
    axes.legend(
        frameon=False, fontsize=8, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.1), borderpad=0, handletextpad=0.3
    )


def _errors(axes: "Axes", errors: np.ndarray[Any, Any]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    count = len(errors)
    apart = errors[~np.eye(count, dtype=bool)]
    low = float(np.floor(apart.min() * 20 - 0.5) / 20)  # real pairs are all near 1
    # Each member is its own twin; left blank, the pairs are what one sees.
    shown = np.where(np.eye(count, dtype=bool), np.nan, errors)
    shades = LinearSegmentedColormap.from_list("alike", ["#f4f7fa", BLUE])
    axes.imshow(shown, cmap=shades, vmin=low, vmax=1, aspect="auto")
    for row, column in np.ndindex(count, count):
        if row == column:
            continue
        value = float(errors[row, column])
        ink = "white" if round(value, 3) - low > 0.65 * (1 - low) else INK
        axes.text(
            column,
            row,
            f"{value:.3f}" if count < 9 else f"{value:.2f}",
            ha="center",
            va="center",
            fontsize=9 if count < 9 else 7,
            color=ink,
        )
    axes.set_xticks(range(count), [str(place) for place in range(1, count + 1)])
    axes.set_yticks(range(count), [str(place) for place in range(1, count + 1)])
    axes.tick_params(length=0, labelsize=8.5, colors=INK)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.set_title("Correlation of errors (probability less label)", fontsize=9.5, color=INK, loc="left", pad=8)
