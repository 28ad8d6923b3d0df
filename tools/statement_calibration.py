"""Calibration and conformal coverage of each statement, cross-fitted by patient.

    python tools/statement_calibration.py PREDICTIONS [--error-rate 0.1]

PREDICTIONS is what `twelvelead evaluate NAME STORE --fold 9 --task all --protocol keep` writes. Five parts of the
patients: each part is calibrated by Platt scaling, and given conformal limits, that the other four fitted. Listed are
the statements with 50 positives and more; the calibration error is that of one class, and beside it stands what a
perfectly calibrated one of the same size would get by chance. Coverage is the share of a statement's positives, and of
its negatives, whose true answer stays possible.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation.calibration import apply_platt, fit_platt
from twelvelead.evaluation.conformal import fit_conformal
from twelvelead.evaluation.crossfit import crossfit, partition
from twelvelead.evaluation.predictions import Predictions
from twelvelead.evaluation.reliability import calibration_error, calibration_error_by_chance

LEAST = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--error-rate", type=float, default=0.1)
    options = parser.parse_args()
    of = Predictions.load(options.predictions)
    chosen = np.flatnonzero(of.labels.sum(axis=0) >= LEAST)
    covered: dict[bool, list[NDArray[np.bool_]]] = {True: [], False: []}
    beyond = 0
    print(f"{'statement':10} positives  error  chance  above   covered present (SE)  absent (SE)")
    for column in chosen:
        y, p = of.labels[:, column : column + 1], of.probabilities[:, column : column + 1].astype(np.float64)
        fitted = crossfit(y, p, of.patient_id, _calibrated)
        error, chance = calibration_error(y, fitted), calibration_error_by_chance(fitted, 0)
        cells = []
        for present, inside in _coverage(y, p, of.patient_id, options.error_rate).items():
            covered[present].append(inside)
            se = np.sqrt(options.error_rate * (1 - options.error_rate) / len(inside))
            beyond += abs(inside.mean() - (1 - options.error_rate)) > 2 * se
            cells.append(f"{inside.mean():.3f} ({se:.3f})")
        name = of.classes[column]
        print(f"{name:10} {int(y.sum()):9} {error:6.4f}  {chance:6.4f}  {error - chance:+.4f}  {'  '.join(cells)}")
    for present, name in ((True, "present"), (False, "absent")):
        print(f"pooled, {name}: {np.concatenate(covered[present]).mean():.4f} of {1 - options.error_rate:.4f}")
    print(f"{beyond} of {2 * len(chosen)} shares lie beyond two standard errors")


def _calibrated(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    slope, intercept = fit_platt(labels, probabilities)
    return lambda others: apply_platt(others, slope, intercept)


def _coverage(
    y: NDArray[np.bool_], p: NDArray[np.float64], patients: NDArray[np.int64], error_rate: float
) -> dict[bool, NDArray[np.bool_]]:
    """Whether the true answer stays possible, for the positives and for the negatives."""
    part, possible = partition(patients), np.zeros(len(y), bool)
    for one in np.unique(part):
        out = part == one
        present_from, absent_to = fit_conformal(y[~out], p[~out], error_rate)
        possible[out] = np.where(y[out, 0], p[out, 0] >= present_from[0], p[out, 0] <= absent_to[0])
    return {True: possible[y[:, 0]], False: possible[~y[:, 0]]}


if __name__ == "__main__":
    main()
