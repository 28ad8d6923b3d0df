"""Metrics, intervals, thresholds, calibration and pictures: arrays in, no framework."""

from twelvelead.evaluation.bootstrap import intervals
from twelvelead.evaluation.calibration import apply_platt, apply_temperature, fit_platt, fit_temperature
from twelvelead.evaluation.metrics import (
    auroc,
    average_precision,
    calibration_error,
    calibration_error_by_chance,
    evaluate,
)
from twelvelead.evaluation.plots import confusion_png, curves_png
from twelvelead.evaluation.predictions import Predictions
from twelvelead.evaluation.thresholds import Aim, best_thresholds, fit_thresholds

__all__ = [
    "Aim",
    "Predictions",
    "apply_platt",
    "apply_temperature",
    "auroc",
    "average_precision",
    "best_thresholds",
    "calibration_error",
    "calibration_error_by_chance",
    "confusion_png",
    "curves_png",
    "evaluate",
    "fit_platt",
    "fit_temperature",
    "fit_thresholds",
    "intervals",
]
