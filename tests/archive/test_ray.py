"""`--engine ray`: a cluster of two nodes of one core each, on this machine."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="the extra [ray] is not installed")

from ray_cluster import kill, processes_of, ray_cluster
from twelvelead.archive import open_scores
from twelvelead.archive import ray as engine
from twelvelead.archive.answering import Task
from twelvelead.archive.inputs import Input
from twelvelead.archive.places import Place
from twelvelead.archive.ray_driver import Actor, made_by
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError

# parts are closed early, so that a test does not wait for 10 s
COMMAND = """
from twelvelead.archive import dataset
dataset.SECONDS = 0.3
from twelvelead.cli.main import main
main()
"""
MANY = 240
COMMIT = "_committed-0001-of-0001.json"
HOW = ["--sampling-rate", "100", "--unit", "mV"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks for processes in /proc")
    with ray_cluster(tmp_path_factory.mktemp("ray")) as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of many recordings and a torn one."""
    folder = tmp_path_factory.mktemp("ecgs")
    np.save(folder / "0.npy", synthetic_ecg("normal").resampled(100).signal)
    for number in range(1, MANY):
        (folder / f"{number}.npy").symlink_to(folder / "0.npy")
    (folder / "torn.npy").write_bytes((folder / "0.npy").read_bytes()[:5000])
    return folder


def start(files, out, *options):
    arguments = ["score", str(files), "--out", str(out), *HOW, *map(str, options)]
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def rows(out):
    return open_scores(out).table().sort_by("source")


def test_one_connection_answers_files_and_then_files_of_many_each_as_asked(cluster, files, written, tmp_path, here):
    reading = {"sampling_rate": 100, "unit": "mV"}
    signals = np.stack([synthetic_ecg(kind, sampling_rate=100).signal for kind in ("normal", "wide_qrs")])
    many = [written(tmp_path / f"many{suffix}", signals)[0] for suffix in (".npy", ".zip")]
    archives = {
        "classes": (sorted(files.glob("*.npy"))[:4], Task(reading=reading, columns=("classes",))),
        "measured": (many, Task(reading=reading, columns=("measurements",), leads=LEADS)),
    }
    with engine.cluster(cluster.address) as by_ray:
        for name, (paths, task) in archives.items():
            for place, answers in ((tmp_path / name, by_ray), (tmp_path / f"local-{name}", here)):
                sources = Sources(list(map(str, paths)), opening=task.opening)
                assert score(sources, Place.of(place), task, answers) == {"ok": 4}
            assert rows(tmp_path / name).equals(rows(tmp_path / f"local-{name}"))
    assert "heart_rate_per_minute" not in rows(tmp_path / "classes").column_names
    assert "probability_MI" not in rows(tmp_path / "measured").column_names


