import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.metrics import confusion_matrix

from twelvelead.plots import panels
from twelvelead.plots.confusion import confusion_panels, confusion_png, cooccurrence_figure
from twelvelead.plots.forest import forest_figure
from twelvelead.plots.style import svg


def problem(classes, records=80):
    rng = np.random.default_rng(0)
    y = rng.random((records, classes)) < 0.3
    p = np.clip(0.4 * y + 0.6 * rng.random(y.shape), 0, 1)
    return y, p, p >= 0.5, [f"class ${number}" for number in range(classes)]


FIGURES = {
    "confusion": lambda y, p, d, names: confusion_panels(y, d, names),
    "roc": panels.roc_panels,
    "precision-recall": panels.precision_recall_panels,
    "reliability": lambda y, p, d, names: panels.reliability_panels(y, p, names),
    "thresholds": lambda y, p, d, names: panels.threshold_panels(
        y, p, {"f1": np.full(len(names), 0.5), "accuracy": np.full(len(names), 0.6)}, names
    ),
    "cooccurrence": lambda y, p, d, names: cooccurrence_figure(y, d, names),
}


def texts(figure):
    figure.draw_without_rendering()
    return {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("classes", [1, 5, 12])
def test_each_class_has_its_name(name, classes):
    y, p, d, names = problem(classes)
    assert set(names) <= texts(FIGURES[name](y, p, d, names))


@pytest.mark.parametrize("name", FIGURES)
def test_degenerate_classes_are_drawn_without_complaint(name, recwarn):
    y, p, d, names = problem(4)
    y[:, 0], y[:, 1] = False, True
    d[:, 2] = False
    p[:, 3] = 0
    assert svg(FIGURES[name](y, p, d, names)).startswith(b"<?xml")
    assert [str(warning.message) for warning in recwarn] == []


def test_curves_name_their_counts_and_what_is_missing():
    y, p, d, names = problem(3)
    y[:, 1], y[:, 2] = False, True
    shown = texts(panels.roc_panels(y, p, d, names))
    assert f"{y[:, 0].sum()} with, {(~y[:, 0]).sum()} without" in shown
    assert {"no curve: no record has it", "no curve: every record has it", "operating point"} <= shown
    assert f"{y[:, 0].sum()} of 80" in texts(panels.precision_recall_panels(y, p, d, names))


def test_confusion_shows_counts_and_shares():
    y, d = np.array([[1], [1], [1], [0]], bool), np.array([[1], [1], [0], [0]], bool)
    assert {"2\n66.7 %", "1\n33.3 %", "1\n100.0 %", "0\n0.0 %"} <= texts(confusion_panels(y, d, ["MI"]))
    assert "0\nnone" in texts(confusion_panels(y | True, d, ["MI"]))


def test_the_same_figure_gives_the_same_bytes_and_no_address():
    y, p, d, names = problem(2)
    first, second = (svg(panels.roc_panels(y, p, d, names)) for _ in range(2))
    assert first == second
    figure = forest_figure([("male", 0.9, 0.8, 1.0)], 0.9, "macro AUROC")
    assert {"male", "macro AUROC"} <= texts(figure)


def test_the_picture_of_one_class_shows_counts_shares_and_threshold(problem, tmp_path, saved_texts):
    y, p, _ = problem(0, records=150, classes=2)
    d = p >= 0.4371
    path = tmp_path / "new" / "confusion_MI.png"
    confusion_png(y[:, 0], d[:, 0], "MI", path, threshold=0.4371, note="fold 9, which also chose")
    counts = confusion_matrix(y[:, 0], d[:, 0])
    shares = (counts / counts.sum(axis=1, keepdims=True)).ravel()
    cells = {f"{count}\n{100 * share:.1f} %" for count, share in zip(counts.ravel(), shares, strict=True)}
    names = {"recorded", "predicted", "MI", "not MI", "MI, threshold 0.437", "fold 9, which also chose"}
    assert names | cells <= saved_texts[0]
    assert min(imread(path).shape[:2]) > 500
    assert [item.name for item in path.parent.iterdir()] == ["confusion_MI.png"]


def test_the_picture_of_a_class_that_nobody_has(tmp_path, saved_texts):
    confusion_png(np.zeros(5, bool), np.zeros(5, bool), "HYP", tmp_path / "a.png")
    assert {"HYP", "5\n100.0 %", "0\nnone"} <= saved_texts[0]
