"""Two processes share a study on a real PostgreSQL server, and one of them is killed within a trial."""

import csv
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

SPACE = "learning_rate = {low = 1e-3, high = 1e-2, log = true}\n"

# A process that never gets beyond the first epoch of its first trial, and says so.
STUCK = """
import time
from twelvelead.tuning import trial
report = trial.Watch.on_train_epoch_end

def stuck(self, trainer, module):
    report(self, trainer, module)
    print("within a trial", flush=True)
    time.sleep(3600)

trial.Watch.on_train_epoch_end = stuck
"""
MAIN = "from twelvelead.cli.main import main\nmain()\n"


def binaries():
    """The folder of initdb and pg_ctl, the newest if there are several; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    places = [*found, *([Path(on_path).resolve()] if on_path else [])]
    return places[0 if not found else len(found) - 1].parent if places else None


def other_user():
    """A user that PostgreSQL may run as: it refuses root. None where this process is not root's."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")


@pytest.fixture(scope="module")
def server():
    """The URL of a database on a server of our own, reached by a socket in a private folder."""
    if find_spec("psycopg") is None:
        pytest.skip("no psycopg: pip install 'twelvelead[tune]'")
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL (initdb) in /usr/lib/postgresql or on the PATH: apt-get install postgresql")
    user = other_user()
    # not pytest's folder: another user may not enter it, and the path of a socket has to be short
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    settings = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        settings |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    control = [programs / "pg_ctl", "-D", data, "-w", "-t", "300"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=20"
    try:
        new = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "someone",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]
        subprocess.run(new, **settings)
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **settings)
        try:
            yield f"postgresql://someone@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_trial_whose_process_is_killed_is_tried_again_by_the_other(server, tiny_recipe, generated_store, tmp_path):
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    (tmp_path / "space.toml").write_text(SPACE)

    def process(code, folder):
        command = ["tune", tmp_path / "tiny.toml", generated_store.path, tmp_path / folder, "--space"]
        command += [tmp_path / "space.toml", "--storage", server, "--name", "shared", "--trials", "3", "--grace", "3"]
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )

    one = process(STUCK + MAIN, "one")
    assert one.stdout.readline() == "within a trial\n"
    two = process(MAIN, "two")
    said = []
    for line in two.stdout:
        said.append(line)
        if line.startswith("waiting for 1 trial"):  # all others are done
            one.send_signal(signal.SIGKILL)
    assert one.wait(timeout=60) == -signal.SIGKILL
    assert (two.wait(timeout=60), two.stderr.read()) == (0, "")
    for child in (one, two):
        child.stdout.close()
        child.stderr.close()

    with (tmp_path / "two" / "trials.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["state"] for row in rows] == ["lost", "completed", "completed", "completed"]
    killed, *_, again = rows
    assert (again["tries_again"], again["learning_rate"]) == ("0", killed["learning_rate"])
    assert (killed["epochs"], again["epochs"]) == ("1", "2")
    processes = [int(row["process"].rpartition(":")[2]) for row in rows]
    assert processes == [one.pid, two.pid, two.pid, two.pid]
    assert [line.split(":")[0] for line in said[:2]] == ["1 of 3, trial 1", "2 of 3, trial 2"]
    assert said[3].startswith("3 of 3, trial 3: macro AUROC 0.")
    assert said[4].startswith("1 lost, 3 completed; best: trial ")
    about = json.loads((tmp_path / "two" / "study.json").read_text())
    assert about["lost"] == [0]
    assert about["storage"].startswith("postgresql+psycopg://someone@/postgres?host=")
    assert (tmp_path / "two" / "best.toml").is_file()
