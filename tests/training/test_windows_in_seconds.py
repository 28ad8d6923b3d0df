"""Windows and strides are asked for in seconds, and fit every architecture at every rate."""

import numpy as np
import pytest
import torch

from twelvelead.models import MODELS
from twelvelead.training.module import Training, build
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train

SHIPPED = sorted(name for name, kind in MODELS.items() if kind.__module__.startswith("twelvelead."))


@pytest.mark.parametrize("rate", [100, 250, 360, 500])
@pytest.mark.parametrize("name", SHIPPED)
def test_the_defaults_fit_every_architecture(name, rate):
    windowed = build(Recipe.from_dict({"architecture": name}, "mine"), classes=2, sampling_rate=rate, leads=12)
    assert abs(windowed.window - 2.56 * rate) <= windowed.step / 2
    assert abs(windowed.stride - 1.24 * rate) <= windowed.step / 2
    with torch.inference_mode():
        answers = windowed.eval()(torch.zeros(1, 3 * rate, 12), torch.full((1, 2), torch.nan))
    assert answers.probabilities.shape == (1, 2)


def test_a_crop_is_as_long_at_any_rate():
    labels = np.eye(2, dtype=bool)
    for rate in (100, 500):
        training = Training(Recipe(stretch=0.1), labels, steps_per_epoch=1, sampling_rate=rate, leads=12)
        assert training.crop == pytest.approx(2.56 * 1.1 * rate, abs=1)


def test_where_the_steps_make_another_stride_the_training_says_so(generated_store, tiny_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("twelvelead.training.run.train_epochs", lambda *_, **__: 1 / 0)
    said = []
    model = {"depth": 18, "filters": 4, "units": 4}
    recipe = tiny_recipe(architecture="xresnet1d", model=model)
    with pytest.raises(ZeroDivisionError):
        train(recipe, generated_store, tmp_path / "run", said.append)
    (line,) = [line for line in said if "is taken as" in line]
    assert "stride 1.24 s is taken as 1.28 s, a whole number of the 32 samples" in line
