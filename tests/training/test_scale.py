"""Several processes share each batch and end where one does."""

import dataclasses
import subprocess
import sys

import pytest
import torch

from twelvelead.errors import TwelveLeadError
from twelvelead.models import MODELS, Reference, load_architectures
from twelvelead.training.run import train
from twelvelead.training.scale import lay_out
from twelvelead.weights import Contract

# Batch statistics of half a batch are others than those of a whole one, and dropout draws in each process for itself.
# What is left of a network has to be the same.
PLAIN = """
import torch
from torch import nn

from twelvelead.models import ECGModel, register_model


@register_model("plain")
class Plain(ECGModel):
    def __init__(self, classes, sampling_rate, leads, metadata):
        super().__init__(sampling_rate=sampling_rate, samples_per_step=1, scale=4.0)
        self.conv = nn.Conv2d(leads, 16, (1, 9), padding=(0, 4))
        self.output = nn.Linear(16, classes)

    def embed(self, ecg, features):
        x = torch.relu(self.conv((ecg * self.scale).transpose(1, 2).unsqueeze(2))).squeeze(2)
        return x.mean(dim=2), torch.softmax(x.mean(dim=1) * 0, dim=1)
"""


@pytest.mark.parametrize("begins", ["at random", "with a probe, thawing from the top"])
def test_two_processes_give_the_figures_of_one(tiny_recipe, generated_store, log_rows, monkeypatch, tmp_path, begins):
    plain = tmp_path / "plain.py"
    plain.write_text(PLAIN)
    monkeypatch.setitem(MODELS, "plain", Reference)  # so that it is gone afterwards
    monkeypatch.delitem(MODELS, "plain")
    load_architectures(plain)
    recipe = tiny_recipe(architecture="plain", model={}, precision="float32", metadata=False)
    if begins != "at random":
        train(dataclasses.replace(recipe, epochs=1), generated_store, tmp_path / "before", say=lambda line: None)
        tuned = {
            "initial": str(tmp_path / "before"),
            "head": "probe",
            "aggregate": "logit",
            "unfreeze": 0.9,
            "steps": 6,
        }
        recipe = dataclasses.replace(recipe, **tuned)
    (tmp_path / "tiny.toml").write_text(recipe.to_toml())

    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "twelvelead"]
    arguments = [
        "train",
        str(tmp_path / "tiny.toml"),
        str(generated_store.path),
        str(tmp_path / "two"),
        "--architecture",
        str(plain),
    ]
    ended = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("epoch 1 of at most 2") == 1

    train(recipe, generated_store, tmp_path / "one", say=lambda line: None)

    for two, one in zip(log_rows(tmp_path / "two"), log_rows(tmp_path / "one"), strict=True):
        assert {name: float(cell) for name, cell in two.items()} == pytest.approx(
            {name: float(cell) for name, cell in one.items()}, abs=1e-5, nan_ok=True
        )
    contracts = [Contract.load(tmp_path / run / "weights") for run in ("two", "one")]
    assert contracts[0].metrics["macro_auroc"] == pytest.approx(contracts[1].metrics["macro_auroc"], abs=1e-4)
    assert {path.name for path in (tmp_path / "two").iterdir()} == {path.name for path in (tmp_path / "one").iterdir()}


def test_a_batch_that_cannot_be_shared_is_refused(tiny_recipe, generated_store, monkeypatch, tmp_path):
    with pytest.raises(TwelveLeadError, match="batch_size 16 cannot be shared by 3 processes"):
        train(tiny_recipe(), generated_store, tmp_path / "run", devices=3)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TwelveLeadError, match="parts of 2 or more"):
        lay_out(tiny_recipe(), 16)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(TwelveLeadError, match="this machine has 1"):
        lay_out(tiny_recipe(), 2)


def test_torchrun_says_how_many(tiny_recipe, monkeypatch):
    assert lay_out(tiny_recipe(), 1) == (1, 1)
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert lay_out(tiny_recipe(), 1) == (4, 2)
