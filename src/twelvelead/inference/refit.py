"""A contract fitted anew to what its ONNX file says of the validation folds of a store.

Contracts of earlier versions are read too: everything that they lack is computed.
"""

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import Protocol, labels, select
from twelvelead.evaluation.selective import STEPS
from twelvelead.inference.engine import Engine
from twelvelead.inference.scoring import predict_fold
from twelvelead.progress import Progress, silent
from twelvelead.weights import Contract, find
from twelvelead.weights.contract import FILE, VERSION
from twelvelead.weights.fit import age_range, fitted
from twelvelead.weights.suitability import require_own_data, require_suitable, require_unseen


def refit(weights: str | Path, store: Store, progress: Progress = silent) -> Contract:
    """Fit the contract of weights anew, and write it in the place of the old one.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.
        store: of the data that trained the weights; holds the folds that trained and chose.
        progress: told the records done of a fold.

    Returns:
        The contract as written.

    Raises:
        TwelveLeadError: no such weights, they cannot read the store, it holds other data than trained them, or a
            validation fold trained them or what they came from.
    """
    folder = find(weights)
    values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        bare = Path(temporary)
        shutil.copy(folder / values["files"]["onnx"]["name"], bare)
        (bare / FILE).write_text(
            json.dumps(_added(values) | values | _neutral(len(values["classes"]))), encoding="utf-8"
        )
        engine = Engine(bare)
    contract = engine.contract
    require_suitable(contract, store, weights)
    require_own_data(contract, store, weights)
    require_unseen(
        contract, store, contract.validation_folds, weights, "what trained weights cannot fit their contract"
    )
    protocol: Protocol = contract.protocol  # type: ignore[assignment]
    parts = [predict_fold(engine, store, fold, protocol, progress) for fold in contract.validation_folds]
    truth, probabilities, patients = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "probabilities", "patient_id")
    )
    ages = age_range(store.features[select(store, contract.train_folds), 0])
    known = labels(store, contract.task, protocol)
    shares = known.values[select(store, contract.train_folds, known)].mean(axis=0)
    contract = replace(contract, **fitted(truth, probabilities, patients, contract.classes, shares), ages=ages)
    contract.save(folder)
    return contract


def _added(values: dict[str, Any]) -> dict[str, object]:
    """Entries that contracts did not always have, with what then went without saying."""
    return {"members": [], "aggregate": "probability", "scale": values["model"].get("scale", 4.0)}


def _neutral(classes: int) -> dict[str, object]:
    """Entries that leave the file's probabilities as they are, until they are fitted."""
    return {
        "version": VERSION,
        "calibration": {"slope": [1.0] * classes, "intercept": [0.0] * classes},
        "temperature": 1.0,
        "thresholds": {},
        "operating_points": {},
        "prevalence": [0.0] * classes,
        "conformal": {"error_rates": [0.1], "present_from": [[0.0] * classes], "absent_to": [[1.0] * classes]},
        "certainty": [0.0] * (STEPS + 1),
        "ages": [0, 0],
        "metrics": {},
        "intervals": {},
    }
