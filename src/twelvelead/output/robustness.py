"""The robustness of weights as files: JSON, a Markdown table and a heat map."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import select
from twelvelead.ecg.faults import CLEAN, FAULTS, VERSION, Case
from twelvelead.evaluation.bootstrap import estimate
from twelvelead.files import replacing
from twelvelead.inference.faults import Floats, Recordings, falls
from twelvelead.inference.robustness import PROTOCOL, RESAMPLES
from twelvelead.inference.scoring import truth_of
from twelvelead.output.report.numbers import with_interval
from twelvelead.plots.heatmap import heatmap_png
from twelvelead.weights.matching import Shared
from twelvelead.weights.suitability import role


def report(
    found: Mapping[Case, Floats],
    recordings: Recordings,
    shared: Shared,
    store: Store,
    fold: int,
    seed: int,
    folder: Path,
) -> dict[str, Any]:
    """Write `robustness.json`, `robustness.md` and `robustness.png` into the folder; returns what the first holds.

    Args:
        found: of `twelvelead.inference.robustness.suite`, with `CLEAN`.
        recordings: that were scored.
        shared: the classes that the weights and the store share.
        store, fold: of the recordings.
        seed: of the suite.
        folder: made where it is not there.
    """
    fallen, contract, labels = falls(found), shared.contract, recordings.labels
    known = np.ones_like(labels) if recordings.known is None else recordings.known
    shares = labels.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values = {
        "weights": {"name": contract.name, "sha256": contract.files["onnx"]["sha256"]},
        "data_hash": store.data_hash,
        "synthetic": store.synthetic or contract.synthetic,
        "fold": fold,
        "role": role(contract, store, fold),
        "records": len(recordings.rows),
        "records_of_fold": len(select(store, fold, truth_of(shared, store, PROTOCOL))),
        "patients": len(np.unique(recordings.patients)),
        "protocol": PROTOCOL,
        "classes_left_out": [name for name, share in zip(contract.classes, shares, strict=True) if share in (0, 1)],
        "seed": seed,
        "resamples": RESAMPLES,
        "faults_version": VERSION,
        "clean": estimate(found[CLEAN])._asdict(),
        "faults": [
            {
                "name": name,
                "title": fault.title,
                "sentence": fault.sentence,
                "unit": fault.unit,
                "graded": fault.graded,
                "severities": [
                    {"severity": case.severity, "macro_auroc": float(found[case][0]), "fall": fall._asdict()}
                    for case, fall in fallen.items()
                    if case.fault == name
                ],
            }
            for name, fault in FAULTS.items()
            if any(case.fault == name for case in fallen)
        ],
    }
    with replacing(folder / "robustness.json") as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    with replacing(folder / "robustness.md") as partial:
        partial.write_text(markdown(values), encoding="utf-8")
    heatmap_png(fallen, folder / "robustness.png", heading(values))
    return values


def heading(values: Mapping[str, Any]) -> str:
    """What was measured, in a line."""
    kind = "SYNTHETIC ECGs, " if values["synthetic"] else ""
    part = "" if values["records"] == values["records_of_fold"] else f" of {values['records_of_fold']:,}"
    left_out = f", without {', '.join(values['classes_left_out'])}" if values["classes_left_out"] else ""
    return (
        f"{values['weights']['name']}: {kind}fold {values['fold']} ({values['role']}), protocol {values['protocol']}, "
        f"{values['records']:,}{part} records, clean macro AUROC{left_out} {values['clean']['value']:.4f}"
    )


def markdown(values: Mapping[str, Any]) -> str:
    """The falls as Markdown: a table of the graded faults, one of the others, and what each fault is.

    Args:
        values: of `report`.
    """
    lines = [
        f"{heading(values)}.",
        "",
        "Fall in macro AUROC against the clean signal, with its 95 % interval (paired bootstrap by patient, "
        f"{values['resamples']:,} resamples, seed {values['seed']}).",
    ]
    graded = [fault for fault in values["faults"] if fault["graded"]]
    if graded:
        lines += ["", "| fault | mild |" + " |" * 3 + " severe |", "|---" * 6 + "|"]
        lines += [
            f"| {fault['title']}, {fault['unit']} | "
            + " | ".join(f"{case['severity']:g}: {_fall(case)}" for case in fault["severities"])
            + " |"
            for fault in graded
        ]
    named = [fault for fault in values["faults"] if not fault["graded"]]
    if named:
        lines += ["", "Faults without degrees, one level for each case:", ""]
        lines += ["| fault | case | fall |", "|---" * 3 + "|"]
        for fault in named:
            lines += [f"| {fault['title']} | {case['severity']} | {_fall(case)} |" for case in fault["severities"]]
    lines += ["", "What each fault is:", ""]
    lines += [f"- **{fault['title']}**: {fault['sentence']}" for fault in values["faults"]]
    return "\n".join(lines) + "\n"


def _fall(case: Mapping[str, Any]) -> str:
    fall = case["fall"]
    return with_interval(fall["value"], (fall["low"], fall["high"]))
