import json

import numpy as np
import pytest
from sklearn import metrics as referee

from twelvelead.errors import Unreadable
from twelvelead.evaluation.metrics import (
    auroc,
    average_precision,
    calibration_error,
    calibration_error_by_chance,
    evaluate,
    score,
)

NAMES = tuple("ABCDEFG")
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize("seed", range(100))
def test_evaluate_agrees_with_scikit_learn(problem, seed):
    y, p, _ = problem(seed)
    names = NAMES[: y.shape[1]]
    thresholds = np.random.default_rng(seed).choice([0.25, 0.5, 0.75, 1.5], size=len(names))
    d = p >= thresholds
    found = evaluate(y, p, thresholds, names)
    precision, recall, f1, _ = referee.precision_recall_fscore_support(y, d, zero_division=0)
    expected = {
        "auroc": referee.roc_auc_score(y, p, average=None),
        "average_precision": referee.average_precision_score(y, p, average=None),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "specificity": referee.recall_score(~y, ~d, average=None, zero_division=0),
        "accuracy": [referee.accuracy_score(*column) for column in zip(y.T, d.T, strict=True)],
        "brier": [referee.brier_score_loss(*column) for column in zip(y.T, p.T, strict=True)],
        "positives": y.sum(axis=0),
        "threshold": thresholds,
    }
    for metric, values in expected.items():
        np.testing.assert_allclose([found["classes"][name][metric] for name in names], values, **EXACT, err_msg=metric)
    for metric in ("auroc", "average_precision", "precision", "recall", "f1"):
        np.testing.assert_allclose(found[f"macro_{metric}"], np.mean(expected[metric]), **EXACT, err_msg=metric)
    np.testing.assert_allclose(found["subset_accuracy"], referee.accuracy_score(y, d), **EXACT)
    np.testing.assert_allclose(found["hamming_loss"], referee.hamming_loss(y, d), **EXACT)
    np.testing.assert_allclose(found["brier"], np.mean((p - y) ** 2), **EXACT)
    np.testing.assert_allclose(auroc(y, p), expected["auroc"], **EXACT)
    np.testing.assert_allclose(average_precision(y, p), expected["average_precision"], **EXACT)


@pytest.mark.parametrize("seed", range(20))
def test_weights_count_records_as_scikit_learn_does(problem, seed):
    y, p, _ = problem(seed)
    d = p >= 0.5
    weights = np.random.default_rng(seed).integers(0, 4, size=(3, len(y))).astype(float)
    weights[:, :2] = 1
    found = score(y, p, d, weights)
    for row, w in enumerate(weights):
        expected = {
            "macro_auroc": referee.roc_auc_score(y, p, sample_weight=w),
            "macro_average_precision": referee.average_precision_score(y, p, sample_weight=w),
            "macro_f1": referee.f1_score(y, d, average="macro", zero_division=0, sample_weight=w),
            "subset_accuracy": referee.accuracy_score(y, d, sample_weight=w),
            "hamming_loss": referee.hamming_loss(y, d, sample_weight=w),
            "calibration_error": calibration_error(y.repeat(w.astype(int), 0), p.repeat(w.astype(int), 0)),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(found.overall[name][row], value, **EXACT, err_msg=name)


@pytest.mark.parametrize("constant", [True, False])
def test_a_one_sided_class_is_named_and_left_out(problem, constant):
    y, p, _ = problem(3, classes=3)
    y[:, 1] = constant
    found = evaluate(y, p, 0.5, ("NORM", "MI", "CD"))
    assert found["classes_left_out"] == ["MI"]
    assert found["classes"]["MI"]["auroc"] is None
    assert found["classes"]["MI"]["average_precision"] is None
    others = [0, 2]
    np.testing.assert_allclose(found["macro_auroc"], referee.roc_auc_score(y[:, others], p[:, others]), **EXACT)
    np.testing.assert_allclose(
        found["macro_f1"], referee.f1_score(y[:, others], p[:, others] >= 0.5, average="macro"), **EXACT
    )
    assert np.isnan(auroc(y, p)[1])


def test_no_class_left_gives_none_and_valid_json():
    found = evaluate(np.zeros((4, 2), bool), np.full((4, 2), 0.3), 0.5, ("A", "B"))
    assert found["macro_auroc"] is None
    assert found["macro_f1"] is None
    assert found["subset_accuracy"] == 1
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_top_level_is_plain_numbers_under_the_contracted_names(problem):
    y, p, _ = problem(0, classes=2)
    found = evaluate(y, p, [0.5, 0.4], ("A", "B"))
    numbers = {name for name, value in found.items() if type(value) is float}
    assert numbers == {
        "macro_auroc",
        "macro_average_precision",
        "macro_precision",
        "macro_recall",
        "macro_f1",
        "subset_accuracy",
        "hamming_loss",
        "calibration_error",
        "calibration_error_by_chance",
        "brier",
    }
    assert list(found["classes"]) == ["A", "B"]


def test_calibration_error_by_hand():
    # bins of width 1/15: 0.01 and 0.05 share the first, 0.5 is in the eighth, 1 in the last
    y = np.array([[0, 1], [1, 1]])
    p = np.array([[0.01, 0.05], [0.5, 1.0]])
    assert calibration_error(y, p) == pytest.approx((abs(0.06 - 1) + abs(0.5 - 1) + 0) / 4)


def test_calibration_error_equals_the_textbook_loop(problem):
    y, p, _ = problem(5, records=150, classes=4, ties=False)
    bins = np.digitize(p.ravel(), np.linspace(0, 1, 16)[1:-1])
    expected = sum(
        (bins == b).mean() * abs(p.ravel()[bins == b].mean() - y.ravel()[bins == b].mean()) for b in np.unique(bins)
    )
    assert calibration_error(y, p) == pytest.approx(expected, abs=1e-12)


def test_chance_is_what_calibrated_labels_score():
    rng = np.random.default_rng(1)
    p = rng.beta(0.4, 1.2, size=(2146, 5))
    chance = calibration_error_by_chance(p)
    measured = [calibration_error(rng.random(p.shape) < p, p) for _ in range(30)]
    assert chance == pytest.approx(np.mean(measured), rel=0.1)
    assert 0.004 < chance < 0.012
    assert chance == calibration_error_by_chance(p)
    assert calibration_error_by_chance(np.array([[0.0, 1.0]])) == 0


@pytest.mark.parametrize("bad", [np.nan, -0.01, 1.01, np.inf])
def test_bad_probabilities_are_named(problem, bad):
    y, p, _ = problem(1, records=30, classes=2)
    p[7, 1] = bad
    with pytest.raises(Unreadable, match=r"1 NaN or outside 0-1, the first .* in row 7, class MI"):
        evaluate(y, p, 0.5, ("NORM", "MI"))


def test_other_bad_input(problem):
    y, p, _ = problem(1, records=30, classes=2)
    with pytest.raises(Unreadable, match="neither 0 nor 1"):
        evaluate(y * 2, p, 0.5, ("A", "B"))
    with pytest.raises(Unreadable, match="no records"):
        evaluate(y[:0], p[:0], 0.5, ("A", "B"))
    with pytest.raises(ValueError, match="for 3 classes"):
        evaluate(y, p, 0.5, ("A", "B", "C"))
    with pytest.raises(ValueError, match=r"\[records, classes\]"):
        evaluate(y[:5], p, 0.5, ("A", "B"))
