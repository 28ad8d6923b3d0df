import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from sklearn.metrics import confusion_matrix

from twelvelead.plots.single import confusion_png, curves_png


@pytest.fixture
def texts(monkeypatch):
    """The texts of each figure as it is saved."""
    found = []
    save = Figure.savefig

    def spy(self, *args, **kwargs):
        save(self, *args, **kwargs)
        # ticks that lie outside the panel hold no text
        found.append({text.get_text() for text in self.findobj(lambda artist: hasattr(artist, "get_text"))})

    monkeypatch.setattr(Figure, "savefig", spy)
    return found


def test_confusion_shows_counts_shares_and_threshold(problem, tmp_path, texts):
    y, p, _ = problem(0, records=150, classes=2)
    d = p >= 0.4371
    path = tmp_path / "new" / "confusion_MI.png"
    confusion_png(y[:, 0], d[:, 0], "MI", path, threshold=0.4371, note="fold 9, which also chose")
    counts = confusion_matrix(y[:, 0], d[:, 0])
    percent = [f"{100 * x:.1f} % of row" for x in (counts / counts.sum(axis=1, keepdims=True)).ravel()]
    names = {"recorded", "predicted", "MI", "not MI", "MI, threshold 0.437", "fold 9, which also chose"}
    assert names | {str(count) for count in counts.ravel()} | set(percent) <= texts[0]
    assert min(imread(path).shape[:2]) > 500
    assert [item.name for item in path.parent.iterdir()] == ["confusion_MI.png"]


def test_confusion_of_a_class_that_nobody_has(tmp_path, texts):
    confusion_png(np.zeros(5, bool), np.zeros(5, bool), "HYP", tmp_path / "a.png")
    assert {"HYP", "5", "100.0 % of row", "no such record"} <= texts[0]


def test_curves_stack_what_was_logged(tmp_path, texts):
    curves = {
        "train loss": [0.5, 0.3, 0.2],
        "validation loss": [np.nan, 0.35, 0.3],
        "validation macro AUROC": [0.8, 0.9, 0.89],
        "learning rate": [1e-3, 1e-3, 5e-4],
    }
    curves_png([1, 2, 3], curves, tmp_path / "curves.png", best_epoch=2, label="synthetic data")
    expected = {"train loss", "validation loss", "validation macro AUROC", "learning rate", "epoch", "best epoch 2"}
    assert expected | {"Training, synthetic data"} <= texts[0]
    assert imread(tmp_path / "curves.png").shape[0] > 900


@pytest.mark.parametrize("epochs", [[], [1]])
def test_curves_of_hardly_any_epochs(tmp_path, epochs):
    curves_png(epochs, {"train loss": [0.5] * len(epochs), "learning rate": [0.1] * len(epochs)}, tmp_path / "c.png")
    assert imread(tmp_path / "c.png").size


def test_evaluation_is_light_to_import():
    code = "import twelvelead.evaluation, sys; print([m for m in ('matplotlib', 'scipy', 'torch') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
