import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from twelvelead.evaluation.calibration import (
    apply_isotonic,
    apply_platt,
    apply_temperature,
    fit_isotonic,
    fit_platt,
    fit_temperature,
    logit,
)
from twelvelead.evaluation.metrics import auroc
from twelvelead.evaluation.reliability import calibration_error, calibration_error_by_chance


def underconfident(seed, records=3000, temperature=2.5, shift=(0.0, 0.8, -0.8)):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.9, size=(records, len(shift))).clip(1e-6, 1 - 1e-6)
    return rng.random(p.shape) < p, 1 / (1 + np.exp(-(logit(p) + shift) / temperature))


def test_temperature_undoes_what_was_done():
    y, p = underconfident(0, shift=(0.0, 0.0, 0.0))
    found = fit_temperature(y, p)
    assert found == pytest.approx(1 / 2.5, rel=0.05)
    after = apply_temperature(p, found)
    assert calibration_error(y, after) < 1.5 * calibration_error_by_chance(after)
    assert calibration_error(y, p) > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_temperature_has_the_least_log_loss(problem, seed):
    y, p, _ = problem(seed, ties=False)
    found = fit_temperature(y, p)

    def loss(temperature):
        return np.mean([log_loss(*column) for column in zip(y.T, apply_temperature(p, temperature).T, strict=True)])

    assert loss(found) < min(loss(found * 1.01), loss(found / 1.01))


def test_platt_agrees_with_a_logistic_regression():
    y, p = underconfident(1)
    slope, intercept = fit_platt(y, p)
    for column in range(3):
        referee = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p[:, [column]]), y[:, column])
        assert slope[column] == pytest.approx(referee.coef_[0, 0], rel=0.01)  # Platt's targets are not quite 0 and 1
        assert intercept[column] == pytest.approx(referee.intercept_[0], abs=0.02)


def test_platt_mends_what_a_temperature_cannot():
    y, p = underconfident(2, shift=(0.5, 1.0, 1.5))
    new_y, new_p = underconfident(3, shift=(0.5, 1.0, 1.5))
    by_temperature = calibration_error(new_y, apply_temperature(new_p, fit_temperature(y, p)))
    by_platt = calibration_error(new_y, apply_platt(new_p, *fit_platt(y, p)))
    assert by_platt < 0.5 * by_temperature


def test_order_is_unchanged():
    y, p = underconfident(4)
    p = p.astype(np.float32)
    p[:3] = [[1e-9] * 3, [2e-9] * 3, [1 - 6e-8] * 3]
    before = auroc(y, p)
    for temperature in (0.3, 3.0):
        np.testing.assert_array_equal(auroc(y, apply_temperature(p, temperature)), before)
    np.testing.assert_array_equal(auroc(y, apply_platt(p, [0.5, 2.0, 3.0], [-4.0, 0.0, 4.0])), before)


def test_identity_and_edges():
    p = np.array([[0.0, 0.25], [1.0, 0.75]])
    np.testing.assert_allclose(apply_temperature(p, 1.0), p, atol=2e-12)
    np.testing.assert_allclose(apply_platt(p, [1, 1], [0, 0]), p, atol=2e-12)


@pytest.mark.parametrize("flip", [False, True])
def test_perfect_and_hopeless_predictions_stay_finite(flip):
    y = np.arange(100)[:, None] >= 50
    p = np.linspace(0.01, 0.99, 100)[:, None]
    p = 1 - p if flip else p
    temperature = fit_temperature(y, p)
    slope, intercept = fit_platt(y, p)
    assert temperature == pytest.approx(20 if flip else 0.05, rel=1e-6)
    assert np.isfinite([*slope, *intercept]).all()
    assert slope[0] > 0
    assert np.isfinite(apply_platt(p, slope, intercept)).all()


def test_one_sided_class_is_finite():
    slope, intercept = fit_platt(np.zeros((20, 1)), np.linspace(0.1, 0.9, 20)[:, None])
    after = apply_platt(np.full((1, 1), 0.5), slope, intercept)
    assert after < 0.2


@pytest.mark.parametrize("seed", range(10))
def test_isotonic_agrees_with_scikit_learn(problem, seed):
    y, p, _ = problem(seed)
    new = np.random.default_rng(seed).random((50, y.shape[1]))
    found = apply_isotonic(new, fit_isotonic(y, p))
    for column in range(y.shape[1]):
        referee = IsotonicRegression(out_of_bounds="clip").fit(p[:, column], y[:, column])
        np.testing.assert_allclose(found[:, column], referee.predict(new[:, column]), atol=1e-9)


def test_isotonic_never_falls_and_is_calibrated_where_it_was_fitted():
    y, p = underconfident(6)
    knots = fit_isotonic(y, p)
    after = apply_isotonic(p, knots)
    order = np.argsort(p, axis=0)
    assert (np.diff(np.take_along_axis(after, order, axis=0), axis=0) >= 0).all()
    assert calibration_error(y, after) < 1e-9
    np.testing.assert_allclose(after.mean(axis=0), y.mean(axis=0))


def test_isotonic_of_a_one_sided_class_is_level():
    knots = fit_isotonic(np.zeros((20, 1)), np.linspace(0.1, 0.9, 20)[:, None])
    assert apply_isotonic(np.array([[0.0], [0.5], [1.0]]), knots).ravel().tolist() == [0, 0, 0]
