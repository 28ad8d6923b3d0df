import dataclasses
import json

import numpy as np
import pytest
from rich.console import Console

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.predictions import Predictions
from twelvelead.output.comparison import comparison, write
from twelvelead.output.comparison_text import markdown, notes, tables

CLASSES = ("NORM", "MI")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with good/predictions.npz, bad/predictions.parquet and bad.csv: 150 patients, 300 records."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(300, 2))
    labels = rng.random((300, 2)) < 1 / (1 + np.exp(-2 * latent))
    good, bad = (1 / (1 + np.exp(-latent - noise * rng.normal(size=latent.shape))) for noise in (0.3, 2))
    one = Predictions(
        np.arange(1, 301),
        np.arange(300) // 2,
        labels,
        good.astype(np.float32),
        CLASSES,
        (9,),
        "drop",
        "abc",
        {"accuracy": (0.5, 0.5), "f1": (0.4, 0.4)},
        "which also chose",
    )
    one.save(folder / "good" / "predictions.npz")
    other = dataclasses.replace(one, probabilities=bad.astype(np.float32), role="held out")
    other.save(folder / "bad" / "predictions.parquet")
    rows = [f"{ecg},{a},{b}" for ecg, (a, b) in zip(other.ecg_id, other.probabilities, strict=True)]
    (folder / "bad.csv").write_text("\n".join(["ecg_id,NORM,MI", *reversed(rows)]))
    return folder


def text_of(renderable):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_worse_model_is_told_apart(runs, tmp_path):
    result = comparison([runs / "good", runs / "bad"], resamples=1000)
    assert (result.baseline, result.models, result.operating_point) == ("good", ["bad"], "accuracy")
    d = dict(result.shown("bad"))["macro AUROC"]
    assert (d.difference < 0, d.better, result.verdict(d)) == (True, "baseline", "good is better")
    text = text_of(tables(result))
    assert "bad against good" in text
    assert (
        "300 records of 150 patients; fold 9, protocol drop; operating point accuracy, thresholds each its own" in text
    )
    assert "What fold 9 was to the models - good: which also chose; bad: held out." in text
    write(result, tmp_path / "out", markdown(result))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.json", "comparison.md", "forest.png"}
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert f"| macro AUROC | {d.baseline:.4f} | {d.value:.4f} | {d.difference:+.4f} |" in page
    values = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert values["differences"]["bad"]["macro_auroc"]["interval"] == [d.low, d.high]
    assert (values["baseline"], values["records"], values["patients"], values["fold"]) == ("good", 300, 150, 9)
    assert values["models"]["good"]["thresholds"] == [0.5, 0.5]
    assert len(values["models"]["bad"]["sha256"]) == 64
    assert {"macro_recall", "classes.MI.f1"} < values["differences"]["bad"].keys()


def test_a_csv_is_the_same_model_and_may_come_first(runs):
    parquet, csv = (comparison([runs / "good", runs / name], "0.5", 1000) for name in ("bad", "bad.csv"))
    for one, other in zip(parquet.differences, csv.differences, strict=True):
        assert (one.metric, one.difference, one.p) == (other.metric, other.difference, other.p)
    turned = comparison([runs / "bad.csv", runs / "good"], None, 1000)
    assert (turned.baseline, turned.models, turned.operating_point) == ("bad", ["good"], "0.5")
    d, turned_d = (dict(result.shown(result.models[0]))["macro AUROC"] for result in (csv, turned))
    assert turned_d.difference == pytest.approx(-d.difference)
    assert turned_d.better == "model"
    assert "bad: no thresholds of its own, so that all are decided at 0.5." in notes(turned)
    assert any("bad: not stated" in note for note in notes(turned))


def test_several_models(runs, tmp_path):
    result = comparison([runs / "good", runs / "bad", runs / "bad.csv"], resamples=1000)
    assert result.baseline == str(runs / "good" / "predictions.npz")  # two would be called "bad"
    assert any("Holm over the 2 models" in note for note in notes(result))
    assert "adjusted p" in text_of(tables(result))
    write(result, tmp_path, markdown(result))


def test_the_same_predictions_are_the_same(runs, tmp_path):
    Predictions.load(runs / "good" / "predictions.npz").save(tmp_path / "copy.npz")
    result = comparison([runs / "good", tmp_path / "copy.npz"], resamples=1000)
    assert {result.verdict(d) for d in result.differences} == {"the same"}


def test_an_operating_point_has_to_be_held_by_all(runs):
    assert comparison([runs / "good", runs / "bad"], "f1", 1000).operating_point == "f1"
    with pytest.raises(
        TwelveLeadError, match=r"bad\.csv: these predictions hold no operating point 'f1'; give .* a number"
    ):
        comparison([runs / "good", runs / "bad.csv"], "f1", 1000)


def test_what_is_given_has_to_be_there_and_different(runs, tmp_path):
    with pytest.raises(TwelveLeadError, match="give two predictions at least"):
        comparison([runs / "good"])
    with pytest.raises(TwelveLeadError, match=r"predictions\.npz: given twice"):
        comparison([runs / "good", runs / "good" / "predictions.npz"])
    with pytest.raises(Unreadable, match=r"no predictions\.npz in this folder; write it with `twelvelead evaluate`"):
        comparison([runs / "good", tmp_path])
    with pytest.raises(Unreadable, match="reference: there is no such file; `twelvelead evaluate` writes"):
        comparison([runs / "good", "reference"])


def test_few_patients_and_rare_classes_are_called_so(runs, tmp_path):
    one = Predictions.load(runs / "good" / "predictions.npz")
    few = {name: getattr(one, name)[:60] for name in ("ecg_id", "patient_id", "labels", "probabilities")}
    few["labels"] = few["labels"] & (np.arange(60) < 30)[:, None]
    one = dataclasses.replace(one, **few)
    one.save(tmp_path / "a.npz")
    dataclasses.replace(one, probabilities=one.probabilities[:, ::-1]).save(tmp_path / "b.npz")
    said = notes(comparison([tmp_path / "a.npz", tmp_path / "b.npz"], resamples=1000))
    assert any(note.startswith("Of only 30 patients: the intervals are too narrow") for note in said)
    assert any("fewer than 20 patients have the class or lack it: NORM, MI." in note for note in said)
