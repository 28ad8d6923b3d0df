"""Weights of the members of an ensemble, chosen so that the choice is worth something on other records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.calibration import apply_platt, fit_platt, logit, sigmoid
from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.crossfit import partition
from twelvelead.evaluation.metrics import auroc

Floats = NDArray[np.float64]

Combine = Callable[[Floats, Floats], Floats]
"""Members [records, members, classes] and weights [members] -> probabilities [records, classes]."""

MEANS: Mapping[str, Combine] = {
    "logit": lambda members, weights: sigmoid(np.einsum("rmc,m->rc", logit(members), weights)),
    "probability": lambda members, weights: np.einsum("rmc,m->rc", members, weights),
}
"""What an ensemble may average."""

PARTITIONS = 10
"""Of the patients, over which the cross-fitted figures are averaged: one alone decides by its luck."""

PARTS = 5
"""Of each partition."""


class Objective(NamedTuple):
    """How good probabilities are: macro AUROC, and the mean log loss after a calibration of each class."""

    macro_auroc: float
    log_loss: float


@dataclass(frozen=True)
class Choice:
    """Weights for the members, and what the choice is worth.

    Attributes:
        weights: [members], those to use: the fitted ones, or equal ones.
        used: which of the two they are.
        fitted_weights: [members], the fitted ones.
        equal: score of equal weights.
        fitted: score of the fitted weights on the records that they were fitted to.
        crossfitted: score of weights fitted on the other patients, mean over `PARTITIONS`.
    """

    weights: tuple[float, ...]
    used: Literal["fitted", "equal"]
    fitted_weights: tuple[float, ...]
    equal: Objective
    fitted: Objective
    crossfitted: Objective


def choose_weights(labels: ArrayLike, members: Floats, patients: ArrayLike, combine: Combine) -> Choice:
    """Fit weights, and use them only if they would have been better than equal ones for patients they had not seen.

    Better means both: a higher macro AUROC and a lower log loss, each cross-fitted by patient.

    Args:
        labels: [records, classes] bool.
        members: [records, members, classes] float64, 0-1, each member calibrated.
        patients: [records], a patient's identity in each.
        combine: how members and weights become the ensemble's probabilities.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, _ = checked(labels, members[:, 0])
    count = members.shape[1]
    same = np.full(count, 1 / count)
    fitted = fit_weights(y, members)
    equal = objective(y, combine(members, same))
    unseen = []
    for seed in range(PARTITIONS):
        part = partition(patients, PARTS, seed)
        p = np.empty(y.shape)
        for one in np.unique(part):
            rows = part == one
            p[rows] = combine(members[rows], fit_weights(y[~rows], members[~rows]))
        unseen.append(objective(y, p))
    crossfitted = Objective(*(float(np.mean(values)) for values in zip(*unseen, strict=True)))
    better = crossfitted.macro_auroc > equal.macro_auroc and crossfitted.log_loss < equal.log_loss
    return Choice(
        weights=tuple((fitted if better else same).tolist()),
        used="fitted" if better else "equal",
        fitted_weights=tuple(fitted.tolist()),
        equal=equal,
        fitted=objective(y, combine(members, fitted)),
        crossfitted=crossfitted,
    )


def fit_weights(labels: NDArray[np.bool_], members: Floats) -> Floats:
    """Weights with the least log loss of the members' weighted logits, drawn towards equal ones.

    A logistic regression on the members' logits with one coefficient a member for all classes, none negative, under a
    normal prior around 1 / members with half of that as its standard deviation. The coefficients are then divided by
    their sum: what they say beyond their proportions is a temperature, and the ensemble is calibrated anyway.

    Args:
        labels: [records, classes] bool.
        members: [records, members, classes] float64, 0-1, each member calibrated.

    Returns:
        [members] float64, not negative, that add up to 1.
    """
    from scipy.optimize import minimize

    count = members.shape[1]
    x = np.moveaxis(logit(members), 1, 2).reshape(-1, count)
    y = labels.ravel()
    prior, spread = 1 / count, 0.5 / count

    def loss(v: Floats) -> tuple[float, Floats]:
        logits, away = x @ v, (v - prior) / spread
        value = np.logaddexp(0, logits).sum() - logits[y].sum() + (away**2).sum() / 2
        return float(value), np.asarray((sigmoid(logits) - y) @ x + away / spread)

    found = minimize(loss, np.full(count, prior), jac=True, method="L-BFGS-B", bounds=[(0, None)] * count).x
    total = found.sum()
    return np.asarray(found / total if total > 0 else np.full(count, prior), np.float64)


def objective(labels: NDArray[np.bool_], probabilities: Floats) -> Objective:
    """How good probabilities [records, classes] are."""
    found = auroc(labels, probabilities)
    p = np.clip(apply_platt(probabilities, *fit_platt(labels, probabilities)), 1e-12, 1 - 1e-12)
    loss = -np.where(labels, np.log(p), np.log1p(-p)).mean()
    known = found[~np.isnan(found)]
    return Objective(float(known.mean()) if known.size else float("nan"), float(loss))
