import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from twelvelead.plots.training import curves_png


def test_curves_stack_what_was_logged(tmp_path, saved_texts):
    curves = {
        "train loss": [0.5, 0.3, 0.2],
        "validation loss": [np.nan, 0.35, 0.3],
        "validation macro AUROC": [0.8, 0.9, 0.89],
        "learning rate": [1e-3, 1e-3, 5e-4],
    }
    curves_png([1, 2, 3], curves, tmp_path / "curves.png", best_epoch=2, label="synthetic data")
    expected = {"train loss", "validation loss", "validation macro AUROC", "learning rate", "epoch", "best epoch 2"}
    assert expected | {"Training, synthetic data"} <= saved_texts[0]
    assert imread(tmp_path / "curves.png").shape[0] > 900


@pytest.mark.parametrize("epochs", [[], [1]])
def test_curves_of_hardly_any_epochs(tmp_path, epochs):
    curves_png(epochs, {"train loss": [0.5] * len(epochs), "learning rate": [0.1] * len(epochs)}, tmp_path / "c.png")
    assert imread(tmp_path / "c.png").size


def test_evaluation_is_light_to_import():
    code = "import twelvelead.evaluation, sys; print([m for m in ('matplotlib', 'scipy', 'torch') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
