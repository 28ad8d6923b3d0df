import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.errors import Unreadable
from twelvelead.evaluation.predictions import Predictions

CLASSES = ("NORM", "MI", "HYP")


@pytest.fixture
def reference(problem):
    y, p, patients = problem(0, records=20, classes=3)
    return Predictions(
        np.arange(100, 120), patients, y, p.astype(np.float32), CLASSES, (9,), "drop", "abc", {"f1": (0.1, 0.2, 0.3)}
    )


def lines(predictions, order, labels=False):
    """A CSV as a list of lines; `labels` adds patients and labels."""
    header = ["ecg_id", *CLASSES] + (["patient_id", *(f"{name}_label" for name in CLASSES)] if labels else [])
    rows = [",".join(header)]
    for row in order:
        cells = [predictions.ecg_id[row], *predictions.probabilities[row]]
        cells += [predictions.patient_id[row], *predictions.labels[row].astype(int)] if labels else []
        rows.append(",".join(map(str, cells)))
    return rows


def write(path, rows):
    path.write_text("\n".join(rows) + "\n")
    return path


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(20)), labels=st.booleans())
def test_rows_in_any_order_take_what_is_missing_from_the_reference(tmp_path_factory, order, labels):
    rng = np.random.default_rng(3)
    reference = Predictions(
        np.arange(100, 120),
        rng.integers(15, size=20),
        rng.random((20, 3)) < 0.4,
        rng.random((20, 3)).astype(np.float32),
        CLASSES,
        (9,),
        "drop",
        "abc",
        {"f1": (0.1, 0.2, 0.3)},
    )
    path = write(tmp_path_factory.mktemp("csv") / "other.csv", lines(reference, order, labels))
    found = Predictions.load(path, reference)
    for name in ("ecg_id", "patient_id", "labels", "probabilities"):
        np.testing.assert_array_equal(getattr(found, name), getattr(reference, name)[order])
    assert (found.classes, found.folds, found.protocol, found.data_hash) == (CLASSES, (9,), "drop", "abc")
    assert (dict(found.thresholds), found.role) == ({}, "")


def test_columns_of_other_names_and_blank_lines_are_ignored(reference, tmp_path):
    rows = lines(reference, range(20))
    rows = [f"row,{rows[0]},device", "", *(f"{n},{row},'a'" for n, row in enumerate(rows[1:])), " , ", ""]
    path = tmp_path / "other.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())  # as spreadsheets write it
    np.testing.assert_array_equal(Predictions.load(path, reference).probabilities, reference.probabilities)


def test_alone_it_needs_labels_and_patients(reference, tmp_path):
    path = write(tmp_path / "alone.csv", lines(reference, range(20), labels=True))
    found = Predictions.load(path)
    np.testing.assert_array_equal(found.labels, reference.labels)
    np.testing.assert_array_equal(found.patient_id, reference.patient_id)
    assert (found.classes, found.folds, found.protocol, found.data_hash) == (CLASSES, (), "", "")
    with pytest.raises(Unreadable, match=r"alone\.csv: no labels \(NAME_label\), and no other predictions"):
        Predictions.load(write(path, lines(reference, range(20))))
    rows = [row.replace("patient_id", "person") for row in lines(reference, range(20), labels=True)]
    with pytest.raises(Unreadable, match=r"alone\.csv: no column patient_id"):
        Predictions.load(write(path, rows))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda rows: [], "names no column ecg_id"),
        (lambda rows: rows[1:], "names no column ecg_id"),
        (lambda rows: [row.replace(",", ";") for row in rows], "names no column ecg_id, .* with commas"),
        (lambda rows: rows[:1], "holds no record"),
        (lambda rows: [rows[0].replace("MI", "mi"), *rows[1:]], "no column MI; call mi so, case counts"),
        (lambda rows: [rows[0].replace("MI", "other"), *rows[1:]], "no column MI; add its probabilities"),
        (lambda rows: [rows[0].replace("MI", "NORM"), *rows[1:]], "column NORM is there twice"),
        (lambda rows: [rows[0].replace("HYP", "MI_label"), *rows[1:]], "no column HYP"),
        (lambda rows: [rows[0] + ",MI_label", *(f"{row},1" for row in rows[1:])], "no column NORM_label; give labels"),
        (lambda rows: [*rows[:4], rows[4] + ",0.5", *rows[5:]], "line 5: 5 cells under 4 columns"),
        (lambda rows: [*rows[:4], "103,0.1,,0.3", *rows[5:]], "line 5: record 103, class MI: '' is not a probability"),
        (lambda rows: [*rows[:4], "103,0.1,nan,0.3", *rows[5:]], "line 5: record 103, class MI: 'nan' is not"),
        (lambda rows: [*rows[:4], "103,0.1,0.2,-3.1", *rows[5:]], "class HYP: '-3.1' is not .*sigmoid"),
        (lambda rows: [*rows[:4], "HR00103,0.1,0.2,0.3", *rows[5:]], "line 5: ecg_id is 'HR00103', not a whole number"),
        (lambda rows: [*rows[:4], "103.5,0.1,0.2,0.3", *rows[5:]], "line 5: ecg_id is '103.5'"),
        (lambda rows: [*rows[:4], rows[3], *rows[5:]], r"record 102 \(ecg_id\) is there twice; mend the CSV"),
        (lambda rows: [*rows, "7,0.1,0.2,0.3"], "1 of 21 records are not among the 20 .* the first 7; leave them out"),
        (lambda rows: [*rows, '900,"0.1,0.2,0.3'], "not a readable predictions file"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(reference, tmp_path, spoil, fault):
    path = write(tmp_path / "other.csv", spoil(lines(reference, range(20))))
    with pytest.raises(Unreadable, match=rf"other\.csv.*{fault}") as caught:
        Predictions.load(path, reference)
    assert "\n" not in str(caught.value)


def test_a_label_that_is_none(reference, tmp_path):
    rows = lines(reference, range(20), labels=True)
    rows[6] = rows[6][:-1] + "2"
    with pytest.raises(Unreadable, match=r"other\.csv, line 7: HYP_label is '2', neither 0, 1 nor -1"):
        Predictions.load(write(tmp_path / "other.csv", rows), reference)


def test_minus_one_is_a_label_that_is_not_known(reference, tmp_path):
    rows = lines(reference, range(20), labels=True)
    rows[6] = rows[6][:-1] + "-1"
    found = Predictions.load(write(tmp_path / "other.csv", rows))
    assert np.argwhere(~found.known).tolist() == [[5, 2]]
    assert not found.labels[5, 2]
    with_reference = Predictions.load(write(tmp_path / "bare.csv", lines(reference, range(20))), found)
    np.testing.assert_array_equal(with_reference.known, found.known)


def test_ids_as_ptbxl_writes_them(reference, tmp_path):
    rows = lines(reference, range(20), labels=True)
    rows[1] = rows[1].replace("100,", "100.0,", 1)
    np.testing.assert_array_equal(
        Predictions.load(write(tmp_path / "other.csv", rows), reference).ecg_id, reference.ecg_id
    )
    odd = dataclasses.replace(reference, ecg_id=np.arange(20) + 2**40)
    path = write(tmp_path / "odd.csv", lines(odd, range(20)))
    np.testing.assert_array_equal(Predictions.load(path, odd).ecg_id, odd.ecg_id)
