import os
import signal
import time
from dataclasses import replace
from functools import partial
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import pytest

import twelvelead
from twelvelead.archive import local, open_scores
from twelvelead.archive.answering import Answerer, Task, columns_from
from twelvelead.archive.inputs import Input, Shard, digest
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import QUANTITIES, measure
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.inference import workers
from twelvelead.inference.workers import Job, results
from twelvelead.naming import Naming

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
    return {Path(row["source"]).name: row for row in open_scores(out).table().to_pylist()}


def run(names, out, task=TASK, answers=local.answers, **more):
    return score(Sources([str(name) for name in names]), Place.of(out), task, answers, **more)


def test_every_file_has_one_row_and_a_bad_one_stops_nothing(folder, tmp_path):
    seen = []
    counts = run([folder, folder / "flat.npy"], tmp_path / "t", progress=lambda what, *at: seen.append(at))
    assert counts == {"ok": 5, "unreadable": 1, "refused": 1}
    assert (seen[0][0], seen[-1]) == (0, (7, 7))
    found = rows(tmp_path / "t")
    assert len(found) == len(open_scores(tmp_path / "t")) == 7
    assert "torn.npy" in found["torn.npy"]["message"]
    assert "V3" in found["flat.npy"]["message"]
    assert found["flat.npy"]["probability_MI"] is None
    alone = twelvelead.load().predict(twelvelead.read(folder / "good2.npy", sampling_rate=100, unit="mV"))
    assert found["good2.npy"]["probability_MI"] == pytest.approx(alone.probabilities["MI"], abs=1e-6)
    assert found["good2.npy"]["decision_MI"] == alone.classes[1].decision


