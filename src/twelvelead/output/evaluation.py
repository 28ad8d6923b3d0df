"""An evaluation as files and as a table for a terminal."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table

from twelvelead.data.store import Store
from twelvelead.evaluation import Predictions, confusion_png, intervals
from twelvelead.evaluation import evaluate as metrics
from twelvelead.files import replacing
from twelvelead.weights import Contract

HEADLINE = (
    "macro_auroc",
    "macro_average_precision",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "subset_accuracy",
    "hamming_loss",
    "calibration_error",
)


def report(contract: Contract, store: Store, predictions: Predictions, aim: str, folder: Path) -> dict[str, Any]:
    """Write `metrics.json`, `predictions.npz` and `confusion_CLASS.png` into the folder; returns what the first holds.

    Args:
        contract: of the weights.
        store: that was scored.
        predictions: of one fold of it.
        aim: thresholds: "accuracy", "f1", or one number for all classes.
        folder: made where it is not there.

    Raises:
        TwelveLeadError: the aim is not in the contract.
    """
    thresholds = contract.threshold(aim)
    decisions = predictions.probabilities >= thresholds
    classes = predictions.classes
    same_data = store.source == contract.data["name"]
    values: dict[str, Any] = {
        **metrics(predictions.labels, predictions.probabilities, thresholds, classes),
        "records": len(predictions.ecg_id),
        "fold": predictions.fold,
        "protocol": predictions.protocol,
        "thresholds": aim,
        "role": _role(contract, predictions.fold) if same_data else "other data than trained the weights",
        "synthetic": store.synthetic or contract.synthetic,
        "weights": {"name": contract.name, "sha256": contract.files["onnx"]["sha256"]},
        "data_hash": store.data_hash,
        "intervals": {
            name: list(bounds)
            for name, bounds in intervals(
                predictions.labels, predictions.probabilities, decisions, predictions.patient_id, classes
            ).items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    predictions.save(folder / "predictions.npz")
    with replacing(folder / "metrics.json") as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    note = f"fold {predictions.fold}, {predictions.protocol}" + (", SYNTHETIC" if values["synthetic"] else "")
    for column, name in enumerate(classes):
        confusion_png(
            predictions.labels[:, column],
            decisions[:, column],
            name,
            folder / f"confusion_{name}.png",
            threshold=float(thresholds[column]),
            note=note,
        )
    return values


def table(values: dict[str, Any]) -> Table:
    """The headline figures with their intervals, and the AUROC of each class."""
    kind = "SYNTHETIC ECGs, " if values["synthetic"] else ""
    heading = (
        f"{values['weights']['name']}: {kind}fold {values['fold']} ({values['role']}), protocol {values['protocol']}, "
        f"{values['records']} records, thresholds {values['thresholds']}"
    )
    shown = Table(title=heading, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    shown.add_column("metric")
    shown.add_column("value", justify="right")
    shown.add_column("95 % interval")
    rows = [(name.replace("_", " "), values[name], name) for name in HEADLINE]
    rows += [(f"AUROC {name}", of["auroc"], f"classes.{name}.auroc") for name, of in values["classes"].items()]
    for label, value, key in rows:
        bounds = values["intervals"].get(key)
        shown.add_row(
            label,
            "n/a" if value is None else f"{value:.4f}",
            f"{bounds[0]:.4f} to {bounds[1]:.4f}" if bounds and None not in bounds else "",
        )
    return shown


def _role(contract: Contract, fold: int) -> str:
    if fold in contract.train_folds:
        return "which trained the weights: no measure of their worth"
    if fold in contract.validation_folds:
        return "which also chose"
    return "held out"
