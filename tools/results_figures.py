"""What is computed of the runs in results/, metrics and paired differences; kept in their row of runs.csv."""

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results_kept import Kept
from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import intervals, resampled
from twelvelead.evaluation.comparison import RESAMPLES, compare
from twelvelead.evaluation.matching import matched
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.predictions import Predictions

METRICS = {
    "macro_auroc": "accuracy",
    "macro_average_precision": "accuracy",
    "macro_f1": "f1",
    "subset_accuracy": "accuracy",
    "hamming_loss": "accuracy",
    "calibration_error": "accuracy",
}
"""What the table shows, and the operating point that decides."""

COMMON = "macro_auroc_common"
"""Macro AUROC over the classes with at least `RARE` positives."""

RARE = 10
"""Classes with fewer positives are named, and left out of `COMMON`."""


@dataclass(frozen=True)
class Index:
    """results/index.toml, and what is kept beside it.

    Attributes:
        kept: the folder.
        rows: name -> section, change (the text of the row) and, where it has them, short (the text in the picture)
            and baseline (another name).
        seeds: name -> change, runs (names), and, where it has one, baseline (another of these).
        sections: name -> title and text, in the order of the page.
        chosen: what fold 9 chose, beside what every run lets it choose.
        published: figures of others: model, macro AUROC as printed, protocol, source.
        best_published: task -> the best macro AUROC known to be published, and whose.
        remark: stands under the machines.
    """

    kept: Kept
    rows: dict[str, dict[str, str]]
    seeds: dict[str, dict[str, Any]]
    sections: dict[str, dict[str, str]]
    chosen: list[str]
    published: list[dict[str, str]]
    best_published: dict[str, str]
    remark: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """Read it, and see that it fits runs.csv.

        Raises:
            Unreadable: it is missing, not TOML, or names or lacks a run, a section or a baseline.
        """
        path = folder / "index.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            index = cls(kept=Kept(folder), rows=values.pop("runs"), **values)
        except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
            raise Unreadable(f"{path}: cannot be read as the index of results ({error})") from None
        lone = sorted(index.about.keys() ^ set(index.rows))
        if lone:
            wanted = "has no row in it; add [runs.{}]" if lone[0] in index.about else "is not in runs.csv; collect {}"
            raise Unreadable(f"{path}: {lone[0]} {wanted.format(lone[0])}")
        for kind in (index.rows, index.seeds):
            for name, row in kind.items():
                named = row.get("baseline", name)
                if named not in kind or (named == name and "baseline" in row):
                    raise Unreadable(f"{path}: {name} has the baseline {named}, which is no other row; name one")
        for name, row in index.rows.items():
            if row.get("section") not in index.sections or "change" not in row:
                raise Unreadable(f"{path}: {name} needs a change, and a section of {', '.join(index.sections)}")
        for name, row in index.seeds.items():
            unknown = [run for run in row["runs"] if run not in index.rows]
            if unknown:
                raise Unreadable(f"{path}: seeds {name} names {unknown[0]}, which is no run; collect it")
        return index

    @cached_property
    def about(self) -> dict[str, dict[str, Any]]:
        """Run -> its row of runs.csv."""
        return self.kept.runs

    @cached_property
    def fold10(self) -> list[dict[str, str]]:
        """The rows of fold10.csv, figures of fold 10 measured once from outside; empty without it."""
        path = self.kept.folder / "fold10.csv"
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def of(self, section: str) -> list[str]:
        """The runs of a section."""
        return [name for name, row in self.rows.items() if row["section"] == section]


def figures(index: Index, name: str) -> dict[str, Any]:
    """The figures of a run, as `compute_missing` left them in runs.csv.

    Returns:
        `metrics` and `intervals`, `calibration_error_by_chance`, and `difference` of the macro AUROC to the baseline's
        (None without a baseline).

    Raises:
        Unreadable: they have not been computed.
    """
    row = index.about[name]
    if row.get("macro_auroc") is None:
        raise Unreadable(f"{index.kept.folder}: {name} has no figures yet; run python tools/results.py write")
    names = [metric for metric in (*METRICS, COMMON) if row.get(metric) is not None]
    return {
        "metrics": {metric: row[metric] for metric in names},
        "intervals": {metric: [row[f"{metric}_low"], row[f"{metric}_high"]] for metric in names},
        "calibration_error_by_chance": row["calibration_error_by_chance"],
        "difference": _difference_of(row),
    }


def _difference_of(row: dict[str, Any]) -> dict[str, Any] | None:
    if not row.get("baseline"):
        return None
    return {
        "baseline": row["baseline"],
        "value": row["difference"],
        "interval": [row["difference_low"], row["difference_high"]],
        "p": row.get("difference_p"),
    }


def compute_missing(index: Index, name: str, *, fresh: bool = False) -> None:
    """Compute the figures of a run and keep them in runs.csv, where those there are not of the same predictions."""
    baseline = index.rows[name].get("baseline")
    runs = index.kept.runs
    hashes = {
        "predictions_sha256": index.kept.hash(name),
        "baseline": baseline,
        "baseline_sha256": index.kept.hash(baseline) if baseline else None,
    }
    row = runs[name]
    if not fresh and row.get("macro_auroc") is not None and {key: row.get(key) for key in hashes} == hashes:
        return
    found = computed(index.kept.predictions(name))
    values: dict[str, Any] = dict(row) | hashes
    for metric, value in found["metrics"].items():
        low, high = found["intervals"][metric]
        values |= {metric: value, f"{metric}_low": low, f"{metric}_high": high}
    values["calibration_error_by_chance"] = found["calibration_error_by_chance"]
    names = ("difference", "difference_low", "difference_high", "difference_p")
    if baseline:
        of = compared(index, name, baseline)
        values |= dict(zip(names, (of["value"], *of["interval"], of["p"]), strict=True))
    else:
        values |= dict.fromkeys(names)
    index.kept.save_runs(runs | {name: values})
    index.__dict__.pop("about", None)


