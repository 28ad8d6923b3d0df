"""Models set side by side: stored predictions in; JSON, Markdown, a forest plot and a table for a terminal out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twelvelead.data.tasks import fold_names
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.bootstrap import LEVEL
from twelvelead.evaluation.comparison import RESAMPLES, Difference, compare, rare_classes
from twelvelead.evaluation.matching import matched
from twelvelead.evaluation.prediction_files import fold_entry
from twelvelead.evaluation.predictions import Predictions, is_complete
from twelvelead.files import replacing
from twelvelead.plots.forest import forest_png
from twelvelead.progress import Progress, silent
from twelvelead.version import __version__
from twelvelead.weights import sha256

SHOWN = {
    "macro_auroc": "macro AUROC",
    "macro_average_precision": "macro AP",
    "macro_f1": "macro F1",
    "fmax": "Fmax",
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "Hamming loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}
"""Metrics in the tables and the picture, with the AUROC of each class; the JSON holds all."""

MOST_CLASSES = 24
"""Whose AUROC the picture shows; of more, it shows none."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was compared, and what came out.

    Attributes:
        predictions: model -> its predictions, the baseline first; all with the same records, labels and classes.
        files: model -> where they come from.
        operating_point: one of which which each model has its own, or one number for all.
        differences: of each model to the baseline.
        resamples: of the bootstrap.
    """

    predictions: dict[str, Predictions]
    files: dict[str, Path]
    operating_point: str
    differences: list[Difference]
    resamples: int

    @property
    def baseline(self) -> str:
        """The name of the first model."""
        return next(iter(self.predictions))

    @property
    def models(self) -> list[str]:
        """The names of the others."""
        return list(self.predictions)[1:]

    def shown(self, model: str) -> list[tuple[str, Difference]]:
        """The rows of a table: the label of each metric of `SHOWN` and of each class's AUROC, and its difference."""
        found = {d.metric: d for d in self.differences if d.model == model}
        classes = self.predictions[model].classes
        labels = SHOWN | {f"classes.{name}.auroc": f"AUROC {name}" for name in classes}
        return [(label, found[metric]) for metric, label in labels.items() if metric in found]

    def verdict(self, difference: Difference) -> str:
        """In words, which model is better."""
        if difference.low == difference.high == 0:
            return "the same"
        if difference.better is None:
            return "cannot be told apart at this size"
        return f"{difference.model if difference.better == 'model' else self.baseline} is better"


def comparison(
    places: Sequence[str | Path],
    operating_point: str | None = None,
    resamples: int = RESAMPLES,
    progress: Progress = silent,
) -> Comparison:
    """Compare stored predictions of the same records.

    Args:
        places: two or more files that `Predictions.load` reads, or folders of a run or an evaluation; the first is the
            baseline. What a CSV does not hold comes from the first of the others.
        operating_point: one that all of them hold, or one number; None takes `accuracy` where all hold it, else 0.5.
        resamples: of the bootstrap.
        progress: told the models scored.

    Raises:
        TwelveLeadError: fewer than two, one given twice, or thresholds that one of them does not hold.
        Unreadable: one cannot be read, or is not of the same records.
    """
    files = _files(places)
    complete = [path for path in files.values() if is_complete(path)]
    reference = Predictions.load(complete[0] if complete else next(iter(files.values())))
    loaded = {name: Predictions.load(path, reference) for name, path in files.items()}
    baseline = next(iter(files))
    known = str(files[baseline])
    predictions = {name: matched(p, str(files[name]), loaded[baseline], known) for name, p in loaded.items()}
    chosen = operating_point or ("accuracy" if all("accuracy" in p.thresholds for p in predictions.values()) else "0.5")
    cuts = {}
    for name, p in predictions.items():
        try:
            cuts[name] = p.thresholds_at(chosen)
        except TwelveLeadError as error:
            raise TwelveLeadError(f"{files[name]}: {error}") from None
    one = predictions[baseline]
    found = compare(
        one.labels,
        {name: p.probabilities for name, p in predictions.items()},
        cuts,
        one.patient_id,
        one.classes,
        resamples,
        progress=progress,
        known=one.known,
    )
    return Comparison(predictions, files, chosen, found, resamples)


