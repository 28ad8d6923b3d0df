import csv
import shutil

import numpy as np
import pytest
import wfdb

from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.store import Store
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import Unreadable


def file_of(folder, number):
    return folder / f"records100/00000/{number:05d}_lr.dat"


def test_a_generated_folder(folder, tmp_path):
    made = prepare(folder, tmp_path / "store")
    assert (made.bad, made.absent) == ((), ())
    store = Store.open(tmp_path / "store")
    assert (len(store), store.samples, store.sampling_rate, store.leads) == (6, 1000, 100.0, LEADS)
    assert store.column("fold").tolist() == [1, 1, 2, 2, 3, 3]
    for number in range(6):
        np.testing.assert_array_equal(store.signals[number].ravel(), np.fromfile(file_of(folder, number + 1), "<i2"))


def test_a_fold_without_files_is_left_out(folder, tmp_path):
    for number in (3, 4):
        file_of(folder, number).unlink()
        file_of(folder, number).with_suffix(".hea").unlink()
    made = prepare(folder, tmp_path / "store")
    assert made.absent == (2,)
    assert made.store.column("ecg_id").tolist() == [1, 2, 5, 6]


@pytest.mark.parametrize("suffix", [".dat", ".hea"])
def test_a_fold_that_lacks_a_file_is_refused(folder, tmp_path, suffix):
    file_of(folder, 4).with_suffix(suffix).unlink()
    with pytest.raises(Unreadable, match=rf"1 of 6 records of fold 1-3 lack a file \(first: .*00004_lr{suffix}\)"):
        prepare(folder, tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_no_records_at_all(folder, tmp_path):
    shutil.rmtree(folder / "records100")
    with pytest.raises(Unreadable, match=r"none of the 6 records .*first: records100/00000/00001_lr\.hea"):
        prepare(folder, tmp_path / "store")
    with pytest.raises(Unreadable, match="no such folder"):
        prepare(tmp_path / "nowhere", tmp_path / "store")
    with pytest.raises(Unreadable, match=r"scp_statements\.csv: cannot be read"):
        prepare(tmp_path, tmp_path / "store")


def test_damaged_records_are_left_out_and_named(folder, tmp_path):
    truncated, flipped, nonsense = (file_of(folder, number) for number in (1, 3, 4))
    truncated.write_bytes(truncated.read_bytes()[:-2])
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"\x55")
    nonsense.with_suffix(".hea").write_text("nonsense")
    made = prepare(folder, tmp_path / "store")
    assert made.store.column("ecg_id").tolist() == [2, 5, 6]
    np.testing.assert_array_equal(made.store.signals[1].ravel(), np.fromfile(file_of(folder, 5), "<i2"))
    for line, name, fault in zip(
        made.bad, ("00001_lr", "00003_lr", "00004_lr"), ("truncated", "checksum", "header"), strict=True
    ):
        assert name in line
        assert fault in line
        assert "\n" not in line


def test_nothing_readable_writes_nothing(folder, tmp_path):
    for number in range(1, 7):
        file_of(folder, number).write_bytes(b"")
    with pytest.raises(Unreadable, match=r"none of its 6 records can be read; the first is .*00001_lr"):
        prepare(folder, tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"rate": 200}, "1000 samples at 200 Hz"),
        ({"leads": ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "VX")}, "leads"),
        ({"gain": "1000.0(0)/mmHg"}, "mmHg"),
        ({"gain": "10.0(0)/mV"}, "32 mV"),
    ],
)
def test_a_record_of_another_kind_is_left_out(folder, tmp_path, write_record, changes, fault):
    rng = np.random.default_rng(0)
    signal = rng.integers(-2000, 2000, (1000, 12), dtype=np.int16)
    write_record(file_of(folder, 2).with_suffix(""), signal, **changes)
    made = prepare(folder, tmp_path / "store")
    assert made.store.column("ecg_id").tolist() == [1, 3, 4, 5, 6]
    (line,) = made.bad
    assert fault in line


