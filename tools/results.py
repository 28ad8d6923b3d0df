"""The runs that are kept in results/, and docs/results.md made of them.

    python tools/results.py collect RUN [RUN ...] [--name NAME] [--hardware TEXT]
    python tools/results.py write [--fresh]
    python tools/results.py predictions NAME FILE.npz

`collect` copies what a figure needs out of folders of runs, ensembles or evaluations into results/ (see
`results_kept`). What stands where in the table is said by hand in results/index.toml. `write` computes what is not yet
known of each run and writes docs/results.md and docs/results.png. The same files give the same page; a test holds it
to that. `predictions` writes those of a run as `twelvelead compare` takes them.
"""

import argparse
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from results_figures import Index, compute_missing, compute_seeds
from results_kept import Kept
from results_page import page
from results_picture import picture
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.predictions import Predictions
from twelvelead.files import replacing
from twelvelead.training.folder import training_seconds
from twelvelead.weights import Contract, find

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    collecting = verbs.add_parser("collect")
    collecting.add_argument("runs", nargs="+", type=Path)
    collecting.add_argument("--name", help="in results/; the folder's own where not given")
    collecting.add_argument("--hardware", help="of runs that do not say it themselves")
    writing = verbs.add_parser("write")
    writing.add_argument("--fresh", action="store_true", help="compute everything anew")
    asking = verbs.add_parser("predictions")
    asking.add_argument("name")
    asking.add_argument("file", type=Path)
    options = parser.parse_args()
    try:
        if options.verb == "write":
            write(ROOT / "results", ROOT / "docs", fresh=options.fresh)
        elif options.verb == "predictions":
            Kept(ROOT / "results").predictions(options.name).save(options.file)
        elif options.name and len(options.runs) > 1:
            raise TwelveLeadError(f"--name {options.name}: one name for {len(options.runs)} runs; collect them singly")
        else:
            for run in options.runs:
                name = options.name or run.resolve().name
                collect(run, Kept(ROOT / "results"), name, options.hardware)
                print(name)
    except TwelveLeadError as error:
        parser.exit(2, f"{error}\n")


def collect(run: Path, kept: Kept, name: str, hardware: str | None = None) -> None:
    """Keep what a figure of a run needs.

    Args:
        run: folder of a finished run, or any folder with `predictions.npz` and, beside it or in `weights/`, a contract.
        kept: receives it.
        name: of the run there; one of that name is replaced.
        hardware: in words, for a run whose `run.json` does not name it.

    Raises:
        Unreadable: there are no predictions, nothing says what they are of, or others of this task and these folds
            have other records.
    """
    predictions = Predictions.load(run / "predictions.npz")
    contract = _contract(run)
    for source, place in (("recipe.toml", f"recipes/{name}.toml"), ("log.csv", f"logs/{name}.csv")):
        if (run / source).is_file():
            (kept.folder / place).parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept.folder / place) as partial:
                shutil.copyfile(run / source, partial)
    known = json.loads((run / "run.json").read_text(encoding="utf-8")) if (run / "run.json").is_file() else {}
    about = {
        "task": contract.task,
        "architecture": contract.architecture,
        "members": list(contract.members),
        "train_folds": list(contract.train_folds),
        "validation_folds": list(contract.validation_folds),
        "synthetic": contract.synthetic,
        "versions": " ".join(f"{part}={version.replace(' ', '_')}" for part, version in contract.versions.items()),
        "hardware": [_in_words(machine) for machine in known.get("hardware", [])] or ([hardware] if hardware else []),
        **_of_log(run / "log.csv"),
    }
    kept.add(name, about, predictions)


def write(results: Path, docs: Path, fresh: bool = False) -> None:
    """Write `results.md` and `results.png` into the folder of documents.

    Args:
        results: the folder (`results_kept`), with index.toml.
        docs: receives the files.
        fresh: compute everything anew, instead of what has changed.

    Raises:
        Unreadable: the index and runs.csv do not match, or predictions cannot be read or compared.
    """
    index = Index.load(results)
    for number, name in enumerate(index.rows, start=1):
        print(f"{number} of {len(index.rows)}: {name}", flush=True)
        compute_missing(index, name, fresh=fresh)
    for name in index.seeds:
        compute_seeds(index, name, fresh=fresh)
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
