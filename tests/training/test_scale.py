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


# Trains every recipe that it is given, as the command line does; the weights as ONNX are of no matter here.
TRAIN = """
import sys
from pathlib import Path

from twelvelead.cli.main import main
from twelvelead.training import writing

writing.write_onnx = lambda whole, path, leads, metadata: path.write_bytes(b"")
store, *recipes = sys.argv[1:]
for recipe in map(Path, recipes):
    given = recipe, store, recipe.with_name("two"), "--architecture", recipe.parents[1] / "plain.py"
    sys.argv = ["twelvelead", "train", *map(str, given)]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
"""
BEGINS = ("at-random", "with-a-probe")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The folder of the file that registers the architecture, which is gone afterwards."""
    folder = tmp_path_factory.mktemp("scale")
    (folder / "plain.py").write_text(PLAIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "plain", Reference)
        patch.delitem(MODELS, "plain")
        load_architectures(folder / "plain.py")
        yield folder


@pytest.fixture(scope="module")
def two(plain, tiny_recipe, generated_store):
    """The folder of the runs, the recipes, and what two processes said of them: a network that begins at random, and
    one that begins with a probe and thaws from the top."""
    recipe = tiny_recipe(architecture="plain", model={}, precision="float32", metadata=False)
    train(dataclasses.replace(recipe, epochs=1), generated_store, plain / "before", say=lambda line: None)
    tuned = {"initial": str(plain / "before"), "head": "probe", "unfreeze": 0.9, "steps": 6}
    recipes = dict(zip(BEGINS, (recipe, dataclasses.replace(recipe, **tuned)), strict=True))
    (plain / "train.py").write_text(TRAIN)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", plain / "train.py"]
    for name, one in recipes.items():
        (plain / name).mkdir()
        (plain / name / "tiny.toml").write_text(one.to_toml())
    given = [generated_store.path, *(plain / name / "tiny.toml" for name in recipes)]
    ended = subprocess.run([*map(str, [*command, *given])], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return recipes, ended.stdout


@pytest.mark.parametrize("begins", BEGINS)
def test_two_processes_give_the_figures_of_one(two, plain, generated_store, log_rows, begins):
    recipes, said = two
    assert said.count("epoch 1 of at most 2") == len(recipes)
    folder = plain / begins
    train(recipes[begins], generated_store, folder / "one", say=lambda line: None)
    for two_, one in zip(log_rows(folder / "two"), log_rows(folder / "one"), strict=True):
        assert {name: float(cell) for name, cell in two_.items()} == pytest.approx(
            {name: float(cell) for name, cell in one.items()}, abs=1e-5, nan_ok=True
        )
    contracts = [Contract.load(folder / run / "weights") for run in ("two", "one")]
    assert contracts[0].metrics["macro_auroc"] == pytest.approx(contracts[1].metrics["macro_auroc"], abs=1e-4)
    assert {path.name for path in (folder / "two").iterdir()} == {path.name for path in (folder / "one").iterdir()}


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
