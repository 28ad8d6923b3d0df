import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.data.folds import patient_folds
from twelvelead.data.tasks import labels


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=80), st.integers(2, 10), st.integers(0, 99))
def test_no_patient_is_in_two_folds_and_none_is_empty(patients, folds, seed):
    patient = np.array(patients)
    truth = np.random.default_rng(seed).random((len(patient), 3)) < 0.3
    if len(set(patients)) < folds:
        with pytest.raises(ValueError, match="patients"):
            patient_folds(patient, truth, folds, seed)
        return
    made = patient_folds(patient, truth, folds, seed)
    assert set(made.tolist()) == set(range(1, folds + 1))
    assert len({(one, fold) for one, fold in zip(patients, made.tolist(), strict=True)}) == len(set(patients))
    np.testing.assert_array_equal(made, patient_folds(patient, truth, folds, seed))


def test_real_labels_are_spread_evenly(published_table):
    truth = labels(published_table, protocol="keep").values
    made = patient_folds(np.asarray(published_table.column("patient_id")), truth, 10)
    counts = np.array([[*truth[made == fold].sum(axis=0), (made == fold).sum()] for fold in range(1, 11)])
    assert (counts.max(axis=0) / counts.min(axis=0) < 1.02).all()
