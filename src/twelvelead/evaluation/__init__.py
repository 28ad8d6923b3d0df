"""Metrics, intervals, thresholds and calibration: arrays in, no framework, no pictures."""

from twelvelead.evaluation.bootstrap import intervals, patient_weights, resampled
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
from twelvelead.evaluation.fitted import Calibration, FittedOn, Thresholds, choice_notes
from twelvelead.evaluation.metrics import auroc, average_precision, evaluate
from twelvelead.evaluation.predictions import Predictions
from twelvelead.evaluation.reliability import calibration_error, calibration_error_by_chance
from twelvelead.evaluation.thresholds import OperatingPoint, best_thresholds, fit_thresholds

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
