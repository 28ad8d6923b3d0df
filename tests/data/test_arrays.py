"""A store from arrays and from the HDF5 of CODE-15 %."""

import numpy as np
import pytest

import twelvelead
from twelvelead import TwelveLeadError, Unreadable
from twelvelead.data.containers.hdf5 import data_set
from twelvelead.data.stored import bridge_gaps
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.resample import resample
from twelvelead.ecg.synthetic import synthetic_ecg


@pytest.fixture(scope="module")
def signals():
    """[20, 4000, 12] mV at 400 Hz."""
    kinds = ("normal", "wide_qrs")
    return np.stack([synthetic_ecg(kinds[n % 2], seed=n, sampling_rate=400).signal for n in range(20)])


def given(**changed):
    stated = {"sampling_rate": 400, "leads": LEADS, "unit": "mV", "labels": {"CD": np.arange(20) % 2}, "folds": 5}
    return stated | changed


def test_a_store_holds_the_arrays_resampled_with_labels_folds_and_patients(signals, tmp_path):
    said = []
    age = [50.0, None] * 10
    patients = [f"p{n // 2}" for n in range(20)]
    store = twelvelead.store(
        signals, tmp_path / "s", **given(age=age, sex="female", patient_id=patients, say=said.append)
    )
    assert (len(store), store.sampling_rate, store.samples, said) == (20, 100, 1000, [])
    np.testing.assert_allclose(store.millivolts(3), resample(signals[3], 400, 100), atol=6e-4)
    np.testing.assert_array_equal(~np.isnan(store.likelihoods[:, 0]), np.arange(20) % 2 == 1)
    np.testing.assert_array_equal(store.column("age"), np.float32([50, np.nan] * 10))
    assert set(store.column("fold")) == {1, 2, 3, 4, 5}
    folds = store.column("fold").reshape(10, 2)
    assert (folds[:, 0] == folds[:, 1]).all()


def test_code15_is_cut_at_both_ends(signals, tmp_path):
    h5py = pytest.importorskip("h5py")
    padded = np.zeros((20, 4096, 12), np.float32)
    padded[:, 648:3448] = signals[:, :2800]  # of 7 s
    padded[0, 48:4048] = signals[0]  # of 10 s
    with h5py.File(tmp_path / "exams_part0.hdf5", "w") as file:
        file["tracings"], file["exam_id"] = padded, np.arange(20)
    tracings = data_set(tmp_path / "exams_part0.hdf5")
    store = twelvelead.store(tracings, tmp_path / "s", **given(seconds=7, say=pytest.fail))
    assert (len(store), store.samples) == (20, 700)
    np.testing.assert_allclose(store.millivolts(0)[20:600], resample(signals[0], 400, 100)[20:600], atol=2e-3)
    np.testing.assert_allclose(store.millivolts(1)[:690], resample(signals[1, :2800], 400, 100)[:690], atol=2e-3)
    with pytest.raises(Unreadable, match="has no data set signals; it holds exam_id, tracings"):
        data_set(tmp_path / "exams_part0.hdf5", "signals")
    (tmp_path / "none.hdf5").write_bytes(b"none")
    with pytest.raises(Unreadable, match="truncated or damaged"):
        data_set(tmp_path / "none.hdf5")
    with pytest.raises(Unreadable, match="no such file"):
        data_set(tmp_path / "nothing.hdf5")


def test_gaps_are_bridged_on_request_and_counted(signals, tmp_path):
    holed = signals.copy()
    holed[2, 100:110, 3] = np.nan
    holed[2, 200:300, 3] = np.nan
    holed[4, 50:60] = np.nan
    said = []
    store = twelvelead.store(holed, tmp_path / "s", **given(bridge=0.05, say=said.append))
    assert len(store) == 19
    assert said[0].startswith("signals[2]: samples are missing")
    assert "12 gaps of NaN in 1 recordings bridged" in said[1]
    said.clear()
    assert len(twelvelead.store(holed, tmp_path / "t", **given(say=said.append))) == 18
    mended, count = bridge_gaps(np.float32([[1], [np.nan], [3], [np.nan]]), 2)
    assert count == 1
    assert mended[:3, 0].tolist() == [1, 2, 3]
    assert np.isnan(mended[3, 0])


def test_lists_of_a_parquet_file_and_rows_of_a_data_set(signals, tmp_path):
    pa = pytest.importorskip("pyarrow")
    rows = pa.array([signal.tolist() for signal in signals[:, ::4]])
    from_lists = [np.array(row.as_py(), np.float32) for row in rows]
    store = twelvelead.store(from_lists, tmp_path / "s", **given(sampling_rate=100))
    np.testing.assert_allclose(store.millivolts(5), signals[5, ::4], atol=6e-4)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"unit": "uV"}, "the unit is probably mV"),
        ({"labels": {}}, "no class"),
        ({"labels": {"CD": [0, 1]}}, "CD has to be 20 values of 0 and 1"),
        ({"labels": {"CD": [2] * 20}}, "CD has to be 20 values of 0 and 1"),
        ({"patient_id": [1] * 20, "fold": [1, 2] * 10}, "a patient is in two folds"),
        ({"patient_id": [1]}, "1 values for 20 recordings"),
        ({"fold": [0.5] * 20}, "whole numbers are needed"),
        ({"folds": 30}, "cannot be made; ask for fewer folds"),
        ({"seconds": 30}, "no recording can be stored"),
        ({"leads": LEADS[:11]}, "12 columns for 11 leads"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(signals, tmp_path, changed, fault):
    with pytest.raises(TwelveLeadError, match=fault) as caught:
        twelvelead.store(signals, tmp_path / "s", **given(say=lambda line: None) | changed)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "s").exists()
