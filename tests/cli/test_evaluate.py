"""twelvelead evaluate."""

import json
import shutil
from importlib import resources

import jsonschema
import numpy as np
import pytest

from twelvelead.data.store import write_store
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.refit import refit
from twelvelead.weights import Contract

CLASSES = ["NORM", "MI", "STTC", "CD", "HYP"]


@pytest.fixture
def evaluate(cli, tiny_run, generated_store, tmp_path):
    return lambda *options: cli("evaluate", tiny_run, generated_store.path, "--out", tmp_path / "out", *options)


def test_it_writes_the_figures_of_a_fold(evaluate, tiny_run, generated_store, tmp_path):
    result = evaluate("--fold", 9, "--operating-point", "f1")
    assert (result.code, result.err) == (0, "")
    values = json.loads((tmp_path / "out" / "metrics.json").read_text())
    contract = Contract.load(tiny_run / "weights")
    assert values["macro_auroc"] == pytest.approx(contract.metrics["macro_auroc"], abs=1e-6)
    assert values["macro_f1"] == pytest.approx(contract.metrics["macro_f1_at_f1"], abs=0.05)
    assert (values["fold"], values["protocol"], values["operating_point"], values["records"]) == (9, "drop", "f1", 10)
    assert values["command"].startswith(f"twelvelead evaluate {tiny_run} ")
    assert "tiny: SYNTHETIC ECGs, fold 9 (which also chose), protocol drop, 10 records, operating point f1" in " ".join(
        result.out.split()
    )
    assert f"{values['macro_auroc']:.4f}" in result.out
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {f"confusion_{name}.png" for name in CLASSES}
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "out" / "report.md").read_text().startswith("# Evaluation of tiny on synthetic ECGs, fold 9")
    predictions = Predictions.load(tmp_path / "out" / "predictions.npz")
    assert predictions.classes == tuple(CLASSES)
    assert np.unique(generated_store.column("fold")[predictions.ecg_id - 1]).tolist() == [9]


@pytest.mark.usefixtures("unpictured")
def test_a_fold_that_trained_the_model_is_refused_unless_forced_and_then_said(evaluate, tmp_path):
    refused = evaluate("--fold", 3)
    assert refused.code == 2
    assert "fold 3 trained the weights " in refused.fault
    assert "--allow-trained-fold" in refused.fault
    assert not (tmp_path / "out").exists()
    forced = evaluate("--fold", 3, "--allow-trained-fold")
    assert (forced.code, forced.err) == (0, "")
    assert "fold 3 (which trained the weights" in " ".join(forced.out.split())
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["trained_fold"] is True
    assert '<p class="warning">Fold 3 trained these weights.' in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("unpictured")
def test_likely_alone_is_an_error_where_no_likelihood_is_known(cli, tiny_run, generated_store, tmp_path):
    rows = np.flatnonzero(generated_store.column("fold") == 9)
    likelihoods = np.where(np.isnan(generated_store.likelihoods[rows]), np.nan, 0).astype(np.float32)
    store = write_store(
        tmp_path / "store",
        iter(generated_store.signals[rows]),
        columns={n: generated_store.column(n)[rows] for n in ("ecg_id", "patient_id", "fold", "age", "sex")},
        likelihoods=likelihoods,
        statements=generated_store.statements,
        tasks=generated_store.tasks,
        sampling_rate=100,
        source="other",
    )
    arguments = ("evaluate", tiny_run, store.path, "--out", tmp_path / "out")
    alone = cli(*arguments, "--protocol", "likely")
    assert alone.code == 2
    assert "protocol likely is not available: this copy states no likelihoods" in alone.fault
    assert not (tmp_path / "out").exists()
    among = cli(*arguments, "--protocol", "keep")
    assert (among.code, among.err) == (0, "")
    assert "likely: not available" in among.out


@pytest.mark.usefixtures("unpictured")
def test_weights_whose_validation_fold_lacked_a_class_are_evaluated_and_asked(
    cli, tiny_run, generated_store, write_csv, tmp_path
):
    rows = np.arange(100)
    folds = np.array(generated_store.column("fold"))
    folds[(folds == 9) & ~np.isnan(generated_store.likelihoods[:, 4])] = 8
    store = write_store(
        tmp_path / "store",
        iter(generated_store.signals[rows]),
        columns={n: np.array(generated_store.column(n)) for n in ("ecg_id", "patient_id", "age", "sex")}
        | {"fold": folds},
        likelihoods=np.array(generated_store.likelihoods),
        statements=generated_store.statements,
        tasks=generated_store.tasks,
        sampling_rate=100,
        source=generated_store.source,
        synthetic=True,
    )
    weights = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    assert refit(weights, store).classes_left_out == ("HYP",)
    jsonschema.validate(
        json.loads((weights / "contract.json").read_text()),
        json.loads(resources.files("twelvelead.weights").joinpath("contract.schema.json").read_text()),
    )
    scored = cli("evaluate", weights, store.path, "--operating-point", "f1", "--out", tmp_path / "out")
    assert (scored.code, scored.err) == (0, "")
    values = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert values["classes_left_out"] == ["HYP"]
    assert values["macro_auroc"] == pytest.approx(Contract.load(weights).metrics["macro_auroc"], abs=1e-6)
    asked = cli("interpret", write_csv(tmp_path / "a.csv"), "--weights", weights, "--json")
    hyp = json.loads(asked.out)["classes"]["HYP"]
    assert (hyp["sensitivity"], hyp["positive_predictive_value"]) == (None, None)


def test_ctrl_c_ends_with_one_line(evaluate, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("twelvelead.inference.scoring.score_folds", interrupted)
    result = evaluate()
    assert (result.code, "interrupted" in result.fault) == (130, True)


@pytest.mark.usefixtures("unpictured")
def test_without_out_the_folder_is_named_after_weights_and_fold(cli, tiny_run, generated_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("evaluate", tiny_run, generated_store.path, "--fold", 9).code == 0
    assert (tmp_path / "report-tiny-fold9" / "report.html").is_file()
