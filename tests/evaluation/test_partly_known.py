"""Labels that are not known take no part: what is scored or fitted is as if they were not there."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from twelvelead.evaluation import evaluate, fit_platt, fit_thresholds, intervals
from twelvelead.evaluation.comparison import compare
from twelvelead.evaluation.conformal import fit_conformal
from twelvelead.evaluation.partly import each_class, known_pairs
from twelvelead.evaluation.subgroups import Group, subgroups
from twelvelead.weights.fit import fit_head

CLASSES = ("A", "B", "C")


@pytest.fixture
def partly(problem):
    """labels, probabilities, patients, known, of which a third is not; a label that is not known may be anything."""
    y, p, patients = problem(3, records=400, classes=3)
    return y, p, patients, np.random.default_rng(1).random(y.shape) < 0.67


def test_metrics_are_those_of_the_known_pairs(partly):
    y, p, _, known = partly
    found = evaluate(y, p, 0.5, CLASSES, known=known)
    for column, name in enumerate(CLASSES):
        rows = known[:, column]
        truth, said = y[rows, column], p[rows, column]
        of = found["classes"][name]
        assert of["positives"] == truth.sum()
        assert of["auroc"] == pytest.approx(roc_auc_score(truth, said))
        assert of["average_precision"] == pytest.approx(average_precision_score(truth, said))
        assert of["f1"] == pytest.approx(f1_score(truth, said >= 0.5))
        assert of["brier"] == pytest.approx(brier_score_loss(truth, said))
        assert of["accuracy"] == pytest.approx(((said >= 0.5) == truth).mean())
    wrong = ((p >= 0.5) != y) & known
    assert found["hamming_loss"] == pytest.approx(wrong.sum() / known.sum())
    assert found["subset_accuracy"] == pytest.approx(1 - wrong.any(axis=1).mean())
    assert found["micro_auroc"] == pytest.approx(roc_auc_score(y[known], p[known]))
    assert found["macro_auroc"] == pytest.approx(np.mean([of["auroc"] for of in found["classes"].values()]))


@pytest.mark.parametrize("measure", [evaluate, intervals, subgroups, compare, fit_head])
def test_what_stands_in_the_place_of_an_unknown_label_changes_nothing(partly, measure):
    y, p, patients, known = partly
    others = np.where(known, y, ~y)

    def of(labels):
        if measure is evaluate:
            return evaluate(labels, p, 0.5, CLASSES, known=known)
        if measure is intervals:
            return intervals(labels, p, p >= 0.5, patients, CLASSES, 50, known=known)
        if measure is subgroups:
            group = Group("half", "first", np.arange(400) < 200)
            return subgroups(labels, p, 0.5, patients, CLASSES, [group], 50, known=known)
        if measure is compare:
            return compare(labels, {"a": p, "b": p**2}, {"a": 0.5, "b": 0.5}, patients, CLASSES, 50, known=known)
        return fit_head("t", labels & known, p, patients, CLASSES, labels, known=known, trained_known=known)

    first = of(y)
    assert first
    if measure is not fit_head:
        assert first == of(others)
    else:  # a head is fitted on labels as a store gives them: absent where they are not known
        assert first.positives["validation"] == tuple((y & known).sum(axis=0).tolist())
        assert first.prevalence == pytest.approx((y & known).sum(axis=0) / known.sum(axis=0))


def test_a_class_is_fitted_on_the_records_of_which_it_is_known(partly):
    y, p, patients, known = partly
    head = fit_head("t", y & known, p, patients, CLASSES, y, known=known)
    for column in range(3):
        rows = known[:, column]
        alone = fit_head("t", y[rows][:, [column]], p[rows][:, [column]], patients[rows], ("A",), y[:, [column]])
        for part in ("slope", "intercept"):
            assert head.calibration[part][column] == pytest.approx(alone.calibration[part][0])
        for name, cuts in head.thresholds.items():
            assert cuts[column] == pytest.approx(alone.thresholds[name][0])
        assert head.auroc[column][0] == pytest.approx(alone.auroc[0][0])
        assert head.operating_points["f1"]["sensitivity"][column][0] is not None


def test_a_class_that_is_known_of_no_record(partly):
    y, p, patients, known = partly
    known[:, 1] = False
    found = evaluate(y, p, 0.5, CLASSES, known=known)
    assert found["classes_left_out"] == ["B"]
    assert found["classes"]["B"]["auroc"] is None
    head = fit_head("t", y & known, p, patients, CLASSES, y, known=known)
    assert head.classes_left_out == ("B",)
    assert head.auroc[1] == (None, None, None)
    assert each_class(fit_platt, y, p, known, (1.0, 0.0))[0][1] == 1.0
    assert len(known_pairs(y, p, known)[0]) == known.sum()


def test_all_known_is_what_it_was(partly):
    y, p, patients, _ = partly
    every = np.ones_like(y)
    assert evaluate(y, p, 0.5, CLASSES, known=every) == evaluate(y, p, 0.5, CLASSES)
    assert intervals(y, p, p > 0.5, patients, CLASSES, 50, known=every) == intervals(
        y, p, p > 0.5, patients, CLASSES, 50
    )
    np.testing.assert_array_equal(
        each_class(lambda *of: (fit_thresholds(*of, "f1"),), y, p, every, None)[0], fit_thresholds(y, p, "f1")
    )
    np.testing.assert_array_equal(
        each_class(lambda *of: fit_conformal(*of, 0.1), y, p, every, (0, 1)), fit_conformal(y, p, 0.1)
    )
