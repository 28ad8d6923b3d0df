"""A clinic's hundred recordings: three rhythms of LUDB learned from sixty of them at a time.

    python benchmarks/few_ludb.py LUDB/data

LUDB (Kalyakulina et al. 2020, doi:10.1109/ACCESS.2020.3029211) trained no weights that ship. Its rhythms become three
classes of names that `single` does not know: atrial fibrillation or flutter, sinus bradycardia, and sinus rhythm. Five
folds, one recording a patient: three train, one chooses, one is measured, in turn; the answers of all five are pooled.
Prints the AUROC of each class for a probe, the fine-tuning that ships and the one before (`few_records.py`).
"""

import argparse
import csv
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from few_records import answers, learned, ways
from twelvelead.data.create import create
from twelvelead.data.store import Store
from twelvelead.data.tasks import labels, select
from twelvelead.evaluation.metrics import auroc
from twelvelead.training.recipe import Recipe

CLASSES = {"fibrillation or flutter": "Atrial f", "slow sinus": "Sinus bradycardia", "sinus": "Sinus rhythm"}
FOLDS = 5


def make_store(folder: Path, work: Path) -> Store:
    headers = {path.stem: path.read_text() for path in sorted(folder.glob("*.hea"), key=lambda path: int(path.stem))}
    rows = []
    for name, text in headers.items():
        rhythm = re.search(r"Rhythm: (.*)", text)
        assert rhythm is not None
        rows.append([f"{name}.hea", name, *(int(rhythm[1].startswith(each)) for each in CLASSES.values())])
    with (work / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "patient_id", *CLASSES], *rows])
    return create(folder, work / "labels.csv", work / "store", rate=100, folds=FOLDS, scale=1).store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of LUDB's headers and signals")
    options = parser.parse_args()
    recipes = {"probe": Recipe.load("probe", "single"), **ways()}
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        store = make_store(options.folder, work)
        known = labels(store, "labels", "keep")
        counts = zip(known.classes, known.values.sum(axis=0), strict=True)
        print(f"{len(known.values)} recordings: " + ", ".join(f"{count} {name}" for name, count in counts))
        for way, recipe in recipes.items():
            given = np.zeros(known.values.shape)
            for fold in range(1, FOLDS + 1):
                chooses = fold % FOLDS + 1
                train = tuple(each for each in range(1, FOLDS + 1) if each not in (fold, chooses))
                folds = replace(recipe, train_folds=train, validation_folds=(chooses,))
                measure = select(store, fold)
                training, _ = learned(folds, store, work / f"{way}-{fold}")
                given[measure] = answers(training, store, measure)
            found = auroc(known.values, given)
            each = ", ".join(f"{name} {value:.3f}" for name, value in zip(known.classes, found, strict=True))
            print(f"{way}: macro AUROC {np.mean(found):.3f} ({each})", flush=True)


if __name__ == "__main__":
    main()
