"""Cohen's kappa: known values, its limits, and when it has an interval."""

import numpy as np
import pytest

from twelvelead.evaluation.agreement import agreements


def of(both, first, second, neither, **how):
    """The agreement of so many records, each of a patient of its own."""
    counts = (both, first, second, neither)
    one = np.repeat([True, True, False, False], counts)[:, None]
    other = np.repeat([True, False, True, False], counts)[:, None]
    return agreements(one, other, np.ones_like(one), range(sum(counts)), **how)[0]


def test_a_known_value():
    found = of(20, 5, 10, 15, resamples=0)  # the example of Wikipedia's article on Cohen's kappa
    assert found.kappa == pytest.approx(0.4)
    assert (found.both, found.first_only, found.second_only, found.neither, found.records) == (20, 5, 10, 15, 50)


@pytest.mark.parametrize(("counts", "kappa"), [((5, 0, 0, 5), 1), ((0, 5, 5, 0), -1), ((1, 3, 3, 9), 0)])
def test_full_agreement_is_1_and_that_of_chance_0(counts, kappa):
    assert of(*counts).kappa == pytest.approx(kappa)


@pytest.mark.parametrize("counts", [(0, 0, 0, 9), (9, 0, 0, 0), (0, 0, 0, 0)])
def test_where_both_always_say_the_same_there_is_none(counts):
    assert of(*counts).kappa is None


def test_an_interval_holds_the_value_and_needs_20_of_each_kind_from_each():
    found = of(60, 15, 15, 110)
    assert found.low < found.kappa < found.high
    half = found.high - found.low
    assert 0.15 < half < 0.35  # 2 * 1.96 * 0.063, the standard error by Fleiss, Cohen and Everitt (1969)
    assert of(15, 4, 5, 100).low is None
    assert of(60, 15, 15, 110) == found


def test_records_of_a_patient_are_drawn_together_and_what_was_not_asked_does_not_count():
    one, other = np.repeat([True, False], 40)[:, None], np.tile([True, True, True, False], 20)[:, None]
    each = agreements(one, other, np.ones_like(one), range(80))[0]
    paired = agreements(one, other, np.ones_like(one), [number // 20 for number in range(80)])[0]
    assert paired.kappa == each.kappa
    assert (paired.low, paired.high) != (each.low, each.high)
    known = np.arange(80)[:, None] < 10
    assert agreements(one, other, known, range(80))[0].records == 10
