"""A store from HDF5, NPY, Parquet, tar and zip, by tables that name their recordings or have them in their order."""

import csv
import io
import zipfile

import numpy as np
import pytest

from twelvelead import TwelveLeadError
from twelvelead.data.create import create
from twelvelead.data.tasks import labels
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.resample import resample
from twelvelead.ecg.synthetic import synthetic_ecg

N = 12
STATED = {"sampling_rate": 100, "leads": LEADS, "unit": "mV"}
WHOLE = STATED | {"separator": "none"}


@pytest.fixture(scope="module")
def signals():
    """[12, 300, 12] mV at 100 Hz."""
    return np.stack([synthetic_ecg("normal", seed=n, sampling_rate=100, seconds=3).signal for n in range(N)])


@pytest.fixture
def table(tmp_path):
    """table(head, rows) -> the path of a CSV."""

    def write(head, rows, name="labels.csv"):
        with (tmp_path / name).open("w", newline="") as stream:
            csv.writer(stream).writerows([head, *rows])
        return tmp_path / name

    return write


def make(source, labels, **options):
    """The store, made beside the labels, and all that is known of it."""
    options = {"rate": 100, "seconds": 3, "folds": 2} | options
    return create(source, labels, labels.parent / "store", **options)


def fault(source, labels, **options):
    with pytest.raises(TwelveLeadError) as caught:
        make(source, labels, **options)
    assert "\n" not in str(caught.value)
    assert not (labels.parent / "store").exists()
    assert not [path for path in labels.parent.iterdir() if path.name.endswith(".partial")]
    return str(caught.value)


def classes_of(store):
    """Of each record, the names of its classes."""
    found = labels(store, "labels", "keep")
    return [{name for name, value in zip(found.classes, row, strict=True) if value} for row in found.values]


def code15(folder, signals, first=0, name="exams_part0.hdf5"):
    """A file as CODE-15 % has it, of recordings of 3 s."""
    h5py = pytest.importorskip("h5py")
    padded = np.zeros((len(signals), 4096, 12), np.float32)
    padded[:, 1448:2648] = [resample(signal, 100, 400) for signal in signals]
    with h5py.File(folder / name, "w") as file:
        file["tracings"], file["exam_id"] = padded, 500 + first + np.arange(len(signals))
    return folder / name


EXAMS = ["exam_id", "age", "is_male", "nn_predicted_age", "1dAVb", "AF", "patient_id", "death", "timey", "trace_file"]


