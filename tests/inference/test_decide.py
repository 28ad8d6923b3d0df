"""Probabilities become decisions, sets and predictive values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.conformal import possible
from twelvelead.inference.decide import Rules, predictive_values
from twelvelead.inference.interpretation import Estimate
from twelvelead.weights import Contract, find

SHARES = st.floats(0.01, 0.99)


@pytest.fixture(scope="module")
def contract():
    return Contract.load(find("reference"))


def estimate(value):
    return Estimate(value, value, value)


def test_predictive_values_of_a_textbook_example():
    # 1,000 people, 100 of them ill: 90 found; of 900 healthy, 45 called ill
    positive, negative = predictive_values(estimate(0.9), estimate(0.95), 0.1)
    assert positive == pytest.approx(90 / 135)
    assert negative == pytest.approx(855 / 865)


@given(sensitivity=SHARES, specificity=SHARES, prevalence=SHARES)
def test_predictive_values_count_people(sensitivity, specificity, prevalence):
    table = np.outer([prevalence, 1 - prevalence], [1, 1]) * [
        [sensitivity, 1 - sensitivity],
        [1 - specificity, specificity],
    ]
    positive, negative = predictive_values(estimate(sensitivity), estimate(specificity), prevalence)
    assert positive == pytest.approx(table[0, 0] / table[:, 0].sum())
    assert negative == pytest.approx(table[1, 1] / table[:, 1].sum())


def test_what_nobody_is_called_has_no_predictive_value():
    assert predictive_values(estimate(0.0), estimate(1.0), 0.1) == (None, pytest.approx(0.9))
    assert predictive_values(None, estimate(1.0), 0.1) == (None, None)


@settings(deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=5, max_size=5), rate=st.sampled_from([0.01, 0.1, 0.3]))
def test_the_sets_are_those_of_the_evaluation(contract, p, rate):
    results = Rules(contract, "f1", rate)(np.array(p))
    expected = possible(p, *contract.limits(rate))
    for result, (absent, present), threshold in zip(results, expected, contract.thresholds_at("f1"), strict=True):
        assert (("absent" in result.conformal_set), ("present" in result.conformal_set)) == (absent, present)
        assert result.present == (result.probability >= threshold)


def test_sensitivity_and_predictive_values_are_of_the_operating_point_and_prevalence(contract):
    default = Rules(contract, "accuracy")(np.full(5, 0.3))
    given_ = Rules(contract, "accuracy", prevalence={"MI": 0.02})(np.full(5, 0.3))
    for column, result in enumerate(default):
        assert result.sensitivity == contract.operating_points["accuracy"]["sensitivity"][column]
        assert result.specificity == contract.operating_points["accuracy"]["specificity"][column]
        assert (result.prevalence, result.prevalence_given) == (contract.prevalence[column], False)
    assert [result.prevalence_given for result in given_] == [False, True, False, False, False]
    assert given_[1].positive_predictive_value < default[1].positive_predictive_value
    assert given_[1].negative_predictive_value > default[1].negative_predictive_value
    assert given_[0] == default[0]


def test_a_threshold_of_ones_own_has_no_known_sensitivity(contract):
    for result in Rules(contract, "0.5")(np.full(5, 0.5)):
        assert (result.present, result.sensitivity, result.positive_predictive_value) == (True, None, None)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"operating_point": "best"}, "operating point 'best'"),
        ({"operating_point": "f1", "error_rate": 0.12}, "error rate 0.12: give one of 0.01, "),
        (
            {"operating_point": "f1", "prevalence": {"AF": 0.1}},
            "prevalence of AF: the weights reference predict NORM, MI",
        ),
        ({"operating_point": "f1", "prevalence": {"MI": 5}}, "prevalence of MI: 5 is not a share"),
        ({"operating_point": "f1", "prevalence": {"MI": float("nan")}}, "prevalence of MI: nan is not a share"),
    ],
)
def test_what_the_contract_does_not_hold_is_named(contract, settings, fault):
    with pytest.raises(TwelveLeadError, match=fault):
        Rules(contract, **settings)
