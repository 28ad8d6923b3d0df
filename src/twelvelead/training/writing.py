"""Weights in every form with the contract that is fitted to them, and the predictions that it was fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, fold_names
from twelvelead.evaluation.predictions import Predictions
from twelvelead.training.forms import Whole, write_onnx, write_safetensors
from twelvelead.weights.contract import Contract, sha256
from twelvelead.weights.fit import fit_heads
from twelvelead.weights.onnx_metadata import describe

PTBXL = {
    "licence": "CC BY 4.0",
    "citation": "Wagner, Strodthoff, Bousseljot, Kreiseler, Lunze, Samek, Schaeffter. PTB-XL, a large publicly "
    "available electrocardiography dataset. Sci Data 2020, 7:154. doi:10.1038/s41597-020-0495-6; PhysioNet, "
    "doi:10.13026/kfzx-aw45",
}
METADATA = ("age in years", "sex (0 male, 1 female)")


def write_weights(
    whole: Whole,
    raw: NDArray[np.float32],
    store: Store,
    labels: Labels,
    statements: Labels | None,
    records: NDArray[np.int64],
    folder: Path,
    *,
    ancestors: Mapping[str, Sequence[dict[str, Any]]],
    **entries: Any,
) -> Contract:
    """Write `weights/` and `predictions.npz` into a folder; the contract, which marks a finished one, comes last.

    Args:
        whole: what is trained, on the CPU.
        raw: its probabilities of the validation records, [n, classes and statements] float32, before calibration.
        store: what trained and chose.
        labels: of all records of the store.
        statements: likewise, of what is answered beside the classes; None for nothing.
        records: positions of the validation records, [n].
        folder: of the run.
        ancestors: "initial" and "teachers" of the contract's data, each left out where it is empty.
        entries: of the contract, those that follow from none of these: name, architecture, model, scale, metadata,
            ages, train_folds, validation_folds, recipe, versions, of an ensemble members, and of weights for fewer
            leads lead_sets.

    Returns:
        The contract as written.
    """
    name, weights = entries["name"], folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    files = {kind: f"{name}.{kind}" for kind in ("safetensors", "onnx")}
    write_safetensors(whole, weights / files["safetensors"], {"architecture": entries["architecture"]})
    contract = Contract(
        leads=store.leads,
        sampling_rate=round(store.sampling_rate),
        minimum_samples=whole.window,
        window=whole.window,
        stride=whole.stride,
        aggregate=whole.aggregate,
        attention_samples=whole.step,
        embedding=whole.units,
        protocol=labels.protocol,
        data={
            "name": store.source,
            "hash": store.data_hash,
            "synthetic": store.synthetic,
            **(PTBXL if store.source.startswith("PTB-XL") else {}),
            **{kind: list(steps) for kind, steps in ancestors.items() if steps},
        },
        files={},
        **entries,
        **fit_validation(raw, store, labels, statements, records, entries["train_folds"]),
    )
    write_onnx(whole, weights / files["onnx"], len(store.leads), describe(contract))
    hashes = {kind: {"name": file, "sha256": sha256(weights / file)} for kind, file in files.items()}
    contract = replace(contract, files=hashes)
    make_predictions(contract, raw[:, : len(labels.classes)], store, labels, records).save(folder / "predictions.npz")
    contract.save(weights)
    return contract


def fit_validation(
    raw: NDArray[np.float32],
    store: Store,
    labels: Labels,
    statements: Labels | None,
    records: NDArray[np.int64],
    train_folds: Sequence[int],
) -> dict[str, Any]:
    """What outputs mean, from those of the validation records; see `fit_heads` and `write_weights`."""
    trained = np.isin(np.asarray(store.column("fold")), train_folds) & labels.scored
    return fit_heads(labels, statements, raw, records, trained, np.asarray(store.column("patient_id")[records]))


def make_predictions(
    contract: Contract, raw: NDArray[np.floating[Any]], store: Store, labels: Labels, records: NDArray[np.int64]
) -> Predictions:
    """What weights say of the validation records that fitted their contract.

    Args:
        contract: calibrates, and gives the thresholds.
        raw: probabilities before calibration, [n, classes].
        store: holds the records.
        labels: of all records of the store.
        records: positions, [n].
    """
    return Predictions(
        ecg_id=np.asarray(store.column("ecg_id")[records]),
        patient_id=np.asarray(store.column("patient_id")[records]),
        labels=labels.values[records],
        known=labels.known_of(records),
        probabilities=contract.calibrated(raw).astype(np.float32),
        classes=labels.classes,
        folds=contract.validation_folds,
        protocol=labels.protocol,
        data_hash=store.data_hash,
        thresholds=contract.thresholds,
        role="which also chose",
    )


def headline(contract: Contract) -> str:
    """The first figures of weights, and what they were measured on."""
    kind = ", synthetic ECGs" if contract.synthetic else ""
    metrics, left_out = contract.metrics, contract.classes_left_out
    without = ""
    if left_out:
        without = (
            f"; {', '.join(left_out)}, which all or none of its records show, in no macro mean: calibration and "
            "thresholds from the share in training"
        )
    return (
        f"fold {fold_names(contract.validation_folds)}, which also chose{kind}: macro AUROC "
        f"{metrics['macro_auroc']:.4f}, macro F1 {metrics['macro_f1_at_f1']:.4f}, subset accuracy "
        f"{metrics['subset_accuracy_at_accuracy']:.4f}{without}"
    )
