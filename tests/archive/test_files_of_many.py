"""Recordings in HDF5, Parquet, NPY, tar and zip are answered as they are in files of their own."""

import numpy as np
import pytest

from twelvelead.archive import open_scores
from twelvelead.archive.answering import Answerer, Task
from twelvelead.archive.inputs import Input, Shard
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import Naming

N = 3
TASK = Task(reading={"sampling_rate": 100, "unit": "mV"}, leads=LEADS)


@pytest.fixture(scope="module")
def signals():
    """[3, 1000, 12] float32 mV at 100 Hz."""
    kinds = ("normal", "wide_qrs", "high_voltage")
    return np.stack([synthetic_ecg(kinds[n], seed=n, sampling_rate=100).signal for n in range(N)])


@pytest.fixture(scope="module")
def answerer():
    return Answerer(TASK)


@pytest.fixture
def rows(answerer, tmp_path):
    """rows(*sources, **of_sources) -> source -> its row, answered in this process."""

    def run(*names, **more):
        sources = Sources([str(name) for name in names], opening=TASK.opening, **more)
        place = tmp_path / f"scores{len(list(tmp_path.glob('scores*')))}"
        task = Task(reading=TASK.reading, leads=LEADS, copied=sources.copied)
        answered = Answerer(task) if sources.copied else answerer
        score(sources, Place.of(str(place)), task, lambda inputs, _: ([answered.answer(one)] for one in inputs))
        return {row.pop("source"): row for row in open_scores(place).table().to_pylist()}

    return run


@pytest.fixture(scope="module")
def alone(signals, answerer, tmp_path_factory):
    """The rows of the recordings in files of their own."""
    folder = tmp_path_factory.mktemp("alone")
    found = []
    for n, signal in enumerate(signals):
        np.save(folder / f"{n}.npy", signal)
        found.append(answerer.answer(Input("one", str(folder / f"{n}.npy"))))
    return found


@pytest.mark.parametrize("suffix", [".npy", ".h5", ".parquet", ".tar", ".zip"])
def test_rows_are_those_of_files_of_their_own(rows, alone, signals, written, tmp_path, suffix):
    path, members = written(tmp_path / f"many{suffix}", signals)
    found = rows(path)
    assert list(found) == [f"{path}#{member}" for member in members]
    without = {"sha256"} if suffix in (".npy", ".h5", ".parquet") else set()
    for row, one in zip(found.values(), alone, strict=True):
        wanted = {name: value for name, value in one.items() if name not in without | {"source"}}
        assert row["status"] == "ok"
        for name, value in wanted.items():
            assert row[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), name


def test_a_manifest_names_members_with_what_is_known_of_them(rows, alone, signals, written, tmp_path):
    written(tmp_path / "many.npy", signals)
    written(tmp_path / "many.zip", signals)
    np.save(tmp_path / "one.npy", signals[0])
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(
        "path,member,age,sex,site\nmany.npy,1,70,F,a\nmany.npy,2,,,b\nmany.npy,7,,,b\nmany.zip,../0.npy,,,b\n"
        "one.npy,,,,c\nnone.h5,1,,,c\n"
    )
    found = rows(manifest, copied=("site",))
    assert [source.removeprefix(f"{tmp_path}/") for source in found] == [
        "many.npy#1",
        "many.npy#2",
        "many.npy#7",
        "many.zip#../0.npy",
        "one.npy",
        "none.h5#1",
    ]
    first, second, missing, zipped, one, none = found.values()
    assert (first["age"], first["sex"], first["site"]) == (70, "female", "a")
    assert first["probability_CD"] != pytest.approx(alone[1]["probability_CD"], rel=1e-6)
    assert second["probability_CD"] == pytest.approx(alone[2]["probability_CD"], rel=1e-6)
    assert zipped["probability_CD"] == one["probability_CD"] == pytest.approx(alone[0]["probability_CD"], rel=1e-6)
    assert (missing["status"], missing["code"]) == ("unreadable", "not-found")
    assert none["message"] == f"{tmp_path}/none.h5#1: its file cannot be read: no such file; check the path"
    manifest.write_text("path,member\nmany.npy,1\nmany.npy,1\n")
    with pytest.raises(TwelveLeadError, match="row 2 has the path of an earlier row"):
        rows(manifest)


def test_shards_share_the_members_and_names_may_be_hashed(signals, written, tmp_path):
    path, members = written(tmp_path / "many.npy", np.repeat(signals, 10, axis=0))
    shares = [Sources([str(path)], shard=Shard(k, 3), opening=TASK.opening) for k in (1, 2, 3)]
    taken = [given.member for share in shares for given in share]
    assert sorted(taken, key=int) == members
    assert [share.total for share in shares] == [len(list(share)) for share in shares]
    secret = Sources([str(path)], naming=Naming(key=b"0" * 16), opening=TASK.opening)
    assert all(given.source.startswith("ecg-") for given in secret)
    assert len({given.source for given in secret}) == 30


def test_a_file_that_cannot_be_opened_is_one_line_and_nothing_is_written(cli, signals, written, tmp_path):
    path, _ = written(tmp_path / "many.npy", signals)
    said = cli("score", path, "--out", tmp_path / "scores", "--sampling-rate", 100, "--unit", "mV")
    assert (said.code, "does not say which leads its columns are" in said.fault) == (2, True)
    said = cli("score", path, "--out", tmp_path / "scores", "--sampling-rate", 100, "--leads", ",".join(LEADS))
    assert "states no unit; give it, as in --unit uV" in said.fault
    path.write_bytes(path.read_bytes()[:-1000])
    stated = ("--sampling-rate", 100, "--unit", "mV", "--leads", ",".join(LEADS))
    assert "truncated or damaged" in cli("score", path, "--out", tmp_path / "scores", *stated).fault
    assert not (tmp_path / "scores").exists()


def test_the_command_answers_a_file_of_many_in_processes(cli, alone, signals, written, tmp_path):
    path, _ = written(tmp_path / "many.npy", signals)
    stated = ("--sampling-rate", 100, "--unit", "mV", "--leads", ",".join(LEADS), "--processes", 1)
    said = cli("score", path, "--out", tmp_path / "scores", *stated)
    assert (said.code, said.out) == (0, f"{tmp_path / 'scores'}: 3 ok\n"), said.err
    found = {row["source"]: row for row in open_scores(tmp_path / "scores").table().to_pylist()}
    assert found[f"{path}#2"]["probability_HYP"] == pytest.approx(alone[2]["probability_HYP"], rel=1e-6)
    again = cli("score", path, "--out", tmp_path / "scores", *stated)
    assert again.out == said.out