def test_an_invalid_sample_is_not_a_voltage(folder, tmp_path, write_record):
    for number, gain in ((1, "1000.0(0)/mV"), (2, "2000.0(0)/mV")):
        signal = np.zeros((1000, 12), np.int16)
        signal[5, 6] = -32768
        write_record(file_of(folder, number).with_suffix(""), signal, gain=gain)
    made = prepare(folder, tmp_path / "store")
    assert len(made.bad) == 2
    assert all("missing" in line for line in made.bad)


@pytest.mark.parametrize("gain", ["200.0(0)/mV", "1000.0(-31)/mV", "0.5(7)/uV", "1000000(0)/V", "1000.0(0)/mV"])
def test_gain_order_and_extra_leads_become_ours(folder, tmp_path, write_record, gain):
    rng = np.random.default_rng(1)
    signal = rng.integers(-500, 500, (1000, 13), dtype=np.int16)
    leads = ("V6", "resp", "V5", "V4", "V3", "V2", "V1", "avf", "aVL", "AVR", "iii", "ii", "i")
    stem = file_of(folder, 6).with_suffix("")
    write_record(stem, signal, leads=leads, gain=gain)
    reference, fields = wfdb.rdsamp(str(stem))
    scale = {"mV": 1000, "uV": 1, "V": 1e6}[fields["units"][0]]
    order = [[name.upper() for name in leads].index(lead.upper()) for lead in LEADS]
    store = prepare(folder, tmp_path / "store").store
    assert np.abs(store.signals[5] - reference[:, order] * scale).max() <= 0.501


def test_is_reproducible_and_reports_its_progress(folder, tmp_path):
    seen = []
    first = prepare(folder, tmp_path / "a", progress=lambda *told: seen.append(told)).store
    assert seen == [("records", done, 6) for done in range(7)]
    assert prepare(folder, tmp_path / "b").store.data_hash == first.data_hash


def test_real_signals_are_those_that_wfdb_reads(ptbxl_folder, ptbxl_store):
    assert len(ptbxl_store) == 400
    assert np.unique(ptbxl_store.column("fold")).tolist() == [8, 9]
    with (ptbxl_folder / "ptbxl_database.csv").open(newline="") as stream:
        files = {int(row["ecg_id"]): row["filename_lr"] for row in csv.DictReader(stream)}
    for record in range(0, 400, 10):
        reference, fields = wfdb.rdsamp(str(ptbxl_folder / files[ptbxl_store.column("ecg_id")[record]]))
        assert [name.upper() for name in fields["sig_name"]] == [lead.upper() for lead in LEADS]
        np.testing.assert_array_equal(ptbxl_store.signals[record], np.rint(reference * 1000))


def test_500_hz(shared_ptbxl, tmp_path):
    """The 24 real records at 500 Hz, with the rows of the others taken out of the table."""
    folder = tmp_path / "folder"
    shutil.copytree(shared_ptbxl / "records500", folder / "records500")
    shutil.copy(shared_ptbxl / "scp_statements.csv", folder)
    with (shared_ptbxl / "ptbxl_database.csv").open() as stream:
        head, *rows = stream.readlines()
    there = {file.stem for file in (folder / "records500").rglob("*.hea")}
    kept = [row for row in rows if row.rstrip().rpartition("/")[2] in there]
    (folder / "ptbxl_database.csv").write_text("".join([head, *kept]))
    store = prepare(folder, tmp_path / "store", rate=500).store
    assert (len(store), store.samples, store.sampling_rate) == (len(there), 5000, 500.0)
    reference, _ = wfdb.rdsamp(str(next((folder / "records500").rglob(f"{store.column('ecg_id')[0]:05d}_hr.hea")))[:-4])
    np.testing.assert_array_equal(store.signals[0], np.rint(reference * 1000))
