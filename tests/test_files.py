"""Files that are whole or not there, and folders that one process at a time writes into."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys

import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.files import LOCK, owning, replacing

HOLDER = """
import sys, time
from pathlib import Path
from twelvelead.files import owning
with owning(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that owns `tmp_path / "run"`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    yield process
    process.kill()
    process.wait()


def test_a_folder_that_another_process_owns_is_refused_by_name(tmp_path, holder):
    with (
        pytest.raises(TwelveLeadError, match=rf"run: process {holder.pid} on {socket.gethostname()} is at work there"),
        owning(tmp_path / "run"),
    ):
        pytest.fail("two own it")


def test_the_lock_dies_with_its_process(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with owning(tmp_path / "run"):
        assert f"process {os.getpid()} " in (tmp_path / "run" / LOCK).read_text()


def test_a_folder_is_free_again_after_the_block(tmp_path):
    for _ in range(2):
        with owning(tmp_path / "run"):
            pass


def test_a_process_does_not_own_a_folder_twice(tmp_path):
    with owning(tmp_path), pytest.raises(TwelveLeadError, match="at work there"), owning(tmp_path):
        pytest.fail("owned twice")


def test_a_started_program_does_not_keep_the_lock(tmp_path):
    with owning(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with owning(tmp_path):
            pass
    finally:
        child.communicate(b"\n")


def test_spawned_workers_do_not_keep_the_lock(tmp_path):
    with owning(tmp_path):
        pool = multiprocessing.get_context("spawn").Pool(1)
    try:
        with owning(tmp_path):
            pass
    finally:
        pool.terminate()
        pool.join()


def test_replacing_leaves_the_old_file_where_writing_fails(tmp_path):
    (tmp_path / "a").write_text("old")

    def write():
        with replacing(tmp_path / "a") as partial:
            partial.write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
