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
from twelvelead.inference.scoring import all_outputs
from twelvelead.progress import Progress, silent
from twelvelead.weights import Contract, find
from twelvelead.weights.contract import FILE, VERSION
from twelvelead.weights.fit import NO_LEAST, age_range, fit_heads
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
        (bare / FILE).write_text(json.dumps(_neutral(values)), encoding="utf-8")
        engine = Engine(bare)
    contract = engine.contract
    require_suitable(contract, store, weights)
    require_own_data(contract, store, weights)
    require_unseen(
        contract, store, contract.validation_folds, weights, "what trained weights cannot fit their contract"
    )
    protocol: Protocol = contract.protocol  # type: ignore[assignment]
    known = labels(store, contract.task, protocol)
    beside = None if contract.statements is None else labels(store, contract.statements.task, "keep")
    records = select(store, contract.validation_folds, known)
    raw = all_outputs(engine, store, records, progress)
    trained = np.isin(np.asarray(store.column("fold")), contract.train_folds) & known.scored
    patients = np.asarray(store.column("patient_id")[records])
    ages = age_range(store.features[select(store, contract.train_folds), 0])
    contract = replace(contract, **fit_heads(known, beside, raw, records, trained, patients), ages=ages)
    contract.save(folder)
    return contract


def _neutral(values: dict[str, Any]) -> dict[str, Any]:
    """The entries of a contract of any version, with what leaves the file's probabilities as they are until they are
    fitted, and with what went without saying where earlier versions lack an entry."""
    statements = values.get("statements")
    added: dict[str, Any] = {
        "members": [],
        "aggregate": "probability",
        "scale": values["model"].get("scale", 4.0),
        "highpass": 0.0,
        "embedding": 0,
    }
    members = [{"highpass": 0.0, **member} for member in values["model"].get("members", [])]
    return (
        added
        | values
        | _neutral_head(values["task"], values["classes"])
        | {
            "version": VERSION,
            "model": {**values["model"], **({"members": members} if members else {})},
            "statements": statements and _neutral_head(statements["task"], statements["classes"]),
            "subclasses": None,
            "ages": [0, 0],
        }
    )


def _neutral_head(task: str, classes: list[str]) -> dict[str, Any]:
    count = len(classes)
    return {
        "task": task,
        "classes": classes,
        "calibration": {"slope": [1.0] * count, "intercept": [0.0] * count},
        "temperature": 1.0,
        "thresholds": {},
        "operating_points": {},
        "prevalence": [0.0] * count,
        "positives": {"training": [0] * count, "validation": [0] * count},
        "least_positives": NO_LEAST,
        "auroc": [[None] * 3] * count,
        "conformal": {"error_rates": [0.1], "present_from": [[0.0] * count], "absent_to": [[1.0] * count]},
        "certainty": [0.0] * (STEPS + 1),
        "metrics": {},
        "intervals": {},
    }
