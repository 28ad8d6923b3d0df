import dataclasses

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.evaluation.matching import matched
from twelvelead.evaluation.predictions import Predictions


@pytest.fixture
def reference(problem):
    y, p, patients = problem(0, records=20, classes=3)
    thresholds = {"f1": (0.1, 0.2, 0.3)}
    return Predictions(
        np.arange(100, 120),
        patients,
        y,
        p.astype(np.float32),
        ("NORM", "MI", "HYP"),
        (9,),
        "drop",
        "a" * 64,
        thresholds,
    )


def arranged(predictions, rows, columns):
    return dataclasses.replace(
        predictions,
        ecg_id=predictions.ecg_id[rows],
        patient_id=predictions.patient_id[rows],
        labels=predictions.labels[rows][:, columns],
        probabilities=predictions.probabilities[rows][:, columns],
        classes=tuple(predictions.classes[column] for column in columns),
        thresholds={name: tuple(cuts[c] for c in columns) for name, cuts in predictions.thresholds.items()},
    )


def test_any_order_of_records_and_classes(reference):
    shuffled = arranged(reference, np.random.default_rng(0).permutation(20), [2, 0, 1])
    found = matched(shuffled, "b.npz", reference, "a.npz")
    for field in dataclasses.fields(Predictions):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(reference, field.name))


def test_what_is_not_known_is_not_compared(reference):
    bare = dataclasses.replace(reference, folds=(), protocol="", data_hash="")
    assert matched(bare, "b.csv", reference, "a.npz").folds == ()
    assert matched(reference, "a.npz", bare, "b.csv").folds == (9,)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: {"classes": ("NORM", "MI", "CD")}, "classes are NORM, MI, CD, but NORM, MI, HYP in a.npz; compare"),
        (lambda p: {"folds": (10,)}, "fold 10, but 9 in a.npz; score both on the same fold"),
        (lambda p: {"protocol": "keep"}, "protocol keep, but drop in a.npz; score both on the same protocol"),
        (
            lambda p: {"data_hash": "b" * 64},
            "data hash bbbbbbbbbbbb, but aaaaaaaaaaaa in a.npz; score both on the same",
        ),
        (lambda p: {"ecg_id": p.ecg_id + 1}, "1 of the records in a.npz missing, the first 100; score the model on"),
        (lambda p: {"patient_id": p.patient_id + (p.ecg_id == 107)}, "record 107 is of patient .* in a.npz"),
        (lambda p: {"labels": p.labels ^ (p.ecg_id == 107)[:, None]}, r"record 107 has NORM .* \(3 labels differ\)"),
    ],
)
def test_the_first_difference_is_named(reference, change, fault):
    with pytest.raises(Unreadable, match=f"^b.npz: {fault}") as caught:
        matched(dataclasses.replace(reference, **change(reference)), "b.npz", reference, "a.npz")
    assert "\n" not in str(caught.value)


def test_more_records_than_the_other(reference):
    fewer = arranged(reference, np.arange(2, 20), [0, 1, 2])
    with pytest.raises(
        Unreadable, match=r"^b\.npz: 2 records that are not in a\.npz, the first 100; score both models"
    ):
        matched(reference, "b.npz", fewer, "a.npz")
