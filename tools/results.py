"""The runs that are kept in results/, and docs/results.md made of them.

    python tools/results.py collect RUN [RUN ...] [--name NAME] [--hardware TEXT]
    python tools/results.py write [--fresh]

`collect` copies what a figure needs out of folders of runs, ensembles or evaluations into results/NAME: recipe, log,
predictions of the validation fold, and run.json. What stands where in the table is said by hand in results/index.toml.
`write` computes what is not yet known of each run (metrics.json beside its predictions) and writes docs/results.md and
docs/results.png. The same folders give the same page; a test holds it to that.
"""

import argparse
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from results_figures import Index, figures, seeds_figures
from results_page import page
from results_picture import picture
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.prediction_files import write_npz
from twelvelead.evaluation.predictions import Predictions
from twelvelead.files import replacing
from twelvelead.training.progress import training_seconds
from twelvelead.weights import Contract, find

ROOT = Path(__file__).resolve().parents[1]
MOST_CLASSES = 12
"""Of predictions that are kept as they are; of more classes they take too much room, see `write_small`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    collecting = verbs.add_parser("collect")
    collecting.add_argument("runs", nargs="+", type=Path)
    collecting.add_argument("--name", help="in results/; the folder's own where not given")
    collecting.add_argument("--hardware", help="of runs that do not say it themselves")
    writing = verbs.add_parser("write")
    writing.add_argument("--fresh", action="store_true", help="compute everything anew")
    options = parser.parse_args()
    try:
        if options.verb == "write":
            write(ROOT / "results", ROOT / "docs", fresh=options.fresh)
            return
        if options.name and len(options.runs) > 1:
            raise TwelveLeadError(f"--name {options.name}: one name for {len(options.runs)} runs; collect them singly")
        for run in options.runs:
            print(collect(run, ROOT / "results" / (options.name or run.resolve().name), options.hardware))
    except TwelveLeadError as error:
        parser.exit(2, f"{error}\n")


def collect(run: Path, folder: Path, hardware: str | None = None) -> Path:
    """Keep what a figure of a run needs.

    Args:
        run: folder of a finished run, or any folder with `predictions.npz` and, beside it or in `weights/`, a contract.
        folder: to make, or to bring up to date.
        hardware: in words, for a run whose `run.json` does not name it.

    Returns:
        The folder.

    Raises:
        Unreadable: there are no predictions, or nothing says what they are of.
    """
    predictions = Predictions.load(run / "predictions.npz")
    contract = _contract(run)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("recipe.toml", "log.csv"):
        if (run / name).is_file():
            with replacing(folder / name) as partial:
                shutil.copyfile(run / name, partial)
    if len(predictions.classes) <= MOST_CLASSES:
        with replacing(folder / "predictions.npz") as partial:
            shutil.copyfile(run / "predictions.npz", partial)
    else:
        write_small(predictions, folder / "predictions.npz")
    known = json.loads((run / "run.json").read_text(encoding="utf-8")) if (run / "run.json").is_file() else {}
    about = {
        "task": contract.task,
        "architecture": contract.architecture,
        "members": list(contract.members),
        "train_folds": list(contract.train_folds),
        "validation_folds": list(contract.validation_folds),
        "data_hash": predictions.data_hash,
        "synthetic": contract.synthetic,
        "versions": contract.versions,
        "hardware": [_in_words(machine) for machine in known.get("hardware", [])] or ([hardware] if hardware else []),
        **_of_log(folder / "log.csv"),
    }
    with replacing(folder / "run.json") as partial:
        partial.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return folder


def write_small(predictions: Predictions, path: Path) -> None:
    """Predictions in half precision, which halves the file.

    Of 71 classes predicted by a barely trained network it moved the macro AUROC by 0.00001, one rare class's by 0.002;
    seven bits instead of its ten saved a tenth of the file and moved a class by 0.015.
    """
    with replacing(path) as partial:
        write_npz(partial, vars(predictions) | {"probabilities": predictions.probabilities.astype(np.float16)})


def write(results: Path, docs: Path, fresh: bool = False) -> None:
    """Write `results.md` and `results.png` into the folder of documents.

    Args:
        results: holds index.toml and a folder for each run.
        docs: receives the files.
        fresh: compute everything anew, instead of what has changed.

    Raises:
        Unreadable: the index and the folders do not match, or predictions cannot be read or compared.
    """
    index = Index.load(results)
    for number, name in enumerate(index.runs, start=1):
        print(f"{number} of {len(index.runs)}: {name}", flush=True)
        figures(index, name, fresh=fresh)
    for name in index.seeds:
        seeds_figures(index, name, fresh=fresh)
    with replacing(docs / "results.md") as partial:
        partial.write_text(page(index), encoding="utf-8")
    picture(index, docs / "results.png")


def _contract(run: Path) -> Contract:
    try:
        return Contract.load(find(run))
    except Unreadable as error:
        raise Unreadable(f"{run}: nothing says what its predictions are of ({error})") from None


def _in_words(machine: dict[str, Any]) -> str:
    threads = f"{machine['threads']} thread{'s' if machine['threads'] != 1 else ''} of {machine['processor']}"
    return f"{machine['accelerator'] or threads}, {machine['precision']}"


def _of_log(log: Path) -> dict[str, float | int | None]:
    """Minutes, epochs, and the one whose weights were kept, counted from 1; None without a log."""
    if not log.is_file():
        return {"minutes": None, "epochs": None, "best_epoch": None}
    with log.open(newline="", encoding="utf-8") as stream:
        measured = [float(row["validation_auroc"]) for row in csv.DictReader(stream)]
    return {
        "minutes": round(training_seconds(log) / 60, 1),
        "epochs": len(measured),
        "best_epoch": int(np.argmax(measured)) + 1,
    }


if __name__ == "__main__":
    main()
