"""Thresholds and calibrations that remember which records chose them, so that a report can say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.errors import Unreadable
from twelvelead.evaluation.calibration import calibrator
from twelvelead.evaluation.predictions import Predictions
from twelvelead.evaluation.thresholds import fit_thresholds


@dataclass(frozen=True)
class FittedOn:
    """The records that something was fitted on.

    Attributes:
        folds: their folds.
        patients: their patients; empty where unknown (a contract knows the folds only).
    """

    folds: tuple[int, ...]
    patients: frozenset[int] = frozenset()

    @classmethod
    def of(cls, predictions: Predictions) -> "FittedOn":
        """All records of these predictions."""
        return cls(predictions.folds, frozenset(predictions.patient_id.tolist()))

    def shares(self, predictions: Predictions) -> bool:
        """Whether these predictions hold a patient that it was fitted on; where patients are unknown, such a fold."""
        if self.patients:
            return not self.patients.isdisjoint(predictions.patient_id.tolist())
        return not set(predictions.folds).isdisjoint(self.folds)

    def __str__(self) -> str:
        return f"fold{'s' if len(self.folds) > 1 else ''} {', '.join(map(str, self.folds))}"


@dataclass(frozen=True)
class Thresholds:
    """One threshold a class.

    Attributes:
        classes: names of the columns.
        operating_point: what they were chosen for.
        values: [classes].
        fitted_on: the records that chose them.
    """

    classes: tuple[str, ...]
    operating_point: str
    values: tuple[float, ...]
    fitted_on: FittedOn

    @classmethod
    def fit(cls, predictions: Predictions, operating_point: str) -> "Thresholds":
        """By `fit_thresholds` on all records of these predictions.

        Raises:
            Unreadable: a class has no positives or no negatives, or some labels are not known.
            TwelveLeadError: there is no such operating point.
        """
        _require_known(predictions)
        values = fit_thresholds(predictions.labels, predictions.probabilities, operating_point)
        return cls(predictions.classes, operating_point, tuple(values.tolist()), FittedOn.of(predictions))

    def apply(self, probabilities: ArrayLike) -> NDArray[np.bool_]:
        """[records, classes] bool: which classes are called present at these probabilities [records, classes]."""
        return np.asarray(np.asarray(probabilities) >= np.array(self.values), np.bool_)

    def __str__(self) -> str:
        return f"thresholds for {self.operating_point}"


@dataclass(frozen=True)
class Calibration:
    """What makes probabilities mean what they say.

    Attributes:
        classes: names of the columns.
        method: one of `METHODS`.
        apply: probabilities [records, classes] -> calibrated ones, float64.
        fitted_on: the records that chose it.
    """

    classes: tuple[str, ...]
    method: str
    apply: Callable[[ArrayLike], NDArray[np.float64]]
    fitted_on: FittedOn

    @classmethod
    def fit(cls, predictions: Predictions, method: str) -> "Calibration":
        """On all records of these predictions.

        Raises:
            TwelveLeadError: there is no such method.
            Unreadable: some labels are not known.
        """
        _require_known(predictions)
        apply = calibrator(predictions.labels, predictions.probabilities, method)
        return cls(predictions.classes, method, apply, FittedOn.of(predictions))

    def __str__(self) -> str:
        return f"calibration ({self.method})"


def _require_known(predictions: Predictions) -> None:
    if predictions.known is not None:
        raise Unreadable("predictions: some labels are not known; fit on records of which all are")


def choice_notes(fitted: Sequence[Thresholds | Calibration], predictions: Predictions) -> list[dict[str, Any]]:
    """What a report has to say of everything fitted that its figures depend on, ready for JSON.

    Args:
        fitted: the thresholds and calibrations that were applied.
        predictions: the records that are scored.

    Returns:
        For each its name `what`; `chosen_on`, such as "fold 9"; `fitted_here`, whether it was fitted on records that
        are scored; and `note`, one line that says both.

    Raises:
        ValueError: something was fitted for other classes.
    """
    notes = []
    for one in fitted:
        if one.classes != predictions.classes:
            raise ValueError(f"{one}: fitted for {one.classes}, but the predictions are of {predictions.classes}")
        here = one.fitted_on.shares(predictions)
        verdict = "which is scored here: figures that depend on them are too good" if here else "not scored here"
        notes.append(
            {
                "what": str(one),
                "chosen_on": str(one.fitted_on),
                "fitted_here": here,
                "note": f"{one}: fitted on {one.fitted_on}, {verdict}",
            }
        )
    return notes