def test_ctrl_c_ends_it_with_nothing_left_running(cluster, files, tmp_path):
    run = start(files, tmp_path / "t", "--engine", "ray", "--ray-address", cluster.address)
    until(lambda: any(is_at_work(raylet) for raylet in cluster.raylets) or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert (run.returncode, said.endswith("interrupted; the same command goes on where it was\n")) == (130, True)
    until(lambda: not any(is_at_work(raylet) for raylet in cluster.raylets))
    assert len(open_scores(tmp_path / "t")) < MANY


def test_when_a_node_dies_all_rows_are_there_and_those_of_the_local_engine_bit_for_bit(cluster, files, tmp_path, here):
    out = tmp_path / "t"
    run = start(files, out, "--engine", "ray", "--ray-address", cluster.address)
    until(lambda: ((out / COMMIT).exists() and is_at_work(cluster.raylets[1])) or run.poll() is not None)
    assert run.poll() is None
    kill(cluster.raylets[1])
    printed, _ = run.communicate(timeout=180)
    assert (run.returncode, printed) == (2, f"{out}: {MANY} ok, 1 unreadable\n")
    task = Task(reading={"sampling_rate": 100, "unit": "mV"})
    score(Sources([str(files)]), Place.of(tmp_path / "local"), task, here)
    assert rows(out).equals(rows(tmp_path / "local"))


def is_at_work(raylet):
    return any("multiprocessing" in command for command in processes_of(raylet).values())


@pytest.fixture
def hostile():
    """The URL of a server that says nothing to who asks for slow.npy, and ends the process that asks for deadly.npy."""

    class Web(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/deadly.npy":
                for child, command in processes_of(os.getpid()).items():
                    if child not in others and "spawn_main" in command:
                        os.kill(child, signal.SIGKILL)
            ended.wait(60)

        def log_message(self, *_):
            pass

    others = processes_of(os.getpid()).keys()  # such as the workers of a service that other tests share
    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    ended.set()
    server.shutdown()
    server.server_close()


def test_a_file_that_kills_its_process_or_takes_too_long_gets_a_row_and_ray_sees_nothing(files, hostile, monkeypatch):
    pytest.importorskip("aiohttp", reason="the extra [archive] is not installed")
    task = Task(reading={"sampling_rate": 100, "unit": "mV"})
    addresses = [str(files / "0.npy"), f"{hostile}/deadly.npy", f"{hostile}/slow.npy", str(files / "1.npy")]
    given = [Input(address.rpartition("/")[2], address) for address in addresses]
    main = type(sys)("__main__")  # an actor forgets what the process that it is in was started with
    monkeypatch.setitem(sys.modules, "__main__", main)
    actor = Actor(task, made_by(task), limit=3.0)
    try:
        found = pickle.loads(actor({"inputs": pickle.dumps(given)})["rows"])
        again = pickle.loads(actor({"inputs": pickle.dumps(given[:1])})["rows"])
    finally:
        actor._workers.close()
    by_name = {row["source"]: row for row in found}
    assert len(found) == 4
    assert by_name["0.npy"] == again[0]
    assert by_name["0.npy"]["status"] == by_name["1.npy"]["status"] == "ok"
    assert "died" in by_name["deadly.npy"]["message"]
    assert "longer" in by_name["slow.npy"]["message"]


def test_a_node_with_other_weights_is_refused():
    task = Task()
    with pytest.raises(TwelveLeadError, match="make all nodes alike"):
        Actor(task, made_by(task) | {"version": "0.0"}, limit=3.0)


def test_a_ray_that_is_not_there_is_told_at_once_and_nothing_is_written(cli, files, tmp_path, monkeypatch):
    def fault(address):
        result = cli("score", files, "--out", tmp_path / "t", "--engine", "ray", "--ray-address", address)
        assert result.code == 2
        return result.fault

    assert (
        fault("somewhere") == "Ray at somewhere: no address of a cluster; give host:port, as ray start --head prints it"
    )
    silent = "does not answer; check the address and that it runs (ray status)"
    assert fault("127.0.0.1:1") == f"Ray at 127.0.0.1:1: {silent}"
    monkeypatch.setattr(engine, "_ANSWERING", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = f"127.0.0.1:{server.getsockname()[1]}"
        assert fault(other) == f"Ray at {other}: {silent}"
    assert not (tmp_path / "t").exists()


def test_options_of_one_engine_are_refused_by_the_other(cli, files, tmp_path):
    result = cli("score", files, "--out", tmp_path / "t", "--engine", "ray", "--processes", "2")
    assert (result.code, result.fault) == (
        2,
        "--processes is of --engine local; Ray works on all cores of its cluster",
    )
    result = cli("score", files, "--out", tmp_path / "t", "--ray-address", "127.0.0.1:6379")
    assert (result.code, result.fault) == (2, "--ray-address 127.0.0.1:6379: is of --engine ray; add it")


def test_without_ray_the_extra_is_named(cli, files, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    result = cli("score", files, "--out", tmp_path / "t", "--engine", "ray")
    assert (result.code, result.fault) == (2, "--engine ray needs the extra [ray]: pip install 'twelvelead[ray]'")
    assert not (tmp_path / "t").exists()
