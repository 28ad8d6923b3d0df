"""What abstaining is worth on a fold: conformal coverage of each class, subset accuracy of the more certain records.

    python tools/selective.py STORE [--weights reference] [--fold 9] [--splits 50]

Coverage: the fold's patients are split in halves at random; limits are fitted on one half, and the share of the other
half's prediction sets that hold the truth is averaged over the splits. Thresholds and calibration are the contract's,
which this fold chose; neither changes the order of a class's probabilities, which is all that the limits rest on.
"""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.evaluation.conformal import ERROR_RATES, fit_conformal, possible
from twelvelead.evaluation.selective import ABSTAIN, certainty
from twelvelead.inference.engine import Engine
from twelvelead.inference.scoring import predict_fold
from twelvelead.weights import Contract

Array = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--splits", type=int, default=50)
    options = parser.parse_args()
    engine = Engine(options.weights)
    predictions = predict_fold(engine, Store.open(options.store), options.fold)
    y, p = predictions.labels, predictions.probabilities.astype(np.float64)

    print(f"fold {options.fold}, {len(y)} records; conformal coverage, mean of {options.splits} splits by patient:")
    print("stated  " + "  ".join(f"{name:>6}" for name in predictions.classes) + "  largest miss")
    for rate in ERROR_RATES:
        found = coverage(y, p, predictions.patient_id, rate, options.splits)
        miss = np.abs(found - (1 - rate)).max()
        print(f"{1 - rate:6.2f}  " + "  ".join(f"{value:6.3f}" for value in found) + f"  {miss:12.3f}")
    for operating_point in engine.contract.thresholds:
        print(selected(engine.contract, y, p, operating_point))
    for rate in (0.05, 0.1, 0.2):
        print(decided(engine.contract, y, p, rate))


def coverage(y: Array, p: Array, patients: Array, rate: float, splits: int) -> Array:
    """[classes]: share of prediction sets that hold the truth."""
    unique, position = np.unique(patients, return_inverse=True)
    found = []
    for seed in range(splits):
        fit = (np.random.default_rng(seed).permutation(len(unique)) % 2 == 0)[position]
        sets = possible(p[~fit], *fit_conformal(y[fit], p[fit], rate))
        found.append(np.take_along_axis(sets, y[~fit][..., None].astype(int), axis=-1)[..., 0].mean(axis=0))
    return np.asarray(np.mean(found, axis=0))


def selected(contract: Contract, y: Array, p: Array, operating_point: str) -> str:
    """Subset accuracy of all records, and without the least certain."""
    right = ((p >= contract.thresholds_at(operating_point)) == y).all(axis=1)
    kept = np.argsort(-certainty(p), kind="stable")[: round((1 - ABSTAIN) * len(y))]
    before, after = right.mean(), right[kept].mean()
    gain = f"{after:.3f} ({after - before:+.3f})"
    return f"{operating_point}: subset accuracy {before:.3f}, without the least certain {ABSTAIN:.0%} {gain}"


def decided(contract: Contract, y: Array, p: Array, rate: float) -> str:
    """How many decisions at `accuracy` are left, and how many of these are right, at an error rate."""
    sets = possible(p, *contract.limits(rate))
    present = p >= contract.thresholds_at("accuracy")
    sure = (sets == np.stack([~present, present], axis=-1)).all(axis=-1)
    shares = ", ".join(
        f"{name} {share:.0%} ({right[of].mean():.1%} right)"
        for name, share, right, of in zip(contract.classes, sure.mean(axis=0), (present == y).T, sure.T, strict=True)
    )
    return f"error rate {rate:g}, limits and thresholds of this fold: decided {shares}"


if __name__ == "__main__":
    main()
