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


def start(files, out, **settings):
    arguments = ["score", str(files), "--out", str(out), "--sampling-rate", "100", "--unit", "mV", "--processes", "1"]
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
