"""Probabilities to decisions: the operating point, what stays possible at an error rate, predictive values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.inference.interpretation import ClassResult
from twelvelead.weights import Contract
from twelvelead.weights.head import Head

ERROR_RATE = 0.1
"""The default of the conformal rule."""


@dataclass(frozen=True)
class _Rule:
    """How one class is decided.

    Attributes:
        threshold, present_from, absent_to: of its probability.
        always: what every answer says of the class, field of `ClassResult` -> value.
    """

    threshold: float
    present_from: float
    absent_to: float
    always: Mapping[str, Any]


class Rules:
    """What a user asked for, looked up in a contract once and then applied to any number of answers.

    Attributes:
        not_assessed: acronyms of the statements that had too few positives to be answered for.

    Args:
        contract: of the weights.
        operating_point: one of the contract's, or one number for all classes.
        error_rate: of the conformal rule; one that the contract holds.
        prevalence: class -> share of the people examined who have it, 0-1; the others' is that of the validation folds.

    Raises:
        TwelveLeadError: the contract lacks the operating point, the error rate or a class, or a prevalence is outside
            0-1.
    """

    def __init__(
        self,
        contract: Contract,
        operating_point: str,
        error_rate: float = ERROR_RATE,
        prevalence: Mapping[str, float] | None = None,
    ) -> None:
        given = prevalence or {}
        known = dict.fromkeys(name for head in contract.heads for name in head.classes)  # NORM is in both
        for name, share in given.items():
            if name not in known:
                raise TwelveLeadError(f"prevalence of {name}: the weights {contract.name} predict {', '.join(known)}")
            if not 0 <= share <= 1:
                raise TwelveLeadError(f"prevalence of {name}: {share:g} is not a share from 0 to 1")
        self._classes = tuple(_rules(contract, operating_point, error_rate, given).values())
        self._statements: list[tuple[int, _Rule]] = []
        self.not_assessed: tuple[str, ...] = ()
        head = contract.statements
        if head is not None:
            assessed = dict(zip(head.classes, head.assessed, strict=True))
            rules = _rules(head, operating_point, error_rate, given)
            self._statements = [(column, rule) for column, (name, rule) in enumerate(rules.items()) if assessed[name]]
            self.not_assessed = tuple(name for name, there in assessed.items() if not there)

    def __call__(
        self, probabilities: NDArray[np.float64], spread: NDArray[np.float64] | None = None
    ) -> tuple[ClassResult, ...]:
        """Decide one recording.

        Args:
            probabilities: [classes] float64, calibrated.
            spread: [classes] float64, standard deviation over the members of an ensemble; None for a single network.
        """
        spreads: Sequence[float | None] = [None] * len(self._classes) if spread is None else spread.tolist()
        decided = zip(self._classes, probabilities.tolist(), spreads, strict=True)
        return tuple([_decide(rule, p, spread) for rule, p, spread in decided])

    def statements(self, probabilities: NDArray[np.float64]) -> tuple[ClassResult, ...]:
        """Decide the statements of one recording, those that are assessed.

        Args:
            probabilities: [statements] float64, calibrated.
        """
        values = probabilities.tolist()
        return tuple([_decide(rule, values[column], None) for column, rule in self._statements])


def _rules(head: Head, operating_point: str, error_rate: float, given: Mapping[str, float]) -> dict[str, _Rule]:
    point = head.operating_points.get(operating_point, {})
    thresholds, (present_from, absent_to) = head.thresholds_at(operating_point).tolist(), head.limits(error_rate)
    rules = {}
    for column, name in enumerate(head.classes):
        sensitivity, specificity = _estimate(point, "sensitivity", column), _estimate(point, "specificity", column)
        prevalence = given.get(name, head.prevalence[column])
        positive, negative = predictive_values(sensitivity, specificity, prevalence)
        always = {
            "name": name,
            "threshold": thresholds[column],
            "sensitivity": sensitivity,
            "specificity": specificity,
            "prevalence": prevalence,
            "prevalence_given": name in given,
            "positive_predictive_value": positive,
            "negative_predictive_value": negative,
        }
        rules[name] = _Rule(thresholds[column], present_from[column], absent_to[column], always)
    return rules


def _decide(rule: _Rule, p: float, spread: float | None) -> ClassResult:
    possible = (("absent",) if p <= rule.absent_to else ()) + (("present",) if p >= rule.present_from else ())
    # as the class makes itself, field by field, it takes five times as long
    result = object.__new__(ClassResult)
    vars(result).update(rule.always, probability=p, present=p >= rule.threshold, conformal_set=possible, spread=spread)
    return result


def predictive_values(
    sensitivity: Estimate | None, specificity: Estimate | None, prevalence: float
) -> tuple[float | None, float | None]:
    """Positive and negative predictive value by Bayes' theorem (Altman and Bland, BMJ 1994; 309:102).

    Returns:
        The share of those called present who have it, and of those called absent who have not; None where sensitivity
        and specificity are unknown or nobody would be called so.
    """
    if sensitivity is None or specificity is None:
        return None, None
    true_positive, false_negative = sensitivity.value * prevalence, (1 - sensitivity.value) * prevalence
    true_negative, false_positive = specificity.value * (1 - prevalence), (1 - specificity.value) * (1 - prevalence)
    called, uncalled = true_positive + false_positive, true_negative + false_negative
    return (true_positive / called if called else None), (true_negative / uncalled if uncalled else None)


def _estimate(point: Mapping[str, Sequence[Sequence[float | None]]], name: str, column: int) -> Estimate | None:
    value, low, high = point[name][column] if point else (None, None, None)
    return None if value is None or low is None or high is None else Estimate(value, low, high)


def parse_prevalence(text: str) -> dict[str, float]:
    """Class -> share, of a text such as "MI=0.05,HYP=0.1".

    Raises:
        TwelveLeadError: it is no such text.
    """
    shares = {}
    for entry in filter(None, text.split(",")):
        name, _, share = entry.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise TwelveLeadError(f"--prevalence {entry}: give a class and its share, as in MI=0.05") from None
    return shares
