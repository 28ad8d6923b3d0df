"""What is computed of the runs in results/, metrics and paired differences; kept in JSON beside them."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import intervals, resampled
from twelvelead.evaluation.comparison import RESAMPLES, compare
from twelvelead.evaluation.matching import matched
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.predictions import Predictions
from twelvelead.files import replacing
from twelvelead.weights import sha256

FORMAT = 1
"""Of metrics.json; another one is computed anew."""

METRICS = {
    "macro_auroc": "accuracy",
    "macro_average_precision": "accuracy",
    "macro_f1": "f1",
    "subset_accuracy": "accuracy",
    "hamming_loss": "accuracy",
    "calibration_error": "accuracy",
}
"""What the table shows, and the thresholds that decide."""

RARE = 10
"""Classes with fewer positives are named."""


@dataclass(frozen=True)
class Index:
    """results/index.toml.

    Attributes:
        folder: of the results.
        runs: name -> section, change (the text of the row) and, where it has them, short (the text in the picture)
            and baseline (another name).
        seeds: name -> change, runs (names), and, where it has one, baseline (another of these).
        sections: name -> title and text, in the order of the page.
        chosen: what fold 9 chose, beside what every run lets it choose.
        published: figures of others: who, macro AUROC as printed, source.
        best_published: task -> the best macro AUROC known to be published.
        remark: stands under the machines.
    """

    folder: Path
    runs: dict[str, dict[str, str]]
    seeds: dict[str, dict[str, Any]]
    sections: dict[str, dict[str, str]]
    chosen: list[str]
    published: list[dict[str, str]]
    best_published: dict[str, str]
    remark: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """Read it, and see that it fits the folders beside it.

        Raises:
            Unreadable: it is missing, not TOML, or names or lacks a run, a section or a baseline.
        """
        path = folder / "index.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            index = cls(folder=folder, **values)
        except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
            raise Unreadable(f"{path}: cannot be read as the index of results ({error})") from None
        there = {run.parent.name for run in folder.glob("*/predictions.npz")}
        lone = sorted(there ^ set(index.runs))
        if lone:
            wanted = "has no row in it; add [runs.{}]" if lone[0] in there else "is not in results/; collect {}"
            raise Unreadable(f"{path}: {lone[0]} {wanted.format(lone[0])}")
        for kind in (index.runs, index.seeds):
            for name, row in kind.items():
                named = row.get("baseline", name)
                if named not in kind or (named == name and "baseline" in row):
                    raise Unreadable(f"{path}: {name} has the baseline {named}, which is no other row; name one")
        for name, row in index.runs.items():
            if row.get("section") not in index.sections or "change" not in row:
                raise Unreadable(f"{path}: {name} needs a change, and a section of {', '.join(index.sections)}")
        for name, row in index.seeds.items():
            unknown = [run for run in row["runs"] if run not in index.runs]
            if unknown:
                raise Unreadable(f"{path}: seeds {name} names {unknown[0]}, which is no run; collect it")
        return index

    def of(self, section: str) -> list[str]:
        """The runs of a section."""
        return [name for name, row in self.runs.items() if row["section"] == section]

    def predictions(self, name: str) -> Predictions:
        """What a run said of its validation fold."""
        return Predictions.load(self.folder / name / "predictions.npz")

    def about(self, name: str) -> dict[str, Any]:
        """Its run.json."""
        return _json(self.folder / name / "run.json")

    def hash(self, name: str) -> str:
        """SHA-256 of its predictions."""
        return sha256(self.folder / name / "predictions.npz")


def figures(index: Index, name: str, *, fresh: bool = False) -> dict[str, Any]:
    """The figures of a run, from its metrics.json where that is of the same predictions, else computed and kept.

    Returns:
        `metrics` and `intervals` of `METRICS`, what they are of, and `difference` of the macro AUROC to the baseline's.
    """
    baseline = index.runs[name].get("baseline")
    of = {each: index.hash(each) for each in (name, baseline) if each}
    kept = index.folder / name / "metrics.json"
    known = _json(kept) if kept.is_file() and not fresh else {}
    if known.get("format") == FORMAT and known.get("predictions") == of:
        return known
    found = computed(index.predictions(name))
    difference = compared(index, name, baseline) if baseline else None
    _keep(kept, {"format": FORMAT, "predictions": of, **found, "difference": difference})
    return _json(kept)


def computed(predictions: Predictions) -> dict[str, Any]:
    """Metrics and intervals of stored predictions, ready for JSON."""
    y, p, classes = predictions.labels, predictions.probabilities.astype(np.float64), predictions.classes
    metrics: dict[str, float] = {}
    bounds: dict[str, Sequence[float]] = {}
    by_chance, left_out = 0.0, []
    for operating_point in dict.fromkeys(METRICS.values()):
        cuts = predictions.thresholds_at(operating_point)
        values = evaluate(y, p, cuts, classes)
        limits = intervals(y, p, p >= cuts, predictions.patient_id, classes)
        by_chance, left_out = values["calibration_error_by_chance"], values["classes_left_out"]
        for metric in [metric for metric, of in METRICS.items() if of == operating_point]:
            metrics[metric], bounds[metric] = values[metric], list(limits[metric])
    positives = y.sum(axis=0).tolist()
    return {
        "protocol": predictions.protocol,
        "records": len(y),
        "patients": len(set(predictions.patient_id.tolist())),
        "classes": len(classes),
        "rare": {name: count for name, count in zip(classes, positives, strict=True) if 0 < count < RARE},
        "classes_left_out": left_out,
        "metrics": metrics,
        "intervals": bounds,
        "calibration_error_by_chance": by_chance,
    }


def compared(index: Index, name: str, baseline: str) -> dict[str, Any]:
    """Difference of the macro AUROC to that of the baseline, with its paired interval and p-value."""
    one = index.predictions(baseline)
    other = matched(index.predictions(name), name, one, baseline)
    found = compare(
        one.labels,
        {baseline: one.probabilities, name: other.probabilities},
        {each: [0.5] * len(one.classes) for each in (baseline, name)},
        one.patient_id,
        one.classes,
    )
    (macro,) = [difference for difference in found if difference.metric == "macro_auroc"]
    return {"baseline": baseline, "value": macro.difference, "interval": [macro.low, macro.high], "p": macro.p}


def seeds_figures(index: Index, name: str, *, fresh: bool = False) -> dict[str, Any]:
    """Mean and range over seeds, and the difference of the means to the baseline's with its paired interval.

    The interval resamples patients. It holds the luck of the records, and of the seeds only what shows in these.
    """
    row = index.seeds[name]
    baseline = row.get("baseline")
    groups = [row["runs"], index.seeds[baseline]["runs"] if baseline else []]
    of = {run: index.hash(run) for group in groups for run in group}
    kept = index.folder / "seeds.json"
    known = _json(kept) if kept.is_file() else {}
    entry = known.get(name, {})
    if not fresh and entry.get("predictions") == of and entry.get("format") == FORMAT:
        return dict(entry)
    each = [figures(index, run)["metrics"] for run in row["runs"]]
    values = {metric: [metrics[metric] for metrics in each] for metric in METRICS}
    difference = None
    if baseline:
        mine, theirs = (np.mean([drawn(index, run, groups[1][0]) for run in group], axis=0) for group in groups)
        low, high = np.nanquantile(mine - theirs, [0.025, 0.975])
        means = [np.mean([figures(index, run)["metrics"]["macro_auroc"] for run in group]) for group in groups]
        difference = {"baseline": baseline, "value": means[0] - means[1], "interval": [low, high]}
    new = {"format": FORMAT, "predictions": of, "values": values, "difference": difference}
    _keep(kept, {each: known[each] for each in index.seeds if each in known and each != name} | {name: new})
    return dict(_json(kept)[name])


def told_apart(difference: dict[str, Any]) -> bool:
    """Whether the interval of a difference excludes 0."""
    low, high = difference["interval"]
    return bool(low > 0 or high < 0)


def drawn(index: Index, name: str, like: str) -> NDArray[np.float64]:
    """[resamples] float64: the macro AUROC of a run under the resamples that all runs on these records share."""
    one = index.predictions(like)
    p = matched(index.predictions(name), name, one, like)
    found = resampled(p.labels, p.probabilities, p.probabilities >= 0.5, p.patient_id, p.classes, RESAMPLES)
    return found["macro_auroc"]


def _json(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: cannot be read ({error}); collect the run again") from None
    return values


def _keep(path: Path, values: dict[str, Any]) -> None:
    """Write the numbers with six digits after the point: more than the page shows, fewer than machines differ in."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [rounded(inner) for inner in value]
        return round(float(value), 6) if isinstance(value, float | np.floating) else value

    with replacing(path) as partial:
        partial.write_text(json.dumps(rounded(values), indent=1) + "\n", encoding="utf-8")
