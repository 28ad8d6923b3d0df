"""Intervals by vectorised bootstrap against a loop that asks scikit-learn about each resample.

    python benchmarks/bootstrap.py [--loops 3]

For 2,198 records of 5 and of 71 classes: the time of `intervals` with 1,000 resamples (best of 3), the time of one turn
of the loop (mean of a few; all 1,000 would take minutes to hours), the ratio for 1,000 of them, and the greatest
difference between the two in what both compute. Exits with 1 where the ratio is below 100, the difference above 1e-9,
or the time above 2 s (5 classes) or 15 s (71).
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as referee

from twelvelead.evaluation import intervals, patient_weights, resampled

Array = NDArray[Any]

RECORDS, RESAMPLES = 2198, 1000
LIMITS = {5: 2.0, 71: 15.0}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=3)
    loops = parser.parse_args().loops
    kept = True
    for classes, limit in LIMITS.items():
        y, p, patients = problem(classes)
        d, names = p >= 0.5, [str(column) for column in range(classes)]
        seconds = min(timed(partial(intervals, y, p, d, patients, names, RESAMPLES)) for _ in range(3))
        found = resampled(y, p, d, patients, names, loops)
        weights = patient_weights(patients, loops, seed=0)
        start = time.perf_counter()
        expected = [loop(y, p, d, w) for w in weights]
        one = (time.perf_counter() - start) / loops
        ratio = one * RESAMPLES / seconds
        off = max(abs(run[key] - found[key][turn]) for turn, run in enumerate(expected) for key in run)
        kept &= seconds < limit and ratio >= 100 and off <= 1e-9
        print(
            f"{RECORDS} x {classes}: {len(found)} intervals from {RESAMPLES} resamples in {seconds:.2f} s (limit "
            f"{limit:g} s); scikit-learn, {len(expected[0])} of the metrics, {one:.2f} s a resample (mean of {loops}), "
            f"{one * RESAMPLES:.0f} s for all: {ratio:.0f} times as long; greatest difference {off:.0e}"
        )
    return 0 if kept else 1


def problem(classes: int) -> tuple[Array, Array, Array]:
    """Labels as rare as those of PTB-XL's superclasses or statements, probabilities, patients."""
    rng = np.random.default_rng(0)
    share = (
        rng.uniform(0.1, 0.45, classes) if classes < 10 else np.exp(rng.uniform(np.log(0.005), np.log(0.3), classes))
    )
    y = rng.random((RECORDS, classes)) < share
    y[0], y[1] = True, False
    p = 1 / (1 + np.exp(2 - 2 * y - rng.normal(size=y.shape)))
    return y, p.astype(np.float32).astype(np.float64), np.sort(rng.integers(RECORDS * 9 // 10, size=RECORDS))


def loop(y: Array, p: Array, d: Array, weights: Array) -> dict[str, float]:
    """One resample as scikit-learn scores it; classes that it leaves one-sided are left out of the means, as in ours.

    Fmax and the calibration error are not in scikit-learn and so not in here.
    """
    drawn = np.repeat(np.arange(len(y)), weights.astype(int))
    y, p, d = y[drawn], p[drawn], d[drawn]
    whole = np.asarray(y.any(axis=0) & ~y.all(axis=0))
    found: dict[str, float] = {}
    for average in ("macro", "micro", "weighted"):
        columns = slice(None) if average == "micro" else whole
        truth, decided, ranked = y[:, columns], d[:, columns], p[:, columns]
        precision, recall, f1, _ = referee.precision_recall_fscore_support(
            truth, decided, average=average, zero_division=0
        )
        found |= {f"{average}_precision": precision, f"{average}_recall": recall, f"{average}_f1": f1}
        found[f"{average}_auroc"] = referee.roc_auc_score(truth, ranked, average=average)
        found[f"{average}_average_precision"] = referee.average_precision_score(truth, ranked, average=average)
    precision, recall, f1, _ = referee.precision_recall_fscore_support(y, d, average=None, zero_division=0)
    specificity = referee.recall_score(~y, ~d, average=None, zero_division=0)
    by_class = {"precision": precision, "recall": recall, "f1": f1, "specificity": specificity}
    by_class["accuracy"] = [referee.accuracy_score(*column) for column in zip(y.T, d.T, strict=True)]
    by_class["brier"] = [referee.brier_score_loss(*column) for column in zip(y.T, p.T, strict=True)]
    by_class["auroc"], by_class["average_precision"] = np.full((2, len(whole)), np.nan)
    by_class["auroc"][whole] = referee.roc_auc_score(y[:, whole], p[:, whole], average=None)
    by_class["average_precision"][whole] = referee.average_precision_score(y[:, whole], p[:, whole], average=None)
    for metric, values in by_class.items():
        found |= {f"classes.{column}.{metric}": values[column] for column in np.flatnonzero(whole)}
    return found | {
        "macro_specificity": specificity[whole].mean(),
        "micro_specificity": referee.recall_score(~y.ravel(), ~d.ravel()),
        "weighted_specificity": np.average(specificity[whole], weights=y.sum(axis=0)[whole]),
        "subset_accuracy": referee.accuracy_score(y, d),
        "hamming_loss": referee.hamming_loss(y, d),
        "brier": float(np.mean(by_class["brier"])),
    }


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
