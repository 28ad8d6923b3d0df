"""The fall in macro AUROC under each fault as a heat map."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twelvelead.ecg.faults import FAULTS, Case
from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.plots.style import INK, QUIET, new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DARKEST = 0.1
"""The least fall that the darkest colour may stand for, so that a map of trifles looks like one."""


def heatmap_png(falls: Mapping[Case, Estimate], path: str | os.PathLike[str], note: str = "") -> None:
    """Draw the falls: graded faults with a column for each severity, and below them the faults of named cases.

    Each cell says the severity and the fall, in bold where its interval excludes 0. One hue from light to dark carries
    the value, so that the map can be read without seeing colours, and in print.

    Args:
        falls: of `twelvelead.inference.faults.falls`.
        path: of the PNG, replaced as a whole.
        note: under the title: the weights, fold, protocol, or that the data are synthetic.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    rows: dict[str, list[Case]] = {}
    for case in falls:
        rows.setdefault(case.fault, []).append(case)
    parts = [[cells for name, cells in rows.items() if FAULTS[name].graded is graded] for graded in (True, False)]
    parts = [part for part in parts if part]
    heights = [len(part) for part in parts]
    shade = ScalarMappable(
        Normalize(0, max(_DARKEST, *(fall.value for fall in falls.values())), clip=True),
        LinearSegmentedColormap.from_list("fall", ["#f7fafc", "#7fb0d6", "#1f6fb2", "#0b2f52"]),
    )
    figure = new_figure(11, 1.9 + 0.52 * sum(heights))
    grid = figure.subplots(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, part in zip(grid, parts, strict=True):
        _cells(axes, part, falls, shade)
    bar = figure.colorbar(shade, ax=list(grid), shrink=0.5, aspect=30, pad=0.01)
    bar.set_label("fall in macro AUROC", color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, labelsize=9)
    figure.suptitle("Fall in macro AUROC under faults of the recording", fontsize=14, fontweight="bold", color=INK)
    key = "bold: 95 % interval excludes 0"
    grid[0].set_title(f"{note}; {key}" if note else key, fontsize=9.5, color=QUIET, pad=8)
    save_png(figure, path)


def _cells(axes: "Axes", rows: Sequence[Sequence[Case]], falls: Mapping[Case, Estimate], shade: Any) -> None:
    from matplotlib.patches import Rectangle

    width = max(map(len, rows))
    for row, cases in enumerate(rows):
        for column, case in enumerate(cases):
            fall = falls[case]
            red, green, blue, _ = shade.to_rgba(fall.value)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=(red, green, blue), edgecolor="white", linewidth=2))
            ink = "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.55 else INK
            place: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
            unit = FAULTS[case.fault].unit
            label = case.severity if isinstance(case.severity, str) else f"{case.severity:g} {unit}"
            axes.text(column + 0.5, row + 0.28, label, fontsize=7.5, **place)
            weight = "bold" if fall.low > 0 or fall.high < 0 else "normal"
            axes.text(column + 0.5, row + 0.66, _signed(fall.value), fontsize=10, fontweight=weight, **place)
    axes.set(xlim=(0, width), ylim=(len(rows), 0), xticks=[])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [FAULTS[cases[0].fault].title for cases in rows])
    if FAULTS[rows[0][0].fault].graded:
        axes.set_xticks((0.5, width - 0.5), ("mild", "severe"))
    axes.tick_params(length=0, labelsize=10, colors=INK)
    axes.spines[:].set_visible(False)


def _signed(value: float) -> str:
    """Three decimals, with a true minus and never a negative zero."""
    text = f"{value:.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "\u2212")
