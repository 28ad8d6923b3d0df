"""What a contract says of its weights follows from predictions alone."""

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.evaluation.calibration import apply_platt
from twelvelead.evaluation.crossfit import partition
from twelvelead.evaluation.metrics import auroc
from twelvelead.evaluation.thresholds import fit_thresholds
from twelvelead.weights.fit import OPERATING_POINTS, age_range, fit_head, sensitivity_and_specificity

CLASSES = ("A", "B")


@pytest.fixture(scope="module")
def records():
    """labels, probabilities, patients of 600 records."""
    rng = np.random.default_rng(0)
    labels = rng.random((600, 2)) < (0.4, 0.15)
    probabilities = 1 / (1 + np.exp(-rng.normal(1.5 * labels - 1, 1)))
    return labels, probabilities, np.arange(600) // 2


def fitted(labels, probabilities, patients, shares=None):
    """A head; of training records with these shares of positives, where they are given."""
    trained = None if shares is None else np.arange(100)[:, None] < 100 * np.asarray(shares)
    return vars(fit_head("two", labels, probabilities, patients, CLASSES, trained))


@pytest.fixture(scope="module")
def entries(records):
    return fitted(*records)


def test_everything_that_is_fitted_is_there(entries, records):
    labels, probabilities, _ = records
    assert entries["task"] == "two"
    assert entries["classes"] == CLASSES
    assert entries["positives"] == {"training": (0, 0), "validation": tuple(labels.sum(axis=0))}
    for (value, low, high), expected in zip(entries["auroc"], auroc(labels, probabilities), strict=True):
        assert low < value < high
        assert value == pytest.approx(expected)
    assert entries["prevalence"] == tuple(labels.mean(axis=0))
    assert set(entries["thresholds"]) == set(entries["operating_points"]) == set(OPERATING_POINTS)
    calibrated = apply_platt(probabilities, entries["calibration"]["slope"], entries["calibration"]["intercept"])
    assert calibrated.mean(axis=0) == pytest.approx(labels.mean(axis=0), abs=0.01)
    for name, (low, high) in entries["intervals"].items():
        assert low <= entries["metrics"][name] <= high
    assert {"macro_auroc", "subset_accuracy_at_accuracy", "macro_f1_at_f1"} <= set(entries["intervals"])


@pytest.mark.parametrize("operating_point", OPERATING_POINTS)
def test_sensitivity_and_specificity_are_those_of_thresholds_that_others_chose(records, operating_point):
    labels, probabilities, patients = records
    point = sensitivity_and_specificity(labels, probabilities, patients, operating_point)
    part = partition(patients)
    right = [], []
    for number in range(5):
        out = part == number
        decided = probabilities[out] >= fit_thresholds(labels[~out], probabilities[~out], operating_point)
        right[0].append((decided & labels[out]).sum(axis=0))
        right[1].append((~decided & ~labels[out]).sum(axis=0))
    for name, hits, among in (("sensitivity", right[0], labels), ("specificity", right[1], ~labels)):
        values, lows, highs = np.transpose(point[name])
        np.testing.assert_allclose(values, np.sum(hits, axis=0) / among.sum(axis=0))
        assert np.all((lows < values) & (values < highs))


def test_the_interval_is_as_wide_as_the_binomial_where_every_patient_is_there_once(records):
    labels, probabilities, _ = records
    point = sensitivity_and_specificity(labels, probabilities, np.arange(600), "f1")
    for name, among in (("sensitivity", labels), ("specificity", ~labels)):
        values, lows, highs = np.transpose(point[name])
        expected = 2 * 1.96 * np.sqrt(values * (1 - values) / among.sum(axis=0))
        np.testing.assert_allclose(highs - lows, expected, rtol=0.15)


def test_a_class_too_rare_to_leave_one_out_has_no_operating_point(records):
    labels, probabilities, patients = records
    labels = labels.copy()
    labels[:, 1] = False
    labels[:2, 1] = True  # both of one patient
    point = sensitivity_and_specificity(labels, probabilities, patients, "f1")
    for name in ("sensitivity", "specificity"):
        assert None not in point[name][0]
        assert point[name][1] == (None, None, None)


def test_a_class_that_nobody_has_cannot_be_fitted(records):
    labels, probabilities, patients = records
    with pytest.raises(Unreadable, match="no positives"):
        fitted(labels & [True, False], probabilities, patients)


def test_a_class_that_nobody_has_goes_by_its_share_in_training(records, entries):
    labels, probabilities, patients = records
    for value in (False, True):
        one_sided = labels.copy()
        one_sided[:, 1] = value
        found = fitted(one_sided, probabilities, patients, [0.4, 0.05])
        slope, intercept = found["calibration"].values()
        p = apply_platt(probabilities, slope, intercept)
        assert slope[1] == 1
        assert p[:, 1].mean() == pytest.approx(0.05)
        for operating_point in OPERATING_POINTS:
            assert found["thresholds"][operating_point][0] == pytest.approx(entries["thresholds"][operating_point][0])
            assert (p[:, 1] >= found["thresholds"][operating_point][1]).sum() == 30  # 5 % of 600
            assert found["operating_points"][operating_point]["sensitivity"][1] == (None, None, None)
        assert found["prevalence"] == (labels[:, 0].mean(), float(value))
        assert found["metrics"]["macro_auroc"] == pytest.approx(auroc(labels[:, :1], probabilities[:, :1])[0])
        unseen = found["conformal"]["absent_to" if value else "present_from"]
        assert {limits[1] for limits in unseen} == {float(value)}


def test_records_that_show_no_class_at_all_cannot_be_fitted(records):
    labels, probabilities, patients = records
    with pytest.raises(Unreadable, match="class 0 has no positives"):
        fitted(np.zeros_like(labels), probabilities, patients, [0.4, 0.05])


def test_ages_are_those_that_training_saw_enough_of():
    ages = np.r_[np.full(5, 2.0), np.linspace(20, 80, 990), np.full(5, 89), np.nan]
    low, high = age_range(ages)
    assert (low, high) == (pytest.approx(20, abs=1), pytest.approx(80, abs=1))
    assert age_range(np.r_[np.linspace(18, 89, 90), np.full(10, 300.0)])[1] == 120
    assert age_range([np.nan]) == (0, 120)
