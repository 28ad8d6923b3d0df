"""What two records of one person differ by in PTB-XL when the labels have not changed.

    python tools/repeats.py STORE [--results results] [--docs docs]

Writes src/twelvelead/inference/repeats.toml and the tables of docs/comparing.md. A pair is two records of a patient of
folds 1-8 that follow one another by number and have the same statements. Rate, intervals and axis are measured anew.
The probabilities are those of the four networks `attentive-without-folds-*`, of which each answered the folds that it
had not trained on. On fold 9 it is looked up how often the differences of `single` and `ensemble` lie within limits.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from results_kept import Kept
from twelvelead.data.store import Store
from twelvelead.ecg.measure import QUANTITIES, measure
from twelvelead.files import replacing
from twelvelead.inference.changes import FILE, UNITS, load_repeats, log_odds, turn
from twelvelead.inference.scoring import recording

FOLDS, CHOSE = range(1, 9), 9
NETWORKS = tuple(f"attentive-without-folds-{folds}" for folds in ("1-2", "3-4", "5-6", "7-8"))
LIKE = ("single", "ensemble")
"""Shipped weights that are such networks, or of such."""
SHIPPED = ("statements-single", "statements-ensemble")
"""The runs that ship under these names."""
OLDEST = 89.0
"""Above it PTB-XL states no age."""
PERCENTILES = {"low": 2.5, "median": 50.0, "high": 97.5}
PAGE = "comparing.md"

Rows = NDArray[np.int64]
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    store, kept = Store.open(options.store), Kept(options.results)
    first, second = pairs(store, FOLDS)
    measured = {int(row): measure(recording(store, int(row))) for row in np.unique([first, second])}
    quantities = {name: differences(name, measured, first, second) for name in QUANTITIES}
    classes, by_class = probabilities(kept, NETWORKS, store, first, second)
    text = as_toml(store, first, second, quantities, dict(zip(classes, by_class.T, strict=True)))
    with replacing(FILE) as partial:
        partial.write_text(text, encoding="utf-8")
    load_repeats.cache_clear()
    page = options.docs / PAGE
    filled = fill(page.read_text(encoding="utf-8"))
    with replacing(page) as partial:
        partial.write_text(filled, encoding="utf-8")
    print(text)
    limits = np.array([[each["low"], each["high"]] for each in load_repeats()["probabilities"].values()])
    for run in SHIPPED:
        _, ninth = probabilities(kept, [run], store, *pairs(store, [CHOSE]))
        within = (ninth >= limits[:, 0]) & (ninth <= limits[:, 1])
        shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(classes, within.mean(axis=0), strict=True))
        print(f"fold {CHOSE}, {len(ninth)} pairs, {run}: {within.mean():.1%} of the differences within ({shares})")


def pairs(store: Store, folds: Sequence[int]) -> tuple[Rows, Rows]:
    """Rows of the first and second records of all pairs whose statements are the same."""
    patient, held = np.asarray(store.column("patient_id")), ~np.isnan(store.likelihoods)
    order = np.lexsort((store.column("ecg_id"), patient))
    order = order[np.isin(np.asarray(store.column("fold"))[order], list(folds))]
    first, second = order[:-1], order[1:]
    same = (patient[first] == patient[second]) & (held[first] == held[second]).all(axis=1)
    return first[same], second[same]


def differences(name: str, measured: Mapping[int, object], first: Rows, second: Rows) -> Array:
    """Of one quantity, second record minus first, of the pairs where both have it."""
    values = [[getattr(measured[int(row)], name) for row in rows] for rows in (first, second)]
    change = turn if name == "axis_degrees" else lambda before, now: now - before
    both = zip(*values, strict=True)
    return np.array([change(before, now) for before, now in both if before is not None and now is not None])


def probabilities(
    kept: Kept, runs: Sequence[str], store: Store, first: Rows, second: Rows
) -> tuple[tuple[str, ...], Array]:
    """Classes, and [pairs, classes] differences of log-odds, of the pairs that the kept predictions hold."""
    answers: dict[int, Array] = {}
    for run in runs:
        of = kept.predictions(run)
        answers |= dict(zip(of.ecg_id.tolist(), of.probabilities.astype(np.float64), strict=True))
    number = np.asarray(store.column("ecg_id"))
    both = [
        (answers[a], answers[b]) for a, b in zip(number[first], number[second], strict=True) if {a, b} <= answers.keys()
    ]
    odds = np.vectorize(log_odds)
    return of.classes, np.array([odds(now) - odds(before) for before, now in both])


def as_toml(
    store: Store, first: Rows, second: Rows, quantities: Mapping[str, Array], classes: Mapping[str, Array]
) -> str:
    """The table."""
    age = np.asarray(store.column("age"), np.float64)
    known = (age[first] <= OLDEST) & (age[second] <= OLDEST)
    years = np.percentile((age[second] - age[first])[known], list(PERCENTILES.values()))
    lines = [
        "# Made by tools/repeats.py; do not edit. Differences are the second record's minus the first's.",
        'source = "PTB-XL 1.0.3, folds 1-8, pairs of records of a patient in a row that have the same statements"',
        f"store = {json.dumps(store.data_hash)}",
        f"pairs = {len(first)}",
        f"patients = {len(np.unique(store.column('patient_id')[first]))}",
        f"sampling_rate_hz = {store.sampling_rate:g}",
        f"weights = {json.dumps(LIKE)} # whose probabilities such differences are usual of",
        "",
        "[years] # between the two records, from ages in whole years",
        *(f"{name} = {value:g}" for name, value in zip(PERCENTILES, years, strict=True)),
    ]
    for kind, table, digits in (("measurements", quantities, 1), ("probabilities", classes, 2)):
        for name, values in table.items():
            unit = UNITS.get(name, "ms") if kind == "measurements" else "log-odds"
            figures = np.percentile(values, list(PERCENTILES.values()))
            lines += [
                "",
                f"[{kind}.{name}]",
                f"unit = {json.dumps(unit, ensure_ascii=False)}",
                f"pairs = {len(values)}",
            ]
            lines += [
                f"{key} = {round(value, digits) + 0.0:.{digits}f}"
                for key, value in zip(PERCENTILES, figures, strict=True)
            ]
    return "\n".join(lines) + "\n"


def fill(page: str) -> str:
    """The page with the table as it would be made now."""
    table = load_repeats()
    rows = ["| | pairs | 2.5 % | median | 97.5 % |", "|---|---|---|---|---|"]
    for kind, digits in (("measurements", 1), ("probabilities", 2)):
        for name, of in table[kind].items():
            figures = " | ".join(f"{of[key]:+.{digits}f}" for key in PERCENTILES)
            rows.append(f"| `{name}`, {of['unit']} | {of['pairs']} | {figures} |")
    before, begin, rest = page.partition("<!-- repeats -->\n")
    _, end, after = rest.partition("<!-- /repeats -->")
    if not begin or not end:
        raise ValueError("no place for repeats")
    return f"{before}{begin}" + "\n".join(rows) + f"\n{end}{after}"


if __name__ == "__main__":
    main()
