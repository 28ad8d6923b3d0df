"""What thresholds and calibration reach on records that did not choose them.

    python benchmarks/crossfit.py STORE [--weights reference] [--fold 9] [--partitions 10]

Both are fitted on four fifths of the fold's patients and applied to the last fifth, in turn, over several random
partitions; beside it, fitted and scored on all. Prints the tables of docs/evaluation.md.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.evaluation import (
    apply_platt,
    apply_temperature,
    best_thresholds,
    calibration_error,
    calibration_error_by_chance,
    evaluate,
    fit_platt,
    fit_temperature,
    fit_thresholds,
)
from twelvelead.inference.engine import Engine
from twelvelead.inference.scoring import predict_fold

Array = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--partitions", type=int, default=10)
    options = parser.parse_args()
    engine = Engine(options.weights)
    predictions = predict_fold(engine, Store.open(options.store), options.fold)
    y, patients, classes = predictions.labels, predictions.patient_id, predictions.classes
    slope, intercept = (np.array(engine.contract.calibration[name]) for name in ("slope", "intercept"))
    p = predictions.probabilities.astype(np.float64)
    raw = apply_platt(p, 1 / slope, -intercept / slope)
    parts = [partition(patients, seed) for seed in range(options.partitions)]

    print(f"fold {options.fold}, {len(y)} records: macro F1 / subset accuracy / Hamming loss")
    for aim in ("accuracy", "f1"):
        for name, fit in (("exact", best_thresholds), ("bagged", fit_thresholds)):
            on_all = figures(y, p >= fit(y, p, aim), classes)
            crossed = [figures(y, crossfit(y, p, part, fit, aim), classes) for part in parts]  # type: ignore[arg-type]
            print(f"{aim:>8} {name:>6}: on all {show(on_all)}, cross-fitted {show(np.mean(crossed, axis=0))}")
    print("calibration error / log loss, cross-fitted")
    methods: dict[str, Callable[[Array, Array, Array], Array]] = {
        "as it comes": lambda _y, _p, new: new,
        "temperature": lambda y, p, new: apply_temperature(new, fit_temperature(y, p)),
        "Platt": lambda y, p, new: apply_platt(new, *fit_platt(y, p)),
    }
    for name, method in methods.items():
        errors, losses = [], []
        for part in parts:
            q = np.empty_like(raw)
            for fifth in range(5):
                out = part == fifth
                q[out] = method(y[~out], raw[~out], raw[out])
            errors.append(calibration_error(y, q))
            losses.append(-np.log(np.where(y, q, 1 - q)).mean())
        chance = calibration_error_by_chance(q)
        print(f"{name:>12}: {np.mean(errors):.4f} (by chance {chance:.4f}) / {np.mean(losses):.4f}")


def partition(patients: Array, seed: int) -> Array:
    """[records]: which fifth of the patients each record belongs to."""
    unique, position = np.unique(patients, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(unique)) % 5)[position]


def crossfit(y: Array, p: Array, part: Array, fit: Callable[[Array, Array, str], Array], aim: str) -> Array:
    """[records, classes] decisions by thresholds that each record had no part in."""
    decisions = np.zeros_like(y)
    for fifth in range(5):
        out = part == fifth
        decisions[out] = p[out] >= fit(y[~out], p[~out], aim)
    return decisions


def figures(y: Array, decisions: Array, classes: tuple[str, ...]) -> tuple[float, float, float]:
    scores = evaluate(y, decisions.astype(np.float64), 0.5, classes)
    return scores["macro_f1"], scores["subset_accuracy"], scores["hamming_loss"]


def show(values: Any) -> str:
    return " / ".join(f"{value:.4f}" for value in values)


if __name__ == "__main__":
    main()
