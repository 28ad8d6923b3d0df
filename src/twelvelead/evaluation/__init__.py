"""Metrics, intervals, thresholds and calibration: arrays in, no framework, no pictures."""

from typing import TYPE_CHECKING, Any

from twelvelead.evaluation.calibration import (
    apply_isotonic,
    apply_platt,
    apply_temperature,
    calibrator,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from twelvelead.evaluation.crossfit import crossfit, partition
from twelvelead.evaluation.thresholds import OperatingPoint, best_thresholds, fit_thresholds

if TYPE_CHECKING:
    from twelvelead.evaluation.bootstrap import intervals, patient_weights, resampled
    from twelvelead.evaluation.fitted import Calibration, FittedOn, Thresholds, choice_notes
    from twelvelead.evaluation.metrics import auroc, average_precision, evaluate
    from twelvelead.evaluation.predictions import Predictions
    from twelvelead.evaluation.reliability import calibration_error, calibration_error_by_chance

_LATER = {
    **dict.fromkeys(("intervals", "patient_weights", "resampled"), "bootstrap"),
    **dict.fromkeys(("Calibration", "FittedOn", "Thresholds", "choice_notes"), "fitted"),
    **dict.fromkeys(("auroc", "average_precision", "evaluate"), "metrics"),
    "Predictions": "predictions",
    **dict.fromkeys(("calibration_error", "calibration_error_by_chance"), "reliability"),
}

__all__ = [
    "Calibration",
    "FittedOn",
    "OperatingPoint",
    "Predictions",
    "Thresholds",
    "apply_isotonic",
    "apply_platt",
    "apply_temperature",
    "auroc",
    "average_precision",
    "best_thresholds",
    "calibration_error",
    "calibration_error_by_chance",
    "calibrator",
    "choice_notes",
    "crossfit",
    "evaluate",
    "fit_isotonic",
    "fit_platt",
    "fit_temperature",
    "fit_thresholds",
    "intervals",
    "partition",
    "patient_weights",
    "resampled",
]


def __getattr__(name: str) -> Any:
    # An answer needs calibration and thresholds alone; what an evaluation needs is imported when it is asked for.
    if name not in _LATER:
        raise AttributeError(f"module 'twelvelead.evaluation' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"twelvelead.evaluation.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
