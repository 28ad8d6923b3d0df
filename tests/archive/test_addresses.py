"""Recordings behind URLs: in memory, and on a web server that asks for a password, sends elsewhere or hangs."""

import io
import sys

import numpy as np
import pytest

pytest.importorskip("fsspec", reason="the extra [archive] is not installed")
pytest.importorskip("aiohttp", reason="the extra [archive] is not installed")

from twelvelead.archive import open_scores
from twelvelead.archive.answering import Answerer, Task
from twelvelead.archive.inputs import Input
from twelvelead.archive.listing import each_recording
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import MissingExtra, TwelveLeadError
from twelvelead.readers.find import Found

TASK = Task(reading={"sampling_rate": 100, "unit": "mV"})


def as_npy():
    content = io.BytesIO()
    np.save(content, synthetic_ecg("normal").resampled(100).signal)
    return content.getvalue()


def as_wfdb(name):
    """The header and the signals of a record, one microvolt a step."""
    samples = np.rint(synthetic_ecg("normal").resampled(100).signal * 1000).astype("<i2")
    lines = [f"{name} 12 100 {len(samples)}"]
    lines += [
        f"{name}.dat 16 1000/mV 16 0 {column[0]} {_checksum(column)} 0 {lead}"
        for lead, column in zip(LEADS, samples.T, strict=True)
    ]
    return "\n".join(lines).encode() + b"\n", samples.tobytes()


def _checksum(column):
    return (int(column.astype(np.int64).sum()) + 0x8000) % 0x10000 - 0x8000


@pytest.fixture(scope="module")
def recording():
    return as_npy()


def rows(out):
    return {row["source"]: row for row in open_scores(out).table().to_pylist()}


def test_a_folder_behind_a_url_is_listed_to_the_bottom_with_the_parts_of_a_record_once(
    memory, recording, tmp_path, here
):
    header, signals = as_wfdb("one")
    memory.pipe("/ecgs/a/one.hea", header)
    memory.pipe("/ecgs/a/one.dat", signals)
    memory.pipe("/ecgs/b/two.npy", recording)
    memory.pipe("/ecgs/.hidden/three.npy", recording)
    memory.pipe("/ecgs/notes.pdf", b"%PDF-1.4")
    memory.pipe("/ecgs/without", b"nothing that is known")
    memory.pipe("/ecgsbeside/four.npy", recording)
    sources = Sources(["memory://ecgs/"])
    counts = score(sources, Place.of(tmp_path / "t"), TASK, here)
    assert counts == {"ok": 2}
    assert sources.found.passed_over == {"hidden": 1, ".pdf": 1, "without a suffix": 1}
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "one.hea").write_bytes(header)
    (tmp_path / "local" / "one.dat").write_bytes(signals)
    (tmp_path / "local" / "two.npy").write_bytes(recording)
    score(Sources([str(tmp_path / "local")]), Place.of(tmp_path / "u"), TASK, here)
    remote, local = rows(tmp_path / "t"), rows(tmp_path / "u")
    assert [*remote] == ["memory://ecgs/a/one.hea", "memory://ecgs/b/two.npy"]
    for one, other in zip(remote.values(), local.values(), strict=True):
        assert {**one, "source": ""} == {**other, "source": ""}


def test_a_manifest_may_list_urls(memory, recording, tmp_path, here):
    memory.pipe("/ecgs/two.npy", recording)
    (tmp_path / "list.csv").write_text("path,id\nmemory://ecgs/two.npy,7\nmemory://ecgs/three.npy,8\n")
    score(Sources([str(tmp_path / "list.csv")]), Place.of(tmp_path / "t"), TASK, here)
    found = rows(tmp_path / "t")
    assert (found["7"]["status"], found["8"]["status"]) == ("ok", "unreadable")
    assert found["8"]["message"] == "8: cannot be read: no such file, folder or bucket; check the address"


def test_one_file_is_named_by_its_url_and_a_place_by_one_too(memory, recording, here):
    memory.pipe("/ecgs/two.npy", recording)
    counts = score(Sources(["memory://ecgs/two.npy"]), Place.of("memory://out/t"), TASK, here)
    assert counts == {"ok": 1}
    assert [*rows("memory://out/t")] == ["memory://ecgs/two.npy"]


