"""Figures of an evaluation with one small panel a class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation import curves
from twelvelead.plots.style import BLUE, COLOURS, INK, LIGHT, ORANGE, QUIET, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
_WIDTH = 7.1  # inches, what an A4 page leaves
_TICKS = (0, 0.25, 0.5, 0.75, 1)
_SWEEP = np.linspace(0, 1, 501)
_LINES = ("-", ":", "--", "-.")


def confusion_panels(labels: ArrayLike, predicted: ArrayLike, titles: Sequence[str]) -> "Figure":
    """The confusion matrix of each class: counts, shaded and captioned by their share of the recorded row.

    Args:
        labels, predicted: [records, classes] bool.
        titles: of the panels, [classes].
    """
    y, d = np.asarray(labels, bool), np.asarray(predicted, bool)
    figure, panels = _panels(titles, 1.75)
    for axes, column in panels:
        _confusion(axes, curves.confusion(y[:, column], d[:, column]))
    return figure


def roc_panels(labels: ArrayLike, probabilities: ArrayLike, predicted: ArrayLike, titles: Sequence[str]) -> "Figure":
    """The ROC curve of each class, with the operating point of the decisions and the number of records.

    Args:
        labels, predicted: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
    """
    y, p, d = _arrays(labels, probabilities, predicted)
    figure, panels = _panels(titles, 2.0)
    for axes, column in panels:
        _unit(axes, "1 - specificity", "sensitivity")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=(0, (4, 3)))
        counts = curves.confusion(y[:, column], d[:, column])
        with_it, without = int(counts[1].sum()), int(counts[0].sum())
        if with_it and without:
            axes.plot(*curves.roc_curve(y[:, column], p[:, column]), color=BLUE, linewidth=1.3)
            axes.plot(counts[0, 1] / without, counts[1, 1] / with_it, **_POINT)
        _note(axes, _counted(with_it, without), 0.97, 0.05)
    _legend(figure, len(titles), [("operating point", _POINT), ("by chance", {"color": QUIET, "linestyle": "--"})])
    return figure


def precision_recall_panels(
    labels: ArrayLike, probabilities: ArrayLike, predicted: ArrayLike, titles: Sequence[str]
) -> "Figure":
    """Precision against recall of each class, with the operating point, and the prevalence as what chance gives.

    Args:
        labels, predicted: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
    """
    y, p, d = _arrays(labels, probabilities, predicted)
    figure, panels = _panels(titles, 2.0)
    for axes, column in panels:
        _unit(axes, "recall", "precision")
        counts = curves.confusion(y[:, column], d[:, column])
        with_it, called = int(counts[1].sum()), int(counts[:, 1].sum())
        axes.axhline(with_it / len(y), color=QUIET, linewidth=0.7, linestyle=(0, (4, 3)))
        if with_it:
            precision, recall = curves.precision_recall_curve(y[:, column], p[:, column])
            axes.plot(recall, precision, color=BLUE, linewidth=1.3)
            if called:
                axes.plot(counts[1, 1] / with_it, counts[1, 1] / called, **_POINT)
        _note(axes, f"{with_it:,} of {len(y):,}", 0.04, 0.05, "left")
    _legend(figure, len(titles), [("operating point", _POINT), ("prevalence", {"color": QUIET, "linestyle": "--"})])
    return figure


def reliability_panels(labels: ArrayLike, probabilities: ArrayLike, titles: Sequence[str]) -> "Figure":
    """How often what was given a probability was there, for each class; below, how many records in each bin.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        titles: of the panels, [classes].
    """
    y, p = np.asarray(labels, bool), np.asarray(probabilities, np.float64)
    figure, panels = _panels(titles, 2.6, below=0.88)
    for axes, column in panels:
        found = curves.reliability(y[:, column], p[:, column])
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
    _legend(
        figure, len(titles), [("95 % interval (Wilson)", explained), ("ideal", {"color": QUIET, "linestyle": "--"})]
    )
    return figure


def threshold_panels(
    labels: ArrayLike, probabilities: ArrayLike, thresholds: Mapping[str, ArrayLike], titles: Sequence[str]
) -> "Figure":
    """Precision, recall, F1 and accuracy of each class against its threshold, the chosen ones marked.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        thresholds: operating point -> [classes]; the first, which decides, is a full line.
        titles: of the panels, [classes].
    """
    y, p = np.asarray(labels, bool), np.asarray(probabilities, np.float64)
    figure, panels = _panels(titles, 2.0)
    styles: list[tuple[str, dict[str, Any]]] = []
    for axes, column in panels:
        _unit(axes, "threshold", "")
        drawn = curves.threshold_curves(y[:, column], p[:, column], _SWEEP)
        styles = []
        for colour, (name, values) in zip(COLOURS, drawn.items(), strict=True):
            axes.plot(_SWEEP, values, color=colour, linewidth=1.1)
            styles.append((name, {"color": colour}))
        for number, (name, chosen) in enumerate(thresholds.items()):
            style = {"color": INK, "linestyle": _LINES[number % len(_LINES)], "linewidth": 0.9}
            axes.axvline(float(np.asarray(chosen)[column]), **style)  # type: ignore[arg-type]
            styles.append((f"threshold, {name}", style))
    _legend(figure, len(titles), styles)
    return figure


def cooccurrence_figure(labels: ArrayLike, predicted: ArrayLike, classes: Sequence[str]) -> "Figure":
    """How many records have each pair of classes, as recorded and as predicted.

    Args:
        labels, predicted: [records, classes] bool.
        classes: names of the columns.
    """
    counts = {"recorded": curves.cooccurrence(labels), "predicted": curves.cooccurrence(predicted)}
    figure = new_figure(_WIDTH, 2.2 + 0.12 * len(classes))
    size = 7.5 if len(classes) <= 6 else 5
    for axes, (name, count) in zip(figure.subplots(1, 2), counts.items(), strict=True):
        own = np.diag(count)[:, None]
        share = np.divide(count, own, out=np.zeros(count.shape), where=own > 0)
        axes.imshow(share, cmap=_shades(), vmin=0, vmax=1, aspect="auto")
        for row, column in np.ndindex(count.shape):
            _cell(axes, column, row, f"{count[row, column]:,}", float(share[row, column]), size)
        axes.set_xticks(range(len(classes)), classes, rotation=45 if len(classes) > 6 else 0, fontsize=size)
        axes.set_yticks(range(len(classes)), classes, fontsize=size)
        axes.set_title(name, fontsize=9, fontweight="bold", color=INK)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_visible(False)
    return figure


def forest_figure(rows: Sequence[tuple[str, float, float, float]], reference: float, label: str) -> "Figure":
    """An estimate with its interval in each row, beside a reference for all.

    Args:
        rows: name, estimate, low, high, from the top down.
        reference: a line through all rows.
        label: of the axis.
    """
    figure = new_figure(_WIDTH, 0.6 + 0.2 * max(len(rows), 1))
    axes = figure.add_subplot()
    at = np.arange(len(rows))
    estimate, low, high = np.array([row[1:] for row in rows], np.float64).reshape(-1, 3).T
    axes.axvline(reference, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.errorbar(
        estimate, at, xerr=np.clip([estimate - low, high - estimate], 0, None), fmt="s", color=BLUE, markersize=4
    )
    axes.set_yticks(at, [row[0] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label, fontsize=8, color=INK)
    axes.grid(axis="x", color=LIGHT, linewidth=0.7)
    axes.set_axisbelow(True)
    plain(axes)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    return figure


_POINT: dict[str, Any] = {"color": ORANGE, "marker": "o", "markersize": 4.5, "linestyle": "", "clip_on": False}


def _arrays(
    labels: ArrayLike, probabilities: ArrayLike, predicted: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    return np.asarray(labels, bool), np.asarray(probabilities, np.float64), np.asarray(predicted, bool)


def _panels(titles: Sequence[str], height: float, below: float = 0.36) -> tuple["Figure", Iterator[tuple["Axes", int]]]:
    """A figure of panels, each with its title, and one cell more than there are titles for a legend.

    Height of a panel with what is above and below its axes, and the part of it below, in inches.
    """
    rows = -(-(len(titles) + 1) // COLUMNS)
    above = 0.26
    figure = new_figure(_WIDTH, height * rows, layout=None)
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


def _legend(figure: "Figure", panels: int, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """In the first cell without a panel."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], label=name, **{k: v for k, v in how.items() if k != "clip_on"}) for name, how in entries]
    figure.axes[panels].legend(handles=lines, loc="upper left", frameon=False, fontsize=8, labelcolor=INK)


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


def _confusion(axes: "Axes", counts: NDArray[np.int64]) -> None:
    rows = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, rows, out=np.zeros((2, 2)), where=rows > 0)
    axes.imshow(share, cmap=_shades(), vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(2, 2):
        percent = f"{100 * share[row, column]:.1f} %" if rows[row, 0] else "none"
        _cell(axes, column, row, f"{counts[row, column]:,}\n{percent}", float(share[row, column]), 8)
    axes.set_xticks([0, 1], ["absent", "present"])
    axes.set_yticks([0, 1], ["absent", "present"], rotation=90, va="center")
    axes.set_xlabel("predicted", fontsize=7, color=INK, labelpad=1)
    axes.set_ylabel("recorded", fontsize=7, color=INK, labelpad=1)
    axes.tick_params(length=0, labelsize=7, colors=INK)
    axes.spines[:].set_visible(False)


def _cell(axes: "Axes", x: float, y: float, text: str, share: float, size: float) -> None:
    axes.text(x, y, text, fontsize=size, ha="center", va="center", color="white" if share > 0.55 else INK)


def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ink", ["#f4f7fa", BLUE])
