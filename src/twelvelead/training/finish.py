"""What a finished training leaves: weights with their contract, predictions of the validation folds, and curves."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import nn

from twelvelead.evaluation.plots import curves_png
from twelvelead.evaluation.predictions import Predictions
from twelvelead.models import classifier
from twelvelead.models.layers import first_outputs
from twelvelead.training.data import StoreData
from twelvelead.training.export import probabilities, write_onnx, write_safetensors
from twelvelead.training.module import Training
from twelvelead.weights.contract import Contract, sha256
from twelvelead.weights.fit import age_range, fitted

PTBXL = {
    "licence": "CC BY 4.0",
    "citation": "Wagner, Strodthoff, Bousseljot, Kreiseler, Lunze, Samek, Schaeffter. PTB-XL, a large publicly "
    "available electrocardiography dataset. Sci Data 2020, 7:154. doi:10.1038/s41597-020-0495-6; PhysioNet, "
    "doi:10.13026/kfzx-aw45",
}


def finish(training: Training, data: StoreData, folder: Path, *, best_epoch: int, say: Callable[[str], None]) -> Path:
    """Fit calibration and thresholds on the validation folds, and write everything; returns the folder of weights."""
    recipe, store, labels = training.recipe, data.store, data.labels
    windowed = training.windowed.cpu().eval()
    keep_outputs(windowed.model, len(labels.classes))
    records = data.validation_records
    raw = probabilities(windowed, store.signals, store.features, records)
    truth = labels.values[records]
    patients = np.asarray(store.column("patient_id")[records])
    weights = folder / "weights"
    weights.mkdir(exist_ok=True)
    files = {"safetensors": f"{recipe.name}.safetensors", "onnx": f"{recipe.name}.onnx"}
    write_safetensors(windowed, weights / files["safetensors"], {"architecture": recipe.architecture})
    write_onnx(windowed, weights / files["onnx"], len(store.leads))
    contract = Contract(
        name=recipe.name,
        architecture=recipe.architecture,
        model=recipe.model,
        task=recipe.task,
        classes=labels.classes,
        leads=store.leads,
        sampling_rate=round(store.sampling_rate),
        minimum_samples=recipe.window,
        window=recipe.window,
        stride=recipe.stride,
        aggregate=recipe.aggregate,
        scale=float(windowed.model.scale),  # type: ignore[arg-type]
        attention_samples=windowed.step,
        metadata=("age in years", "sex (0 male, 1 female)") if recipe.metadata else (),
        ages=age_range(store.features[data.train_records, 0]),
        train_folds=recipe.train_folds,
        validation_folds=recipe.validation_folds,
        protocol=recipe.protocol,
        data={
            "name": store.source,
            "hash": store.data_hash,
            "synthetic": store.synthetic,
            **(PTBXL if store.source.startswith("PTB-XL") else {}),
        },
        recipe=recipe.to_dict(),
        files={kind: {"name": name, "sha256": sha256(weights / name)} for kind, name in files.items()},
        versions=json.loads((folder / "run.json").read_text(encoding="utf-8"))["versions"],
        **fitted(truth, raw, patients, labels.classes, data.shares),
    )
    Predictions(
        ecg_id=np.asarray(store.column("ecg_id")[records]),
        patient_id=patients,
        labels=truth,
        probabilities=contract.calibrated(raw).astype(np.float32),
        classes=labels.classes,
        fold=recipe.validation_folds[0],
        protocol=recipe.protocol,
        data_hash=store.data_hash,
        thresholds=contract.thresholds,
        role="which also chose",
    ).save(folder / "predictions.npz")
    draw(folder, best_epoch, store.synthetic)
    contract.save(weights)
    folds = ", ".join(map(str, recipe.validation_folds))
    kind = ", synthetic ECGs" if store.synthetic else ""
    if contract.classes_left_out:
        say(
            f"fold {folds} shows {', '.join(contract.classes_left_out)} in none or all of its {len(records)} records: "
            "in no macro mean; calibration and thresholds from the share in training"
        )
    say(
        f"fold {folds}, which also chose{kind}: macro AUROC {contract.metrics['macro_auroc']:.4f}, macro F1 "
        f"{contract.metrics['macro_f1_at_f1']:.4f}, subset accuracy "
        f"{contract.metrics['subset_accuracy_at_accuracy']:.4f}; weights in {weights}"
    )
    return weights


def keep_outputs(model: nn.Module, count: int) -> None:
    """Cut what is predicted only while training from the last layer."""
    holder, name = classifier(model)
    setattr(holder, name, first_outputs(getattr(holder, name), count))


def draw(folder: Path, best_epoch: int, synthetic: bool) -> None:
    """The curves of `log.csv` as `curves.png`."""
    with (folder / "log.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names = {"train loss": "train_loss", "validation macro AUROC": "validation_auroc", "learning rate": "learning_rate"}
    curves_png(
        [int(row["epoch"]) + 1 for row in rows],
        {label: [float(row[column]) for row in rows] for label, column in names.items()},
        folder / "curves.png",
        best_epoch=best_epoch + 1,
        label="synthetic ECGs" if synthetic else "",
    )
