"""Archives in an object store: OpenStack Swift, by its S3 API."""

import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from twelvelead.archive import claims, open_scores
from twelvelead.archive.answering import Answerer, Task
from twelvelead.archive.inputs import Shard, digest
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError

# parts are closed and claims renewed early, so that a test does not wait; a chunk is smaller than a shard
COMMAND = """
from twelvelead.archive import claims, dataset
from twelvelead.inference import workers
claims.RENEWAL, dataset.SECONDS, workers.CHUNK = 0.3, 0.1, 4
from twelvelead.cli.main import main
main()
"""
TASK = Task(reading={"sampling_rate": 100, "unit": "mV"})
MANY = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of recordings and what is none."""
    place = tmp_path_factory.mktemp("ecgs")
    for number in range(MANY):
        ecg = synthetic_ecg("normal", seed=number % 5).resampled(100)
        np.save(place / f"{number:02}.npy", ecg.signal)
    (place / "torn.npy").write_bytes((place / "00.npy").read_bytes()[:500])
    (place / "notes.pdf").write_bytes(b"%PDF-1.4")
    return place


@pytest.fixture
def archive(s3, bucket, folder):
    """The URL of a folder in a bucket that holds the same."""
    s3().put(str(folder), f"{bucket}/ecgs", recursive=True)
    return f"{bucket}/ecgs"


@pytest.fixture
def hanging():
    """The address of a server that takes what comes and says nothing until the test ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for each in taken:
            each.close()


def here(inputs, task):
    """An engine in this process, which starts at once."""
    answerer = Answerer(task)
    for given in inputs:
        yield [answerer.answer(given)]


def start(*arguments):
    command = [sys.executable, "-c", COMMAND, "score", *arguments, "--sampling-rate", "100", "--unit", "mV"]
    return subprocess.Popen([*command, "--processes", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def rows(out):
    """Rows by the last part of their source, without what differs from place to place."""
    found = {}
    for row in open_scores(out).table().to_pylist():
        name = row.pop("source").rpartition("/")[2]
        assert name not in found
        found[name] = {**row, "message": row["message"] and row["message"].rpartition(name)[2]}
    return found


def test_what_is_put_is_listed_and_got(s3, bucket):
    files = s3()
    files.pipe_file(f"{bucket}/a/one.hea", b"one")
    files.pipe_file(f"{bucket}/a/b/two.hea", b"two")
    assert files.find(bucket) == [f"{bucket[5:]}/a/b/two.hea", f"{bucket[5:]}/a/one.hea"]
    assert files.cat_file(f"{bucket}/a/b/two.hea") == b"two"
    with pytest.raises(PermissionError):
        s3("stranger").ls(bucket)


def test_killed_and_gone_on_with_beside_another_shard_the_rows_are_those_of_local_files(
    archive, bucket, folder, hanging, tmp_path, monkeypatch
):
    monkeypatch.setattr(claims, "LOOK", 0.5)
    monkeypatch.setattr(claims, "STALE", 3.0)
    out = Place.of(f"{bucket}/table")

    def shard(text):
        return score(Sources([archive], shard=Shard.parse(text)), out, TASK, here)

    # holds up the shard that is its
    slow = next(f"{hanging}/{number}.scp" for number in range(99) if digest(f"{hanging}/{number}.scp") % 2 == 0)
    first = start(archive, slow, "--out", out.shown, "--shard", "1/2")
    until(lambda: out.names("_committed-0001") or first.poll() is not None)
    assert first.poll() is None
    with pytest.raises(TwelveLeadError, match=f"^{out.shown}: process {first.pid} on "):
        shard("1/2")
    other = shard("2/2")
    first.kill()
    first.communicate()
    assert shard("1/2") + other == {"ok": MANY, "unreadable": 1}
    score(Sources([str(folder)]), Place.of(tmp_path / "local"), TASK, here)
    assert rows(out) == rows(tmp_path / "local")


def test_a_bucket_is_listed_a_page_at_a_time(s3, archive, monkeypatch):
    import s3fs

    pages = []
    call = s3fs.S3FileSystem.call_s3

    def counted(self, method, *arguments, **how):
        pages.append(method)
        return call(self, method, *arguments, **{"MaxKeys": 10, **how})

    monkeypatch.setattr(s3fs.S3FileSystem, "call_s3", counted)
    sources = Sources([archive])
    pages.clear()
    found = iter(sources)
    next(found)
    assert len(pages) == 2  # whether it is a file, and the first page
    assert len([each.source for each in found]) == MANY
    assert len(pages) == 4
    assert sources.found.passed_over == {".pdf": 1}


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_a_bucket_that_is_not_there_or_not_ours_is_one_line(s3, bucket, folder, cli, who):
    s3(who)
    theirs = bucket if who == "stranger" else "s3://nowhere-at-all"
    result = cli("score", theirs, "--out", f"{bucket}/t")
    reason = "no permission" if who == "stranger" else "no such file, folder or bucket"
    assert result.code == 2
    assert result.fault.startswith(f"{theirs}: cannot be listed: {reason}")
    result = cli("score", folder, "--out", f"{theirs}/t")
    assert result.code == 2
    assert result.fault.startswith(f"{theirs}/t: cannot be ")
    assert reason in result.fault
    s3("owner")
    assert Place.of(f"{bucket}/t").names("") == []
