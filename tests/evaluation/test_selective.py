import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.evaluation.selective import STEPS, certainty, fit_certainty, rank


def test_certainty_is_that_of_the_likeliest_labels():
    assert certainty([0.9, 0.2]) == pytest.approx(0.9 * 0.8)
    assert certainty([[0.5, 0.5, 0.5], [1.0, 0.0, 1.0]]).tolist() == [0.125, 1.0]


@given(seed=st.integers(0, 2**32 - 1))
def test_rank_is_the_share_that_is_less_certain(seed):
    p = np.random.default_rng(seed).random((400, 5))
    quantiles = fit_certainty(p)
    assert len(quantiles) == STEPS + 1
    sure = certainty(p)
    for value in sure[:20]:
        assert rank(value, quantiles) == pytest.approx((sure < value).mean(), abs=0.06)
    assert rank(0.0, quantiles) == 0
    assert rank(1.0, quantiles) == 1
