import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from twelvelead.cli.main import app
from twelvelead.data.create import create
from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.resample import resample
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers import read

HEAD = ["file", "patient_id", "age", "sex", "afib", "lbbb"]


@pytest.fixture
def source(tmp_path, write_record):
    """Eight WFDB records at 100 Hz, two of each of four patients."""
    folder = tmp_path / "ecgs"
    rng = np.random.default_rng(0)
    for number in range(8):
        write_record(folder / f"{number}", rng.integers(-2000, 2000, (1000, 12), dtype=np.int16))
    return folder


def write_table(path, head=HEAD, rows=None):
    rows = rows or [[f"{n}.hea", f"P{n // 2}", "60", "female", str(n % 2), "0"] for n in range(8)]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    return path


def test_a_folder_and_a_table_make_a_store(source, tmp_path):
    table = write_table(tmp_path / "labels.csv")
    made = create(source, table, tmp_path / "store", rate=100, folds=2)
    assert made.bad == ()
    store = Store.open(tmp_path / "store")
    assert (len(store), store.samples, store.leads) == (8, 1000, LEADS)
    assert store.column("ecg_id").tolist() == list(range(1, 9))
    assert store.column("patient_id").tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert store.column("sex").tolist() == [1] * 8
    found = labels(store, "labels", "keep")
    assert found.classes == ("afib", "lbbb")
    assert found.values.tolist() == [[bool(n % 2), False] for n in range(8)]
    for number in range(8):
        np.testing.assert_array_equal(store.signals[number].ravel(), np.fromfile(source / f"{number}.dat", "<i2"))
    fold = store.column("fold")
    assert (fold[::2] == fold[1::2]).all()
    assert sorted(fold.tolist()) == [1] * 4 + [2] * 4


def test_findings_of_the_reader_and_what_is_not_listed_are_told(source, tmp_path):
    table = write_table(
        tmp_path / "labels.csv", rows=[[f"{n}", f"P{n}", "60", "female", str(n % 2), "0"] for n in range(6)]
    )
    (source / "notes.txt").write_text("words")
    made = create(source, table, tmp_path / "store", rate=100, folds=2, scale=2.0)
    assert made.noticed == {"scale-overridden": 6}
    assert [path.name for path in made.unlisted.files] == ["6.hea", "7.hea"]
    assert made.unlisted.passed_over == {".txt": 1}
    plain = create(source, table, tmp_path / "plain", rate=100, folds=2)
    assert plain.noticed == {}
    np.testing.assert_array_equal(made.store.signals[:], 2 * plain.store.signals[:])


def test_it_is_reproducible(source, tmp_path):
    table = write_table(tmp_path / "labels.csv")
    first, second = (create(source, table, tmp_path / name, rate=100, folds=2).store for name in "ab")
    assert first.data_hash == second.data_hash


def test_other_rates_formats_and_lengths(source, tmp_path, write_record):
    slow = np.cumsum(np.random.default_rng(1).normal(size=(6000, 12)), axis=0)
    write_record(source / "fast", np.rint(slow * 10).astype(np.int16), rate=500)
    np.save(source / "array.npy", (slow[:2500] / 1000).astype(np.float32))
    rows = [["fast", "1", "MI;NORM"], ["array.npy", "2", "NORM"], ["0.dat", "3", ""]]
    table = write_table(tmp_path / "labels.csv", ["file", "fold", "labels"], rows)
    made = create(source, table, tmp_path / "store", rate=250, seconds=8, task="own", separator=";")
    assert len(made.bad) == 1
    assert "array.npy" in made.bad[0]
    assert made.store.signals.shape == (2, 2000, 12)
    ecg = read(source / "fast.hea")
    expected = np.rint(resample(ecg.signal, 500, 250)[:2000] * 1000)
    np.testing.assert_array_equal(made.store.signals[0], expected)
    assert labels(made.store, "own", "keep").values.tolist() == [[True, True], [False, False]]
    assert made.store.column("fold").tolist() == [1, 3]


def test_bad_recordings_are_left_out_and_named(source, tmp_path, write_record):
    (source / "1.dat").write_bytes(b"short")
    (source / "2.hea").unlink()
    write_record(source / "3", np.zeros((500, 12), np.int16))
    signal = np.random.default_rng(0).integers(-500, 500, (1000, 12), dtype=np.int16)
    signal[3, 4] = -32768
    write_record(source / "4", signal)
    made = create(source, write_table(tmp_path / "labels.csv"), tmp_path / "store", rate=100, folds=2)
    assert made.store.column("ecg_id").tolist() == [1, 6, 7, 8]
    for line, fault in zip(made.bad, ("truncated", "2.hea", "5 s long, not 10 s", "missing"), strict=True):
        assert fault in line
        assert "\n" not in line


