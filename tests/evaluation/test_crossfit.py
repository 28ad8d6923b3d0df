from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.evaluation.calibration import apply_temperature, calibrator, fit_temperature
from twelvelead.evaluation.crossfit import crossfit, partition


@given(st.lists(st.integers(0, 30), min_size=5, max_size=80), st.integers(2, 5), st.integers(0, 5))
def test_a_patient_is_in_one_part_and_parts_are_even(patients, parts, seed):
    part = partition(patients, parts, seed)
    held = [len({patient for patient, of in zip(patients, part, strict=True) if of == one}) for one in range(parts)]
    assert sum(held) == len(set(patients))
    assert max(held) - min(held) <= 1


def test_nothing_is_applied_to_a_patient_that_fitted_it(problem):
    y, p, patients = problem(0, records=100, classes=2, ties=False)
    owner = {tuple(row): patient for row, patient in zip(p, patients, strict=True)}
    assert len(owner) == 100

    def fit(labels, probabilities):
        seen = {owner[tuple(row)] for row in probabilities}
        assert len(labels) == len(probabilities)

        def apply(new):
            assert seen.isdisjoint(owner[tuple(row)] for row in new)
            return new >= 0.5

        return apply

    found = crossfit(y, p, patients, fit)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, p >= 0.5)


def test_equals_the_loop_over_the_parts(problem):
    y, p, patients = problem(1, records=150, classes=3)
    found = crossfit(y, p, patients, partial(calibrator, method="temperature"), parts=3, seed=2)
    part = partition(patients, 3, 2)
    for one in range(3):
        temperature = fit_temperature(y[part != one], p[part != one])
        np.testing.assert_array_equal(found[part == one], apply_temperature(p[part == one], temperature))
    assert not np.array_equal(found, crossfit(y, p, patients, partial(calibrator, method="temperature"), 3, seed=3))


def test_patients_have_to_match(problem):
    y, p, patients = problem(1, records=30, classes=2)
    with pytest.raises(ValueError, match="do not match"):
        crossfit(y, p, patients[:-1], partial(calibrator, method="platt"))
