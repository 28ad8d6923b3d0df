"""The picture of a search: how the best value rose, what mattered, and where in the space the good trials lie."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from twelvelead.data.tasks import fold_names
from twelvelead.plots.style import BLUE, INK, LIGHT, ORANGE, QUIET, new_figure, plain, save_png
from twelvelead.training.recipe import Recipe
from twelvelead.tuning.results import best_auroc, best_trial, importance, state
from twelvelead.tuning.space import Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_TEXT = 8


def draw(study: optuna.Study, space: Space, base: Recipe, folder: Path, *, synthetic: bool) -> None:
    """Write `study.png`: the history with the best so far, each setting's share, and the AUROC over each setting.

    Args:
        study: holds the trials; nothing is written where none has ended an epoch.
        space: what is drawn.
        base: the recipe of the search.
        folder: of the study.
        synthetic: whether the ECGs were generated; stated in the title.
    """
    trials = study.get_trials(deepcopy=False)
    shown = [one for one in trials if state(one) in ("completed", "pruned") and best_auroc(one) is not None]
    if not shown:
        return
    shares = importance(study)
    names = sorted(space.drawn, key=lambda name: -shares.get(name, 0))
    rows = math.ceil(len(names) / _COLUMNS)
    figure = new_figure(10, 3.4 + 2.0 * rows)
    # two figures in one: the width of the upper panels is not to bend the columns below
    above, below = np.ravel(figure.subfigures(2, 1, height_ratios=[3.2, 2.0 * rows]))  # type: ignore[arg-type]
    panels = above.subplots(1, 2, width_ratios=[3.2, 1]) if shares else [above.subplots()]
    low, high = _limits(shown)
    _history(panels[0], trials, shown, low, high)
    if shares:
        _shares(panels[1], shares)
    grid = below.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for number, axes in enumerate(grid):
        if number >= len(names):
            axes.set_axis_off()
            continue
        _slice(axes, names[number], space.drawn[names[number]], shown, best_trial(trials), low, high)
        if number % _COLUMNS:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("macro AUROC", fontsize=_TEXT, color=INK)
    kind = ", synthetic ECGs" if synthetic else ""
    figure.suptitle(
        f"Search of {base.name}: validation macro AUROC on fold {fold_names(base.validation_folds)}, which chose{kind}",
        fontsize=12,
        fontweight="bold",
        color=INK,
        x=0.01,
        ha="left",
    )
    save_png(figure, folder / "study.png")


def _limits(shown: list[FrozenTrial]) -> tuple[float, float]:
    """A range in which the good trials can be told apart; what lies below is drawn on its edge.

    Of pruned trials only the first epochs are known, so they decide nothing where others have ended.
    """
    ended = [trial for trial in shown if state(trial) == "completed"]
    values = np.array([best_auroc(trial) for trial in ended or shown], float)
    high = values.max()
    low = max(values.min(), high - 4 * max(high - float(np.median(values)), 0.002))
    room = max(0.08 * (high - low), 0.0005)
    return float(low - room), float(high + room)


def _points(axes: "Axes", places: Any, trials: list[FrozenTrial], low: float, high: float) -> None:
    values = np.array([best_auroc(trial) for trial in trials], float)
    pruned = np.array([state(trial) == "pruned" for trial in trials])
    under = values < low
    edge = low + 0.03 * (high - low)
    x = np.asarray(places, float)
    for rows, marker, face, colour in (
        (~pruned & ~under, "o", BLUE, BLUE),
        (pruned & ~under, "o", "white", QUIET),
        (~pruned & under, "v", BLUE, BLUE),
        (pruned & under, "v", "white", QUIET),
    ):
        axes.scatter(
            x[rows],
            np.where(under, edge, values)[rows],
            s=16,
            marker=marker,
            facecolors=face,
            edgecolors=colour,
            linewidths=0.8,
            alpha=0.85,
            zorder=2,
        )
    axes.set_ylim(low, high)
    axes.grid(axis="y", color=LIGHT, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    plain(axes)


def _history(axes: "Axes", trials: list[FrozenTrial], shown: list[FrozenTrial], low: float, high: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    _points(axes, [trial.number for trial in shown], shown, low, high)
    best, numbers, values = -math.inf, [], []
    for trial in trials:
        if state(trial) == "completed" and (trial.value or 0) > best:
            best = trial.value or 0
            numbers.append(trial.number)
            values.append(best)
    if numbers:
        axes.step([*numbers, trials[-1].number], [*values, best], where="post", color=ORANGE, linewidth=1.6, zorder=3)
        axes.annotate(
            f"{best:.4f}, trial {numbers[-1]}",
            (numbers[-1], best),
            xytext=(0, 5),
            textcoords="offset points",
            fontsize=_TEXT,
            fontweight="bold",
            color=ORANGE,
            ha="right" if numbers[-1] > trials[-1].number / 2 else "left",
            va="bottom",
        )
        axes.set_ylim(low, high + 0.12 * (high - low))
    failed = [trial.number for trial in trials if state(trial) == "failed"]
    for number in failed:
        axes.axvline(number, 0, 0.06, color=ORANGE, linewidth=1.4)
    handles = [
        Line2D([], [], color=ORANGE, linewidth=1.6, label="best so far"),
        Line2D([], [], linestyle="", marker="o", markersize=4, color=BLUE, label="completed"),
        Line2D([], [], linestyle="", marker="o", markersize=4, color=QUIET, markerfacecolor="white", label="pruned"),
        Line2D([], [], linestyle="", marker="v", markersize=4, color=QUIET, label="below the axis"),
        Line2D([], [], linestyle="", marker="|", markersize=7, color=ORANGE, label="failed"),
    ]
    axes.legend(handles=handles, fontsize=7, frameon=False, ncols=5, loc="upper left", bbox_to_anchor=(0, 1.13))
    axes.set_xlabel("trial", fontsize=_TEXT, color=INK)
    axes.set_ylabel("macro AUROC", fontsize=_TEXT, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _shares(axes: "Axes", shares: dict[str, float]) -> None:
    names = list(shares)[:10]
    axes.barh(range(len(names)), [shares[name] for name in names], color=BLUE, height=0.65)
    axes.set_yticks(range(len(names)), [_label(name) for name in names])
    axes.invert_yaxis()
    axes.set_title("share of the variance", fontsize=_TEXT, color=INK, loc="left")
    plain(axes)
    axes.tick_params(axis="y", length=0)


def _slice(
    axes: "Axes",
    name: str,
    distribution: BaseDistribution,
    shown: list[FrozenTrial],
    best: FrozenTrial | None,
    low: float,
    high: float,
) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    trials = [trial for trial in shown if name in trial.params]
    places: list[float]
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        # beside each other, so that trials of one choice do not hide behind one another; the same in every drawing
        places = [choices.index(one.params[name]) + 0.24 * ((one.number * 0.618) % 1 - 0.5) for one in trials]
        axes.set_xticks(range(len(choices)), [str(choice) for choice in choices])
        axes.set_xlim(-0.5, len(choices) - 0.5)
    else:
        assert isinstance(distribution, FloatDistribution | IntDistribution)
        places = [float(trial.params[name]) for trial in trials]
        if distribution.log:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
        room = 0.03 * (distribution.high - distribution.low)
        axes.set_xlim(
            distribution.low / 1.1 if distribution.log else distribution.low - room,
            distribution.high * 1.1 if distribution.log else distribution.high + room,
        )
    _points(axes, places, trials, low, high)
    for place, trial in zip(places, trials, strict=True):
        if best is not None and trial.number == best.number:
            axes.scatter(
                [place], [best.value or 0.0], s=46, facecolors="none", edgecolors=ORANGE, linewidths=1.6, zorder=4
            )
    axes.set_xlabel(_label(name), fontsize=_TEXT, color=INK)


def _label(name: str) -> str:
    return name.removeprefix("model.").replace("_", " ")