def computed(predictions: Predictions) -> dict[str, Any]:
    """Metrics and intervals of stored predictions."""
    y, p, classes = predictions.labels, predictions.probabilities.astype(np.float64), predictions.classes
    metrics: dict[str, float] = {}
    bounds: dict[str, Sequence[float]] = {}
    by_chance = 0.0
    for operating_point in dict.fromkeys(METRICS.values()):
        cuts = predictions.thresholds_at(operating_point)
        values = evaluate(y, p, cuts, classes)
        limits = intervals(y, p, p >= cuts, predictions.patient_id, classes)
        by_chance = values["calibration_error_by_chance"]
        for metric in [metric for metric, of in METRICS.items() if of == operating_point]:
            metrics[metric], bounds[metric] = values[metric], list(limits[metric])
    common = [column for column, count in enumerate(y.sum(axis=0)) if count >= RARE]
    if 0 < len(common) < len(classes):
        names = [classes[column] for column in common]
        y, p = y[:, common], p[:, common]
        metrics[COMMON] = evaluate(y, p, 0.5, names)["macro_auroc"]
        bounds[COMMON] = list(intervals(y, p, p >= 0.5, predictions.patient_id, names)["macro_auroc"])
    return {"metrics": metrics, "intervals": bounds, "calibration_error_by_chance": by_chance}


def counted(predictions: Predictions) -> dict[str, Any]:
    """How many records, patients and classes, which classes are rare, and which are in no macro mean."""
    y, classes = predictions.labels, predictions.classes
    positives = y.sum(axis=0).tolist()
    return {
        "records": len(y),
        "patients": len(set(predictions.patient_id.tolist())),
        "classes": len(classes),
        "rare": {name: count for name, count in zip(classes, positives, strict=True) if 0 < count < RARE},
        "classes_left_out": [name for name, count in zip(classes, positives, strict=True) if count in (0, len(y))],
    }


def compared(index: Index, name: str, baseline: str) -> dict[str, Any]:
    """Difference of the macro AUROC to that of the baseline, with its paired interval and p-value."""
    one = index.kept.predictions(baseline)
    other = matched(index.kept.predictions(name), name, one, baseline)
    found = compare(
        one.labels,
        {baseline: one.probabilities, name: other.probabilities},
        {each: [0.5] * len(one.classes) for each in (baseline, name)},
        one.patient_id,
        one.classes,
    )
    (macro,) = [difference for difference in found if difference.metric == "macro_auroc"]
    return {"baseline": baseline, "value": macro.difference, "interval": [macro.low, macro.high], "p": macro.p}


def seeds_figures(index: Index, name: str) -> dict[str, Any]:
    """Each metric over seeds, and the difference of the mean macro AUROCs as `compute_seeds` left it in seeds.csv.

    Raises:
        Unreadable: it has not been computed.
    """
    row = index.seeds[name]
    values = {metric: [index.about[run][metric] for run in row["runs"]] for metric in METRICS}
    if "baseline" not in row:
        return {"values": values, "difference": None}
    kept = index.kept.seeds.get(name)
    if kept is None:
        raise Unreadable(f"{index.kept.folder}: seeds {name} have no figures yet; run python tools/results.py write")
    return {"values": values, "difference": _difference_of(kept)}


def compute_seeds(index: Index, name: str, *, fresh: bool = False) -> None:
    """Compute the difference of the means over seeds and keep it in seeds.csv, where that is not of these predictions.

    The interval resamples patients. It holds the luck of the records, and of the seeds only what shows in these.
    """
    row = index.seeds[name]
    baseline = row.get("baseline")
    if not baseline:
        return
    groups = (row["runs"], index.seeds[baseline]["runs"])
    digest = sha256("".join(index.kept.hash(run) for group in groups for run in group).encode()).hexdigest()
    seeds = index.kept.seeds
    if not fresh and seeds.get(name, {}).get("predictions_sha256") == digest:
        return
    mine, theirs = (np.mean([drawn(index, run, groups[1][0]) for run in group], axis=0) for group in groups)
    low, high = np.nanquantile(mine - theirs, [0.025, 0.975])
    means = [np.mean([index.about[run]["macro_auroc"] for run in group]) for group in groups]
    found = {"seeds": name, "baseline": baseline, "difference": means[0] - means[1]}
    found |= {"difference_low": low, "difference_high": high, "predictions_sha256": digest}
    index.kept.save_seeds(seeds | {name: found})


def told_apart(difference: dict[str, Any]) -> bool:
    """Whether the interval of a difference excludes 0."""
    low, high = difference["interval"]
    return bool(low > 0 or high < 0)


def drawn(index: Index, name: str, like: str) -> NDArray[np.float64]:
    """[resamples] float64: the macro AUROC of a run under the resamples that all runs on these records share."""
    one = index.kept.predictions(like)
    p = matched(index.kept.predictions(name), name, one, like)
    found = resampled(p.labels, p.probabilities, p.probabilities >= 0.5, p.patient_id, p.classes, RESAMPLES)
    return found["macro_auroc"]
