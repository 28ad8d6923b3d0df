import builtins
import dataclasses
import json

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.evaluation.predictions import Predictions

CLASSES = ("NORM", "MI", "HYP")
BOTH = pytest.mark.parametrize("suffix", ["npz", "parquet"])


@pytest.fixture
def predictions(problem):
    y, p, patients = problem(0, records=20, classes=3)
    return Predictions(
        np.arange(100, 120),
        patients,
        y,
        p.astype(np.float32),
        CLASSES,
        (9,),
        "drop",
        "sha256:abc",
        {"accuracy": (0.5, 0.1 + 0.2, 1 / 3), "f1": (0.25, 0.5, 0.75)},
        "which also chose",
    )


def same(found, stored):
    for field in dataclasses.fields(Predictions):
        one, other = getattr(found, field.name), getattr(stored, field.name)
        assert type(one) is type(other), field.name
        np.testing.assert_array_equal(one, other)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype


@BOTH
def test_round_trip(predictions, tmp_path, suffix):
    path = tmp_path / "deeper" / f"predictions.{suffix}"
    predictions.save(path)
    same(Predictions.load(path), predictions)
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    plain = dataclasses.replace(predictions, thresholds={}, role="", data_hash="")
    plain.save(path)
    same(Predictions.load(path), plain)


@BOTH
def test_the_format_is_recognised_by_content(predictions, tmp_path, suffix):
    predictions.save(tmp_path / f"p.{suffix}")
    same(Predictions.load((tmp_path / f"p.{suffix}").rename(tmp_path / "p.data")), predictions)


