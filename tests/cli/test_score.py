"""`score` as processes: two into one place, ended by signals, a full disk."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.naming import path_of

# parts are closed early, so that a test does not wait for 10 s
COMMAND = """
from twelvelead.archive import dataset
dataset.SECONDS = 0.3
from twelvelead.cli.main import main
main()
"""
MANY = 4000
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    file = tmp_path_factory.mktemp("recording") / "ecg.npy"
    np.save(file, synthetic_ecg("normal").resampled(100).signal)
    return file


@pytest.fixture
def files(recording, tmp_path):
    """A folder of more recordings than a test waits for."""
    folder = tmp_path / "ecgs"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number}.npy").symlink_to(recording)
    return folder


def start(files, out, shard="1/1", **settings):
    arguments = ["score", str(files), "--out", str(out), "--sampling-rate", "100", "--unit", "mV", "--processes", "1"]
    arguments += ["--shard", shard]
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


@pytest.fixture
def running(files, tmp_path):
    """A run that has closed its first part, and the ids of the processes that it has started."""
    process = start(files, tmp_path / "table")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: list((tmp_path / "table").glob("_committed-*")) or process.poll() is not None)
    started = [int(each) for each in children.read_text().split()]
    assert started
    yield process, started
    process.kill()
    process.communicate()


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def gone(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_all_finished_rows_and_no_process_left(running, tmp_path, number, code):
    process, started = running
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said == f"twelvelead: {tmp_path / 'table'}: interrupted; the same command goes on where it was\n"
    until(lambda: all(map(gone, started)), 10)
    names = pq.read_table(tmp_path / "table").column("source").to_pylist()
    assert len(names) == len(set(names)) > 0
    assert not list((tmp_path / "table").glob(".*.part"))


def test_after_a_kill_no_process_is_left_and_the_same_command_goes_on(running, files, tmp_path):
    process, started = running
    process.kill()
    process.wait()
    until(lambda: all(map(gone, started)), 10)
    before = len(pq.read_table(tmp_path / "table"))
    for file in list(files.iterdir())[before + 20 :]:
        file.unlink()
    again = start(files, tmp_path / "table")
    again.communicate(timeout=120)
    assert again.returncode == 0
    names = pq.read_table(tmp_path / "table").column("source").to_pylist()
    assert len(names) == len(set(names)) >= before + 20


def test_a_second_run_into_the_same_place_is_refused_by_name(running, files, tmp_path):
    process, _ = running
    second = start(files, tmp_path / "table")
    assert f"{tmp_path / 'table'}: process {process.pid} on " in second.communicate(timeout=60)[1]
    assert second.returncode == 2
    assert process.poll() is None


def test_a_full_disk_is_told_with_the_path_and_nothing_half_written(recording, tmp_path):
    # a limit of the size of files is what a test can have of a full disk
    limited = start(
        recording, tmp_path / "table", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
    )
    _, said = limited.communicate(timeout=60)
    assert limited.returncode == 2
    part = re.escape(str(tmp_path / "table" / "part-0001-of-0001-"))
    assert re.fullmatch(
        rf"twelvelead: {part}\w+\.parquet: {os.strerror(27)}; free space or choose another place, then run it again\n",
        said,
    )
    assert [path.name for path in (tmp_path / "table").iterdir()] == ["_manifest.json"]


def test_names_that_are_no_text_and_pipes_stop_nothing(recording, tmp_path):
    folder = tmp_path / "ecgs"
    folder.mkdir()
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.npy"))
    for file in (odd, folder / "plain.npy"):
        file.symlink_to(recording)
    os.mkfifo(folder / "pipe.npy")
    run = start(folder, tmp_path / "table")
    printed, said = run.communicate(timeout=60)
    found = {path_of(row["source"]): row for row in pq.read_table(tmp_path / "table").to_pylist()}
    assert found[odd]["status"] == found[folder / "plain.npy"]["status"] == "ok"
    assert found[folder / "pipe.npy"]["status"] == "unreadable"
    assert "a pipe" in found[folder / "pipe.npy"]["message"]
    assert (run.returncode, said) == (2, "")
    assert printed.endswith("2 ok, 1 unreadable\n")


@pytest.fixture
def manifest(recording, tmp_path):
    path = tmp_path / "manifest.csv"
    path.write_text(
        f"path,id,age,site,time\n{recording},one,63,north,2026-01-31\n{recording.parent}/absent.npy,two,,,\n"
    )
    return path


def test_a_manifest_gives_ids_ages_and_what_is_asked_for(manifest, tmp_path, cli):
    given = ("score", manifest, "--out", tmp_path / "t", "--sampling-rate", 100, "--unit", "mV", "--processes", 1)
    said = cli(*given, "--copy", "site,time", "--columns", "classes")
    assert (said.code, said.out) == (2, f"{tmp_path / 't'}: 1 ok, 1 unreadable\n")
    one, two = sorted(pq.read_table(tmp_path / "t").to_pylist(), key=lambda row: row["source"])
    assert (one["source"], one["age"], one["site"], one["time"]) == ("one", 63, "north", "2026-01-31")
    assert (two["source"], two["site"], two["code"]) == ("two", None, "not-found")
    assert two["message"] == "two: no such file; check the path"


BAD = {
    "a shard from 0": (["--shard", "0/3"], "--shard 0/3: k goes from 1 to n; add 1 to an index that starts at 0"),
    "a shard beyond": (["--shard", "4/3"], "--shard 4/3: k goes from 1 to n; add 1 to an index that starts at 0"),
    "no shard": (["--shard", "x/y"], "--shard x/y: write k/n, as in 1/4 for the first of four"),
    "no column": (["--copy", "ward"], "manifest.csv: has no column ward to copy; its columns are path, id, age, site"),
    "no group": (["--columns", "all"], "--columns all: choose from classes, measurements, statements, embedding"),
    "ids twice": (["twice.csv"], "twice.csv: row 2 has the id of an earlier row; each needs its own"),
    "no path": (["without.csv"], "without.csv: a manifest without a column path, which names the recordings; add it"),
    "no kind of place": (["--out", "nowhere://a:secret@b/c"], "nowhere://b/c: no kind of address that is known"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(manifest, recording, tmp_path, cli, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    given, said = BAD[what]
    (tmp_path / "twice.csv").write_text("path,id\na.npy,1\nb.npy,1\n")
    (tmp_path / "without.csv").write_text("id,site\n1,north\n")
    before = sorted(tmp_path.iterdir())
    told = cli("score", manifest, "--out", tmp_path / "t", *given)
    assert told.code == 2
    assert said in told.fault
    assert sorted(tmp_path.iterdir()) == before


def test_other_settings_into_a_finished_place_are_refused(recording, tmp_path, cli):
    given = ("score", recording, "--out", tmp_path / "t", "--sampling-rate", 100, "--unit", "mV", "--processes", 1)
    assert cli(*given).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "t").iterdir()}
    for more, said in (
        (["--operating-point", "f1"], 'begun with operating_point "accuracy", not "f1"; name another folder'),
        (["--weights", "reference"], 'begun with weights "single", not "reference"; name another folder'),
        (["--hash-names"], "begun with hashed_names false, not true; name another folder"),
        (["--shard", "1/2"], "begun with shards 1, not 2; name another folder"),
        (["--no-measure"], "begun with other columns, such as axis_degrees; name another folder"),
    ):
        told = cli(*given, *more)
        assert (told.code, told.fault) == (2, f"{tmp_path / 't'}: {said}")
    assert {path: path.read_bytes() for path in (tmp_path / "t").iterdir()} == before


def test_two_shards_work_in_one_place_at_the_same_time(recording, tmp_path):
    for number in range(8):
        (tmp_path / f"{number}.npy").symlink_to(recording)
    going = [start(tmp_path, tmp_path / "table", shard=shard) for shard in ("1/2", "2/2")]
    assert all(process.communicate(timeout=120)[0].endswith(" ok\n") for process in going)
    names = pq.read_table(tmp_path / "table").column("source").to_pylist()
    assert len(names) == len(set(names)) == 8
