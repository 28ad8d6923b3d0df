"""The figures of a fold, as `metrics.json` holds them and as the report shows them."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import NOTES, Store
from twelvelead.data.tasks import PROTOCOLS, Protocol, fold_names
from twelvelead.ecg.quality import Finding
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation import Predictions, intervals
from twelvelead.evaluation import evaluate as metrics
from twelvelead.evaluation.fitted import Calibration, FittedOn, Thresholds, choice_notes
from twelvelead.evaluation.prediction_files import fold_entry
from twelvelead.evaluation.subgroups import (
    FEWEST_PATIENTS,
    Group,
    Subgroup,
    by_age,
    by_number_of_classes,
    by_sex,
    subgroups,
)
from twelvelead.inference.scoring import Scored
from twelvelead.weights import Contract
from twelvelead.weights.suitability import role, seen_folds

MOST_NAMED = 12
"""Classes that a note names."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A fold under the protocol asked for, and what `metrics.json` holds of it.

    Attributes:
        contract: of the weights.
        store: that was scored.
        predictions: of the records that the protocol scores.
        rows: [records] int64, their rows in the store.
        operating_point: whose thresholds decide.
        thresholds: [classes] float64; of several weights their mean.
        predicted: [records, classes] bool.
        subgroups: of the records.
        values: what `metrics.json` holds.
    """

    contract: Contract
    store: Store
    predictions: Predictions
    rows: NDArray[np.int64]
    operating_point: str
    thresholds: NDArray[np.float64]
    predicted: NDArray[np.bool_]
    subgroups: Sequence[Subgroup]
    values: dict[str, Any]

    def known(self, column: int) -> NDArray[np.bool_]:
        """[records] bool: of which records it is known whether they have a class."""
        known = self.predictions.known
        return np.ones(len(self.predictions.ecg_id), bool) if known is None else known[:, column]


def evaluation(
    store: Store,
    scored: Scored,
    findings: Sequence[Sequence[Finding]],
    protocol: Protocol,
    operating_point: str,
    weights: Mapping[str, Any],
    command: str = "",
) -> Evaluation:
    """All figures of some folds, under every protocol that is available.

    Args:
        store: that was scored.
        scored: every record of some folds of it.
        findings: what the quality gate says of each of these records.
        protocol: the one whose figures stand first, and which the subgroups follow.
        operating_point: "accuracy", "f1", or one number for all classes.
        weights: the name of what was scored, and either the hashes of its files, or its `runs` with theirs.
        command: that gives the same evaluation again.

    Raises:
        TwelveLeadError: the operating point is not in the contract, or the protocol is not available.
    """
    contract, shared = scored.contract, scored.shared
    chosen, predictions = scored.under(store, protocol)
    thresholds = np.broadcast_to(scored.thresholds_at(operating_point), scored.probabilities.shape)
    rows = scored.records[chosen]
    hidden = None if scored.hidden is None else scored.hidden[chosen]
    compared = _subgroups(predictions, thresholds[chosen], list(_groups(store, rows, predictions.labels, hidden)))
    under = {name: _under(store, scored, name, thresholds) for name in PROTOCOLS}
    own = under[protocol]
    trained = [fold for fold in scored.folds if any(fold in seen_folds(one, store) for one in scored.runs)]
    apart = len(scored.runs) > 1
    values = {
        **own["metrics"],
        "records": own["records"],
        "patients": own["patients"],
        "fold": fold_entry(scored.folds),
        "protocol": protocol,
        "operating_point": operating_point,
        "role": scored.role,
        "trained_fold": bool(trained) and not apart,
        "cross_validated": apart,
        "synthetic": store.synthetic or contract.synthetic,
        "task": shared.task,
        "classes_not_in_labels": list(shared.only_weights),
        "classes_not_in_weights": list(shared.only_store),
        "labels_not_known": 0 if predictions.known is None else int((~predictions.known).sum()),
        "notes": list(_notes(store, scored, trained, own["metrics"]["classes_left_out"], predictions)),
        "choices": [] if apart else _choices(contract, store, predictions, operating_point),
        "weights": dict(weights),
        "data": store.source,
        "data_hash": store.data_hash,
        "intervals": own["intervals"],
        "protocols": under,
        "quality_gate": _gate(findings, chosen, predictions, thresholds[chosen]),
        "subgroups": [_plain(subgroup) for subgroup in compared],
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("twelvelead", "numpy", "onnxruntime", "matplotlib")},
        "command": command,
    }
    shown = np.array([of["threshold"] for of in own["metrics"]["classes"].values()])
    predicted = np.asarray(predictions.probabilities >= thresholds[chosen])
    return Evaluation(contract, store, predictions, rows, operating_point, shown, predicted, compared, values)


def folds_of(values: Mapping[str, Any]) -> str:
    """The folds of an evaluation in words, such as "9" or "1-3"."""
    fold = values["fold"]
    return fold_names([fold] if isinstance(fold, int) else fold)


def _under(store: Store, scored: Scored, protocol: Protocol, thresholds: NDArray[np.float64]) -> dict[str, Any]:
    try:
        chosen, of = scored.under(store, protocol)
    except TwelveLeadError as error:
        return {"available": False, "reason": str(error).removeprefix(f"{store.path}: ")}
    cuts = thresholds[chosen]
    bounds = intervals(of.labels, of.probabilities, of.probabilities >= cuts, of.patient_id, of.classes, known=of.known)
    return {
        "available": True,
        "records": len(of.ecg_id),
        "patients": len(np.unique(of.patient_id)),
        "metrics": metrics(of.labels, of.probabilities, cuts, of.classes, known=of.known),
        "intervals": {name: list(pair) for name, pair in bounds.items()},
    }


def _choices(contract: Contract, store: Store, of: Predictions, operating_point: str) -> list[dict[str, Any]]:
    """Which folds chose what the figures depend on; nothing where the data are not those of the weights."""
    if store.source != contract.data["name"]:
        return []
    folds = FittedOn(contract.validation_folds)
    fitted: list[Thresholds | Calibration] = [
        Calibration(of.classes, "platt", lambda p: contract.calibrated(np.asarray(p)), folds)
    ]
    if operating_point in of.thresholds:
        fitted.append(Thresholds(of.classes, operating_point, of.thresholds[operating_point], folds))
    return choice_notes(fitted, of)


def _notes(
    store: Store, scored: Scored, trained: Sequence[int], left_out: Sequence[str], predictions: Predictions
) -> Iterator[str]:
    """What a reader has to know before the figures."""
    contract, shared = scored.contract, scored.shared
    chose = [fold for fold in scored.folds if role(contract, store, fold) == "which also chose"]
    if store.synthetic:
        yield "The ECGs are synthetic: the figures say nothing of patients."
    elif contract.synthetic:
        yield "The weights were trained on synthetic ECGs: the figures say nothing of patients."
    if len(scored.runs) > 1:
        yield (
            f"Cross-validated: {len(scored.runs)} trainings, and each record is scored and decided by the one that "
            "neither trained nor chose on its fold. The figures are of the recipe rather than of one network."
        )
    elif trained:
        yield (
            f"Fold {fold_names(trained)} trained these weights. The figures say how well it was learned by heart and "
            "nothing of new records."
        )
    elif chose:
        yield (
            f"Fold {fold_names(chose)}, which also chose: the epoch, the thresholds and the calibration of these "
            "weights were fitted on this fold, so its figures are better than what new records will give."
        )
    if shared.only_weights:
        yield (
            f"In no figure, because the labels of {store.source} cannot say whether a record has them: "
            f"{_few(shared.only_weights)}."
        )
    if shared.only_store:
        yield f"In no figure, because the weights do not know them: {_few(shared.only_store)}."
    if predictions.known is not None:
        yield (
            f"Of {int((~predictions.known).sum()):,} pairs of record and class it is not known whether the record has "
            "the class; they count in no figure."
        )
    if left_out:
        yield (f"Not in any mean over the classes, because no record or every record has them: {', '.join(left_out)}.")


def _few(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more (metrics.json names them)"


def _groups(
    store: Store, rows: NDArray[np.int64], labels: NDArray[np.bool_], hidden: NDArray[np.float32] | None
) -> Iterator[Group]:
    yield from by_age(store.column("age")[rows])
    yield from by_sex(store.column("sex")[rows])
    yield from by_number_of_classes(labels)
    noted = {name: np.asarray(store.column(name)[rows]) for name in NOTES if name in store.notes}
    pacemaker = noted.pop("pacemaker", None)
    for name, there in noted.items():
        yield Group("signal-quality notes", name.replace("_", " "), there)
    if noted:
        yield Group("signal-quality notes", "none", ~np.any(list(noted.values()), axis=0))
    if pacemaker is not None:
        yield Group("pacemaker", "noted", pacemaker)
        yield Group("pacemaker", "not noted", ~pacemaker)
    if hidden is not None:
        known = np.asarray(~np.isnan(store.features[rows]).any(axis=1))
        yield Group("age and sex", "given", known)
        yield Group("age and sex", "the same, hidden", known, hidden)


def _subgroups(of: Predictions, thresholds: NDArray[np.float64], groups: Sequence[Group]) -> list[Subgroup]:
    return subgroups(of.labels, of.probabilities, thresholds, of.patient_id, of.classes, groups, known=of.known)


def _gate(
    findings: Sequence[Sequence[Finding]],
    chosen: NDArray[np.bool_],
    of: Predictions,
    thresholds: NDArray[np.float64],
) -> dict[str, Any]:
    """Counts over all records of the fold; figures of those that the protocol scores and the gate lets through."""
    counts: dict[str, dict[str, int]] = {}
    for found in findings:
        for code, severity in {(finding.code, finding.severity) for finding in found}:
            by_severity = counts.setdefault(code, {"refuse": 0, "warn": 0})
            by_severity[severity] += 1
    refused = np.array([any(finding.severity == "refuse" for finding in found) for found in findings])
    faulty = np.array([bool(found) for found in findings])
    clean = [
        Group("quality gate", "without refused", ~refused[chosen]),
        Group("quality gate", "without refused and warned", ~faulty[chosen]),
    ]
    return {
        "records": len(findings),
        "refused": int(refused.sum()),
        "warned": int((faulty & ~refused).sum()),
        "findings": dict(sorted(counts.items())),
        "without": {group.name: _plain(group) for group in _subgroups(of, thresholds, clean)},
    }


def _plain(group: Subgroup) -> dict[str, Any]:
    return {
        "family": group.family,
        "name": group.name,
        "records": group.records,
        "patients": group.patients,
        **{name: value for name, (value, _, _) in group.metrics.items()},
        "intervals": {}
        if group.patients < FEWEST_PATIENTS
        else {name: [low, high] for name, (_, low, high) in group.metrics.items()},
        "differences": {name: list(difference) for name, difference in group.differences.items()},
        "gaps": list(group.gaps),
        "classes_left_out": list(group.classes_left_out),
        "note": group.note,
    }
