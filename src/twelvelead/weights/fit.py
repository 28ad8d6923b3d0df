"""The part of a contract that is fitted on the validation folds: what outputs mean and how good they are."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import intervals, patient_weights
from twelvelead.evaluation.calibration import apply_platt, fit_platt, fit_shift, fit_temperature
from twelvelead.evaluation.conformal import ERROR_RATES, fit_conformal
from twelvelead.evaluation.crossfit import crossfit
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.partly import each_class, known_pairs
from twelvelead.evaluation.selective import fit_certainty
from twelvelead.evaluation.thresholds import OperatingPoint, fit_thresholds, reached_by
from twelvelead.weights.head import Head
from twelvelead.weights.statements import load_statements, read_off, subclasses

OPERATING_POINTS: tuple[OperatingPoint, ...] = ("accuracy", "f1", "youden", "sensitivity=0.95")
"""What a contract holds thresholds for."""

PARTS = 5
"""Of the patients, for what is cross-fitted."""

LEAST_POSITIVES = {"training": 50, "validation": 10}
"""Of a statement, for an answer to speak of it: with fewer, its calibration and its limits are luck."""

NO_LEAST = {"training": 0, "validation": 0}

_AT_AIM = ("macro_f1", "subset_accuracy", "hamming_loss")
_ANYWHERE = ("macro_auroc", "macro_average_precision", "calibration_error")


class Labels(Protocol):
    """Labels of many records, as `twelvelead.data.tasks.Labels` holds them.

    Attributes:
        task: whose they are.
        classes: names of the columns.
        values: [records, classes] bool.
        known: [records, classes] bool, which of them are known.
    """

    @property
    def task(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> NDArray[np.bool_]: ...
    @property
    def known(self) -> NDArray[np.bool_]: ...


def fit_heads(
    labels: Labels,
    statements: Labels | None,
    raw: NDArray[np.floating[Any]],
    records: NDArray[np.int64],
    trained: NDArray[np.bool_],
    patients: ArrayLike,
) -> dict[str, Any]:
    """What all outputs of weights mean.

    Args:
        labels, statements: of all records of a store; None for weights without statements.
        raw: [n, classes and statements], 0-1, as the files of the weights give them.
        records: rows of the validation records, [n].
        trained: [records] bool, which records trained.
        patients: [n], a patient's identity in each.

    Returns:
        Entries of a contract: those of the head of the classes, `statements` and `subclasses`.
    """
    count = len(labels.classes)
    head = fit_head(
        labels.task,
        labels.values[records],
        raw[:, :count],
        patients,
        labels.classes,
        labels.values[trained],
        known=labels.known[records],
        trained_known=labels.known[trained],
    )
    entries: dict[str, Any] = {**vars(head), "statements": None, "subclasses": None}
    if statements is None:
        return entries
    names, values = statements.classes, statements.values
    found = fit_head(
        statements.task,
        values[records],
        raw[:, count:],
        patients,
        names,
        values[trained],
        LEAST_POSITIVES,
        known=statements.known[records],
        trained_known=statements.known[trained],
    )
    entries["statements"] = found
    if set(names) == {each.statement for each in load_statements()}:
        columns = [[names.index(each) for each in of] for of in subclasses().values()]
        truth = np.stack([values[:, of].any(axis=1) for of in columns], axis=1)
        known = truth | np.stack([statements.known[:, of].all(axis=1) for of in columns], axis=1)
        entries["subclasses"] = fit_head(
            "subclass",
            truth[records],
            read_off(names, found.calibrated(raw[:, count:])),
            patients,
            tuple(subclasses()),
            truth[trained],
            LEAST_POSITIVES,
            known=known[records],
            trained_known=known[trained],
        )
    return entries


def fit_head(
    task: str,
    labels: ArrayLike,
    probabilities: ArrayLike,
    patients: ArrayLike,
    classes: Sequence[str],
    trained: ArrayLike | None = None,
    least_positives: Mapping[str, int] = NO_LEAST,
    *,
    known: NDArray[np.bool_] | None = None,
    trained_known: NDArray[np.bool_] | None = None,
) -> Head:
    """What outputs mean, from predictions of the validation folds; labels that are not known take no part.

    Calibration, thresholds, limits and metrics are fitted and measured on the same records, which also chose.
    Sensitivity and specificity are cross-fitted: each fifth of the patients is decided with the thresholds that the
    other four give.

    A class that none of the records has, or all have, tells nothing of itself. Where its share in training is given,
    that stands in: its logits are shifted until their mean probability is this share, and its thresholds
    are the probability that this share of the records reaches. It has no operating point, its conformal rule
    never excludes the answer that no record showed, no macro mean contains it, and its prevalence is the 0 or 1 found.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1, as the files of the weights give them.
        patients: [records], a patient's identity in each.
        task: whose labels they are.
        classes: names of the columns.
        trained: [training records, classes] bool, the labels of the records that trained; None where they are unknown.
        least_positives: with fewer, an answer names a class as not assessed.
        known, trained_known: [records, classes] bool and [training records, classes] bool, which labels are known; None
            for all.

    Raises:
        Unreadable: there are no records, a class has no positives or no negatives and `trained` is not given, every
            class is such, a probability is NaN or outside 0-1.
    """
    seen = np.zeros((0, len(classes)), bool) if trained is None else np.asarray(trained, bool)
    of = np.full(len(classes), len(seen)) if trained_known is None else trained_known.sum(axis=0)
    edge = 0.5 / (of + 1)  # of a class that training showed in no record
    expected = np.clip(seen.sum(axis=0) / np.maximum(of, 1), edge, 1 - edge) if len(seen) else None
    y = np.asarray(labels, bool)
    there = np.ones_like(y) if known is None else known
    slope, intercept = each_class(fit_platt, y, np.asarray(probabilities), there, (1.0, 0.0))
    shown = np.asarray(y.any(axis=0) & (there & ~y).any(axis=0), np.bool_)
    if expected is None or not shown.any():
        shown = np.ones_like(shown)  # what fits thresholds then names the class that cannot be fitted
    shares = np.ones(len(classes)) / 2 if expected is None else expected
    slope = np.where(shown, slope, 1.0)
    intercept = np.where(shown, intercept, fit_shift(probabilities, shares))
    p = apply_platt(probabilities, slope, intercept)
    found: dict[str, Any] = {
        "positives": {"training": _counts(seen), "validation": _counts(y)},
        "least_positives": dict(least_positives),
        "calibration": {"slope": _plain(slope), "intercept": _plain(intercept)},
        "temperature": fit_temperature(*known_pairs(y, np.asarray(probabilities), there)),
        "thresholds": {},
        "operating_points": {},
        "prevalence": _plain(y.sum(axis=0) / np.maximum(there.sum(axis=0), 1)),
        "certainty": _plain(fit_certainty(p)),
        "metrics": {},
        "intervals": {},
    }
    limits = [each_class(partial(fit_conformal, error_rate=rate), y, p, there, (0.0, 1.0)) for rate in ERROR_RATES]
    found["conformal"] = {
        "error_rates": ERROR_RATES,
        "present_from": tuple(_plain(present_from) for present_from, _ in limits),
        "absent_to": tuple(_plain(absent_to) for _, absent_to in limits),
    }
    for operating_point in OPERATING_POINTS:
        thresholds = reached_by(p, shares)
        (thresholds[shown],) = each_class(
            partial(_thresholds, operating_point=operating_point), y[:, shown], p[:, shown], there[:, shown], None
        )
        found["thresholds"][operating_point] = _plain(thresholds)
        found["operating_points"][operating_point] = sensitivity_and_specificity(
            y, p, patients, operating_point, least_positives["validation"], there
        )
    for operating_point in ("accuracy", "f1"):
        thresholds = np.array(found["thresholds"][operating_point])
        values = evaluate(y, p, thresholds, classes, known=known)
        bounds = intervals(y, p, p >= thresholds, patients, classes, known=known)
        for name in (*_AT_AIM, *_ANYWHERE):
            key = f"{name}_at_{operating_point}" if name in _AT_AIM else name
            found["metrics"][key] = values[name] if np.isfinite(values[name]) else None
            if name in bounds:
                found["intervals"][key] = bounds[name]
    found["auroc"] = tuple(
        (values["classes"][name]["auroc"], *bounds.get(f"classes.{name}.auroc", (None, None))) for name in classes
    )
    return Head(task=task, classes=tuple(classes), **found)


def sensitivity_and_specificity(
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
    patients: ArrayLike,
    operating_point: OperatingPoint,
    least_positives: int = 0,
    known: NDArray[np.bool_] | None = None,
) -> dict[str, tuple[tuple[float | None, ...], ...]]:
    """Sensitivity and specificity of each class with 95 % intervals, thresholds cross-fitted by patient.

    The interval is that of the share of right decisions under a bootstrap of patients; it takes the thresholds as
    given.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes] float64, calibrated.
        patients: [records].
        operating_point: whose thresholds decide.
        least_positives: a class with fewer is not measured.
        known: [records, classes] bool, which labels are known; None for all.

    Returns:
        "sensitivity" and "specificity": for each class (value, low, high), or (None, None, None) where it has too few
        positives, or a part of the patients leaves the others without a positive or a negative.
    """
    weights = patient_weights(patients, 1000, seed=0)
    found: dict[str, list[tuple[float | None, ...]]] = {"sensitivity": [], "specificity": []}
    there = np.ones_like(labels) if known is None else known
    for y, p, k in zip(labels.T, probabilities.T, there.T, strict=True):
        fits = y.sum() >= least_positives and k.any()
        decided = _crossfitted(y[k], p[k], np.asarray(patients)[k], operating_point) if fits else None
        for name, among in (("sensitivity", y[k]), ("specificity", ~y[k])):
            found[name].append(
                (None,) * 3 if decided is None else _share(decided[among] == y[k][among], weights[:, k][:, among])
            )
    return {name: tuple(values) for name, values in found.items()}


def age_range(ages: ArrayLike) -> tuple[float, float]:
    """The ages that training saw enough of: the 1st to the 99th percentile, in years.

    PTB-XL writes 300 for everyone over 89, so no age above counts as unseen where there are such; 120 stands for that.

    Args:
        ages: [records] years, NaN where unknown.
    """
    known = np.asarray(ages, np.float64)
    known = np.clip(known[~np.isnan(known)], 0, 120)
    low, high = np.quantile(known, [0.01, 0.99]) if known.size else (0.0, 120.0)
    return float(low), float(high)


def _thresholds(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], operating_point: OperatingPoint
) -> tuple[NDArray[np.float64]]:
    return (fit_thresholds(labels, probabilities, operating_point),)


def _crossfitted(
    y: NDArray[np.bool_], p: NDArray[np.float64], patients: ArrayLike, operating_point: OperatingPoint
) -> NDArray[np.bool_] | None:
    def fit(labels: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> Callable[..., NDArray[np.bool_]]:
        threshold = fit_thresholds(labels, probabilities, operating_point)
        return lambda others: others >= threshold

    try:
        return np.asarray(crossfit(y[:, None], p[:, None], patients, fit, PARTS)[:, 0])
    except Unreadable:
        return None


def _share(right: NDArray[np.bool_], weights: NDArray[np.float64]) -> tuple[float, ...]:
    """The share that is right, and its percentiles over the resamples that hold any."""
    counted = weights.sum(axis=1)
    resampled = (weights @ right)[counted > 0] / counted[counted > 0]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(right.mean()), float(low), float(high)


def _counts(labels: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(labels.sum(axis=0).tolist())


def _plain(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(values.tolist())
