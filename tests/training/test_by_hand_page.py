"""The Python of docs/by-hand.md runs as it stands, in its order; what it says of shapes is so."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from twelvelead.weights import find

BLOCKS = re.findall(
    r"^```python\n(.*?)^```$",
    (Path(__file__).parents[2] / "docs" / "by-hand.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
HEAD = "import keras\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The names after the page's first block, which makes the recordings."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)
    return names


def test_a_new_head_has_one_row_a_recording(told, tmp_path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("the extra [keras] is not installed")
    shutil.copy(find("reference") / "Final-ECG-Model.h5", tmp_path)
    (block,) = [one for one in BLOCKS if HEAD in one]
    exec(block, told)
    assert told["per_window"].shape == (112, 128)
    assert told["per_recording"].shape == (16, 128)
    of_recordings = told["per_window"].reshape(16, 7, 128).mean(axis=1)
    np.testing.assert_allclose(told["per_recording"], of_recordings, rtol=1e-4, atol=1e-5)

    import torch

    from twelvelead.models import pretrained

    with torch.no_grad():
        ours = pretrained("reference")(torch.from_numpy(told["X_ecg"]), torch.from_numpy(told["X_features"]))
    np.testing.assert_allclose(told["per_recording"], ours.embedding.numpy(), rtol=1e-3, atol=1e-4)
    assert [layer.name for layer in told["mine"].layers if layer.trainable and layer.weights] == ["wide"]

    import keras

    again = keras.models.load_model(tmp_path / "mine.keras")
    inputs = [told["X_ecg"], told["X_features"]]
    np.testing.assert_allclose(
        again.predict(inputs, verbose=0), told["mine"].predict(inputs, verbose=0), rtol=1e-4, atol=1e-5
    )


def test_the_page_runs(told, tmp_path, monkeypatch):
    monkeypatch.setattr("twelvelead.training.run.finish", lambda *_, **__: None)  # other tests export
    try:
        for block in BLOCKS[1:]:
            if HEAD not in block:
                exec(block, told)
        balanced = sys.modules["mine"].balanced
    finally:
        sys.modules.pop("mine", None)
    torch, model, cam = told["torch"], told["model"], told["cam"].numpy()
    assert cam.shape == (4, 32)
    assert cam.min() == 0 < cam.max()
    one = torch.from_numpy(told["signals"][1:2].astype(np.float32))
    whole = model(one, torch.full((1, 2), torch.nan)).probabilities.detach().numpy()
    by_hand = torch.sigmoid(told["logits"][:, : whole.shape[1]]).mean(dim=0, keepdim=True).detach().numpy()
    np.testing.assert_allclose(by_hand, whole, atol=1e-5)
    assert not model.model.blocks._forward_hooks
    labels = np.zeros((10, 2), bool)
    labels[:6, 0], labels[6:8, 1] = True, True
    chances = balanced(labels)
    assert [chances[:6].sum(), chances[6:8].sum(), chances[8:].sum()] == pytest.approx([1, 1, 1])
    assert 'sampler = "mine:balanced"' in (tmp_path / "run" / "recipe.toml").read_text()
    assert (tmp_path / "run" / "mine.py").read_text() == (tmp_path / "mine.py").read_text()
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 2
