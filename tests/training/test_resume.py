"""An interrupted training, however it was interrupted, ends where an unbroken one does."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from twelvelead.training.module import Training
from twelvelead.training.run import train

# The rate falls after each epoch without a better AUROC, so that a resumed schedule shows.
PLATEAU = {"epochs": 4, "plateau_patience": 0, "plateau_factor": 0.5}
ONE_CYCLE = {"epochs": 4, "schedule": "one_cycle", "average_decay": 0.0, "optimizer": "adamw", "weight_decay": 0.01}
COSINE = {"epochs": 4, "schedule": "cosine", "mixup": 0.2, "stretch": 0.05, "noise": 0.02}
SCHEDULES = {"plateau": PLATEAU, "one_cycle": ONE_CYCLE, "cosine": COSINE}

pytestmark = pytest.mark.usefixtures("epochs_only")


def silent(line):
    pass


@pytest.fixture(scope="module")
def unbroken(generated_store, tiny_recipe, tmp_path_factory):
    """The runs of `SCHEDULES`, never interrupted."""
    runs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twelvelead.training.run.finish", lambda training, data, folder, **_: folder / "weights")
        for name, settings in SCHEDULES.items():
            runs[name] = tmp_path_factory.mktemp("unbroken") / name
            train(tiny_recipe(**settings), generated_store, runs[name], silent)
    return runs


def break_at(patch, error, *, epoch, batch):
    """Let the training raise in the middle of an epoch."""
    step = Training.training_step

    def breaking(self, batch_, number):
        if (self.current_epoch, number) == (epoch, batch):
            raise error
        return step(self, batch_, number)

    patch.setattr(Training, "training_step", breaking)


def interrupted(recipe, store, folder, error, *, epoch, batch):
    with pytest.MonkeyPatch.context() as patch:
        break_at(patch, error, epoch=epoch, batch=batch)
        with pytest.raises(type(error)):
            train(recipe, store, folder, silent)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    ("error", "epoch", "batch"),
    [(RuntimeError("power cut"), 2, 0), (KeyboardInterrupt(), 2, 3), (KeyboardInterrupt(), 0, 2)],
    ids=["after epoch 2", "amid epoch 3", "amid epoch 1"],
)
def test_a_resumed_run_ends_as_an_unbroken_one(
    unbroken, same_end, generated_store, tiny_recipe, tmp_path, schedule, error, epoch, batch
):
    recipe = tiny_recipe(**SCHEDULES[schedule])
    interrupted(recipe, generated_store, tmp_path / "run", error, epoch=epoch, batch=batch)
    said = []
    train(recipe, generated_store, tmp_path / "run", said.append)
    assert (f"going on from epoch-{epoch - 1}.ckpt" in said) == (epoch > 0)
    same_end(tmp_path / "run", unbroken[schedule])


def test_a_run_stopped_between_log_and_checkpoint_has_no_row_twice(
    unbroken, same_end, generated_store, tiny_recipe, tmp_path
):
    def stopping(line):
        if line.startswith("epoch 2 "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(**PLATEAU), generated_store, tmp_path / "run", stopping)
    train(tiny_recipe(**PLATEAU), generated_store, tmp_path / "run", silent)
    same_end(tmp_path / "run", unbroken["plateau"])


def test_ctrl_c_works_again_after_an_interrupted_training(generated_store, tiny_recipe, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    interrupted(tiny_recipe(**PLATEAU), generated_store, tmp_path / "run", KeyboardInterrupt(), epoch=0, batch=1)
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: bytes(len(data))]
)
def test_a_torn_checkpoint_is_passed_over(unbroken, same_end, generated_store, tiny_recipe, tmp_path, damage):
    run, recipe = tmp_path / "run", tiny_recipe(**PLATEAU)
    interrupted(recipe, generated_store, run, KeyboardInterrupt(), epoch=3, batch=0)
    torn = run / "checkpoints" / "epoch-2.ckpt"
    torn.write_bytes(damage(torn.read_bytes()))
    said = []
    train(recipe, generated_store, run, said.append)
    assert any("epoch-2.ckpt: damaged, and is passed over" in line for line in said)
    assert "going on from epoch-1.ckpt" in said
    same_end(run, unbroken["plateau"])


def test_without_a_whole_checkpoint_it_starts_anew(unbroken, same_end, generated_store, tiny_recipe, tmp_path):
    run, recipe = tmp_path / "run", tiny_recipe(**PLATEAU)
    interrupted(recipe, generated_store, run, KeyboardInterrupt(), epoch=3, batch=0)
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    train(recipe, generated_store, run, silent)
    same_end(run, unbroken["plateau"])


def test_the_last_two_checkpoints_and_the_best_are_kept(unbroken):
    for run in unbroken.values():
        kept = sorted(path.name for path in (run / "checkpoints").iterdir())
        assert kept == ["best.ckpt", "epoch-2.ckpt", "epoch-3.ckpt"]


def auroc_of_epochs(patch, values):
    """Let the validation of each epoch give the stated macro AUROC."""

    def logged(self):
        self.auroc.reset()
        self.log("validation_auroc", values[self.current_epoch])

    patch.setattr(Training, "on_validation_epoch_end", logged)


def test_a_moved_run_still_knows_its_best_epoch(generated_store, tiny_recipe, checkpoint, monkeypatch, tmp_path):
    auroc_of_epochs(monkeypatch, [0.6, 0.9, 0.7, 0.8])
    recipe = tiny_recipe(**PLATEAU)
    interrupted(recipe, generated_store, tmp_path / "run", KeyboardInterrupt(), epoch=3, batch=0)
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    train(recipe, generated_store, tmp_path / "elsewhere", silent)
    assert checkpoint(tmp_path / "elsewhere", "best")["epoch"] == 1
    kept = sorted(path.name for path in (tmp_path / "elsewhere" / "checkpoints").iterdir())
    assert kept == ["best.ckpt", "epoch-2.ckpt", "epoch-3.ckpt"]
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_stopped_early_trains_no_further(generated_store, tiny_recipe, log_rows, monkeypatch, tmp_path):
    auroc_of_epochs(monkeypatch, [0.9, 0.8, 0.7, 0.6])
    recipe, run = tiny_recipe(epochs=4, patience=2), tmp_path / "run"
    train(recipe, generated_store, run, silent)
    assert len(log_rows(run)) == 3
    about = run / "run.json"
    assert '"trained": true' in about.read_text()
    about.write_text(about.read_text().replace('"trained": true', '"trained": false'))  # killed just before the note
    train(recipe, generated_store, run, silent)
    assert len(log_rows(run)) == 3


# A process that leaves time for a signal within an epoch.
SLOW = """
import time
from twelvelead.cli.main import main
from twelvelead.training.module import Training
step = Training.training_step