@pytest.mark.parametrize(
    ("head", "row", "fault"),
    [
        (["name", "afib"], ["0", "1"], "has no column file (or filename, or path)"),
        (["file", "file", "afib"], ["0", "0", "1"], "names the column file twice"),
        (["file", "fold"], ["0", "1"], "has no labels: add a column label"),
        (["file", "fold", "afib"], ["0", "1"], "line 2 has 2 cells of 3"),
        (["file", "fold", "afib"], ["0", "1", "maybe"], "has no labels: add a column label"),
        (["file", "fold", "label"], ["0", "1", "[1"], "line 2: '[1' is no list or dictionary"),
        (["file", "fold", "label"], ["0", "1", "{'AF': 300}"], "has the likelihood 300"),
        (["file", "fold", "label"], ["0", "1", "['AF', None]"], "holds None, which is no name"),
        (["file", "fold", "label"], ["0", "1", "4.27E+08"], "lost its digits"),
        (["file", "fold", "label"], ["0", "1", ""], "column label names no class"),
        (["file", "path", "afib"], ["0", "0", "1"], "has no column fold"),
        (["filename", "path", "label"], ["0", "0", "AF"], "filename and path may each be the column file"),
        (["file", "dx", "diagnosis"], ["0", "AF", "AF"], "dx and diagnosis may each be the column labels"),
        (["file", "fold", "afib"], ["../0", "1", "1"], "does not lie in the folder"),
        (["file", "fold", "afib"], ["/etc/passwd", "1", "1"], "does not lie in the folder"),
        (["file", "fold", "afib"], ["0", "0", "1"], "fold is '0', not a whole number from 1 to 100"),
        (["file", "fold", "age", "afib"], ["0", "1", "old", "1"], "age is 'old'"),
        (["file", "fold", "sex", "afib"], ["0", "1", "2", "1"], "sex is '2'; write male or female"),
        (["file", "fold", "patient_id", "afib"], ["0", "1", " ", "1"], "patient_id is empty"),
        (["file", "afib"], ["0", "1"], "has no column fold"),
    ],
)
def test_a_table_that_cannot_be_is_refused_before_anything_is_written(source, tmp_path, head, row, fault):
    table = write_table(tmp_path / "labels.csv", head, [row])
    with pytest.raises(Unreadable, match=r"labels\.csv") as caught:
        create(source, table, tmp_path / "store", rate=100)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_patient_in_two_folds_and_an_id_listed_twice(source, tmp_path):
    head = ["file", "ecg_id", "patient_id", "fold", "afib"]
    table = write_table(tmp_path / "labels.csv", head, [["0", "1", "7", "1", "1"], ["1", "2", "7", "2", "1"]])
    with pytest.raises(Unreadable, match="patient 7 is in two folds"):
        create(source, table, tmp_path / "store", rate=100)
    table = write_table(tmp_path / "labels.csv", head, [["0", "1", "7", "1", "1"], ["1", "1", "8", "2", "1"]])
    with pytest.raises(Unreadable, match="ecg_id 1 is listed twice"):
        create(source, table, tmp_path / "store", rate=100)
    table = write_table(tmp_path / "labels.csv", head, [["0", "1", "7", "1", "1"]])
    with pytest.raises(TwelveLeadError, match="2 folds of 1 patients cannot be made"):
        create(source, table, tmp_path / "store", rate=100, folds=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@example(b'"a\nb",c\n1,2')
@example(b'"\x00\n\x00"\n1')
@given(st.binary(max_size=200) | st.text(alphabet="file,fold\n\"10;x'abels.\r", max_size=200).map(str.encode))
def test_any_table_gives_a_store_or_our_error(source, tmp_path, content):
    table = tmp_path / "labels.csv"
    table.write_bytes(content)
    said = ""
    try:
        create(source, table, tmp_path / "store", rate=100)
    except TwelveLeadError as error:
        said = str(error)
    assert "\n" not in said


def test_the_command(source, tmp_path):
    table = write_table(tmp_path / "labels.csv")
    where = [str(source), str(table), str(tmp_path / "store")]
    made = CliRunner().invoke(app, ["store", "create", *where, "--folds", "4", "--task", "rhythm"])
    assert made.exit_code == 0, made.output
    assert "8 records, task rhythm with 2 classes, fold 1-4" in made.output
    told = CliRunner().invoke(app, ["ptbxl", "info", str(tmp_path / "store")])
    assert told.exit_code == 0, told.output
    assert "afib" in told.output
    (source / "1.dat").write_bytes(b"short")
    partly = CliRunner().invoke(app, ["store", "create", *where, "--folds", "4"])
    assert "1 of 8 recordings could not be stored" in str(partly.exception)
