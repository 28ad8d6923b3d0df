import json

import numpy as np
import pytest
from sklearn import metrics as referee

from twelvelead.errors import Unreadable
from twelvelead.evaluation.metrics import auroc, average_precision, evaluate
from twelvelead.evaluation.reliability import calibration_error, calibration_error_by_chance
from twelvelead.evaluation.weighted_metrics import WeightedMetrics

EXACT = {"rtol": 0, "atol": 1e-9}


AVERAGES = ("macro", "micro", "weighted")
REFEREES = {"precision": referee.precision_score, "recall": referee.recall_score, "f1": referee.f1_score}


def random_problem(seed):
    """Ties in half of them, classes with a single positive in a third, one-sided classes in a fifth."""
    rng = np.random.default_rng(seed)
    records, classes = int(rng.integers(8, 200)), int(rng.choice([2, 3, 5, 9]))
    p = rng.random((records, classes))
    if rng.random() < 0.5:
        p = np.round(p * rng.integers(1, 12)) / 12
    y = rng.random(p.shape) < rng.choice([0.05, 0.3, 0.8], size=classes) * (0.5 + p / 2)
    y[0], y[1] = True, False
    if rng.random() < 0.33:
        y[1:, 0] = False
    if rng.random() < 0.2:
        y[:, -1] = rng.random() < 0.5
    return y, p, rng.choice([0.0, 0.25, 0.5, 0.75, 1.5], size=classes)


@pytest.mark.parametrize("seed", range(200))
def test_evaluate_agrees_with_scikit_learn(seed):
    y, p, thresholds = random_problem(seed)
    names = tuple(f"c{column}" for column in range(y.shape[1]))
    d = p >= thresholds
    found = evaluate(y, p, thresholds, names)
    whole = y.any(axis=0) & ~y.all(axis=0)
    assert found["classes_left_out"] == [name for name, there in zip(names, whole, strict=True) if not there]
    precision, recall, f1, _ = referee.precision_recall_fscore_support(y, d, zero_division=0)
    by_class = {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "specificity": [referee.recall_score(*column, zero_division=0) for column in zip(~y.T, ~d.T, strict=True)],
        "accuracy": [referee.accuracy_score(*column) for column in zip(y.T, d.T, strict=True)],
        "brier": ((p - y) ** 2).mean(axis=0),
        "positives": y.sum(axis=0),
        "threshold": thresholds,
    }
    for metric, values in by_class.items():
        np.testing.assert_allclose([found["classes"][name][metric] for name in names], values, **EXACT, err_msg=metric)
    kept = [found["classes"][name] for name in np.array(names)[whole]]
    np.testing.assert_allclose(
        [of["auroc"] for of in kept], referee.roc_auc_score(y[:, whole], p[:, whole], average=None), **EXACT
    )
    np.testing.assert_allclose(
        [of["average_precision"] for of in kept],
        referee.average_precision_score(y[:, whole], p[:, whole], average=None),
        **EXACT,
    )
    for average in AVERAGES:
        pooled = slice(None) if average == "micro" else whole
        columns = y[:, pooled], d[:, pooled], p[:, pooled]
        alone = columns[0].shape[1] == 1  # which scikit-learn takes for two classes, unless told
        expected = {
            name: of(columns[0], columns[1], average="binary" if alone else average, zero_division=0)
            for name, of in REFEREES.items()
        } | {
            "auroc": referee.roc_auc_score(columns[0], columns[2], average=average),
            "average_precision": referee.average_precision_score(columns[0], columns[2], average=average),
        }
        for metric, value in expected.items():
            np.testing.assert_allclose(found[f"{average}_{metric}"], value, **EXACT, err_msg=f"{average} {metric}")
    specificity = np.array(by_class["specificity"])[whole]
    np.testing.assert_allclose(found["macro_specificity"], specificity.mean(), **EXACT)
    np.testing.assert_allclose(
        found["weighted_specificity"], np.average(specificity, weights=y.sum(axis=0)[whole]), **EXACT
    )
    np.testing.assert_allclose(
        found["micro_specificity"], referee.recall_score(~y.ravel(), ~d.ravel(), zero_division=0), **EXACT
    )
    np.testing.assert_allclose(found["subset_accuracy"], referee.accuracy_score(y, d), **EXACT)
    np.testing.assert_allclose(found["hamming_loss"], referee.hamming_loss(y, d), **EXACT)
    np.testing.assert_allclose(found["brier"], np.mean((p - y) ** 2), **EXACT)
    np.testing.assert_allclose(found["fmax"], textbook_fmax(y, p), **EXACT)
    np.testing.assert_array_equal(np.isnan(auroc(y, p)), ~whole)
    np.testing.assert_array_equal(np.isnan(average_precision(y, p)), ~y.any(axis=0))


