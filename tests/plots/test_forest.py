import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from twelvelead.evaluation.comparison import Difference
from twelvelead.plots.forest import forest_png, p_text

ROWS = [
    ("macro AUROC", Difference("mine", "macro_auroc", 0.9, 0.92, 0.02, 0.01, 0.03, 0.001, 0.001)),
    ("macro F1", Difference("mine", "macro_f1", 0.7, 0.69, -0.01, -0.03, 0.02, 0.4, 0.4)),
    ("Hamming loss", Difference("mine", "hamming_loss", 0.1, 0.09, -0.01, -0.02, -0.004, 0.01, 0.01)),
]


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """drawn(rows) -> the axes of the picture, and its path."""

    def draw(rows, baseline="theirs"):
        kept = []
        save = Figure.savefig
        monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (kept.append(self), save(self, *a, **k)))
        forest_png(rows, baseline, tmp_path / "forest.png", "80 records")
        return kept[0].axes, tmp_path / "forest.png"

    return draw


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_better_side_turns_where_less_is_better(drawn):
    (more, less, *_), path = drawn(ROWS)
    assert texts(more)[:2] == ["← theirs better", "mine better →"]
    assert texts(less)[:2] == ["← mine better", "theirs better →"]
    assert [label.get_text() for label in more.get_yticklabels()] == ["macro AUROC", "macro F1"]
    assert [label.get_text() for label in less.get_yticklabels()] == ["Hamming loss"]
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [item.name for item in path.parent.iterdir()] == ["forest.png"]
    picture = imread(path)
    assert picture.shape[1] == 1720
    assert picture[..., :3].min() < 0.1
    assert abs(picture[..., 0] - picture[..., 2]).max() < 0.01  # no colour: nothing is lost in print


def test_filled_means_told_apart(drawn):
    (more, *_), _ = drawn(ROWS)
    points = {line.get_xdata()[0]: line for line in more.lines if line.get_marker() == "o"}
    assert points[0.02].get_markerfacecolor() == "black"
    assert points[-0.01].get_markerfacecolor() == "white"


def test_each_of_several_models_has_its_marker(drawn):
    other = [(label, Difference("third", *list(vars(d).values())[1:])) for label, d in ROWS]
    rows = [row for pair in zip(ROWS, other, strict=True) for row in pair]
    (more, *_), _ = drawn(rows)
    assert texts(more)[1] == "the other model better →"
    assert [label.get_text() for label in more.get_yticklabels()] == ["macro AUROC", "", "macro F1", ""]
    assert len({line.get_marker() for line in more.lines} - {"None"}) == 2


def test_one_kind_of_metric_alone_gives_one_panel(drawn):
    axes, _ = drawn(ROWS[:1])
    assert len(axes) == 2  # the panel, and its right side with the figures


def test_p_values_never_read_zero():
    assert [p_text(p) for p in (1, 0.0504, 0.0009995, 0.0002)] == ["1.000", "0.050", "0.001", "0.0002"]
