"""Weights of an ensemble's members are fitted with restraint and used only where they pay."""

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.evaluation.calibration import sigmoid
from twelvelead.evaluation.weighting import MEANS, choose_weights, fit_weights, objective


def members(noises, records=600, classes=2, seed=0):
    """Labels, and members that see the same log odds, each through noise of its own."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 2, (records, classes))
    labels = rng.random((records, classes)) < sigmoid(truth)
    seen = [sigmoid(truth + rng.normal(0, noise, truth.shape)) for noise in noises]
    return labels, np.stack(seen, axis=1), np.arange(records) // 2


def test_a_better_member_weighs_more_and_the_choice_pays():
    labels, p, patients = members((0.3, 3.0, 3.0))
    choice = choose_weights(labels, p, patients, MEANS["logit"])
    assert choice.used == "fitted"
    assert choice.weights == choice.fitted_weights
    assert sum(choice.weights) == pytest.approx(1)
    assert choice.weights[0] > 0.7
    assert min(choice.weights) >= 0
    assert choice.equal.macro_auroc < choice.crossfitted.macro_auroc
    assert choice.crossfitted.macro_auroc <= choice.fitted.macro_auroc + 1e-4


def test_members_that_are_alike_weigh_the_same():
    choice = choose_weights(*members((1, 1, 1)), MEANS["logit"])
    assert choice.used == "equal"
    assert choice.weights == pytest.approx((1 / 3,) * 3)
    assert choice.fitted_weights != choice.weights
    # what fitting seems to gain on its own records is not there for others
    assert choice.fitted.log_loss < choice.equal.log_loss < choice.crossfitted.log_loss


def test_few_records_leave_the_weights_near_equal():
    labels, p, _ = members((0.3, 3.0))
    few, many = fit_weights(labels[:10], p[:10]), fit_weights(labels, p)
    assert many[0] > few[0] + 0.05
    assert few[0] < 0.8


def test_the_order_of_the_members_does_not_matter():
    labels, p, _ = members((0.5, 1.0, 2.0), 500)
    np.testing.assert_allclose(fit_weights(labels, p[:, ::-1])[::-1], fit_weights(labels, p), atol=1e-4)


def test_the_score_does_not_see_a_calibration():
    labels, p, _ = members((1.0,), 1000)
    one, other = objective(labels, p[:, 0]), objective(labels, sigmoid(0.4 * np.log(p[:, 0] / (1 - p[:, 0])) + 1))
    assert one == pytest.approx(other, abs=1e-6)


def test_a_mean_of_one_is_that_one():
    _, p, _ = members((1.0, 2.0), 20)
    for mean in MEANS.values():
        np.testing.assert_allclose(mean(p, np.array([0.0, 1.0])), p[:, 1], atol=1e-12)


def test_a_probability_that_is_none_is_refused():
    labels, p, patients = members((1.0, 2.0), 20)
    p[3, 0, 0] = np.nan
    with pytest.raises(Unreadable, match="NaN or outside 0-1"):
        choose_weights(labels, p, patients, MEANS["logit"])
