import time

import numpy as np
import pytest

from twelvelead.evaluation.bootstrap import intervals, patient_weights
from twelvelead.evaluation.metrics import evaluate


def test_weights_draw_whole_patients():
    patients = np.array([7, 3, 7, 9, 3, 7])
    weights = patient_weights(patients, 500, seed=1)
    assert weights.shape == (500, 6)
    for same in ([0, 2, 5], [1, 4]):
        assert (weights[:, same] == weights[:, same[:1]]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.15


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_naive_loop_over_the_same_resamples(problem, seed):
    y, p, patients = problem(seed, records=120, classes=3)
    names, thresholds = ("A", "B", "C"), np.array([0.4, 0.5, 0.6])
    found = intervals(y, p, p >= thresholds, patients, names, resamples=60, seed=seed)
    runs = []
    for weights in patient_weights(patients, 60, seed):
        drawn = np.repeat(np.arange(len(y)), weights.astype(int))
        runs.append(evaluate(y[drawn], p[drawn], thresholds, names))
    for key in set(found) - {"calibration_error"}:
        values = [run["classes"][key.split(".")[1]]["auroc"] if "." in key else run[key] for run in runs]
        np.testing.assert_allclose(found[key], np.quantile(values, [0.025, 0.975]), atol=1e-12, err_msg=key)
    low, high = np.quantile([run["calibration_error"] for run in runs], [0.025, 0.975])
    point = evaluate(y, p, thresholds, names)["calibration_error"]
    np.testing.assert_allclose(found["calibration_error"], [max(2 * point - high, 0), max(2 * point - low, point)])


def test_intervals_hold_the_estimate_and_repeat(problem):
    y, p, patients = problem(11, records=400, classes=4)
    names = ("A", "B", "C", "D")
    d = p >= 0.5
    found = intervals(y, p, d, patients, names, resamples=300)
    point = evaluate(y, p, 0.5, names)
    numbers = {key: value for key, value in point.items() if type(value) is float} | {
        f"classes.{name}.auroc": point["classes"][name]["auroc"] for name in names
    }
    assert set(found) == set(numbers) - {"calibration_error_by_chance"}
    for key, (low, high) in found.items():
        assert low < high, key
        assert low <= numbers[key] <= high, key
    assert found == intervals(y, p, d, patients, names, resamples=300)
    assert found != intervals(y, p, d, patients, names, resamples=300, seed=1)


def test_repeated_records_of_a_patient_do_not_narrow_the_interval(problem):
    y, p, _ = problem(4, records=150, classes=2, ties=False)
    once = intervals(y, p, p >= 0.5, np.arange(150), ("A", "B"))
    y4, p4, patients = (np.repeat(array, 4, axis=0) for array in (y, p, np.arange(150)))
    grouped = intervals(y4, p4, p4 >= 0.5, patients, ("A", "B"))
    alone = intervals(y4, p4, p4 >= 0.5, np.arange(600), ("A", "B"))
    assert grouped["macro_auroc"] == pytest.approx(once["macro_auroc"])
    width = np.diff(grouped["macro_auroc"])[0]
    assert 0.4 < np.diff(alone["macro_auroc"])[0] / width < 0.6


def test_a_class_that_cannot_be_scored_has_no_interval(problem):
    y, p, patients = problem(2, records=60, classes=3)
    y[:, 1] = False
    found = intervals(y, p, p >= 0.5, patients, ("A", "B", "C"), resamples=50)
    assert "classes.B.auroc" not in found
    assert np.isfinite(list(found.values())).all()


def test_a_rare_class_is_passed_over_where_a_resample_lacks_it(problem):
    y, p, _ = problem(2, records=60, classes=2)
    y[:, 1] = False
    y[5, 1] = True
    found = intervals(y, p, p >= 0.5, np.arange(60), ("A", "B"), resamples=100)
    assert np.isfinite(list(found.values())).all()


def test_shapes_have_to_match(problem):
    y, p, patients = problem(2, records=60, classes=2)
    with pytest.raises(ValueError, match="do not match labels"):
        intervals(y, p, p >= 0.5, patients[:-1], ("A", "B"))


def test_is_fast_enough_for_a_fold(problem):
    y, p, patients = problem(0, records=2198, classes=5, ties=False)
    start = time.perf_counter()
    intervals(y, p, p >= 0.5, patients, tuple("ABCDE"))
    assert time.perf_counter() - start < 4  # 0.4 s alone on one core; room for a busy machine
