"""Distributions of a group beside those of its reference, one small panel a quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.evaluation.drift import Kind
from twelvelead.plots.grid import panel_grid
from twelvelead.plots.style import INK, LIGHT, ORANGE, QUIET, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 25
_TAIL = 0.005
"""Share of all numbers beyond each end of a panel; they count in its outermost bins."""

_GROUP: dict[str, Any] = {"color": ORANGE, "linewidth": 1.4}
_REFERENCE: dict[str, Any] = {"color": QUIET, "linewidth": 1.0}


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows.

    Attributes:
        title: above it.
        unit: of its numbers.
        kind: of the quantity.
        group, reference: [records] float64, none NaN.
        shares: of both, where the kind is "share".
    """

    title: str
    unit: str
    kind: Kind
    group: NDArray[np.float64]
    reference: NDArray[np.float64]
    shares: tuple[Estimate, Estimate] | None = None


def distributions_figure(panels: Sequence[Panel]) -> "Figure":
    """Histograms of numbers and angles, the group as an orange line over the filled grey of its reference; shares as
    points with their intervals.

    Args:
        panels: at least one.
    """
    figure, grid = panel_grid([panel.title for panel in panels], 1.65, spare=0)
    for axes, number in grid:
        panel = panels[number]
        if panel.shares is not None:
            _draw_shares(axes, panel.shares)
        else:
            _draw_histograms(axes, panel)
    return figure


def _draw_histograms(axes: "Axes", panel: Panel) -> None:
    both = np.concatenate([panel.group, panel.reference])
    low, high = (-180, 180) if panel.kind == "angle" else np.quantile(both, [_TAIL, 1 - _TAIL])
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    for values, style, fill in ((panel.reference, _REFERENCE, True), (panel.group, _GROUP, False)):
        share = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        axes.stairs(100 * share, edges, **style, fill=False, zorder=3)
        if fill:
            axes.stairs(100 * share, edges, color=LIGHT, fill=True, zorder=2)
    axes.set_xlabel(panel.unit, fontsize=7, color=INK, labelpad=1)
    axes.set_ylabel("% of ECGs", fontsize=7, color=INK, labelpad=1)
    axes.set_ylim(0, None)
    plain(axes)


def _draw_shares(axes: "Axes", shares: tuple[Estimate, Estimate]) -> None:
    for place, (found, style) in enumerate(zip(shares, (_GROUP, _REFERENCE), strict=True)):
        low, high = max(found.value - found.low, 0), max(found.high - found.value, 0)
        axes.errorbar(
            100 * found.value, place, xerr=[[100 * low], [100 * high]], fmt="o", markersize=4, capsize=2, **style
        )
    axes.set_ylim(1.6, -0.6)
    axes.set_yticks([0, 1], ["group", "reference"])
    end = max(105 * max(found.high for found in shares), 1)
    axes.set_xlim(-0.04 * end, end)
    axes.set_xlabel("% of ECGs", fontsize=7, color=INK, labelpad=1)
    plain(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=6.5, pad=1)
