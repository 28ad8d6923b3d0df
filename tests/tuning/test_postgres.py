"""Two processes share a study on a real PostgreSQL server, and one of them is killed within a trial."""

import csv
import json
import os
import signal
import subprocess
import sys

from twelvelead.tuning.search import Options, tune
from twelvelead.tuning.space import Space

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
from twelvelead.cli.main import main
main()
"""


def test_a_trial_whose_process_is_killed_is_tried_again_by_the_other(
    postgresql, tiny_recipe, generated_store, tmp_path
):
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    (tmp_path / "space.toml").write_text(SPACE)
    command = ["tune", tmp_path / "tiny.toml", generated_store.path, tmp_path / "one"]
    command += ["--space", tmp_path / "space.toml", "--storage", postgresql, "--name", "shared"]
    command += ["--trials", "3", "--grace", "3"]
    said = []

    def say(line):
        said.append(line)
        if line.startswith("waiting for 1 trial"):  # all others are done
            one.send_signal(signal.SIGKILL)

    with subprocess.Popen([sys.executable, "-c", STUCK, *map(str, command)], stdout=subprocess.PIPE, text=True) as one:
        try:
            assert one.stdout.readline() == "within a trial\n"
            space = Space.load(str(tmp_path / "space.toml"), tiny_recipe())
            options = Options(trials=3, grace=3, storage=postgresql, name="shared")
            tune(tiny_recipe(), space, generated_store, tmp_path / "two", options, say)
        finally:
            one.kill()
    assert one.returncode == -signal.SIGKILL

    with (tmp_path / "two" / "trials.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["state"] for row in rows] == ["lost", "completed", "completed", "completed"]
    killed, *_, again = rows
    assert (again["tries_again"], again["learning_rate"]) == ("0", killed["learning_rate"])
    assert (killed["epochs"], again["epochs"]) == ("1", "2")
    processes = [int(row["process"].rpartition(":")[2]) for row in rows]
    assert processes == [one.pid, *[os.getpid()] * 3]
    assert [line.split(":")[0] for line in said[:2]] == ["1 of 3, trial 1", "2 of 3, trial 2"]
    assert said[3].startswith("3 of 3, trial 3: macro AUROC 0.")
    assert said[4].startswith("1 lost, 3 completed; best: trial ")
    about = json.loads((tmp_path / "two" / "study.json").read_text())
    assert about["lost"] == [0]
    assert about["storage"].startswith("postgresql+psycopg://someone@/postgres?host=")
    assert (tmp_path / "two" / "best.toml").is_file()
