"""What readers signed becomes a store and trains; nothing that a person typed gets into the table."""

import csv
import io
import shutil
from dataclasses import replace

import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.readers import read
from twelvelead.service import signals
from twelvelead.service.export import as_wfdb, superclass_of
from twelvelead.weights import Contract, file

PLACE = "/v1/recordings"
HOSTILE = "=cmd|'/C calc'!A1"
ISSUER = "@SUM(1)"
RAW = {"sampling_rate": 500, "unit": "uV"}


def npy(seed):
    buffer = io.BytesIO()
    np.save(buffer, np.rint(synthetic_ecg("normal", seed=seed, sampling_rate=500).signal * 1000).astype(np.int16))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def store(running, key_of, aecg, wfdb_of, tmp_path_factory):
    """A store with recordings of every fate, and id -> what it is."""
    folder = tmp_path_factory.mktemp("kept") / "store"
    ids = {}
    with running(store=folder) as client:
        ward = key_of(client, "ward 3")
        other = key_of(client, "ward 4")

        def keep(name, content, *, headers=ward, statements=None, signed=True, text="", files=None, **asked):
            kept = client.post(PLACE, content=content, files=files, headers=headers, params=asked).json()
            ids[kept["id"]] = name
            if statements is not None:
                sign(kept["id"], statements, signed, text, 0, headers)
            return kept["id"]

        def sign(recording, statements, signed, text, after, headers=ward):
            body = {"statements": statements, "signed": signed, "text": text}
            put = client.put(f"{PLACE}/{recording}/reading", json=body, headers=headers | {"if-match": f'"{after}"'})
            assert put.status_code == 200, put.text

        for number in range(12):
            variant, codes = (
                ("normal", ["NORM", "SR"]),
                ("wide_qrs", ["CRBBB", "LAO/LAE"]),
                ("st_elevation", ["IMI"]),
            )[number % 3]
            said = [{"code": code, "text": HOSTILE} for code in codes]
            keep(
                f"{variant} {number}",
                aecg(variant, number, f"P-{number}"),
                statements=said,
                text=HOSTILE,
                filename="Doe.XML",
            )
        first = keep("first of two", aecg("normal", 20, HOSTILE), statements=[{"code": "AFIB"}])
        second = keep("second of two", aecg("wide_qrs", 21, "X"), statements=[{"code": "MI"}])
        for each in (first, second):
            client.put(f"{PLACE}/{each}/patient", json={"id": HOSTILE, "issuer": ISSUER}, headers=ward)
        sign(second, [{"code": "CLBBB"}, {"code": "LAO/LAE"}], True, "", 1)
        sign(second, [{"code": "NORM"}], False, "a draft after it", 2)
        keep("raw", npy(30), statements=[{"code": "NORM"}], **RAW, age=61, sex="female")
        files = [("file", (path.name, path.read_bytes())) for path in wfdb_of()]
        keep("two files", None, files=files, statements=[{"code": "SR"}])
        keep("draft", aecg("normal", 31), statements=[{"code": "NORM"}], signed=False)
        keep("unread", aecg("normal", 32))
        keep("words", aecg("normal", 33), statements=[{"text": HOSTILE}])
        loose = aecg("normal", 34).replace(b"MDC_ECG_LEAD_V2", b"MDC_ECG_LEAD_X")
        keep("refused", loose, statements=[{"code": "NORM"}])
        keep("another owner's", aecg("normal", 35, "P-0"), headers=other, statements=[{"code": "NORM"}])
    return folder, ids


@pytest.fixture(scope="module")
def wfdb_of(tmp_path_factory):
    """wfdb_of() -> the two files of a WFDB record."""

    def write():
        folder = tmp_path_factory.mktemp("wfdb")
        for name, content in as_wfdb(signals.encode(synthetic_ecg("normal", seed=40, sampling_rate=500))).items():
            (folder / name).write_bytes(content.replace(b"recording.dat", b"r.dat"))
        (folder / "recording.dat").rename(folder / "r.dat")
        return folder / "recording.hea", folder / "r.dat"

    return write


@pytest.fixture
def export(store, cli, tmp_path, monkeypatch):
    """export(*arguments) -> what the command said, the rows of its table, and its two places."""
    monkeypatch.setenv("TWELVELEAD_STORE", str(store[0]))

    def run(*arguments):
        labels = tmp_path / "labels.csv"
        done = cli("serve", "export", "--labels", labels, *arguments)
        assert done.code == 0, done.fault
        with labels.open(newline="") as stream:
            rows = {store[1][row["file"].partition("/")[0]]: row for row in csv.DictReader(stream)}
        return done, rows, labels, tmp_path / "labels"

    return run


def test_signed_readings_are_rows_with_the_superclasses_of_what_they_state(export, tmp_path):
    done, rows, labels, originals = export()
    assert len(rows) == 17
    assert "17 recordings of 15 patients" in done.out
    assert "classes: NORM 6, MI 4, CD 5, HYP 5\n" in done.out
    assert "left out: 1 signed without a code, 1 refused by the quality gate, 2 not signed" in done.out
    assert list(rows["normal 0"]) == ["file", "patient_id", "age", "sex", "NORM", "MI", "CD", "HYP"]
    present = {name: [code for code in list(row)[4:] if row[code] == "1"] for name, row in rows.items()}
    assert present["normal 0"] == ["NORM"]
    assert present["wide_qrs 1"] == ["CD", "HYP"]
    assert present["st_elevation 2"] == ["MI"]
    assert present["first of two"] == []  # AFIB is of no superclass
    assert present["second of two"] == ["CD", "HYP"]  # the newest signed version, not the draft after it
    assert (rows["raw"]["age"], rows["raw"]["sex"]) == ("61", "female")
    assert labels.stat().st_mode & 0o777 == 0o600
    assert originals.stat().st_mode & 0o777 == 0o700