def test_file_is_plain_npz_with_the_contracted_keys(predictions, tmp_path):
    predictions.save(tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as file:
        names = {field.name for field in dataclasses.fields(Predictions)} - {"folds", "known"}
        assert set(file) == names | {"fold", "operating_points"}
        assert file["classes"].tolist() == ["NORM", "MI", "HYP"]
        assert file["operating_points"].tolist() == ["accuracy", "f1"]
        assert file["thresholds"].shape == (2, 3)
        assert file["fold"] == 9


def test_files_of_before_there_were_thresholds_are_read(predictions, tmp_path):
    without = ("thresholds", "role", "folds", "known")
    stored = {key: value for key, value in vars(predictions).items() if key not in without}
    np.savez(tmp_path / "old.npz", fold=9, **stored)
    same(Predictions.load(tmp_path / "old.npz"), dataclasses.replace(predictions, thresholds={}, role=""))


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
@pytest.mark.parametrize("folds", [(), (9,), (1, 2, 3)])
def test_labels_that_are_not_known_and_several_folds_are_kept(predictions, tmp_path, suffix, folds):
    known = np.random.default_rng(0).random(predictions.labels.shape) < 0.7
    partly = dataclasses.replace(predictions, known=known, labels=predictions.labels & known, folds=folds)
    partly.save(tmp_path / f"p.{suffix}")
    same(Predictions.load(tmp_path / f"p.{suffix}"), partly)


def test_parquet_is_a_table_with_a_row_a_record(predictions, tmp_path):
    predictions.save(tmp_path / "p.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "p.parquet")
    assert table.column_names == ["ecg_id", "patient_id", *CLASSES, "NORM_label", "MI_label", "HYP_label"]
    assert table["MI"].to_numpy() == pytest.approx(predictions.probabilities[:, 1])
    about = json.loads(table.schema.metadata[b"twelvelead"])
    assert (about["fold"], about["protocol"], about["data_hash"]) == (9, "drop", "sha256:abc")


def test_parquet_without_pyarrow_names_the_extra(predictions, tmp_path, monkeypatch):
    predictions.save(tmp_path / "p.parquet")
    load = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(name=name)
        return load(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"\[parquet\]"):
        predictions.save(tmp_path / "other.parquet")
    with pytest.raises(MissingExtra, match=r"\[parquet\]"):
        Predictions.load(tmp_path / "p.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]


def test_other_names_are_not_written(predictions, tmp_path):
    with pytest.raises(TwelveLeadError, match=r"p\.csv: .*\.npz or \.parquet"):
        predictions.save(tmp_path / "p.csv")


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


def test_thresholds_by_operating_point_or_number(predictions):
    assert predictions.thresholds_at("f1").tolist() == [0.25, 0.5, 0.75]
    assert predictions.thresholds_at("0.4").tolist() == [0.4] * 3
    for wrong in ("best", "1.5", "nan"):
        with pytest.raises(TwelveLeadError, match=f"no operating point '{wrong}'; give accuracy, f1, or a number"):
            predictions.thresholds_at(wrong)


@BOTH
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ecg_id": np.r_[np.arange(100, 119), 107]}, r"record 107 \(ecg_id\) is there twice"),
        ({"probabilities": np.full((20, 3), np.nan, np.float32)}, "record 100, class NORM: nan is NaN or outside 0-1"),
        ({"probabilities": np.full((20, 3), 1.5, np.float32)}, "1.5 is NaN or outside 0-1"),
        ({"classes": ("A", "A", "B")}, "named twice"),
        ({"classes": ("A", "A_label", "B")}, "no class can be called A_label"),
        ({"thresholds": {"f1": (0.1, 0.2)}}, "thresholds f1 have to be one number for each of NORM, MI, HYP"),
        ({"thresholds": {"f1": (0.1, 0.2, float("nan"))}}, "thresholds f1"),
        ({"labels": np.zeros((20, 2), bool)}, "labels"),
        ({"patient_id": np.arange(3)}, "patient_id"),
        ({"ecg_id": np.int64(3)}, "ecg_id"),
    ],
)
def test_what_does_not_belong_together(predictions, tmp_path, monkeypatch, suffix, change, fault):
    with pytest.raises(ValueError, match=fault):
        dataclasses.replace(predictions, **change)
    shapes_differ = {"labels", "patient_id"} & change.keys() or np.ndim(change.get("ecg_id", [1])) == 0
    if shapes_differ or (suffix == "parquet" and "classes" in change) or change.get("thresholds") == {"f1": (0.1, 0.2)}:
        return  # such a file cannot be written
    with monkeypatch.context() as patch:
        patch.setattr(Predictions, "_fault", lambda self: None)
        dataclasses.replace(predictions, **change).save(tmp_path / f"p.{suffix}")
    with pytest.raises(Unreadable, match=rf"p\.{suffix}: .*{fault}.*; write it anew") as caught:
        Predictions.load(tmp_path / f"p.{suffix}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"labels": np.zeros((20, 2), bool)}, "labels"),
        ({"labels": np.full((20, 3), 2)}, "labels are neither 0 nor 1"),
        ({"labels": np.full((20, 3), np.nan)}, "labels are neither 0 nor 1"),
        ({"patient_id": np.arange(3)}, "patient_id"),
        ({"ecg_id": np.arange(20) + 0.5}, "some ecg_id are not whole numbers"),
        ({"ecg_id": np.int64(3)}, "ecg_id"),
        ({"fold": np.zeros((2, 2))}, ""),
        ({"operating_points": np.array(["f1"])}, "operating points and thresholds do not match"),
        ({"thresholds": np.zeros(3)}, "operating points and thresholds do not match"),
        ({"thresholds": np.zeros((2, 2))}, "thresholds accuracy have to be one number for each"),
    ],
)
def test_an_npz_of_other_arrays(predictions, tmp_path, change, fault):
    predictions.save(tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz") as file:
        stored = dict(file)
    np.savez(tmp_path / "p.npz", **stored | change)
    with pytest.raises(Unreadable, match=rf"p\.npz: .*{fault}.*; write it anew") as caught:
        Predictions.load(tmp_path / "p.npz")
    assert "\n" not in str(caught.value)


@BOTH
def test_damaged_files(predictions, tmp_path, suffix):
    path = tmp_path / f"p.{suffix}"
    predictions.save(path)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[120:160] = bytes(40)
    for content in (whole[: len(whole) // 2], whole[:4], bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(Unreadable, match=f"{path.name}: this is not a readable predictions file; write it anew"):
            Predictions.load(path)


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(Unreadable, match="no such file"):
        Predictions.load(tmp_path / "absent.npz")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    with pytest.raises(Unreadable, match="binary: this is not a readable predictions file"):
        Predictions.load(tmp_path / "binary")
    np.save(tmp_path / "array.npy", np.zeros((3, 5)))
    with pytest.raises(Unreadable, match=r"array\.npy: an array does not say which records and classes .* CSV"):
        Predictions.load(tmp_path / "array.npy")
    np.savez(tmp_path / "pickled.npz", ecg_id=np.array([{}], dtype=object))
    with pytest.raises(Unreadable, match="not a readable predictions file"):
        Predictions.load(tmp_path / "pickled.npz")
    np.savez(tmp_path / "part.npz", ecg_id=np.arange(3), labels=np.zeros((3, 1)))
    with pytest.raises(Unreadable, match="patient_id, probabilities, classes, fold, protocol, data_hash missing"):
        Predictions.load(tmp_path / "part.npz")


def test_parquet_of_another_program(predictions, tmp_path):
    path = tmp_path / "p.parquet"
    predictions.save(path)
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(Unreadable, match=r"which columns are classes; write it with `Predictions\.save`, or as a CSV"):
        Predictions.load(path)
    pyarrow.parquet.write_table(table.drop_columns(["MI_label"]), path)
    with pytest.raises(Unreadable, match="column MI_label missing"):
        Predictions.load(path)
