"""The records of PTB-XL whose labels are probably wrong, ranked, by networks that have not seen them.

    python tools/suspected_labels.py STORE RUN... --out results/suspected_labels.csv

Each RUN was trained on some of the folds 1-8 and answers all 71 statements; a record is judged by those that did not
train on its fold, nor chose their epoch by it where another is at hand. A record's suspicion is the surprise of its
least likely label, -ln p, over the statements that are assessed. The first hundred are then held against a second
source: another record of the same patient, of the same age in years within one, and the measured rate and intervals.
"""

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, labels, select
from twelvelead.ecg.measure import Measurements, measure
from twelvelead.files import replacing
from twelvelead.inference.scoring import recording
from twelvelead.training.forms import load_windowed, predict
from twelvelead.weights import Contract, find
from twelvelead.weights.suitability import seen_folds

FOLDS = range(1, 9)
LISTED = 1000
CHECKED = 100
YEARS = 1.0
"""Between two records of a patient that count as near: the store holds ages, and no dates."""


class Suspect(NamedTuple):
    """A label that is probably wrong: the record's row in the store, the statement's column, and what was said."""

    row: int
    column: int
    labelled: bool
    probability: float


class Rule(NamedTuple):
    """What a measurement says of a statement: the quantity, whether it fits the statement, and in words."""

    quantity: str
    fits: Callable[[float], bool]
    words: str


RULES = {
    "STACH": Rule("heart_rate_per_minute", lambda rate: rate > 100, "rate above 100/min"),
    "SBRAD": Rule("heart_rate_per_minute", lambda rate: rate < 60, "rate below 60/min"),
    "1AVB": Rule("pr_ms", lambda pr: pr > 200, "PR above 200 ms"),
    "LPR": Rule("pr_ms", lambda pr: pr > 200, "PR above 200 ms"),
    "CLBBB": Rule("qrs_ms", lambda qrs: qrs >= 120, "QRS of 120 ms or more"),
    "CRBBB": Rule("qrs_ms", lambda qrs: qrs >= 120, "QRS of 120 ms or more"),
    "LNGQT": Rule("qtc_bazett_ms", lambda qtc: qtc > 450, "QTc above 450 ms"),
    "AFIB": Rule("rr_irregularity", lambda scatter: scatter > 0.08, "RR scatter above 8 %"),
    "LAFB": Rule("axis_degrees", lambda axis: -90 <= axis <= -30, "axis from -90 to -30 degrees"),
}
"""Bounds of the AHA/ACCF/HRS recommendations (2009, parts III and IV); RR scatter as docs/measuring.md measures it."""


def main() -> None:
    """Judge, rank, check and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    store = Store.open(options.store)
    truth = labels(store, "all", "keep")
    records = select(store, list(FOLDS))
    probabilities = judged(store, options.runs, records)
    assessed = Contract.load(find(options.runs[0])).statements
    assert assessed is not None
    columns = np.flatnonzero(assessed.assessed)
    suspects = ranked(truth, records, probabilities, columns)[:LISTED]
    found = [second_source(store, truth, suspect) for suspect in suspects[:CHECKED]]
    write(options.out, store, truth, suspects, found)
    counts = {verdict: sum(each[0] == verdict for each in found) for verdict in ("borne out", "contradicted", "")}
    print(
        f"of the first {len(found)}: {counts['borne out']} borne out by a second source, {counts['contradicted']} "
        f"contradicted, {counts['']} without one"
    )


def judged(store: Store, runs: Sequence[Path], records: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean calibrated probabilities of the statements by runs that did not train on a record, [records, statements]."""
    folds = np.asarray(store.column("fold"))[records]
    total, asked = np.zeros((len(records), len(store.tasks["all"]))), np.zeros(len(records))
    for run in runs:
        contract = Contract.load(find(run))
        rows = ~np.isin(folds, sorted(seen_folds(contract, store)))
        raw = predict(load_windowed(run), store.signals, store.features, records[rows])
        total[rows] += contract.calibrated_outputs(raw)[:, len(contract.classes) :]
        asked[rows] += 1
    return total / asked[:, None]


def ranked(
    truth: Labels, records: NDArray[np.int64], probabilities: NDArray[np.float64], columns: NDArray[np.int64]
) -> list[Suspect]:
    """The least likely label of each record, the most surprising first."""
    given = truth.values[records][:, columns]
    p = probabilities[:, columns]
    likely = np.where(given, p, 1 - p)
    worst = likely.argmin(axis=1)
    order = np.argsort(likely[np.arange(len(records)), worst], kind="stable")
    return [
        Suspect(int(records[at]), int(columns[worst[at]]), bool(given[at, worst[at]]), float(p[at, worst[at]]))
        for at in order
    ]


def second_source(store: Store, truth: Labels, suspect: Suspect) -> tuple[str, str]:
    """Whether a second source bears out that the label is wrong: "borne out", "contradicted" or "", and what it is."""
    statement = truth.classes[suspect.column]
    rule = RULES.get(statement)
    if rule is not None:
        value = getattr(_measured(store, suspect.row), rule.quantity)
        if value is not None:
            fits = rule.fits(value)
            verdict = "borne out" if fits != suspect.labelled else "contradicted"
            return verdict, f"{rule.words}: {'yes' if fits else 'no'}, measured {value:.3g}"
    patients, ages = np.asarray(store.column("patient_id")), np.asarray(store.column("age"))
    near = (patients == patients[suspect.row]) & (np.abs(ages - ages[suspect.row]) <= YEARS)
    near[suspect.row] = False
    others = truth.values[near, suspect.column]
    if not len(others) or others.any() != others.all():
        return "", ""
    verdict = "borne out" if others[0] != suspect.labelled else "contradicted"
    names = ", ".join(map(str, np.asarray(store.column("ecg_id"))[near]))
    return verdict, f"{'labelled' if others[0] else 'not labelled'} in the patient's ECG {names}"


def _measured(store: Store, row: int) -> Measurements:
    return measure(recording(store, row))


def write(
    path: Path, store: Store, truth: Labels, suspects: Sequence[Suspect], found: Sequence[tuple[str, str]]
) -> None:
    """The ranked list as CSV."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["rank", "ecg_id", "fold", "statement", "label", "probability", "reason", "second_source", "what"]
        )
        for number, suspect in enumerate(suspects, start=1):
            name, p = truth.classes[suspect.column], suspect.probability
            label = "present" if suspect.labelled else "absent"
            reason = f"{name} is {label} in the labels; networks that have not seen the record say {p:.4f}"
            verdict, what = found[number - 1] if number <= len(found) else ("not looked for", "")
            writer.writerow(
                [
                    number,
                    int(store.column("ecg_id")[suspect.row]),
                    int(store.column("fold")[suspect.row]),
                    name,
                    label,
                    f"{p:.6f}",
                    reason,
                    verdict or "none",
                    what,
                ]
            )


if __name__ == "__main__":
    main()
