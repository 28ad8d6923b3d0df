import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score, hamming_loss, roc_auc_score

from twelvelead import TwelveLeadError, load
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.interpretation import NOTICE
from twelvelead.inference.scoring import predict_fold
from twelvelead.output.evaluation import report, table
from twelvelead.output.picture import write_png
from twelvelead.output.terminal import render

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def engine(tiny_run):
    return load(tiny_run)


@pytest.fixture(scope="module")
def answer(engine):
    return engine.predict(replace(synthetic_ecg("normal", seed=1), source="mine [1].csv", age=63.0, sex="female"))


@pytest.fixture(scope="module")
def reported(engine, generated_store, tmp_path_factory):
    """What `report` returns for fold 9, and the folder it wrote."""
    folder = tmp_path_factory.mktemp("report") / "fold9"
    predictions = predict_fold(engine, generated_store, 9)
    return report(engine.contract, generated_store, predictions, "f1", folder), folder


def text_of(renderable):
    console = Console(width=120, file=None, record=True, quiet=False, no_color=True)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_the_terminal_names_every_class_with_probability_and_decision(answer):
    text = text_of(render(answer, "SYNTHETIC ECG"))
    first, *lines = text.splitlines()
    for part in ("mine [1].csv", "10.0 s at 500 Hz", "63 years, female", "SYNTHETIC ECG"):
        assert part in first
    for result in answer.classes:
        line = next(line for line in lines if line.startswith(result.name))
        assert f"{result.probability:.1%}" in line
        assert ("present" in line, "absent" in line) == (result.present, not result.present)
    assert "attention mostly at " in text
    assert "trained on synthetic ECGs: the answer means nothing" in text
    assert NOTICE in text


def test_the_terminal_says_what_is_unknown_and_what_to_mind(answer):
    unknown = replace(
        answer, ecg=replace(answer.ecg, age=None, sex=None), synthetic=False, warnings=("lead V1 is [noisy]",)
    )
    text = text_of(render(unknown))
    assert "age unknown, sex unknown" in text
    assert "warning: lead V1 is [noisy]" in text
    assert "means nothing" not in text


def test_the_picture_is_a_png(answer, tmp_path):
    write_png(answer, tmp_path / "ecg.png", "SYNTHETIC ECG")
    assert (tmp_path / "ecg.png").read_bytes().startswith(PNG)
    assert [path.name for path in tmp_path.iterdir()] == ["ecg.png"]
    with pytest.raises((TwelveLeadError, OSError)):
        write_png(answer, tmp_path / "ecg.png" / "below.png")


def test_the_report_is_written_whole(reported):
    values, folder = reported
    names = {path.name for path in folder.iterdir()}
    pictures = {f"confusion_{name}.png" for name in ("NORM", "MI", "STTC", "CD", "HYP")}
    assert names == {"metrics.json", "predictions.npz"} | pictures
    assert all((folder / name).read_bytes().startswith(PNG) for name in pictures)
    assert json.loads((folder / "metrics.json").read_text()) == values


def test_the_metrics_are_plain_numbers_under_their_names(reported, engine, generated_store):
    values, folder = reported
    predictions = Predictions.load(folder / "predictions.npz")
    y, p = predictions.labels, predictions.probabilities
    decisions = p >= engine.contract.threshold("f1")
    assert values["macro_auroc"] == pytest.approx(roc_auc_score(y, p, average="macro"))
    assert values["macro_f1"] == pytest.approx(f1_score(y, decisions, average="macro", zero_division=0))
    assert values["hamming_loss"] == pytest.approx(hamming_loss(y, decisions))
    assert values["subset_accuracy"] == pytest.approx((y == decisions).all(axis=1).mean())
    names = ("macro_average_precision", "macro_precision", "macro_recall")
    assert all(isinstance(values[name], float) for name in names)
    assert (values["records"], values["fold"], values["protocol"], values["thresholds"]) == (10, 9, "drop", "f1")
    assert list(values["classes"]) == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert values["data_hash"] == generated_store.data_hash
    low, high = values["intervals"]["macro_auroc"]
    assert low <= values["macro_auroc"] <= high


@pytest.mark.parametrize(
    ("fold", "role"), [(9, "which also chose"), (3, "which trained the weights: no measure"), (10, "held out")]
)
def test_the_report_says_what_the_fold_was_to_the_weights(engine, generated_store, tmp_path, fold, role):
    values = report(engine.contract, generated_store, predict_fold(engine, generated_store, fold), "0.5", tmp_path)
    assert values["role"].startswith(role)
    assert values["synthetic"]
    text = text_of(table(values))
    assert f"SYNTHETIC ECGs, fold {fold} ({role}" in " ".join(text.split())
    assert f"{values['macro_auroc']:.4f}" in text


def test_other_data_are_called_so(engine, generated_store, reported, tmp_path):
    contract = replace(engine.contract, data={"name": "PTB-XL 1.0.3"})
    predictions = Predictions.load(reported[1] / "predictions.npz")
    values = report(contract, generated_store, predictions, "f1", tmp_path)
    assert values["role"] == "other data than trained the weights"


def test_a_class_that_nobody_has_leaves_no_number_and_no_fault(engine, generated_store, reported, tmp_path):
    predictions = Predictions.load(reported[1] / "predictions.npz")
    labels = predictions.labels.copy()
    labels[:, 4] = False
    values = report(engine.contract, generated_store, replace(predictions, labels=labels), "f1", tmp_path)
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert values["classes"]["HYP"]["auroc"] is None
    assert "n/a" in text_of(table(values))


def test_an_unknown_aim_writes_nothing(engine, generated_store, reported, tmp_path):
    predictions = Predictions.load(reported[1] / "predictions.npz")
    with pytest.raises(TwelveLeadError, match="thresholds 'best'"):
        report(engine.contract, generated_store, predictions, "best", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert np.isfinite(predictions.probabilities).all()
