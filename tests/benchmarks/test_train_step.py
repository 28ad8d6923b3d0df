"""The plain network that our training step is timed against is the same network."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from twelvelead.models import create_model

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "train_step.py"
SMALL = {
    "reference": {"filters": (8, 8), "lstm_units": 8, "ecg_units": 8, "metadata_units": 4, "units": 8},
    "resnet1d": {"filters": 8, "units": 8},
    "attentive": {"filters": (8, 8, 8, 8), "heads": 2, "squeeze": 2, "units": 8, "metadata_units": 4},
    "inception1d": {"modules": 3, "filters": 4, "units": 8},
}


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("train_step", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SMALL)
def test_the_plain_twin_runs_in_three_dimensions_and_says_the_same(benchmark, name):
    def made():
        torch.manual_seed(0)
        return create_model(name, classes=3, dropout=0.0, **SMALL[name])

    twin = benchmark.plain(made())
    seen = set()
    for layer in twin.modules():
        assert not isinstance(layer, nn.Conv2d | nn.BatchNorm2d | nn.MaxPool2d)
        if isinstance(layer, nn.Conv1d):
            layer.register_forward_hook(lambda layer, inputs, output: seen.add(output.dim()))
    ecg, features = torch.randn(3, 64, 12), torch.tensor([[50.0, 1.0]] * 3)
    torch.testing.assert_close(twin(ecg, features)[0], made()(ecg, features)[0], atol=1e-4, rtol=1e-4)
    assert seen == {3}
