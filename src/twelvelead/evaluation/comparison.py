"""Telling models apart: paired bootstrap differences of every metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import LEVEL, resampled
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.weighted_metrics import LOWER_IS_BETTER
from twelvelead.progress import Progress, silent

RESAMPLES = 2000
"""The least p-value that so many can give is 0.001."""

FEWEST_PATIENTS = 20
"""With a class, and without it, for the class to be compared alone.

In simulation, 2,000 pairs of equally good models on 500 patients, the AUROC was wrongly told apart (p <= 0.05) in 32 %
with 2 positive patients, in 10 % with 5, 8 % with 10, 7 % with 20, 6 % with 50.
"""


@dataclass(frozen=True)
class Difference:
    """One metric of one model against the baseline.

    Attributes:
        model: its name.
        metric: key as in `intervals`, such as `macro_auroc` or `classes.MI.auroc`.
        baseline, value: the metric of the baseline and of the model.
        difference: value - baseline.
        low, high: 95 % interval of the difference.
        p: two-sided p-value of no difference.
        p_adjusted: of Holm over the models that are compared with the baseline; the same as p where there is one.
    """

    model: str
    metric: str
    baseline: float
    value: float
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float

    @property
    def lower_is_better(self) -> bool:
        """Whether less of the metric is better."""
        return self.metric.rpartition(".")[2] in LOWER_IS_BETTER

    @property
    def better(self) -> Literal["model", "baseline"] | None:
        """Which is better at the 5 % level after adjustment; None where they cannot be told apart."""
        if self.p_adjusted > 1 - LEVEL + 1e-12:
            return None
        return "model" if (self.difference < 0) == self.lower_is_better else "baseline"


def compare(
    labels: ArrayLike,
    probabilities: Mapping[str, ArrayLike],
    thresholds: Mapping[str, ArrayLike],
    patients: ArrayLike,
    classes: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Progress = silent,
    known: NDArray[np.bool_] | None = None,
) -> list[Difference]:
    """Differences of the models to the first of them, the baseline, by a paired bootstrap of the patients.

    Every model is scored on the same resamples, so what makes a resample easy or hard for all of them cancels. With B
    resampled differences d, the p-value is twice the smaller of (#(d <= 0) + 1) / (B + 1) and (#(d >= 0) + 1) / (B + 1)
    and at most 1: the level at which the percentile interval just touches 0 (Efron and Tibshirani 1993, chapters 15
    and 16; the + 1 as in Davison and Hinkley 1997, chapter 4). The interval is taken at the ranks 0.025 (B + 1) from
    either end, so it excludes 0 exactly where p is 0.05 or less. Thresholds are taken as given.

    Args:
        labels: [records, classes] bool.
        probabilities: model -> [records, classes], 0-1.
        thresholds: model -> [classes], or one number for all.
        patients: [records], a patient's identity in each.
        classes: names of the columns.
        resamples: number of resamples, 1,000 or more for figures that are shown.
        seed: of the resampling.
        progress: told the models scored.
        known: [records, classes] bool, which labels are known; None for all. The others count nowhere.

    Returns:
        For each model but the first, every metric of `intervals`. Absent are metrics that are undefined, and those of
        classes that fewer than 20 patients have, or lack.

    Raises:
        ValueError: the shapes do not match, fewer than two models, fewer than 39 resamples.
        Unreadable: there are no records, one patient only, a probability is NaN or outside 0-1.
    """
    if len(probabilities) < 2 or resamples < 39:
        raise ValueError(f"{len(probabilities)} models and {resamples} resamples; give two models and 39 at least")
    if len(np.unique(np.asarray(patients))) == 1:
        raise Unreadable("comparison: all records are of one patient; a bootstrap by patient needs several")
    baseline, *models = probabilities
    drawn, measured = {}, {}
    for done, (name, p) in enumerate(probabilities.items()):
        progress("models scored", done, len(probabilities))
        predicted = np.asarray(p, np.float64) >= np.asarray(thresholds[name], np.float64)
        drawn[name] = resampled(labels, p, predicted, patients, classes, resamples, seed, known)
        measured[name] = _flat(evaluate(labels, p, thresholds[name], classes, seed, known))
    progress("models scored", len(probabilities), len(probabilities))
    rare = rare_classes(labels, patients, classes, known)
    found = []
    for metric, values in drawn[baseline].items():
        if metric.removeprefix("classes.").rpartition(".")[0] in rare or any(
            metric not in of for of in measured.values()
        ):
            continue
        tests = [_test(drawn[name][metric] - values) for name in models]
        adjusted = holm([p for _, _, p in tests])
        one = measured[baseline][metric]
        for name, (low, high, p), p_holm in zip(models, tests, adjusted, strict=True):
            other = measured[name][metric]
            found.append(Difference(name, metric, one, other, other - one, low, high, p, p_holm))
    return sorted(found, key=lambda difference: models.index(difference.model))


def rare_classes(
    labels: ArrayLike, patients: ArrayLike, classes: Sequence[str], known: NDArray[np.bool_] | None = None
) -> list[str]:
    """Classes that fewer than 20 patients have, or lack, and which are therefore not compared alone.

    Args:
        labels: [records, classes] bool.
        patients: [records], a patient's identity in each.
        classes: names of the columns.
        known: [records, classes] bool, which labels are known; None for all.
    """
    y, who = np.asarray(labels, bool), np.asarray(patients)
    there = np.ones_like(y) if known is None else known
    fewest = [
        min(len(np.unique(who[k & column])), len(np.unique(who[k & ~column])))
        for column, k in zip(y.T, there.T, strict=True)
    ]
    return [name for name, count in zip(classes, fewest, strict=True) if count < FEWEST_PATIENTS]


def holm(p: Sequence[float]) -> list[float]:
    """P-values adjusted so that the chance of any false finding stays below the level (Holm 1979).

    Args:
        p: [tests].

    Returns:
        [tests], in the order given.
    """
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p, np.float64)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in adjusted]


def _test(drawn: NDArray[np.float64]) -> tuple[float, float, float]:
    """Interval and p-value from resampled differences; NaN, where a resample lacks a class, is passed over."""
    d = np.sort(drawn[~np.isnan(drawn)])
    tail = max(int((1 - LEVEL) / 2 * (len(d) + 1) + 1e-9), 1)
    fewer = min((d <= 0).sum(), (d >= 0).sum())
    return float(d[tail - 1]), float(d[-tail]), float(min(2 * (fewer + 1) / (len(d) + 1), 1))


def _flat(values: dict[str, Any]) -> dict[str, float]:
    """The numbers that `evaluate` gives, under the keys of `resampled`; those that are undefined are absent."""
    found = {f"classes.{name}.{key}": value for name, of in values["classes"].items() for key, value in of.items()}
    return {key: value for key, value in (values | found).items() if isinstance(value, float)}
