"""Curves of an evaluation with one small panel a class."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation import curves
from twelvelead.plots.grid import add_legend, panel_grid, seen
from twelvelead.plots.style import BLUE, COLOURS, INK, LIGHT, ORANGE, QUIET, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICKS = (0, 0.25, 0.5, 0.75, 1)
_SWEEP = np.linspace(0, 1, 501)
_LINES = ("-", ":", "--", "-.")


def roc_panels(
    labels: ArrayLike,
    probabilities: ArrayLike,
    predicted: ArrayLike,
    titles: Sequence[str],
    known: NDArray[np.bool_] | None = None,
) -> "Figure":
    """The ROC curve of each class, with the operating point of the decisions and the number of records.

    Args:
        labels, predicted: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
        known: [records, classes] bool, which labels are known; None for all. The others are in no curve.
    """
    figure, panels = panel_grid(titles, 2.0)
    for axes, column in panels:
        y, p, d = seen(column, known, labels, probabilities, predicted)
        _unit(axes, "1 - specificity", "sensitivity")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=(0, (4, 3)))
        counts = curves.confusion(y, d)
        with_it, without = int(counts[1].sum()), int(counts[0].sum())
        if with_it and without:
            axes.plot(*curves.roc_curve(y, p), color=BLUE, linewidth=1.3)
            axes.plot(counts[0, 1] / without, counts[1, 1] / with_it, **_POINT)
        _note(axes, _counted(with_it, without), 0.97, 0.05)
    add_legend(figure, len(titles), [("operating point", _POINT), ("by chance", {"color": QUIET, "linestyle": "--"})])
    return figure


def precision_recall_panels(
    labels: ArrayLike,
    probabilities: ArrayLike,
    predicted: ArrayLike,
    titles: Sequence[str],
    known: NDArray[np.bool_] | None = None,
) -> "Figure":
    """Precision against recall of each class, with the operating point, and the prevalence as what chance gives.

    Args:
        labels, predicted: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
        known: [records, classes] bool, which labels are known; None for all. The others are in no curve.
    """
    figure, panels = panel_grid(titles, 2.0)
    for axes, column in panels:
        y, p, d = seen(column, known, labels, probabilities, predicted)
        _unit(axes, "recall", "precision")
        counts = curves.confusion(y, d)
        with_it, called = int(counts[1].sum()), int(counts[:, 1].sum())
        axes.axhline(with_it / max(len(y), 1), color=QUIET, linewidth=0.7, linestyle=(0, (4, 3)))
        if with_it:
            precision, recall = curves.precision_recall_curve(y, p)
            axes.plot(recall, precision, color=BLUE, linewidth=1.3)
            if called:
                axes.plot(counts[1, 1] / with_it, counts[1, 1] / called, **_POINT)
        _note(axes, f"{with_it:,} of {len(y):,}", 0.04, 0.05, "left")
    add_legend(figure, len(titles), [("operating point", _POINT), ("prevalence", {"color": QUIET, "linestyle": "--"})])
    return figure


def reliability_panels(
    labels: ArrayLike, probabilities: ArrayLike, titles: Sequence[str], known: NDArray[np.bool_] | None = None
) -> "Figure":
    """How often what was given a probability was there, for each class; below, how many records in each bin.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
        known: [records, classes] bool, which labels are known; None for all. The others are in no curve.
    """
    figure, panels = panel_grid(titles, 2.6, below=0.88)
    for axes, column in panels:
        y, p = seen(column, known, labels, probabilities)
        found = curves.reliability(y, p)
        counts = axes.inset_axes((0, -0.34, 1, 0.25))
        _unit(axes, "", "share recorded")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=(0, (4, 3)))
        bars = np.clip([found.observed - found.low, found.high - found.observed], 0, None)
        axes.errorbar(found.predicted, found.observed, bars, color=BLUE, fmt="o-", markersize=2.5, linewidth=0.9)
        axes.tick_params(labelbottom=False)
        counts.bar(found.predicted, found.count, width=0.045, color=BLUE)
        counts.set(xlim=(-0.02, 1.02), xticks=_TICKS, yscale="log", ylim=(0.7, None))
        counts.set_xlabel("probability", fontsize=7, color=INK, labelpad=1)
        counts.set_ylabel("count", fontsize=7, color=INK)
        plain(counts)
    explained = {"color": BLUE, "marker": "o", "markersize": 2.5, "linewidth": 0.9}
    add_legend(
        figure, len(titles), [("95 % interval (Wilson)", explained), ("ideal", {"color": QUIET, "linestyle": "--"})]
    )
    return figure


def threshold_panels(
    labels: ArrayLike,
    probabilities: ArrayLike,
    thresholds: Mapping[str, ArrayLike],
    titles: Sequence[str],
    known: NDArray[np.bool_] | None = None,
) -> "Figure":
    """Precision, recall, F1 and accuracy of each class against its threshold, the chosen ones marked.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        thresholds: operating point -> [classes]; the first, which decides, is a full line.
        titles: of the panels, [classes].
        known: [records, classes] bool, which labels are known; None for all. The others are in no curve.
    """
    figure, panels = panel_grid(titles, 2.0)
    styles: list[tuple[str, dict[str, Any]]] = []
    for axes, column in panels:
        _unit(axes, "threshold", "")
        y, p = seen(column, known, labels, probabilities)
        drawn = curves.threshold_curves(y, p, _SWEEP)
        styles = []
        for colour, (name, values) in zip(COLOURS, drawn.items(), strict=True):
            axes.plot(_SWEEP, values, color=colour, linewidth=1.1)
            styles.append((name, {"color": colour}))
        for number, (name, chosen) in enumerate(thresholds.items()):
            style = {"color": INK, "linestyle": _LINES[number % len(_LINES)], "linewidth": 0.9}
            axes.axvline(float(np.asarray(chosen)[column]), **style)  # type: ignore[arg-type]
            styles.append((f"threshold, {name}", style))
    add_legend(figure, len(titles), styles)
    return figure


_POINT: dict[str, Any] = {"color": ORANGE, "marker": "o", "markersize": 4.5, "linestyle": "", "clip_on": False}


def _unit(axes: "Axes", x: str, y: str) -> None:
    """A square of shares, 0 to 1 both ways."""
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=_TICKS, yticks=_TICKS)
    axes.set_xlabel(x, fontsize=7, color=INK, labelpad=1)
    axes.set_ylabel(y, fontsize=7, color=INK, labelpad=1)
    axes.grid(color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    plain(axes)


def _note(axes: "Axes", text: str, x: float, y: float, ha: str = "right") -> None:
    axes.text(x, y, text, transform=axes.transAxes, fontsize=6.5, color=QUIET, ha=ha, va="bottom")


def _counted(with_it: int, without: int) -> str:
    if not with_it or not without:
        return "no curve: no record has it" if not with_it else "no curve: every record has it"
    return f"{with_it:,} with, {without:,} without"
