import os
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import twelvelead
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import QUANTITIES, measure
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.inference import many, workers
from twelvelead.inference.many import Task, score

TASK = Task(reading={"sampling_rate": 100, "unit": "mV"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("ecgs")
    for number in range(5):
        ecg = synthetic_ecg("normal", seed=number).resampled(100)
        np.save(place / f"good{number}.npy", ecg.signal)
    (place / "torn.npy").write_bytes((place / "good0.npy").read_bytes()[:500])
    flat = np.load(place / "good1.npy")
    flat[:, LEADS.index("V3")] = 0
    np.save(place / "flat.npy", flat)
    return place


def rows(out):
    return {Path(row["source"]).name: row for row in pq.read_table(out).to_pylist()}


def test_every_file_has_one_row_and_a_bad_one_stops_nothing(folder, tmp_path):
    seen = []
    counts = score(
        sorted(folder.iterdir()), tmp_path / "t", TASK, processes=2, progress=lambda what, *at: seen.append(at)
    )
    assert counts == {"ok": 5, "unreadable": 1, "refused": 1}
    assert seen[0] == (0, 7)
    assert seen[-1] == (7, 7)
    found = rows(tmp_path / "t")
    assert len(found) == 7
    assert "torn.npy" in found["torn.npy"]["message"]
    assert "V3" in found["flat.npy"]["message"]
    assert found["flat.npy"]["probability_MI"] is None
    alone = twelvelead.load().predict(twelvelead.read(folder / "good2.npy", sampling_rate=100, unit="mV"))
    assert found["good2.npy"]["probability_MI"] == pytest.approx(alone.probabilities["MI"], abs=1e-6)
    assert found["good2.npy"]["decision_MI"] == alone.classes[1].decision


def test_an_interrupted_table_goes_on_where_it_was(folder, tmp_path, monkeypatch):
    files, out = sorted(folder.iterdir()), tmp_path / "t"
    monkeypatch.setattr(workers, "CHUNK", 1)

    def interrupt(what, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(files, out, TASK, processes=1, progress=interrupt)
    first = rows(out)
    assert len(first) == 3
    begun = []
    assert score(files, out, TASK, processes=1, progress=lambda what, *at: begun.append(at)).total() == 7
    assert begun[0] == (3, 7)
    assert len(rows(out)) == 7
    assert len(pq.read_table(out)) == 7
    assert score(files, out, TASK, processes=1).total() == 7


def test_a_row_says_what_was_read_and_why_there_is_no_answer(folder, tmp_path):
    score(sorted(folder.iterdir()), tmp_path / "t", TASK, processes=1)
    found = rows(tmp_path / "t")
    for name in ("good0.npy", "flat.npy"):
        assert found[name]["sha256"] == sha256((folder / name).read_bytes()).hexdigest()
        assert (found[name]["duration_s"], found[name]["sampling_rate_hz"]) == (10, 100)
    assert (found["good0.npy"]["code"], found["good0.npy"]["message"]) == (None, None)
    assert (found["flat.npy"]["code"], found["flat.npy"]["findings"]) == ("flat", ["flat"])
    assert found["torn.npy"]["code"] in ("damaged", "truncated")
    measured = measure(twelvelead.read(folder / "good0.npy", sampling_rate=100, unit="mV"))
    for name in QUANTITIES:
        assert found["good0.npy"][name] == pytest.approx(getattr(measured, name), rel=1e-6)
        assert found["flat.npy"][name] is None
    score([folder / "good0.npy"], tmp_path / "bare", replace(TASK, measure=False), processes=1)
    assert rows(tmp_path / "bare")["good0.npy"]["heart_rate_per_minute"] is None


def test_a_table_of_other_settings_is_not_mixed_in(folder, tmp_path):
    one = [folder / "good0.npy"]
    score(one, tmp_path / "t", TASK, processes=1)
    with pytest.raises(TwelveLeadError, match='begun with operating_point "accuracy", not "f1"'):
        score(one, tmp_path / "t", replace(TASK, operating_point="f1"), processes=1)
    with pytest.raises(TwelveLeadError, match=r'begun with reading .*"mV".*, not .*"uV"'):
        score(one, tmp_path / "t", Task(reading={"sampling_rate": 100, "unit": "uV"}), processes=1)
    (tmp_path / "t" / "part-00001.parquet").write_bytes(b"torn")
    with pytest.raises(TwelveLeadError, match=r"part-00001\.parquet"):
        score(one, tmp_path / "t", TASK, processes=1)


@pytest.mark.parametrize(
    ("reading", "fault"),
    [
        ({"unit": "furlong"}, "'furlong' is no unit of voltage"),
        ({"scale": 0.0}, "a scale of 0 cannot be"),
        ({"sampling_rate": -1.0}, "a sampling rate of -1 Hz cannot be"),
    ],
)
def test_what_no_file_can_be_read_with_is_told_before_any_is(folder, tmp_path, reading, fault):
    with pytest.raises(TwelveLeadError, match=fault):
        score(sorted(folder.iterdir()), tmp_path / "t", replace(TASK, reading=reading), processes=1)
    assert not (tmp_path / "t").exists()


def test_an_item_that_kills_its_process_costs_that_item_alone():
    # raise_signal(0) does nothing; a killed process says nothing any more
    job = workers.Job(os.getpid, (), signal.raise_signal, lambda item: f"died at {item}")
    found = [result for some in workers.results([0, signal.SIGKILL, 0], job, 1) for result in some]
    assert sorted(map(str, found)) == ["None", "None", f"died at {signal.SIGKILL}"]


def test_a_file_that_kills_its_process_gets_a_row(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(many, "results", lambda items, job, processes: [[job.died(item) for item in items]])
    assert score([folder / "good3.npy"], tmp_path / "t", TASK) == {"unreadable": 1}
    assert "died" in rows(tmp_path / "t")["good3.npy"]["message"]