def test_what_is_not_there_is_one_line(memory, recording):
    memory.pipe("/ecgs/ecg.csv", b"time (s),I (mV),II (mV)\n0,0,0\n")
    memory.mkdir("/empty")
    with pytest.raises(TwelveLeadError, match=r"^memory://nowhere: cannot be listed: no such file, folder or bucket"):
        Sources(["memory://nowhere"])
    assert [given.source for given in Sources(["memory://ecgs/ecg.csv"])] == ["memory://ecgs/ecg.csv"]
    with pytest.raises(TwelveLeadError, match=r"^nokind://x: no kind of address that is known"):
        Sources(["nokind://x"])
    with pytest.raises(TwelveLeadError, match=r"^ftp://127.0.0.1:1/x: cannot be opened: ConnectionRefusedError; check"):
        Sources(["ftp://me:secret@127.0.0.1:1/x"])
    sources = Sources(["memory://empty"])
    assert list(sources) == []
    assert [str(fault) for fault in sources.found.faults] == ["memory://empty: without a recording; check the address"]


def test_a_record_without_its_signals_and_an_empty_file_get_rows(memory):
    memory.pipe("/ecgs/one.hea", as_wfdb("one")[0])
    memory.pipe("/ecgs/two.npy", b"")
    answerer = Answerer(TASK)
    for name in ("one.hea", "two.npy", "three.npy"):
        row = answerer.answer(Input(name, f"memory://ecgs/{name}"))
        assert row["status"] == "unreadable"
        assert row["message"].startswith(f"{name}: ")


def test_credentials_reach_no_row_no_error_and_no_manifest(served, recording, tmp_path, here, cli):
    page = b'<a href="one.npy">one</a> <a href="/other/two.npy">out of it</a> <a href="gone.npy">gone</a>'
    with served({"/ecgs/": page, "/ecgs/one.npy": recording, "/other/two.npy": recording}) as (host, _):
        url = f"http://me:{served.password}@{host}/ecgs/"
        sources = Sources(
            [url, f"http://{host}/ecgs/one.npy?token={served.token}", f"http://me:wrong@{host}/ecgs/one.npy"]
        )
        given = list(sources)
        assert [each.source for each in given] == [
            f"http://{host}/ecgs/gone.npy",
            f"http://{host}/ecgs/one.npy",
            f"http://{host}/ecgs/one.npy",
            f"http://{host}/ecgs/one.npy",
        ]
        found = [Answerer(TASK).answer(each) for each in given]
        assert [row["status"] for row in found] == ["unreadable", "ok", "ok", "unreadable"]
        score(sources, Place.of(tmp_path / "t"), TASK, here)
        result = cli("score", f"http://me:{served.password}@{host}/nothing/", "--out", tmp_path / "u")
        assert (result.code, result.fault.startswith(f"http://{host}/nothing/: cannot be listed: ")) == (2, True)
    written = b"".join(path.read_bytes() for path in (tmp_path / "t").iterdir())
    for secret in (served.password, served.token, "me:"):
        assert secret not in str(found)
        assert secret.encode() not in written
        assert secret not in result.err


def test_credentials_do_not_follow_a_server_that_sends_us_elsewhere(served, recording):
    with (
        served({"/elsewhere.npy": recording}) as (other, asked_there),
        served({}, f"http://{other}") as (host, asked),
    ):
        for url in (
            f"http://me:{served.password}@{host}/elsewhere.npy",
            f"http://{host}/elsewhere.npy?token={served.token}",
        ):
            row = Answerer(TASK).answer(Input("it", url))
            assert row["message"] == "it: cannot be read: the server sends us to another address; name that one"
        with pytest.raises(TwelveLeadError, match="name that one"):
            list(each_recording(f"http://me:{served.password}@{host}/elsewhere/", Found()))
    assert len(asked) >= 3
    assert asked_there == []


def test_without_fsspec_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"^s3://bucket/ecgs: an address needs the extra \[archive\]"):
        Sources(["s3://bucket/ecgs"])
