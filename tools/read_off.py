"""The superclasses read off a network that predicts all 71 statements, in the place of predicting them.

    twelvelead train single STORE RUN --task all
    python tools/read_off.py RUN STORE OUT --rule noisy-or
    python tools/results.py collect OUT

A superclass is present where one of its statements is. `maximum` takes the highest of their probabilities, `noisy-or`
1 - the product of (1 - p), as if they were independent. OUT becomes a folder that `collect` takes, with the recipe, log
and contract of the run; the calibration and the thresholds are fitted anew, to the superclasses.
"""

import argparse
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels, select
from twelvelead.errors import TwelveLeadError
from twelvelead.training.forms import load_windowed, predict
from twelvelead.training.writing import make_predictions
from twelvelead.weights import Contract, find
from twelvelead.weights.fit import fit_head

Array = NDArray[np.float64]

RULES: dict[str, Callable[[Array], Array]] = {
    "maximum": lambda p: np.asarray(p.max(axis=1)),
    "noisy-or": lambda p: np.asarray(1 - np.prod(1 - p, axis=1)),
}
"""[records, statements] of one superclass -> [records]."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rule", choices=RULES, required=True)
    options = parser.parse_args()
    try:
        read_off(options.run, Store.open(options.store), options.out, options.rule)
    except TwelveLeadError as error:
        parser.exit(2, f"{error}\n")


def read_off(run: Path, store: Store, out: Path, rule: str) -> None:
    """Write the folder of one rule."""
    contract = Contract.load(find(run))
    truth = labels(store, "superclass")
    records = select(store, contract.validation_folds[0], truth)
    members = store.tasks["superclass"]
    lacking = {name for names in members.values() for name in names} - set(contract.classes)
    if lacking:
        raise TwelveLeadError(f"{run}: does not predict {min(lacking)}; choose a run of the task all")
    answers = contract.calibrated(predict(load_windowed(run), store.signals, store.features, records))
    columns = [[contract.classes.index(name) for name in members[one]] for one in truth.classes]
    raw = np.stack([RULES[rule](answers[:, each]) for each in columns], axis=1)
    entries = vars(fit_head(truth.task, truth.values[records], raw, store.column("patient_id")[records], truth.classes))
    made = dataclasses.replace(contract, protocol=truth.protocol, **entries)
    out.mkdir(parents=True)
    for name in ("recipe.toml", "log.csv", "run.json"):
        shutil.copyfile(run / name, out / name)
    make_predictions(made, raw, store, truth, records).save(out / "predictions.npz")
    made.save(out)


if __name__ == "__main__":
    main()
