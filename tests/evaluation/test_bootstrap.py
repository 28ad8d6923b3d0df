import time

import numpy as np
import pytest

from twelvelead.evaluation.bootstrap import FEWEST, intervals, patient_weights, resampled
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.reliability import calibration_error_interval


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
    drawn = resampled(y, p, p >= thresholds, patients, names, resamples=60, seed=seed)
    assert set(drawn) == set(found)
    for key, values in drawn.items():
        expected = [value(run, key) for run in runs]
        np.testing.assert_allclose(values, expected, atol=1e-12, err_msg=key)
        if key != "calibration_error":
            np.testing.assert_allclose(found[key], np.quantile(expected, [0.025, 0.975]), atol=1e-12, err_msg=key)


def value(evaluated, key):
    if "." not in key:
        return evaluated[key]
    _, name, metric = key.split(".")
    return evaluated["classes"][name][metric]


def test_intervals_hold_the_estimate_and_repeat(problem):
    y, p, patients = problem(11, records=400, classes=4)
    names = ("A", "B", "C", "D")
    d = p >= 0.5
    found = intervals(y, p, d, patients, names, resamples=300)
    point = evaluate(y, p, 0.5, names)
    numbers = {key for key, number in point.items() if type(number) is float} - {"calibration_error_by_chance"}
    assert set(found) == numbers | {
        f"classes.{name}.{metric}"
        for name in names
        for metric in set(point["classes"][name]) - {"positives", "threshold"}
    }
    for key, (low, high) in found.items():
        assert low < high, key
        assert low <= value(point, key) <= high, key
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


@pytest.mark.parametrize("flip", [False, True])
def test_a_class_with_too_few_positives_or_negatives_has_no_interval_of_its_own(problem, flip):
    y, p, _ = problem(2, records=200, classes=2)
    for count in (FEWEST - 1, FEWEST):
        y[:, 1] = (np.arange(200) < count) ^ flip
        found = intervals(y, p, p >= 0.5, np.arange(200), ("A", "B"), resamples=50)
        given = {key for key in found if key.startswith("classes.B.")}
        assert len(given) == (8 if count == FEWEST else 0)
        assert "macro_auroc" in found


@pytest.mark.parametrize("error", [0.0, 0.008, 0.02])
def test_the_interval_of_the_calibration_error_holds_the_truth(error):
    rng = np.random.default_rng(5)
    spread = np.full(15, 0.001)
    gap = error / 15 * np.where(np.arange(15) < 8, 1, -1)
    held = 0
    for _ in range(200):
        noise = spread * rng.normal(size=(500, 15))
        observed = gap + spread * rng.normal(size=15)
        low, high = calibration_error_interval(observed, noise, 0.95)
        assert 0 <= low <= np.abs(observed).sum() <= high
        held += low <= error <= high
    assert 182 <= held <= 200


def test_no_gap_and_no_noise_is_no_error():
    assert calibration_error_interval(np.zeros(15), np.zeros((10, 15)), 0.95) == (0, 0)
    low, high = calibration_error_interval(np.full(15, 0.01), np.zeros((10, 15)), 0.95)
    assert low == pytest.approx(0.15)
    assert high == pytest.approx(0.15)


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
