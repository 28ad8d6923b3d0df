"""A user's own architecture is one file outside the package; the page about it is run."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.models import MODELS, create_model, load_architectures, register_model, source_file
from twelvelead.models.base import ECGModel
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train
from twelvelead.weights import Contract, find

PAGE = (Path(__file__).parents[2] / "docs" / "own-architecture.md").read_text(encoding="utf-8")


def block(kind):
    """The one code block of a kind in the page."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr("twelvelead.models.registry.MODELS", MODELS)
    before = dict(MODELS)
    yield
    MODELS.clear()
    MODELS.update(before)


@pytest.fixture
def small(tmp_path):
    """The page's file."""
    path = tmp_path / "small.py"
    path.write_text(block("python"), encoding="utf-8")
    return path


@pytest.mark.usefixtures("unpictured")
def test_the_page_is_true(small, generated_store: Store, cli, monkeypatch, tmp_path):
    """Its commands, of which none knows what another one registered, on a store of generated ECGs."""
    monkeypatch.chdir(tmp_path)
    shipped = dict(MODELS)
    recipe = "epochs = 1\nbatch_size = 16\naverage_decay = 0.5\n" + block("toml").replace("48", "8")
    (tmp_path / "small.toml").write_text(recipe, encoding="utf-8")
    np.save(tmp_path / "recording.npy", generated_store.signals[0] * 1e-3)
    given = {"STORE": str(generated_store.path), "recording.dcm": "recording.npy --sampling-rate 100 --unit mV"}
    printed = []
    for line in block("sh").splitlines():
        for name, value in given.items():
            line = line.replace(name, value)
        words = shlex.split(line)
        assert words[0] == "twelvelead"
        MODELS.clear()
        MODELS.update(shipped)
        ended = cli(*words[1:])
        assert ended.code == 0, ended.err
        printed.append(ended.out)
    assert "1 of at most 1" in printed[0]
    assert "picture: recording.png" in printed[2]
    about = json.loads((tmp_path / "runs" / "small" / "run.json").read_text())
    assert about["recipe"]["model"] == {"filters": 8, "dropout": 0.2, "scale": 4.0}
    assert (tmp_path / "runs" / "small" / "small.py").read_text() == small.read_text()
    assert list(about["code"]) == ["small.py"]
    assert {path.suffix for path in (tmp_path / "exported").iterdir()} == {".onnx", ".safetensors", ".json"}


def tiny(**settings):
    return Recipe.from_dict(
        {"architecture": "small", "name": "small", "epochs": 1, "batch_size": 16, "average_decay": 0.5} | settings,
        "tiny",
    )


def silent(line):
    pass


def test_it_is_resumed_fine_tuned_and_read_again_in_pytorch(small, generated_store, monkeypatch, tmp_path):
    from twelvelead.inference.engine import Engine
    from twelvelead.training.forms import load_windowed, predict

    assert load_architectures(small) == ("small",)
    assert source_file("small") == small
    assert source_file("reference") is None
    run = tmp_path / "run"
    train(tiny(), generated_store, run, silent)
    rows = np.arange(6)
    signals, features = generated_store.signals, generated_store.features
    asked = Engine(run).run(signals[rows].astype(np.float32) * np.float32(1e-3), features[rows]).probabilities
    raw = predict(load_windowed(run), signals, features, rows)
    np.testing.assert_allclose(Contract.load(find(run)).calibrated(raw), asked, atol=1e-5)
    (tmp_path / "on.toml").write_text(f'initial = "{run}"\nepochs = 1\nbatch_size = 16\n')
    said = []
    train(Recipe.load(tmp_path / "on.toml"), generated_store, tmp_path / "tuned", said.append)
    assert any("outputs taken over: NORM, MI, STTC, CD, HYP" in line for line in said)


def test_a_run_does_not_go_on_with_another_file(small, generated_store, tmp_path):
    load_architectures(small)
    train(tiny(), generated_store, tmp_path / "run", silent)
    small.write_text(small.read_text().replace("nn.ReLU()", "nn.GELU()"))
    load_architectures(small)
    with pytest.raises(TwelveLeadError, match=r"run: holds a run of another small\.py; name another folder"):
        train(tiny(), generated_store, tmp_path / "run", silent)


def test_an_architecture_that_is_not_known_is_never_looked_for(generated_store, tmp_path):
    (tmp_path / "small.toml").write_text(block("toml"))
    with pytest.raises(
        Unreadable, match=r"no architecture is named small; .*one of your own comes with --architecture"
    ):
        Recipe.load(tmp_path / "small.toml")
    with pytest.raises(ValueError, match="no architecture is named 'small'"):
        create_model("small", classes=5)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("samples_per_step=4", "samples_per_step=2"), "attention of shape [2, 64], not [2, 128]"),
        ((", weights\n", ", 2 * weights\n"), "an attention that does not add up to 1"),
        (("return self.dropout(context), weights", "return self.dropout(context)"), "two tensors"),
        (("self.dropout(context)", "context[:, :5]"), "an embedding of shape [2, 5], not [2, 40]"),
        (("self.output", "self.last"), "has no dense layer output with a bias; state where its last layer stands"),
    ],
)
def test_a_network_that_answers_otherwise_is_refused_before_it_trains(small, generated_store, tmp_path, change, fault):
    small.write_text(small.read_text().replace(*change))
    load_architectures(small)
    with pytest.raises(TwelveLeadError) as caught:
        train(tiny(), generated_store, tmp_path / "run", silent)
    assert fault in str(caught.value)
    assert str(caught.value).startswith("recipe small: Small")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('register_model("small")', 'register_model("reference")'), "reference is an architecture that ships"),
        (("filters: int = 32", "filters: int"), "filters, a setting of Small, has to be keyword-only and"),
        (("        *,\n", ""), "filters, a setting of Small, has to be keyword-only"),
        (("filters: int = 32", "filters: object = nn.ReLU"), "a recipe holds numbers, booleans, texts and lists"),
        (("        leads: int = 12,\n", ""), "the constructor of Small takes no leads"),
        (("class Small(ECGModel)", "class Small(nn.Module)"), "is no subclass of ECGModel"),
        (("import torch\n", "import torhc\n"), "cannot be run (ModuleNotFoundError: No module named 'torhc'); mend it"),
        (('@register_model("small")\n', ""), "registers no architecture; put @register_model(NAME) above the class"),
    ],
)
def test_a_file_that_registers_wrongly_is_named(small, change, fault):
    small.write_text(small.read_text().replace(*change))
    with pytest.raises(TwelveLeadError) as caught:
        load_architectures(small)
    assert str(caught.value).startswith(f"{small}: ")
    assert fault in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(TwelveLeadError, match=r"not a Python file \(\.py\)"):
            load_architectures(path)


def test_an_abstract_base_is_no_model():
    class Unfinished(ECGModel):
        def __init__(self, classes, sampling_rate=100, leads=12, metadata=True):
            super().__init__(sampling_rate=sampling_rate, samples_per_step=1, scale=1.0)

    register_model("unfinished")(Unfinished)
    with pytest.raises(TypeError, match="abstract"):
        create_model("unfinished", classes=2)