def textbook_fmax(y, p):
    best = 0.0
    for step in range(101):
        d = p >= step / 100
        precisions = [(a & b).sum() / b.sum() for a, b in zip(y, d, strict=True) if b.any()]
        recalls = [(a & b).sum() / a.sum() for a, b in zip(y, d, strict=True) if a.any()]
        if precisions and np.mean(precisions) + np.mean(recalls) > 0:
            precision, recall = np.mean(precisions), np.mean(recalls)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


def test_fmax_by_hand():
    y = np.array([[1, 0], [1, 1], [0, 0]], bool)
    p = np.array([[0.9, 0.2], [0.8, 0.1], [0.6, 0.0]])
    # from 0.61 to 0.80: precision 1 in the two records with a call, recall (1 + 1/2) / 2; the third has no labels
    assert evaluate(y, p, 0.5, ("A", "B"))["fmax"] == pytest.approx(2 * 0.75 / 1.75)
    p[2, 0] = 0.85
    # that call now costs: precision (1 + 1 + 0) / 3 while recall stays
    assert evaluate(y, p, 0.5, ("A", "B"))["fmax"] == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))


@pytest.mark.parametrize("classes", [2, 71])
def test_any_task_and_kind_of_array(classes):
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, size=(50, classes)), rng.random((50, classes)).astype(np.float32)
    names = [f"c{column}" for column in range(classes)]
    found = evaluate(y.tolist(), p, 0.5, names)
    assert list(found["classes"]) == names
    assert found == evaluate(np.asfortranarray(y.astype(bool)), p.astype(float), np.full(classes, 0.5), names)


@pytest.mark.parametrize("seed", range(20))
def test_weights_count_records_as_scikit_learn_does(problem, seed):
    y, p, _ = problem(seed)
    d = p >= 0.5
    weights = np.random.default_rng(seed).integers(0, 4, size=(3, len(y))).astype(float)
    weights[:, :2] = 1
    found = WeightedMetrics(y, p, d)(weights)
    for row, w in enumerate(weights):
        expected = {
            "macro_auroc": referee.roc_auc_score(y, p, sample_weight=w),
            "macro_average_precision": referee.average_precision_score(y, p, sample_weight=w),
            "macro_f1": referee.f1_score(y, d, average="macro", zero_division=0, sample_weight=w),
            "weighted_auroc": referee.roc_auc_score(y, p, average="weighted", sample_weight=w),
            "micro_auroc": referee.roc_auc_score(y, p, average="micro", sample_weight=w),
            "micro_average_precision": referee.average_precision_score(y, p, average="micro", sample_weight=w),
            "fmax": textbook_fmax(y.repeat(w.astype(int), 0), p.repeat(w.astype(int), 0)),
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
    assert found["weighted_auroc"] is None
    assert found["micro_auroc"] is None
    assert found["fmax"] is None
    assert found["subset_accuracy"] == 1
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_top_level_is_plain_numbers_under_the_contracted_names(problem):
    y, p, _ = problem(0, classes=2)
    found = evaluate(y, p, [0.5, 0.4], ("A", "B"))
    numbers = {name for name, value in found.items() if type(value) is float}
    assert numbers == {
        *(
            f"{average}_{metric}"
            for average in AVERAGES
            for metric in ("auroc", "average_precision", "precision", "recall", "specificity", "f1")
        ),
        "fmax",
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
