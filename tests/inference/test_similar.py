"""Embeddings of recordings, and an exact search among them."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from twelvelead import Refused, Unreadable, load
from twelvelead.cli.main import app
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.scoring import recording
from twelvelead.inference.similar import Embeddings

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def engine():
    return load("single")


@pytest.fixture(scope="module")
def file(generated_store, tmp_path_factory):
    path = tmp_path_factory.mktemp("embeddings") / "x.parquet"
    done = CliRunner().invoke(app, ["embed", str(generated_store.path), "--out", str(path)])
    assert done.exit_code == 0, done.output
    assert "100 embeddings of 192 values; as sensitive as the ECGs" in done.output
    return path


def test_an_embedding_is_that_of_run(engine):
    ecg = synthetic_ecg("normal", seed=1, sampling_rate=100)
    expected = engine.run(ecg.signal[None], ecg.features[None], embed=True).embedding[0]
    np.testing.assert_allclose(engine.embed(ecg), expected, atol=1e-5)
    with pytest.raises(Refused):
        engine.embed(replace(ecg, signal=ecg.signal * 0))


def test_a_file_holds_one_row_a_recording(engine, file, generated_store):
    known = Embeddings.load(file)
    assert (len(known), known.knows_patients) == (100, True)
    assert known.columns["patient_id"] == generated_store.column("patient_id").tolist()
    own = engine.embed(recording(generated_store, 7))
    (found, *_) = known.nearest(own)
    assert (found.row, found.similarity) == (7, pytest.approx(1, abs=1e-5))
    patient = known.columns["patient_id"][7]
    others = known.nearest(own, 99, patient)
    assert len(others) == 98
    assert patient not in {known.columns["patient_id"][each.row] for each in others}


def test_the_search_is_exact():
    rng = np.random.default_rng(0)
    vectors, wanted = rng.normal(size=(500, 16)), rng.normal(size=16)
    cosines = vectors @ wanted / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted)
    found = Embeddings(vectors, {"source": []}, "").nearest(wanted, 20)
    assert [each.row for each in found] == np.argsort(-cosines)[:20].tolist()
    np.testing.assert_allclose([each.similarity for each in found], np.sort(cosines)[::-1][:20], atol=1e-6)
    assert len(Embeddings(vectors[:3], {}, "").nearest(wanted, 20)) == 3


def test_the_command_says_whose_recordings_it_leaves_out(file, generated_store, tmp_path):
    np.save(tmp_path / "ecg.npy", generated_store.millivolts(7))
    command = ["similar", str(tmp_path / "ecg.npy"), "--among", str(file), "--sampling-rate", "100", "--unit", "mV"]
    done = CliRunner().invoke(app, [*command, "--count", "100"])
    assert done.exit_code == 0, done.output
    assert "names no patient (--patient), so nobody's recordings are left out" in done.output
    assert "ECG 8\n" in done.output
    patient = str(generated_store.column("patient_id")[7])
    done = CliRunner().invoke(app, [*command, "--patient", patient, "--count", "100"])
    assert "ECG 8\n" not in done.output
    assert "nobody" not in done.output


def test_what_is_no_such_file_or_of_other_weights_is_refused(file, tmp_path, tiny_run, generated_store):
    (tmp_path / "x.parquet").write_bytes(b"none")
    with pytest.raises(Unreadable, match="no embeddings"):
        Embeddings.load(tmp_path / "x.parquet")
    with pytest.raises(Unreadable, match=r"none\.parquet: no such file; make it with twelvelead embed"):
        Embeddings.load(tmp_path / "none.parquet")
    np.save(tmp_path / "ecg.npy", generated_store.millivolts(7))
    command = ["similar", str(tmp_path / "ecg.npy"), "--among", str(file), "--sampling-rate", "100", "--unit", "mV"]
    done = CliRunner().invoke(app, [*command, "--weights", str(tiny_run)])
    assert "made by other weights than tiny" in str(done.exception)


def test_a_file_in_steps_is_embedded_and_found_by_the_scale_that_is_stated(generated_store, tmp_path):
    (tmp_path / "steps").mkdir()
    for row in range(2):
        steps = np.round(generated_store.millivolts(row) * 1000).astype(np.int16)
        np.save(tmp_path / "steps" / f"{row}.npy", steps)
    stated = ["--sampling-rate", "100", "--scale", "1"]
    out = str(tmp_path / "x.parquet")
    done = CliRunner().invoke(app, ["embed", str(tmp_path / "steps"), "--out", out, *stated])
    assert done.exit_code == 0, done.output
    asked = ["similar", str(tmp_path / "steps" / "1.npy"), "--among", out, *stated]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    similarities = [line.split()[0] for line in done.output.splitlines() if line.endswith(".npy")]
    assert similarities[0] == "1.0000"
    assert len(similarities) == 2
    in_millivolts = load("single").embed(replace(recording(generated_store, 1), age=None, sex=None))
    (nearest, _) = Embeddings.load(tmp_path / "x.parquet").nearest(in_millivolts)
    assert nearest.similarity > 0.999
