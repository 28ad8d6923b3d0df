"""Two processes share a study on a real PostgreSQL server, and one of them is killed within a trial."""

import csv
import json
import os
import signal
import subprocess
import sys

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


def test_a_trial_whose_process_is_killed_is_tried_again_by_the_other(
    postgresql, tiny_recipe, generated_store, tmp_path
):
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    (tmp_path / "space.toml").write_text(SPACE)

    def process(code, folder):
        command = ["tune", tmp_path / "tiny.toml", generated_store.path, tmp_path / folder, "--space"]
        command += [
            tmp_path / "space.toml",
            "--storage",
            postgresql,
            "--name",
            "shared",
            "--trials",
            "3",
            "--grace",
            "3",
        ]
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
