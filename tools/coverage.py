"""How often the 95 % intervals hold the truth, on simulated data sets with repeated patients.

    python tools/coverage.py FILE [--data-sets 1000] [--seed 0] [--temperature 1.2] [--prevalences 0.445,0.252,...]

Each data set has 1,917 patients with 1 to 5 records, as often as in fold 9 of PTB-XL (about 2,146 records). A patient's
records resemble each other in score and label. Labels are drawn from true probabilities; the model reports them with
their logits divided by the temperature. The truth comes from a population of the same generator, 1,000 times as large.
Prints, for each metric, the truth, the mean estimate, the share of intervals that hold the truth, the shares that lie
above and below it, and the mean width. What is done is kept in FILE, one line of JSON a data set; the same command goes
on from there. 1,000 data sets of 5 classes take about a quarter of an hour on one core.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation import evaluate, intervals
from twelvelead.evaluation.calibration import logit, sigmoid
from twelvelead.evaluation.reliability import gaps

Array = NDArray[Any]

PREVALENCES = "0.445,0.252,0.246,0.231,0.125"
"""Of NORM, MI, STTC, CD, HYP in fold 9, protocol drop."""

RECORDS_OF_A_PATIENT = np.array([1734, 149, 25, 6, 3]) / 1917
PATIENTS = 1917
ALIKE = 0.8  # share of a score's and a label's variance that a patient's records have in common
SPREAD = 3.0  # standard deviation of the true logits; gives an AUROC of about 0.93
TRUTH_CHUNKS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data-sets", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=1.2)
    parser.add_argument("--prevalences", default=PREVALENCES)
    options = parser.parse_args()
    centres = np.array([centre(float(share)) for share in options.prevalences.split(",")])
    classes = [f"class {column + 1}" for column in range(len(centres))]
    of = {"seed": options.seed, "temperature": options.temperature, "prevalences": options.prevalences}
    if not options.file.exists():
        truth = population(np.random.default_rng(options.seed), centres, options.temperature, classes)
        options.file.write_text(json.dumps(of | {"truth": truth}) + "\n", encoding="utf-8")
    head, *done = options.file.read_text(encoding="utf-8").splitlines()
    truth = json.loads(head)["truth"]
    if json.loads(head) != of | {"truth": truth}:
        parser.error(f"{options.file} holds another simulation; name another file")
    with options.file.open("a", encoding="utf-8") as file:
        for number in range(len(done), options.data_sets):
            rng = np.random.default_rng((options.seed, number))
            y, q, _, patients = data_set(rng, PATIENTS, centres, options.temperature)
            point = flat(evaluate(y, q, 0.5, classes))
            bounds = intervals(y, q, q >= 0.5, patients, classes, seed=number)
            done.append(json.dumps({name: (point[name], *both) for name, both in bounds.items()}))
            file.write(done[-1] + "\n")
            file.flush()
    seen: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for line in done[: options.data_sets]:
        for name, values in json.loads(line).items():
            seen[name].append(values)
    print(f"{options.data_sets} data sets, temperature {options.temperature:g}, seed {options.seed}")
    print(f"{'metric':<36} {'truth':>7} {'mean':>7} {'covered':>8} {'above':>6} {'below':>6} {'width':>7}  given")
    for name, found in seen.items():
        point_, low_, high_ = np.array(found).T
        above, below = (low_ > truth[name]).mean(), (high_ < truth[name]).mean()
        print(
            f"{name:<36} {truth[name]:7.4f} {point_.mean():7.4f} {1 - above - below:8.1%} {above:6.1%} {below:6.1%} "
            f"{(high_ - low_).mean():7.4f}  {len(found) / options.data_sets:.0%}"
        )


def data_set(
    rng: np.random.Generator, patients: int, centres: Array, temperature: float
) -> tuple[Array, Array, Array, Array]:
    """Labels, reported and true probabilities [records, classes], and the patient of each record."""
    patient = np.repeat(np.arange(patients), rng.choice(5, size=patients, p=RECORDS_OF_A_PATIENT) + 1)

    def normal() -> Array:
        own, shared = rng.normal(size=(len(patient), len(centres))), rng.normal(size=(patients, len(centres)))
        return np.asarray(np.sqrt(ALIKE) * shared[patient] + np.sqrt(1 - ALIKE) * own)

    from scipy.special import ndtr

    score = normal()
    score[:, 1:] -= score[:, :1] * 0.5  # the first class, NORM, speaks against the others
    score[:, 1:] /= np.sqrt(1.25)
    true = sigmoid(centres + SPREAD * score)
    return ndtr(normal()) < true, sigmoid(logit(true) / temperature), true, patient


def population(rng: np.random.Generator, centres: Array, temperature: float, classes: list[str]) -> dict[str, float]:
    """The metrics of all records there could be; the calibration error from the true probabilities themselves."""
    parts, gap, pairs = [], np.zeros(1), 0
    for _ in range(TRUTH_CHUNKS):
        y, q, true, _ = data_set(rng, PATIENTS * 1000 // TRUTH_CHUNKS, centres, temperature)
        parts.append(flat(evaluate(y, q, 0.5, classes)))
        gap, pairs = gap + gaps(true, q).sum(axis=0), pairs + y.size
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]} | {
        "calibration_error": float(np.abs(gap).sum() / pairs)
    }


def centre(prevalence: float) -> float:
    """The mean logit at which the mean probability is the prevalence."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        over = float(sigmoid(middle + SPREAD * nodes) @ weights / weights.sum()) > prevalence
        low, high = (low, middle) if over else (middle, high)
    return low


def flat(values: dict[str, Any]) -> dict[str, float]:
    return dict(_numbers(values)) | {
        f"classes.{name}.{metric}": value for name, of in values["classes"].items() for metric, value in _numbers(of)
    }


def _numbers(values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    return ((name, value) for name, value in values.items() if isinstance(value, float))


if __name__ == "__main__":
    main()
