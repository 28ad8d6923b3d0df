import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twelvelead.evaluation.conformal import ERROR_RATES, fit_conformal, possible

RATES = st.sampled_from(ERROR_RATES)


def p_value(score, calibration):
    """Of the textbook: how many calibration scores are as strange or stranger, the new one counted."""
    return (np.sum(calibration <= score) + 1) / (len(calibration) + 1)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), rate=RATES)
def test_a_label_is_possible_where_its_p_value_is_above_the_error_rate(problem, seed, rate):
    y, p, _ = problem(seed)
    sets = possible(p, *fit_conformal(y, p, rate))
    for record, column in np.ndindex(*p.shape):
        positives, negatives = p[y[:, column], column], p[~y[:, column], column]
        expected = [
            p_value(-p[record, column], -negatives) > rate + 1e-12,
            p_value(p[record, column], positives) > rate + 1e-12,
        ]
        assert sets[record, column].tolist() == expected


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_new_records_of_either_kind_get_the_truth_as_often_as_stated(rate):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        y = rng.random((400, 1)) < 0.25
        p = 1 / (1 + np.exp(-rng.normal(2 * y - 1, 1.5)))
        sets = possible(p[200:], *fit_conformal(y[:200], p[:200], rate))[:, 0]
        new = y[200:, 0]
        covered.append([sets[new, 1].mean(), sets[~new, 0].mean()])
    # 1 - rate to 1 - rate + 1 / (n + 1), n about 50 positives
    assert np.all(np.abs(np.mean(covered, axis=0) - (1 - rate)) < 0.02)


def test_with_too_few_records_nothing_is_ruled_out():
    y, p = np.array([[True], [False], [False]]), np.array([[0.9], [0.2], [0.1]])
    present_from, absent_to = fit_conformal(y, p, 0.1)
    assert (present_from.tolist(), absent_to.tolist()) == ([0.0], [1.0])
    assert possible([0.0, 1.0], present_from, absent_to).all()


def test_a_class_that_nobody_has_stays_possible():
    y, p = np.zeros((100, 1), bool), np.linspace(0, 1, 100)[:, None]
    present_from, absent_to = fit_conformal(y, p, 0.1)
    assert present_from.tolist() == [0.0]
    assert 0.88 < absent_to[0] < 0.92


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_higher_error_rate_rules_out_more(problem, seed):
    y, p, _ = problem(seed)
    limits = np.array([fit_conformal(y, p, rate) for rate in ERROR_RATES])
    assert np.all(np.diff(limits[:, 0], axis=0) >= 0)
    assert np.all(np.diff(limits[:, 1], axis=0) <= 0)
