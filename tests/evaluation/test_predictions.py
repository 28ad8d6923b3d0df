import dataclasses

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.evaluation.predictions import Predictions


@pytest.fixture
def predictions(problem):
    y, p, patients = problem(0, records=20, classes=3)
    return Predictions(
        np.arange(100, 120), patients, y, p.astype(np.float32), ("NORM", "MI", "HYP"), 9, "drop", "sha256:abc"
    )


def test_round_trip(predictions, tmp_path):
    path = tmp_path / "deeper" / "predictions.npz"
    predictions.save(path)
    loaded = Predictions.load(path)
    for field in dataclasses.fields(Predictions):
        stored, found = getattr(predictions, field.name), getattr(loaded, field.name)
        assert type(found) is type(stored)
        np.testing.assert_array_equal(found, stored)
        if isinstance(stored, np.ndarray):
            assert found.dtype == stored.dtype
    assert [item.name for item in path.parent.iterdir()] == ["predictions.npz"]


def test_file_is_plain_npz_with_the_contracted_keys(predictions, tmp_path):
    predictions.save(tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as file:
        assert sorted(file) == sorted(field.name for field in dataclasses.fields(Predictions))
        assert file["classes"].tolist() == ["NORM", "MI", "HYP"]
        assert file["fold"] == 9


def test_a_failed_write_leaves_the_old_file(predictions, tmp_path, monkeypatch):
    path = tmp_path / "p.npz"
    predictions.save(path)
    before = path.read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="no space"):
        predictions.save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"labels": np.zeros((20, 2), bool)}, "labels"),
        ({"patient_id": np.arange(3)}, "patient_id"),
        ({"ecg_id": np.zeros(20, np.int64)}, "twice"),
        ({"classes": ("A", "A", "B")}, "named twice"),
        ({"probabilities": np.full((20, 3), np.nan, np.float32)}, "NaN or outside 0-1"),
        ({"probabilities": np.full((20, 3), 1.5, np.float32)}, "NaN or outside 0-1"),
        ({"ecg_id": np.int64(3)}, "ecg_id"),
    ],
)
def test_arrays_that_do_not_belong_together(predictions, tmp_path, change, fault):
    with pytest.raises(ValueError, match=fault):
        dataclasses.replace(predictions, **change)
    stored = {field.name: getattr(predictions, field.name) for field in dataclasses.fields(predictions)} | change
    np.savez(tmp_path / "p.npz", **stored)
    with pytest.raises(Unreadable, match=rf"p\.npz: .*{fault}") as caught:
        Predictions.load(tmp_path / "p.npz")
    assert "\n" not in str(caught.value)


def test_files_that_are_not_predictions(predictions, tmp_path):
    with pytest.raises(Unreadable, match="no such file"):
        Predictions.load(tmp_path / "absent.npz")
    predictions.save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    damaged = bytearray(whole)
    damaged[120:160] = bytes(40)
    contents = {
        "torn": whole[: len(whole) // 2],
        "damaged": bytes(damaged),
        "empty": b"",
        "text": b"ecg_id,MI\n1,0.5\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Unreadable, match=f"{name}: this is not a readable predictions file"):
            Predictions.load(tmp_path / name)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(Unreadable, match="not a readable predictions file"):
        Predictions.load(tmp_path / "array.npy")
    np.savez(tmp_path / "pickled.npz", ecg_id=np.array([{}], dtype=object))
    with pytest.raises(Unreadable, match="not a readable predictions file"):
        Predictions.load(tmp_path / "pickled.npz")
    np.savez(tmp_path / "part.npz", ecg_id=np.arange(3), labels=np.zeros((3, 1)))
    with pytest.raises(Unreadable, match="patient_id, probabilities, classes, fold, protocol, data_hash missing"):
        Predictions.load(tmp_path / "part.npz")
