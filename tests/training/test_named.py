"""A recipe names a user's own architecture, loss, sampler, callbacks and loggers as module:object."""

import json
import sys

import numpy as np
import pytest
import torch

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.models import MODELS
from twelvelead.training.crops import Crops
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train

CODE = """
import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import nn

from twelvelead.models import ECGModel

EPOCHS = []


class Flat(ECGModel):
    def __init__(self, classes, sampling_rate=100, leads=12, metadata=True, *, units: int = 4):
        super().__init__(sampling_rate=sampling_rate, samples_per_step=8, scale=1.0)
        self.body = nn.Linear(leads, units)
        self.output = nn.Linear(units, classes)

    def embed(self, ecg, features):
        steps = ecg.shape[1] // self.samples_per_step
        weights = torch.full((len(ecg), steps), 1 / steps)
        return self.body(ecg.abs().mean(dim=1)), weights


def loss(weights):
    return lambda logits, labels: ((torch.sigmoid(logits) - labels) ** 2 * weights).mean()


def balanced(labels):
    return 1 / labels.sum(axis=0)[labels.argmax(axis=1)]


class Counted(pl.Callback):
    def on_train_epoch_end(self, trainer, module):
        EPOCHS.append(trainer.current_epoch)


def table():
    return CSVLogger("logged", name="", version="")


def fails(*given):
    raise RuntimeError("it broke")


def nothing(*given):
    return None
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """recipe(text) -> the recipe in a file that stands beside `mine.py`."""
    (tmp_path / "mine.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    before = dict(MODELS)

    def load(text):
        usual = "epochs = 2\nbatch_size = 16\naverage_decay = 0.0\n"
        (tmp_path / "small.toml").write_text(usual + text)
        return Recipe.load(tmp_path / "small.toml")

    yield load
    sys.modules.pop("mine", None)
    MODELS.clear()
    MODELS.update(before)


ALL = """
architecture = "mine:Flat"
loss = "mine:loss"
sampler = "mine:balanced"
callbacks = ["mine:Counted", "lightning.pytorch.callbacks:LearningRateMonitor"]
loggers = ["mine:table"]
[model]
units = 5
"""


def silent(line):
    pass


def test_all_of_it_takes_part(recipe, generated_store, tmp_path):
    chosen = recipe(ALL)
    assert chosen.model == {"units": 5}
    weights = train(chosen, generated_store, tmp_path / "run", silent)
    assert sys.modules["mine"].EPOCHS == [0, 1]
    logged = (tmp_path / "logged" / "metrics.csv").read_text()
    assert "validation_auroc" in logged.splitlines()[0]
    assert "mine:Flat" in (tmp_path / "logged" / "hparams.yaml").read_text()
    contract = json.loads((weights / "contract.json").read_text())
    assert (contract["architecture"], contract["recipe"]["loss"]) == ("mine:Flat", "mine:loss")
    assert (tmp_path / "run" / "mine.py").read_text() == CODE
    assert (tmp_path / "run" / "log.csv").is_file()


def test_the_losses_and_weights_are_those_of_the_users_code(recipe, generated_store, tmp_path):
    from twelvelead.data.tasks import labels
    from twelvelead.training.module import make_loss

    chosen = recipe(ALL)
    truth = labels(generated_store, "superclass").values
    logits, targets = torch.randn(4, 5), torch.eye(5)[:4]
    expected = ((torch.sigmoid(logits) - targets) ** 2).mean()  # its classes are equally frequent
    torch.testing.assert_close(make_loss(chosen, truth)(logits, targets), expected)


def test_a_sampler_draws_each_record_as_often_as_it_says():
    signals, labels = np.zeros((100, 20, 2), np.int16), np.repeat(np.eye(2, dtype=np.float32), (90, 10), axis=0)
    chances = np.where(labels[:, 1] == 1, 0.05, 0.5 / 90)
    features = np.zeros((100, 2), np.float32)

    def drawn(**given):
        crops = [
            Crops(signals, features, labels, np.arange(100), window=10, batch_size=100, epoch=epoch, **given)
            for epoch in range(20)
        ]
        return np.concatenate([targets.numpy() for crop in crops for _, _, targets in crop])

    assert drawn(chances=chances)[:, 1].mean() == pytest.approx(0.5, abs=0.05)
    assert drawn()[:, 1].mean() == pytest.approx(0.1)
    np.testing.assert_array_equal(drawn(chances=chances), drawn(chances=chances))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('loss = "mine:none"', "mine:none cannot be had (AttributeError"),
        ('loss = "nowhere:loss"', "nowhere:loss cannot be had (ModuleNotFoundError"),
        ('callbacks = ["mine:"]', "mine: cannot be had"),
        ('architecture = "mine:loss"', "is no subclass of ECGModel"),
        ('architecture = "mine:table.none"', "cannot be had"),
    ],
)
def test_what_is_not_there_is_told_when_the_recipe_is_read(recipe, text, fault, tmp_path):
    with pytest.raises(TwelveLeadError) as caught:
        recipe(text)
    assert fault in str(caught.value)
    assert "small.toml: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('loss = "mine:fails"', "loss mine:fails fails (RuntimeError: it broke)"),
        ('loss = "mine:nothing"', "loss mine:nothing fails (TypeError"),
        ('sampler = "mine:nothing"', "sampler mine:nothing gives no [80] numbers"),
        ('sampler = "mine:fails"', "sampler mine:fails fails"),
        ('callbacks = ["mine:table"]', "mine:table gives CSVLogger, which is no callback of Lightning"),
        ('loggers = ["mine:Counted"]', "mine:Counted gives Counted, which is no logger of Lightning"),
        ('loggers = ["mine:fails"]', "logger mine:fails fails"),
    ],
)
def test_what_does_something_else_is_refused_before_anything_is_written(recipe, generated_store, tmp_path, text, fault):
    chosen = recipe(text + '\narchitecture = "mine:Flat"\n')
    with pytest.raises(TwelveLeadError) as caught:
        train(chosen, generated_store, tmp_path / "run", silent)
    assert fault in str(caught.value)
    assert str(caught.value).startswith("recipe small: ")
    assert not (tmp_path / "run").exists()


def test_a_run_does_not_go_on_with_other_code(recipe, generated_store, tmp_path):
    text = 'architecture = "mine:Flat"\nloss = "mine:loss"'
    train(recipe(text), generated_store, tmp_path / "run", silent)
    (tmp_path / "mine.py").write_text(CODE + "\n# another one\n")
    with pytest.raises(TwelveLeadError, match=r"run: holds a run of another mine\.py; name another folder"):
        train(recipe(text), generated_store, tmp_path / "run", silent)


def test_weights_of_somebody_never_run_code(recipe, generated_store, tmp_path):
    """A contract names its architecture; only a user's own recipe has it imported."""
    train(recipe('architecture = "mine:Flat"'), generated_store, tmp_path / "run", silent)
    MODELS.pop("mine:Flat")
    sys.modules.pop("mine")
    tuned = f'initial = "{tmp_path / "run"}"\n'
    with pytest.raises(Unreadable, match=r"no architecture is named mine:Flat.*module:object in the recipe"):
        recipe(tuned)
    assert "mine" not in sys.modules
    assert recipe(tuned + 'architecture = "mine:Flat"').architecture == "mine:Flat"
