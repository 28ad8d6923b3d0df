"""What a disk, a kill or another process may do to a training: it ends in a sentence, and nothing whole is lost."""

import os
import shutil
import sys

import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import owning
from twelvelead.training.checkpoints import find_newest, load, require_whole, save
from twelvelead.training.module import Training
from twelvelead.training.run import train


def silent(line):
    pass


def test_a_second_training_in_a_run_folder_is_refused_by_name(tiny_recipe, generated_store, tmp_path):
    run = tmp_path / "run"
    with owning(run), pytest.raises(TwelveLeadError, match=rf"run: process {os.getpid()} on .* is at work there; wait"):
        train(tiny_recipe(), generated_store, run, silent)
    assert list(run.iterdir()) == []


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint."""
    import torch

    path = tmp_path_factory.mktemp("written") / "epoch-0.ckpt"
    save({"epoch": 0, "state_dict": {"weight": torch.arange(3000.0)}}, path)
    return path


def test_a_checkpoint_holds_what_was_saved_and_is_still_one_of_pytorch(written):
    import torch

    for found in (load(written), torch.load(written, weights_only=True)):
        assert found["epoch"] == 0
        assert torch.equal(found["state_dict"]["weight"], torch.arange(3000.0))


def test_any_flipped_bit_of_a_checkpoint_is_found(written, tmp_path):
    data = written.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "epoch-1.ckpt"
    for place in [*rng.integers(0, len(data), 200).tolist(), 0, *range(len(data) - 90, len(data))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(Unreadable, match=r"epoch-1\.ckpt: missing or damaged; train again in another folder"):
            require_whole(path)


def test_of_two_checkpoints_the_damaged_one_is_passed_over(written, tmp_path):
    shutil.copy(written, tmp_path / "epoch-8.ckpt")
    torn = tmp_path / "epoch-9.ckpt"
    torn.write_bytes(written.read_bytes()[:-1])
    assert find_newest(tmp_path) == (tmp_path / "epoch-8.ckpt", (torn,))


@pytest.mark.usefixtures("epochs_only")
def test_a_damaged_best_checkpoint_is_named_before_the_next_epoch(tiny_recipe, generated_store, monkeypatch, tmp_path):
    run, step, steps = tmp_path / "run", Training.training_step, []

    def breaking(self, batch, number):
        steps.append(number)
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return step(self, batch, number)

    monkeypatch.setattr(Training, "training_step", breaking)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(), generated_store, run, silent)
    best = run / "checkpoints" / "best.ckpt"
    data = bytearray(best.read_bytes())
    data[len(data) // 2] ^= 1
    best.write_bytes(data)
    done = len(steps)
    with pytest.raises(Unreadable, match=r"best\.ckpt: missing or damaged; train again in another folder"):
        train(tiny_recipe(), generated_store, run, silent)
    assert len(steps) == done


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files there")
def test_a_disk_that_takes_no_checkpoint_ends_in_a_sentence_that_names_it(cli, tiny_recipe, generated_store, tmp_path):
    import resource

    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    run = tmp_path / "run"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        ended = cli("train", tmp_path / "tiny.toml", generated_store.path, run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ended.code == 2
    assert ended.fault.startswith(f"{run.resolve() / 'checkpoints'}")
    assert "cannot be written (File too large); free some space, then the same command goes on" in ended.fault
    assert [path.name for path in (run / "checkpoints").iterdir()] == []


def test_a_store_that_is_cut_short_while_it_trains_ends_in_a_sentence(
    tiny_recipe, generated_store, monkeypatch, tmp_path
):
    shutil.copytree(generated_store.path, tmp_path / "store")
    store, signals = Store.open(tmp_path / "store"), tmp_path / "store" / "signals.npy"
    step = Training.training_step

    def cutting(self, batch, number):
        if (self.current_epoch, number) == (0, 2):
            os.truncate(signals, 100_000)
        return step(self, batch, number)

    monkeypatch.setattr(Training, "training_step", cutting)
    with pytest.raises(Unreadable) as caught:
        train(tiny_recipe(), store, tmp_path / "run", silent)
    assert str(caught.value) == (
        f"{signals}: cut short to 100,000 bytes while it was read; make the store again, then run the same command "
        "again"
    )


def test_a_store_that_is_cut_short_before_it_validates_ends_in_a_sentence(
    tiny_recipe, generated_store, monkeypatch, tmp_path
):
    shutil.copytree(generated_store.path, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    monkeypatch.setattr(
        Training, "on_validation_start", lambda self: os.truncate(tmp_path / "store" / "signals.npy", 200)
    )
    with pytest.raises(Unreadable, match="cut short to 200 bytes"):
        train(tiny_recipe(), store, tmp_path / "run", silent)