def write(result: Comparison, folder: Path, markdown: str) -> None:
    """Write `comparison.json`, `comparison.md` and `forest.png` into the folder, which is made where it is not there.

    Args:
        result: of `comparison`.
        folder: of the files.
        markdown: the text of the second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    one = result.predictions[result.baseline]
    values = {
        "baseline": result.baseline,
        "models": {
            name: {
                "file": str(result.files[name]),
                "sha256": sha256(result.files[name]),
                "role": p.role,
                "thresholds": p.thresholds_at(result.operating_point).tolist(),
            }
            for name, p in result.predictions.items()
        },
        "classes": one.classes,
        "fold": fold_entry(one.folds),
        "protocol": one.protocol,
        "data_hash": one.data_hash,
        "records": len(one.ecg_id),
        "patients": len(set(one.patient_id.tolist())),
        "classes_not_compared_alone": rare_classes(one.labels, one.patient_id, one.classes, one.known),
        "operating_point": result.operating_point,
        "resamples": result.resamples,
        "level": LEVEL,
        "twelvelead": __version__,
        "differences": {
            model: {d.metric: _plain(d) for d in result.differences if d.model == model} for model in result.models
        },
    }
    for name, text in (("comparison.json", json.dumps(values, indent=2) + "\n"), ("comparison.md", markdown)):
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    rows = [row for rows in zip(*map(result.shown, result.models), strict=True) for row in rows]
    note = subject(result)
    if len(one.classes) > MOST_CLASSES:
        rows = [row for row in rows if row[1].metric in SHOWN]
        note += f". The AUROC of each of the {len(one.classes)} classes stands in comparison.md."
    forest_png(rows, result.baseline, folder / "forest.png", note)


def subject(result: Comparison) -> str:
    """In words, the records and the thresholds."""
    one = result.predictions[result.baseline]
    fold = f"fold {fold_names(one.folds)}, protocol {one.protocol}" if one.folds else "fold and protocol not stated"
    number = result.operating_point not in one.thresholds
    how = (
        f"probability >= {result.operating_point} in all"
        if number
        else f"operating point {result.operating_point}, thresholds each its own"
    )
    return (
        f"{len(one.ecg_id):,} records of {len(set(one.patient_id.tolist())):,} patients; {fold}; {how}; "
        f"{result.resamples:,} resamples of patients"
    )


def _plain(difference: Difference) -> dict[str, object]:
    d = difference
    return {
        "baseline": d.baseline,
        "value": d.value,
        "difference": d.difference,
        "interval": [d.low, d.high],
        "p": d.p,
        "p_adjusted": d.p_adjusted,
        "better": d.better,
    }


def _files(places: Sequence[str | Path]) -> dict[str, Path]:
    """Short name -> file, in the order given."""
    files = [_file(Path(place)) for place in places]
    if len(files) < 2:
        raise TwelveLeadError("compare: give two predictions at least, the baseline first")
    twice = [path for place, path in enumerate(files) if path.resolve() in [other.resolve() for other in files[:place]]]
    if twice:
        raise TwelveLeadError(f"{twice[0]}: given twice; compare different predictions")
    names = [path.resolve().parent.name if path.stem == "predictions" else path.stem for path in files]
    unique = len(set(names)) == len(names)
    return dict(zip(names if unique else map(str, files), files, strict=True))


def _file(place: Path) -> Path:
    if not place.is_dir():
        return place
    for name in ("predictions.npz", "predictions.parquet"):
        if (place / name).is_file():
            return place / name
    raise Unreadable(f"{place}: no predictions.npz in this folder; write it with `twelvelead evaluate`")