def test_an_interrupted_table_goes_on_where_it_was(folder, tmp_path, here):
    def interrupt(what, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([folder], tmp_path / "t", answers=here, progress=interrupt)
    assert len(rows(tmp_path / "t")) == 3
    begun = []
    assert run([folder], tmp_path / "t", answers=here, progress=lambda what, *at: begun.append(at)).total() == 7
    assert (begun[0][0], begun[-1]) == (3, (7, 7))
    assert len(rows(tmp_path / "t")) == len(open_scores(tmp_path / "t")) == 7
    assert run([folder], tmp_path / "t", answers=here).total() == 7


def test_a_row_says_what_was_read_and_why_there_is_no_answer(folder, tmp_path, here):
    run([folder], tmp_path / "t", answers=here)
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


def test_columns_are_chosen_by_groups(folder, tmp_path, here):
    run([folder / "good0.npy"], tmp_path / "bare", replace(TASK, columns=()), here)
    assert rows(tmp_path / "bare")["good0.npy"].keys().isdisjoint({"probability_MI", *QUANTITIES})
    run([folder / "good0.npy"], tmp_path / "t", replace(TASK, columns=columns_from("statements,embedding")), here)
    row = rows(tmp_path / "t")["good0.npy"]
    engine, ecg = twelvelead.load(), twelvelead.read(folder / "good0.npy", sampling_rate=100, unit="mV")
    assert row["embedding"] == pytest.approx(engine.embed(ecg).tolist(), abs=1e-5)
    for said in engine.predict(ecg).statements:
        assert row[f"statement_probability_{said.name}"] == pytest.approx(said.probability, abs=1e-6)
        assert row[f"statement_decision_{said.name}"] == said.decision
    with pytest.raises(TwelveLeadError, match="--columns embeddings: choose from classes, measurements"):
        columns_from("embeddings")


def test_rows_do_not_depend_on_what_is_answered_with_them(folder):
    answerer = Answerer(replace(TASK, columns=("classes", "measurements", "embedding")))
    inputs = [Input(file.name, str(file)) for file in sorted(folder.iterdir())]
    for together, given in zip(answerer.answer_each(inputs), inputs, strict=True):
        alone = answerer.answer(given)
        assert together.keys() == alone.keys()
        for name, value in alone.items():
            np.testing.assert_array_equal(together[name], value, name)


def test_a_fault_of_ours_in_one_of_many_costs_that_one(folder, monkeypatch):
    answerer = Answerer(TASK)
    real = answerer._engine.run

    def faulty(ecg, features, **how):
        if np.isclose(ecg, np.load(folder / "good3.npy")).all(axis=(1, 2)).any():
            raise ZeroDivisionError("somewhere")
        return real(ecg, features, **how)

    monkeypatch.setattr(answerer._engine, "run", faulty)
    said = answerer.answer_each([Input(f"{n}", str(folder / f"good{n}.npy")) for n in range(5)])
    assert [row["status"] for row in said] == ["ok", "ok", "ok", "failed", "ok"]
    assert said[3]["message"] == "3: ZeroDivisionError: somewhere"


def test_other_settings_into_a_finished_table_are_refused(folder, tmp_path, here):
    one = [folder / "good0.npy"]
    run(one, tmp_path / "t", answers=here)
    with pytest.raises(TwelveLeadError, match='begun with operating_point "accuracy", not "f1"'):
        run(one, tmp_path / "t", replace(TASK, operating_point="f1"), here)
    with pytest.raises(TwelveLeadError, match=r'begun with reading .*"mV".*, not .*"uV"'):
        run(one, tmp_path / "t", Task(reading={"sampling_rate": 100, "unit": "uV"}), here)
    with pytest.raises(TwelveLeadError, match="begun with other columns, such as axis_degrees"):
        run(one, tmp_path / "t", replace(TASK, columns=("classes",)), here)


@pytest.mark.parametrize(
    ("task", "fault"),
    [
        (Task(reading={"unit": "furlong"}), "'furlong' is no unit of voltage"),
        (Task(reading={"scale": 0.0}), "a scale of 0 cannot be"),
        (Task(reading={"sampling_rate": -1.0}), "a sampling rate of -1 Hz cannot be"),
        (Task("reference", columns=("statements",)), "answer no statements"),
        (Task(copied=("source",)), "--copy source: the table has a column of that name already"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_read_or_written(folder, tmp_path, task, fault):
    with pytest.raises(TwelveLeadError, match=fault):
        run([folder], tmp_path / "t", task)
    assert not (tmp_path / "t").exists()


def test_all_shards_together_are_the_archive(folder, tmp_path, here):
    for number in (1, 2, 3):
        sources = Sources([str(folder)], shard=Shard(number, 3))
        score(sources, Place.of(tmp_path / "t"), TASK, here)
    names = open_scores(tmp_path / "t").table(["source"]).column("source").to_pylist()
    assert sorted(names) == sorted(str(file) for file in folder.iterdir())


def test_shards_with_another_key_of_names_are_refused(folder, tmp_path, here):
    for key, begins in ((b"a" * 16, True), (b"b" * 16, False)):
        sources = Sources([str(folder / "good0.npy")], Naming(key=key))
        if begins:
            score(sources, Place.of(tmp_path / "t"), TASK, here)
        else:
            with pytest.raises(TwelveLeadError, match="begun with name_key"):
                score(sources, Place.of(tmp_path / "t"), TASK, here)
    text = (tmp_path / "t" / "_manifest.json").read_text()
    assert "a" * 16 not in text


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "x/3", "1/0", "-1/3", "1/3/3", "", "1/", "²/3", "1.0/3"])
def test_what_is_no_shard_is_refused_in_one_line(text):
    with pytest.raises(TwelveLeadError, match=f"--shard {text}"):
        Shard.parse(text)


def test_shards_are_equal_shares_that_never_change():
    counts = [sum(Shard(k, 4).holds(digest(f"ecg{number}")) for number in range(4000)) for k in (1, 2, 3, 4)]
    assert sum(counts) == 4000
    assert min(counts) > 900
    # as every version and machine has to have it
    assert digest("ecg") == int.from_bytes(blake2b(b"ecg", digest_size=16).digest(), "big")


def kill(numbers):
    for number in numbers:
        signal.raise_signal(number)  # 0 does nothing; a killed process says nothing any more
    return numbers


def sleep(seconds):
    for each in seconds:
        time.sleep(each)
    return seconds


def job(work):
    return Job(os.getpid, (), work, lambda item: f"died at {item}", lambda item: f"late at {item}")


@pytest.fixture
def quick(monkeypatch):
    """Processes that start at once: nothing here has threads that a fork would lose."""
    monkeypatch.setattr(workers, "METHOD", "fork")


def all_results(items, work, **how):
    return sorted(str(result) for some in results(items, job(work), 1, **how) for result in some)


def test_an_item_that_kills_its_process_costs_that_item_alone(quick):
    assert all_results([0, signal.SIGKILL, 0], kill) == ["0", "0", f"died at {signal.SIGKILL}"]


def test_an_item_that_takes_too_long_costs_that_item_alone(quick):
    assert all_results([0.0, 3600.0, 0.01], sleep, limit=0.3) == ["0.0", "0.01", "late at 3600.0"]


def test_slow_items_come_in_smaller_chunks(quick, monkeypatch):
    monkeypatch.setattr(workers, "TURN", 0.05)
    sizes = [len(some) for some in results([0.02] * 40, job(sleep), 1) if some]
    assert sizes[0] == 16
    assert sizes[-1] <= 2
    assert sum(sizes) == 40


def test_items_are_taken_when_their_turn_comes(quick):
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield 0.0

    going = results(items(), job(sleep), 1)
    while not next(going):
        pass
    assert len(taken) <= 4 * workers.CHUNK
    going.close()


def fail():
    os._exit(1)


def test_processes_that_cannot_start_are_told_in_one_line(quick):
    with pytest.raises(TwelveLeadError, match="processes cannot be started"):
        list(results([1], job(sleep)._replace(prepare=fail), 1))


class Hostile:
    """Answers as `Answerer` does, but for two files."""

    def __init__(self, task):
        pass

    def answer_each(self, inputs):
        for given in inputs:
            if "good3" in given.source:
                os._exit(1)
            if "good4" in given.source:
                time.sleep(3600)
        return [{"source": given.source, "status": "ok"} for given in inputs]


def test_files_that_kill_or_hold_up_get_a_row(folder, tmp_path, monkeypatch, quick):
    monkeypatch.setattr(local, "Answerer", Hostile)
    answers = partial(local.answers, processes=2, limit=0.3)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,site\n" + "".join(f"{folder}/good{n}.npy,north\n" for n in range(5)))
    sources = Sources([str(manifest)], copied=("site",))
    assert score(sources, Place.of(tmp_path / "t"), replace(TASK, copied=("site",)), answers) == {
        "ok": 3,
        "unreadable": 2,
    }
    found = rows(tmp_path / "t")
    assert "the process that read it died" in found["good3.npy"]["message"]
    assert "it took longer than an input may take" in found["good4.npy"]["message"]
    assert found["good3.npy"]["site"] == found["good4.npy"]["site"] == "north"