def exams(part=lambda n: 0):
    """Rows of `exams.csv`, from the last to the first."""
    for n in reversed(range(N)):
        male, af = str(n % 2 == 0), str(n % 3 == 0)
        yield [500 + n, 40 + n, male, 50.5, "False", af, 9000 + n // 2, "False", 1.5, f"exams_part{part(n)}.hdf5"]


def test_code15_by_its_table_of_exams(signals, table, tmp_path):
    path = code15(tmp_path, signals)
    made = make(path, table(EXAMS, exams()), unit="mV")
    store = made.store
    assert store.column("ecg_id").tolist() == list(range(500, 500 + N))
    assert store.column("patient_id").tolist() == [9000 + n // 2 for n in range(N)]
    assert store.column("sex").tolist() == [0, 1] * 6
    assert store.column("age").tolist() == list(range(40, 40 + N))
    assert labels(store, "labels", "keep").classes == ("1dAVb", "AF")
    assert classes_of(store) == [{"AF"} if n % 3 == 0 else set() for n in range(N)]
    there_and_back = resample(resample(signals[3], 100, 400), 400, 100)
    np.testing.assert_allclose(store.millivolts(3), there_and_back, atol=6e-4)
    assert made.changed == (f"zeros at the ends of {N} recordings are padding and were cut",)
    assert not made.bad
    assert "CODE-15 % states no unit" in fault(path, table(EXAMS, exams(), "again.csv").rename(_other(tmp_path)))


def _other(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    return folder / "exams.csv"


def test_code15_in_a_folder_of_parts_of_which_some_are_not_there(signals, table, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    code15(folder, signals[:5])
    code15(folder, signals[5:9], 5, "exams_part1.hdf5")
    seen = []
    listed = table(EXAMS, exams(lambda n: 0 if n < 5 else 1 if n < 9 else 2))
    made = make(folder, listed, unit="mV", understood=seen.append)
    assert made.store.column("ecg_id").tolist() == [*range(505, 509), *range(500, 505)]
    assert "3 rows left out, in files that are not there: exams_part2.hdf5" in seen[0].notes
    made = make(folder / "exams_part1.hdf5", listed, unit="mV", understood=seen.append)
    assert made.store.column("ecg_id").tolist() == [*range(505, 509)]
    assert "8 rows left out, in other files: exams_part0.hdf5, exams_part2.hdf5" in seen[1].notes


def test_ids_that_do_not_match_are_one_line(signals, table, tmp_path):
    path = code15(tmp_path, signals[:10])
    said = fault(path, table(EXAMS, exams()), unit="mV")
    assert "2 of its 12 exam_id are not in" in said
    assert "the first 511 (line 2)" in said
    rows = [[n, n % 2] for n in range(3)]
    assert "3 of its 3 exam_id are not in" in fault(path, table(["exam_id", "AF"], rows), unit="mV")
    assert "names 501 in two rows" in fault(path, table(["exam_id", "AF"], [[501, 0], [501, 1]]), unit="mV")
    assert "names no recording" in fault(path, table(EXAMS, exams(lambda n: 7)), unit="mV")
    assert "holds no columns of labels" in fault(path, path, unit="mV")


def test_a_table_without_names_is_taken_in_the_order_of_the_array(signals, table, tmp_path):
    np.save(tmp_path / "ecgs.npy", signals)
    made = make(tmp_path / "ecgs.npy", table(["label"], [["AF" if n % 2 else "SR"] for n in range(N)]), **WHOLE)
    assert classes_of(made.store) == [{"SR"}, {"AF"}] * 6
    np.testing.assert_allclose(made.store.millivolts(7), signals[7], atol=6e-4)
    by_name = table(["member", "label"], [[4, "AF"], [2, "SR"], [9, "AF"]])
    made = make(tmp_path / "ecgs.npy", by_name, **WHOLE)
    assert len(made.unlisted.files) == 9
    np.testing.assert_allclose(made.store.millivolts(0), signals[2], atol=6e-4)
    other = _other(tmp_path)
    assert "5 rows for the 12 recordings" in fault(
        tmp_path / "ecgs.npy", table(["label"], [["AF"]] * 5).rename(other), **STATED
    )
    assert "the unit is probably mV" in fault(tmp_path / "ecgs.npy", other, **STATED | {"unit": "uV"})
    with pytest.raises(TwelveLeadError, match="codes are read from the recordings of a folder"):
        create(tmp_path / "ecgs.npy", "codes", tmp_path / "s", rate=100)


def test_parquet_may_hold_its_own_labels(signals, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "ecg": [signal.ravel() for signal in signals],
        "diagnosis": [["AF", "LBBB"] if n % 2 else [] for n in range(N)],
        "patient": [f"p{n // 2}" for n in range(N)],
        "age": [float(n) if n else None for n in range(N)],
        "gender": ["F", "M"] * 6,
    }
    path = tmp_path / "ecgs.parquet"
    parquet.write_table(pa.table(columns), path)
    made = make(path, path, **STATED, separator="list")
    assert classes_of(made.store) == [set(), {"AF", "LBBB"}] * 6
    assert made.store.column("patient_id").tolist() == [1 + n // 2 for n in range(N)]
    np.testing.assert_array_equal(made.store.column("age"), np.float32([np.nan, *range(1, N)]))
    np.testing.assert_allclose(made.store.millivolts(7), signals[7], atol=6e-4)


def test_archives_by_a_table_of_files(signals, table, tmp_path):
    with zipfile.ZipFile(tmp_path / "ecgs.zip", "w") as archive:
        for n, signal in enumerate(signals):
            stream = io.BytesIO()
            np.save(stream, signal)
            archive.writestr(f"a/{n}.npy", stream.getvalue())
        archive.writestr("a/bad.npy", b"\x93NUMPY")
    files = {"sampling_rate": 100, "unit": "mV", "separator": "none"}
    rows = [[f"a/{n}.npy", "AF" if n % 2 else "SR"] for n in reversed(range(N))]
    made = make(tmp_path / "ecgs.zip", table(["file", "label"], rows), **files)
    assert classes_of(made.store) == [{"SR"}, {"AF"}] * 6
    np.testing.assert_allclose(made.store.millivolts(7), signals[7], atol=6e-4)
    made = make(tmp_path / "ecgs.zip", table(["file", "label"], [*rows, ["a/bad.npy", "AF"]]), **files)
    assert len(made.store) == N
    assert made.bad[0].startswith(f"{tmp_path / 'ecgs.zip'}#a/bad.npy: not a readable NPY array")


def test_gaps_are_bridged_on_request_and_some_leads_are_stored(signals, table, tmp_path):
    holed = signals[:, :, :2].copy()
    holed[2, 100:105, 1] = np.nan
    holed[4, 100:150] = np.nan
    np.save(tmp_path / "ecgs.npy", holed)
    listed = table(["AF", "SR"], [[n % 2, 1 - n % 2] for n in range(N)])
    stated = STATED | {"leads": ("I", "II")}
    made = make(tmp_path / "ecgs.npy", listed, bridge=0.05, **stated)
    assert made.store.leads == ("I", "II")
    assert made.changed == ("1 gaps in 1 recordings became straight lines",)
    assert [line.split(": ")[0] for line in made.bad] == [f"{tmp_path / 'ecgs.npy'}#4"]
    assert "samples are missing" in made.bad[0]
    assert len(make(tmp_path / "ecgs.npy", listed, **stated).store) == N - 2


def test_the_command_takes_a_file_of_many(cli, signals, table, tmp_path):
    np.save(tmp_path / "ecgs.npy", signals)
    listed = table(["label"], [["AF" if n % 2 else "SR"] for n in range(N)])
    command = ["store", "create", tmp_path / "ecgs.npy", listed, tmp_path / "store", "--folds", 2, "--seconds", 3]
    command += ["--separator", "none"]
    assert "states no sampling rate" in cli(*command).fault
    made = cli(*command, "--sampling-rate", 100, "--unit", "mV", "--leads", ",".join(LEADS), "--bridge", 0.1)
    assert made.code == 0, made.err
    assert "  0: SR -> SR\n" in made.out
    assert f"{tmp_path / 'store'}: 12 records, task labels with 2 classes, fold 1-2" in made.out
    assert "no such folder or file" in cli("store", "create", tmp_path / "none", listed, tmp_path / "s").fault
    assert "neither a folder nor a file of many recordings" in cli("store", "create", listed, listed, "s").fault
