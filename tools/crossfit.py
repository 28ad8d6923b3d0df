"""What thresholds and calibration reach on records that did not choose them.

    twelvelead evaluate reference STORE --fold 9 --out DIR
    python tools/crossfit.py DIR/predictions.npz [--weights reference] [--partitions 10]

Both are fitted on four fifths of the fold's patients and applied to the last fifth, in turn, over several random
partitions; beside it, fitted and scored on all. The weights are asked for the calibration that is in the stored
probabilities, to take it out again. Prints the tables of docs/evaluation.md.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.tasks import fold_names
from twelvelead.evaluation import (
    Predictions,
    apply_platt,
    auroc,
    best_thresholds,
    calibration_error,
    calibration_error_by_chance,
    calibrator,
    crossfit,
    evaluate,
    fit_thresholds,
)
from twelvelead.evaluation.calibration import METHODS
from twelvelead.weights import Contract, find

Array = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions")
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--partitions", type=int, default=10)
    options = parser.parse_args()
    predictions = Predictions.load(options.predictions)
    y, patients, classes = predictions.labels, predictions.patient_id, predictions.classes
    contract = Contract.load(find(options.weights))
    slope, intercept = (np.array(contract.calibration[name]) for name in ("slope", "intercept"))
    p = predictions.probabilities.astype(np.float64)
    raw = apply_platt(p, 1 / slope, -intercept / slope)
    seeds = range(options.partitions)

    print(f"fold {fold_names(predictions.folds)}, protocol {predictions.protocol}, {len(y)} records")
    print("macro F1 / subset accuracy / Hamming loss")
    for operating_point in ("accuracy", "f1"):
        for name, fit in (("exact", best_thresholds), ("bagged", fit_thresholds)):
            on_all = figures(y, p >= fit(y, p, operating_point), classes)
            decided = [crossfit(y, p, patients, decider(fit, operating_point), seed=seed) for seed in seeds]
            crossed = np.mean([figures(y, decisions, classes) for decisions in decided], axis=0)
            print(f"{operating_point:>8} {name:>6}: on all {show(on_all)}, cross-fitted {show(crossed)}")
    print("calibration error (by chance) / log loss, cross-fitted; macro AUROC of all parts together")
    shown("as it comes", y, [raw])
    for method in METHODS:
        calibrate = partial(calibrator, method=method)
        shown(method, y, [crossfit(y, raw, patients, calibrate, seed=seed) for seed in seeds])
        print(f"{'':>12}  fitted on all: macro AUROC {auroc(y, calibrate(y, raw)(raw)).mean():.4f}")


def decider(fit: Callable[..., Array], operating_point: str) -> Callable[[Array, Array], Callable[[Array], Array]]:
    def fitted(y: Array, p: Array) -> Callable[[Array], Array]:
        cuts = fit(y, p, operating_point)
        return lambda new: new >= cuts

    return fitted


def figures(y: Array, decisions: Array, classes: tuple[str, ...]) -> tuple[float, float, float]:
    scores = evaluate(y, decisions.astype(np.float64), 0.5, classes)
    return scores["macro_f1"], scores["subset_accuracy"], scores["hamming_loss"]


def show(values: Any) -> str:
    return " / ".join(f"{value:.4f}" for value in values)


def shown(name: str, y: Array, calibrated: list[Array]) -> None:
    errors = [calibration_error(y, q) for q in calibrated]
    inside = [np.clip(q, 1e-6, 1 - 1e-6) for q in calibrated]
    losses = [-np.log(np.where(y, q, 1 - q)).mean() for q in inside]
    chance = calibration_error_by_chance(calibrated[-1])
    area = np.mean([auroc(y, q).mean() for q in calibrated])
    print(f"{name:>12}: {np.mean(errors):.4f} ({chance:.4f}) / {np.mean(losses):.4f}; macro AUROC {area:.4f}")


if __name__ == "__main__":
    main()