def test_a_patients_recordings_keep_together_and_the_hash_is_another_each_time(export, tmp_path, cli):
    _, rows, labels, originals = export()
    assert rows["first of two"]["patient_id"] == rows["second of two"]["patient_id"]
    assert rows["normal 0"]["patient_id"] == rows["another owner's"]["patient_id"]  # the same id of the same issuer
    assert len({row["patient_id"] for row in rows.values()}) == 15
    labels.unlink()
    shutil.rmtree(originals)
    _, again, _, _ = export()
    assert rows["normal 0"]["patient_id"] != again["normal 0"]["patient_id"]


def test_nothing_that_a_person_typed_is_in_the_table(export):
    _, _, labels, originals = export("--classes", "statement")
    text = labels.read_text()
    for part in ("cmd", "calc", "SUM", "P-1", "DEMO", "ward", "=", "@"):
        assert part not in text
    for line in text.splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in line.split(","))
    assert not any("cmd" in path.name for path in originals.rglob("*"))


def test_codes_can_be_labels_as_they_were_stated(export):
    _, rows, _, _ = export("--classes", "statement", "--owner", "ward 3")
    assert set(list(rows["normal 0"])[4:]) == {"NORM", "IMI", "LAO/LAE", "CRBBB", "CLBBB", "SR", "AFIB"}
    assert "another owner's" not in rows
    assert (rows["second of two"]["CLBBB"], rows["second of two"]["LAO/LAE"], rows["second of two"]["NORM"]) == (
        "1",
        "1",
        "0",
    )


def test_the_files_are_as_they_came_or_their_signal_where_they_cannot_be_read_alone(export, store):
    done, rows, _, originals = export()
    assert "1 of them as WFDB records of their signals" in done.out
    assert rows["normal 0"]["file"].endswith("/recording.xml")
    assert rows["two files"]["file"].endswith("/recording.hea")
    raw = read(originals / rows["raw"]["file"])
    np.testing.assert_allclose(raw.signal, read(npy(30), **RAW).signal, atol=1e-6)
    assert raw.sampling_rate == 500


def test_the_table_and_the_folder_make_a_store_that_fine_tunes(export, cli, tmp_path, monkeypatch):
    training = pytest.importorskip("twelvelead.training.recipe", reason="the extra [train] is not installed")
    # the ONNX export takes longer than all the rest, and has tests of its own
    monkeypatch.setattr(
        "twelvelead.training.writing.write_onnx",
        lambda windowed, path, leads, metadata: shutil.copy(file("reference", "onnx"), path),
    )
    monkeypatch.chdir(tmp_path)
    _, rows, _, _ = export()
    made = cli("store", "create", "labels", "labels.csv", "own.store", "--folds", "4")
    assert made.code == 0, made.fault
    store = Store.open("own.store")
    assert len(store) == len(rows)
    assert store.tasks["labels"].keys() == {"NORM", "MI", "CD", "HYP"}
    patients, folds = store.column("patient_id"), store.column("fold")
    assert len({(patient, fold) for patient, fold in zip(patients, folds, strict=True)}) == len(set(patients)) == 15
    how = {"epochs": 1, "batch_size": 4, "train_folds": (1, 2, 3), "validation_folds": (4,)}
    recipe = replace(training.Recipe.load("fine-tune", "reference"), **how)
    (tmp_path / "one.toml").write_text(recipe.to_toml())
    trained = cli("train", "one.toml", "own.store", "run")
    assert trained.code == 0, trained.fault
    assert "epoch 1 of at most 1: loss " in trained.out
    assert Contract.load(tmp_path / "run" / "weights").classes == ("NORM", "MI", "CD", "HYP")


def test_each_recording_that_goes_out_has_a_row_in_the_audit(export, cli):
    before = cli("serve", "audit", "show").out.count(",export,")
    export("--owner", "ward 4")
    assert cli("serve", "audit", "show").out.count(",export,") == before + 1


def test_what_is_there_is_not_overwritten_and_nothing_is_left_of_what_fails(store, cli, tmp_path, monkeypatch):
    monkeypatch.setenv("TWELVELEAD_STORE", str(store[0]))
    (tmp_path / "there").mkdir()
    there = cli("serve", "export", "--labels", tmp_path / "there.csv")
    assert (there.code, "is there already" in there.fault) == (2, True)
    nobody = cli("serve", "export", "--labels", tmp_path / "new.csv", "--owner", "nobody")
    assert (nobody.code, "nothing to export" in nobody.fault) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


def test_a_signal_is_the_same_as_a_wfdb_record(tmp_path):
    ecg = synthetic_ecg("st_elevation", sampling_rate=257)
    signal = ecg.signal.copy()
    signal[:7, 3] = np.nan
    signal[9, 4] = 80.0
    for name, content in as_wfdb(signals.encode(replace(ecg, signal=signal))).items():
        (tmp_path / name).write_bytes(content)
    found = read(tmp_path / "recording.hea")
    np.testing.assert_allclose(found.signal, signal, atol=80 / 32767)
    assert (found.sampling_rate, found.leads) == (257, ecg.leads)


@pytest.mark.parametrize(
    ("code", "superclass"), [("NORM", "NORM"), ("MI", "MI"), ("IMI", "MI"), ("AFIB", ""), ("x", "")]
)
def test_a_code_has_its_superclass(code, superclass):
    assert superclass_of(code) == superclass
