"""What a group of outputs means: how they are calibrated, decided and trusted."""

import dataclasses
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import and_
from typing import Any, get_origin

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.calibration import apply_platt
from twelvelead.evaluation.thresholds import thresholds_at

_ONE_A_CLASS = (
    "classes",
    "calibration",
    "thresholds",
    "operating_points",
    "prevalence",
    "positives",
    "auroc",
)
"""Entries that hold one value for each class, in whatever they are nested."""

_HOLD_TUPLES = ("calibration", "thresholds", "operating_points", "conformal", "intervals", "positives")
"""Entries that are no tuples and hold such."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a group of outputs means: the classes, or the statements beside them.

    Attributes:
        task: of the store, whose labels they are.
        classes: their names, in the order of the outputs.
        calibration: "slope" and "intercept", one number a class each, for the logits of the files' probabilities
            (Platt 1999). It is what is applied.
        temperature: the one number that would divide all logits (Guo et al. 2017), for comparison: where it was
            measured, the calibration of each class left a smaller error.
        thresholds: operating point -> one threshold a class, for the calibrated probabilities.
        operating_points: name -> "sensitivity" and "specificity" of each class as (value, low, high), cross-fitted by
            patient; (None, None, None) where the class is too rare for that.
        prevalence: share of the validation folds' records with each class; 0 or 1 says that nothing was measured of it,
            and that its calibration and thresholds come from its share in training (`twelvelead.weights.fit.fitted`).
        positives: "training" and "validation": records with each class among those that trained and that chose.
        least_positives: "training" and "validation": with fewer, an answer names the class as not assessed.
        auroc: of each class on the validation folds, which also chose, as (value, low, high); Nones where there is
            none, and (value, None, None) with fewer than 20 positives, too few for an interval.
        carried: whether each class can be told from the leads that a recording shows; empty where all can.
        conformal: "error_rates", and for each of them "present_from" and "absent_to", one limit a class
            (`twelvelead.evaluation.conformal`).
        certainty: quantiles of the certainty over the validation folds (`twelvelead.evaluation.selective`).
        metrics: on the validation folds, which also chose.
        intervals: 95 % intervals of the metrics, (low, high); a metric without one is absent.
    """

    task: str
    classes: tuple[str, ...]
    calibration: dict[str, tuple[float, ...]]
    temperature: float
    thresholds: dict[str, tuple[float, ...]]
    operating_points: dict[str, dict[str, tuple[tuple[float | None, ...], ...]]]
    prevalence: tuple[float, ...]
    positives: dict[str, tuple[int, ...]]
    least_positives: dict[str, int]
    auroc: tuple[tuple[float | None, ...], ...]
    conformal: dict[str, Any]
    certainty: tuple[float, ...]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, ...]]
    carried: tuple[bool, ...] = ()

    @property
    def assessed(self) -> tuple[bool, ...]:
        """Whether each class had positives enough to be answered for, and can be told from the leads there are."""
        least = self.least_positives
        pairs = zip(self.positives["training"], self.positives["validation"], strict=True)
        enough = (seen >= least["training"] and chose >= least["validation"] for seen, chose in pairs)
        return tuple(map(and_, enough, self.carried or repeat(True)))

    @property
    def holder(self) -> str:
        """What errors call it."""
        return f"the task {self.task}"

    @property
    def classes_left_out(self) -> tuple[str, ...]:
        """Classes that the validation folds show in none or all of their records; no macro mean holds them."""
        return tuple(name for name, share in zip(self.classes, self.prevalence, strict=True) if share in (0, 1))

    def calibrated(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Calibrated probabilities; the order of a class's probabilities, and so its AUROC, stays.

        Args:
            probabilities: [..., classes] as the files give them.

        Returns:
            [..., classes] float64.
        """
        return apply_platt(probabilities, self.calibration["slope"], self.calibration["intercept"])

    def only(self, task: str, names: Collection[str]) -> "Head":
        """The head as if it had these classes alone, by the name of another task; without figures over all of them."""
        columns = [column for column, name in enumerate(self.classes) if name in names]

        def chosen(values: Any) -> Any:
            if isinstance(values, dict):
                return {key: chosen(each) for key, each in values.items()}
            return tuple(values[column] for column in columns)

        each_rate = {kind: tuple(map(chosen, self.conformal[kind])) for kind in ("present_from", "absent_to")}
        return dataclasses.replace(
            self,
            task=task,
            **{name: chosen(getattr(self, name)) for name in _ONE_A_CLASS},
            conformal={"error_rates": self.conformal["error_rates"], **each_rate},
            metrics={},
            intervals={},
            carried=chosen(self.carried) if self.carried else (),
        )

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """One threshold a class, [classes]: of an operating point ("f1"), or the same number for all ("0.5"), with
        those of single classes behind it ("f1,MI=0.3").

        Raises:
            TwelveLeadError: neither an operating point of this contract nor a number from 0 to 1.
        """
        return thresholds_at(operating_point, self.thresholds, self.classes, self.holder)

    def limits(self, error_rate: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The limits of the conformal rule, one a class: "present" stays possible from, "absent" to.

        Raises:
            TwelveLeadError: the contract does not hold this error rate.
        """
        rates = self.conformal["error_rates"]
        if error_rate not in rates:
            raise TwelveLeadError(f"error rate {error_rate:g}: give one of {', '.join(f'{rate:g}' for rate in rates)}")
        row = rates.index(error_rate)
        return self.conformal["present_from"][row], self.conformal["absent_to"][row]


def joined(task: str, heads: Sequence[Head]) -> Head:
    """Heads as one, by the name of another task: their classes one behind the other, and no figures over all of them.

    Operating points and error rates that not all have are left out; what is one number for all classes is that of the
    first.
    """
    if len(heads) == 1:
        return dataclasses.replace(heads[0], task=task)
    limits = [_limits(head) for head in heads]
    merged: dict[str, Any] = {name: _merged([getattr(head, name) for head in heads]) for name in _ONE_A_CLASS}
    if any(head.carried for head in heads):
        merged["carried"] = _merged([head.carried or (True,) * len(head.classes) for head in heads])
    by_rate = _merged(limits)
    merged["conformal"] = {"error_rates": tuple(by_rate)} | {
        kind: tuple(limit[kind] for limit in by_rate.values()) for kind in ("present_from", "absent_to")
    }
    return dataclasses.replace(heads[0], task=task, metrics={}, intervals={}, **merged)


def _merged(parts: Sequence[Any]) -> Any:
    """Tuples one behind the other; of dictionaries what all have."""
    if isinstance(parts[0], Mapping):
        return {key: _merged([of[key] for of in parts]) for key in parts[0] if all(key in of for of in parts)}
    return tuple(itertools.chain.from_iterable(parts))


def _limits(head: Head) -> dict[float, dict[str, tuple[float, ...]]]:
    """Error rate -> the limits at it."""
    kinds = ("present_from", "absent_to")
    rates = head.conformal["error_rates"]
    return {rate: {kind: head.conformal[kind][row] for kind in kinds} for row, rate in enumerate(rates)}


def typed(kind: type[Head], values: dict[str, Any]) -> dict[str, Any]:
    """Values of JSON as the dataclass states them: tuples for lists."""
    return {
        field.name: _as_tuples(values[field.name])
        if (get_origin(field.type) or field.type) is tuple or field.name in _HOLD_TUPLES
        else values[field.name]
        for field in dataclasses.fields(kind)
        if field.name in values
    }


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, whatever holds them."""
    if isinstance(value, dict):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value


def contradiction(values: Mapping[str, Any]) -> str | None:
    """What of a head that satisfies the schema does not belong together; None where all does."""
    classes, conformal = len(values["classes"]), values["conformal"]
    one_each: dict[str, Any] = {f"calibration.{name}": each for name, each in values["calibration"].items()}
    one_each |= {f"thresholds.{name}": each for name, each in values["thresholds"].items()}
    for name, point in values["operating_points"].items():
        one_each |= {f"operating_points.{name}.{kind}": each for kind, each in point.items()}
    one_each |= {f"positives.{kind}": each for kind, each in values["positives"].items()}
    one_each |= {"prevalence": values["prevalence"], "auroc": values["auroc"]}
    for kind in ("present_from", "absent_to"):
        if len(conformal[kind]) != len(conformal["error_rates"]):
            return f"conformal.{kind} has {len(conformal[kind])} rows for {len(conformal['error_rates'])} error rates"
        one_each |= {f"conformal.{kind}[{row}]": each for row, each in enumerate(conformal[kind])}
    if values.get("carried"):
        one_each["carried"] = values["carried"]
    for name, each in one_each.items():
        if len(each) != classes:
            return f"{name} has {len(each)} entries for {classes} classes"
    rising = {"certainty": values["certainty"]} | {f"intervals.{name}": e for name, e in values["intervals"].items()}
    for name, each in rising.items():
        if any(high < low for low, high in itertools.pairwise(each)):
            return f"{name} falls where it has to rise"
    return None
