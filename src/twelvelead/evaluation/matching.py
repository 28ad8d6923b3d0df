"""Predictions of two models made comparable: the same records, in the same order, with the same labels."""

from dataclasses import replace

import numpy as np

from twelvelead.errors import Unreadable
from twelvelead.evaluation.predictions import Predictions


def matched(predictions: Predictions, name: str, reference: Predictions, reference_name: str) -> Predictions:
    """The predictions with the records and the classes in the order of the reference.

    Fold, protocol and data hash are compared where both know them.

    Args:
        predictions, reference: of the same records.
        name, reference_name: for the message, such as the files' names.

    Raises:
        Unreadable: classes, fold, protocol, data hash, records, patients or labels differ; the first is named.
    """
    fault = _different_sets(predictions, reference, reference_name)
    if fault:
        raise Unreadable(f"{name}: {fault}")
    order = np.argsort(predictions.ecg_id)
    rows = order[np.searchsorted(predictions.ecg_id[order], reference.ecg_id)]
    columns = [predictions.classes.index(label) for label in reference.classes]
    ordered = replace(
        predictions,
        ecg_id=predictions.ecg_id[rows],
        patient_id=predictions.patient_id[rows],
        labels=predictions.labels[rows][:, columns],
        known=None if predictions.known is None else predictions.known[rows][:, columns],
        probabilities=predictions.probabilities[rows][:, columns],
        classes=reference.classes,
        thresholds={name: tuple(cuts[column] for column in columns) for name, cuts in predictions.thresholds.items()},
    )
    fault = _different_records(ordered, reference, reference_name)
    if fault:
        raise Unreadable(f"{name}: {fault}")
    return ordered


def _different_sets(mine: Predictions, theirs: Predictions, where: str) -> str | None:
    if set(mine.classes) != set(theirs.classes):
        return (
            f"classes are {', '.join(mine.classes)}, but {', '.join(theirs.classes)} in {where}; compare models of "
            "one task"
        )
    for said, here, there in (
        ("fold", ", ".join(map(str, mine.folds)), ", ".join(map(str, theirs.folds))),
        ("protocol", mine.protocol, theirs.protocol),
        ("data hash", mine.data_hash[:12], theirs.data_hash[:12]),
    ):
        if here and there and here != there:
            return f"{said} {here}, but {there} in {where}; score both on the same {said}"
    lacking = np.setdiff1d(theirs.ecg_id, mine.ecg_id)
    if lacking.size:
        return f"{lacking.size} of the records in {where} missing, the first {lacking[0]}; score the model on them too"
    extra = np.setdiff1d(mine.ecg_id, theirs.ecg_id)
    if extra.size:
        return f"{extra.size} records that are not in {where}, the first {extra[0]}; score both models on the same"
    return None


def _said(of: Predictions, row: int, column: int) -> int:
    """The label as a file has it, -1 where it is not known."""
    return int(of.labels[row, column]) if of.known is None or of.known[row, column] else -1


def _different_records(mine: Predictions, theirs: Predictions, where: str) -> str | None:
    """What differs in predictions of the same records in the same order."""
    patients = np.flatnonzero(mine.patient_id != theirs.patient_id)
    if patients.size:
        row = patients[0]
        return (
            f"record {mine.ecg_id[row]} is of patient {mine.patient_id[row]}, but of {theirs.patient_id[row]} in "
            f"{where}; score both on the same data"
        )
    nowhere = np.zeros_like(mine.labels)
    unsure = [nowhere if one.known is None else ~one.known for one in (mine, theirs)]
    labels = np.argwhere((mine.labels != theirs.labels) | (unsure[0] != unsure[1]))
    if labels.size:
        row, column = labels[0]
        return (
            f"record {mine.ecg_id[row]} has {mine.classes[column]} {_said(mine, row, column)}, but "
            f"{_said(theirs, row, column)} in {where} ({len(labels)} labels differ); score both against the same"
        )
    return None
