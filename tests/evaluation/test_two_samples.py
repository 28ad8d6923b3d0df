"""Tests and intervals of two samples, against SciPy, permutations, resampled patients and known values."""

import numpy as np
import pytest
from scipy import stats

from twelvelead.evaluation.bootstrap import Estimate, patient_weights
from twelvelead.evaluation.two_samples import (
    Ranked,
    cohens_h,
    difference,
    effective_size,
    exact_test,
    kolmogorov_smirnov,
    kuiper,
    mean_direction,
    median,
    share,
)


def gaps(one, other):
    both = np.concatenate([one, other]).astype(float)
    first = np.arange(len(both)) < len(one)
    return Ranked(both).gaps(first, ~first)


@pytest.mark.parametrize("decimals", [12, 1])
def test_kolmogorov_smirnov_is_that_of_scipy(decimals):
    rng = np.random.default_rng(0)
    for shift in (0, 0.2, 0.5):
        one, other = rng.normal(shift, 1, 180).round(decimals), rng.normal(0, 1, 320).round(decimals)
        distance, p = kolmogorov_smirnov(gaps(one, other), (180, 320))
        referee = stats.ks_2samp(one, other)
        assert distance == pytest.approx(referee.statistic)
        assert p == pytest.approx(referee.pvalue, rel=0.12, abs=1e-9)


def test_kuiper_errs_as_rarely_as_it_says_and_does_not_mind_where_the_circle_is_cut():
    rng = np.random.default_rng(0)
    distances, p = [], []
    for _ in range(300):
        one, other = rng.normal(50, 40, 60), rng.normal(50, 40, 90)
        for turn in (0, 130):
            found = kuiper(gaps(*((each + turn + 180) % 360 - 180 for each in (one, other))), (60, 90))
            distances.append(found[0])
            p.append(found[1])
    assert distances[::2] == pytest.approx(distances[1::2])
    assert 0.02 < np.mean(np.array(p[::2]) <= 0.05) < 0.075
    assert kuiper(gaps(one, -one), (60, 60))[1] < 1e-6  # what a mean of numbers would miss at +-180
    assert kuiper(np.array([0.01, 0.0]), (60, 60)) == (0.01, 1.0)


def test_the_exact_test_is_twice_the_smaller_tail_of_fishers():
    table = [[9, 41], [15, 235]]
    tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert exact_test((9, 15), (50, 250)) == pytest.approx(2 * min(tails))
    assert exact_test((25, 25), (50, 50)) == 1


def test_patients_with_several_ecgs_count_less():
    assert effective_size(None, 7) == effective_size(np.arange(7), 7) == 7
    assert effective_size(np.zeros(7, np.int64), 7) == 1
    assert effective_size(np.array([0, 0, 1, 2]), 4) == pytest.approx(16 / 6)
    assert effective_size(None, 0) == 0


def test_the_interval_of_a_difference_of_shares_is_newcombes():
    # Newcombe 1998, table II, method 10: 56/70 against 48/80
    found = difference(share(56, 70), share(48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    low, high = difference(share(0, 10), share(0, 10))[1:]
    assert low == pytest.approx(-0.2775, abs=5e-5)
    assert high == pytest.approx(0.2775, abs=5e-5)


def test_the_interval_of_a_difference_of_medians_is_what_resampling_patients_gives():
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(200), rng.integers(1, 4, 200))
    one, other = (np.exp(rng.normal(shift, 1, 200))[patients] for shift in (0.4, 0))
    size = effective_size(patients, len(patients))
    found = difference(median(np.sort(one), size), median(np.sort(other), size))
    weights = [patient_weights(patients, 400, seed).astype(int) for seed in (0, 1)]
    drawn = [np.median(np.repeat(one, a)) - np.median(np.repeat(other, b)) for a, b in zip(*weights, strict=True)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.low < found.value < found.high
    assert (found.high - found.low) / (high - low) == pytest.approx(1, abs=0.2)
    assert found.low == pytest.approx(low, abs=0.15)


def test_the_interval_of_a_difference_of_medians_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    one, other = np.sort(rng.exponential(1, (500, 80))), np.sort(rng.exponential(2, (500, 150)))
    found = [difference(median(a, 80), median(b, 150)) for a, b in zip(one, other, strict=True)]
    held = np.mean([each.low <= -np.log(2) <= each.high for each in found])
    assert 0.92 < held < 0.985


def test_mean_directions_go_the_shorter_way_round():
    rng = np.random.default_rng(3)
    one, other = (mean_direction((rng.normal(at, 20, 300) + 180) % 360 - 180, 300) for at in (170, -160))
    assert difference(one, other, turn=360).value == pytest.approx(-30, abs=5)
    held = []
    for _ in range(300):
        found = mean_direction((rng.normal(175, 30, 60) + 180) % 360 - 180, 60)
        held.append(found.low <= 175 <= found.high or found.low <= -185 <= found.high)
    assert 0.91 < np.mean(held) < 0.985
    nowhere = mean_direction(np.array([0.0, 90, 180, 270] * 10), 40)
    assert nowhere.high - nowhere.low == 360
    assert difference(nowhere, one, turn=360)[1:] == (
        pytest.approx(difference(nowhere, one, turn=360).value - 180),
        pytest.approx(difference(nowhere, one, turn=360).value + 180),
    )


def test_cohens_h_has_known_values():
    assert cohens_h(0.5, 0.4) == pytest.approx(0.2014, abs=1e-4)
    assert cohens_h(0, 1) == pytest.approx(np.pi)
    assert difference(Estimate(1, 0, 3), Estimate(0, -1, 1)) == pytest.approx((1, 1 - 2**0.5, 1 + 5**0.5))