def slow(self, batch, number):
    time.sleep(0.1)
    return step(self, batch, number)

Training.training_step = slow
main()
"""


def test_signals_to_the_command_line_lose_at_most_one_epoch(same_end, generated_store, tiny_recipe, tmp_path):
    """Ctrl-C, then SIGKILL, then to the end."""
    recipe = tiny_recipe(epochs=8)
    (tmp_path / "tiny.toml").write_text(recipe.to_toml())
    command = [sys.executable, "-c", SLOW, "train"]
    command += [str(tmp_path / "tiny.toml"), str(generated_store.path), str(tmp_path / "run")]

    def signalled(number, after):
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"}
        )
        for line in child.stdout:
            if line.startswith(f"epoch {after} "):
                time.sleep(0.25)  # its checkpoints are written behind the line
                child.send_signal(number)
                break
        _, errors = child.communicate(timeout=120)
        return child.returncode, errors

    code, errors = signalled(signal.SIGINT, after=2)
    assert code == 130
    run = tmp_path / "run"
    assert errors == f"twelvelead: {run}: interrupted; the same command goes on after the last whole epoch\n"
    code, _ = signalled(signal.SIGKILL, after=5)
    assert code == -signal.SIGKILL
    said = []
    train(recipe, generated_store, run, said.append)
    going_on = next(line for line in said if line.startswith("going on from epoch-"))
    assert int(going_on.removeprefix("going on from epoch-").removesuffix(".ckpt")) >= 3
    train(recipe, generated_store, tmp_path / "unbroken", silent)
    same_end(run, tmp_path / "unbroken")
