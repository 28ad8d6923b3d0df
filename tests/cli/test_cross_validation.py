"""twelvelead train --folds and evaluate --cross-validate; labels that are not known on the whole way."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from twelvelead import load
from twelvelead.data.create import create
from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.scoring import predict_fold
from twelvelead.weights import Contract

FOLDS = 3


@pytest.fixture(scope="module")
def recipe(tiny_recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(tiny_recipe(task="labels", protocol="keep").to_toml())
    return path


@pytest.fixture(scope="module")
def ecgs(generated_store, tmp_path_factory):
    """The generated recordings as files, two of each patient, and a table; some labels are not known."""
    folder = tmp_path_factory.mktemp("own") / "ecgs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for row, signal in enumerate(generated_store.signals):
        np.save(folder / f"{row}.npy", signal / 1000)
        kind = int(np.flatnonzero(~np.isnan(generated_store.likelihoods[row]))[0])
        marks = [str(int(kind == one)) if rng.random() > 0.2 else "-1" for one in (4, 3, 0)]
        rows.append([f"{row}.npy", row // 2, *marks])
    with (folder.parent / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "patient", "HYP", "wide", "plain"], *rows])
    return folder


@pytest.fixture(scope="module")
def own(ecgs):
    path, reading = ecgs.parent / "own.store", {"rate": 100, "sampling_rate": 100, "unit": "mV"}
    return create(ecgs, ecgs.parent / "labels.csv", path, folds=FOLDS, **reading).store.path


@pytest.mark.usefixtures("unpictured")
def test_the_runs_of_all_folds_go_on_after_ctrl_c_and_are_scored_together(cli, own, recipe, tmp_path, monkeypatch):
    from twelvelead.training import folds

    train, begun = folds.train, []

    def interrupted(*arguments, **options):
        begun.append(arguments[2].name)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    runs = tmp_path / "runs"
    monkeypatch.setattr(folds, "train", interrupted)
    stopped = cli("train", recipe, own, runs, "--folds", "all")
    assert (stopped.code, "the same command goes on" in stopped.err) == (130, True)
    early = cli("evaluate", runs, own, "--cross-validate", "--out", tmp_path / "early")
    assert early.code == 2
    assert "no finished run left fold 2-3 out; finish them by the command that began them" in early.fault
    alone = cli("train", recipe, own, runs, "--folds", 1)
    assert (alone.code, "fold-1: this training has finished" in alone.out) == (0, True)
    assert begun[2:] == ["fold-1"]
    done = cli("train", recipe, own, runs, "--folds", "all")
    assert done.code == 0, done.err
    assert "fold 1 left out (1 of 3): " in done.out
    assert "fold-1: this training has finished" in done.out
    assert f"twelvelead evaluate {runs} {own} --cross-validate" in done.out
    store = Store.open(own)
    for fold in range(1, FOLDS + 1):
        contract = Contract.load(runs / f"fold-{fold}" / "weights")
        assert {fold} == set(range(1, FOLDS + 1)) - {*contract.train_folds, *contract.validation_folds}
    scored = cli("evaluate", runs, own, "--cross-validate", "--protocol", "keep", "--out", tmp_path / "out")
    assert scored.code == 0, scored.err
    assert "runs: fold 1-3 (out of fold: each record was scored by a run that neither" in " ".join(scored.out.split())
    values = json.loads((tmp_path / "out" / "metrics.json").read_text())
    found = Predictions.load(tmp_path / "out" / "predictions.npz")
    assert (values["cross_validated"], values["fold"], found.folds) == (True, [1, 2, 3], (1, 2, 3))
    assert [run["name"] for run in values["weights"]["runs"]] == [f"fold-{fold}" for fold in range(1, FOLDS + 1)]
    truth = labels(store, "labels", "keep")
    assert values["records"] == truth.scored.sum() == len(found.ecg_id)
    assert values["labels_not_known"] == (~truth.known[truth.scored]).sum() > 0
    decided = []
    for fold in range(1, FOLDS + 1):
        alone = predict_fold(load(runs / f"fold-{fold}"), store, fold, "keep")
        rows = np.isin(found.ecg_id, alone.ecg_id)
        np.testing.assert_allclose(found.probabilities[rows], alone.probabilities, atol=1e-6)
        decided.append(
            ((alone.probabilities >= alone.thresholds_at("accuracy")) & alone.known & alone.labels).sum(axis=0)
        )
    for column, name in enumerate(found.classes):
        known, of = found.known[:, column], values["classes"][name]
        assert of["auroc"] == pytest.approx(
            roc_auc_score(found.labels[known, column], found.probabilities[known, column])
        )
        # each record is decided at the thresholds of its own run
        assert of["recall"] == pytest.approx(sum(decided)[column] / found.labels[:, column].sum())
    for page in ("report.md", "report.html"):
        text = (tmp_path / "out" / page).read_text()
        assert "Cross-validated: 3 trainings" in text
        assert "weights (ONNX) of fold-2, SHA-256" in text
        assert "it is not known whether the record has the class" in text

    # labels that are not known do not reach the training
    contract = Contract.load(runs / "fold-1" / "weights")
    trained = np.isin(store.column("fold"), contract.train_folds)
    assert contract.positives["training"] == tuple(truth.values[trained & truth.scored].sum(axis=0).tolist())
    stored = Predictions.load(runs / "fold-1" / "predictions.npz")
    assert stored.known is not None
    assert not stored.known.all()
    refused = cli("ensemble", own, tmp_path / "both", runs / "fold-1", runs / "fold-1")
    assert refused.code == 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("train", "RECIPE", "STORE", "RUNS", "--folds", "9"), "no fold 9; it holds 1-3"),
        (("train", "RECIPE", "STORE", "RUNS", "--folds", "all,2"), "folds all,2: 'all' is none; write numbers"),
        (("train", "RECIPE", "STORE", "RUNS", "--folds", "all", "--devices", 2), "leave --devices out"),
        (("evaluate", "RUNS", "STORE", "--cross-validate"), "holds no finished run; make them with twelvelead train"),
        (
            ("evaluate", "TINY", "STORE", "--cross-validate"),
            "is one run, and --cross-validate takes the folder of several",
        ),
        (("evaluate", "TINY", "STORE"), "no fold 9; it holds 1-3, so name these (--fold, or train_folds and"),
        (("evaluate", "TINY", "STORE", "--fold", "1,nine"), "folds 1,nine: 'nine' is none"),
        (("evaluate", "TINY", "STORE", "--fold", "3-1"), "folds 3-1: '3-1' is none"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(cli, own, recipe, tiny_run, tmp_path, arguments, fault):
    places = {"RECIPE": recipe, "STORE": own, "RUNS": tmp_path / "runs", "TINY": tiny_run}
    refused = cli(*(places.get(part, part) for part in arguments))
    assert refused.code == 2
    assert fault in refused.fault
    assert list(tmp_path.iterdir()) == []


def test_two_folds_are_too_few(cli, ecgs, recipe, tmp_path):
    options = ("--folds", 2, "--sampling-rate", 100, "--unit", "mV")
    cli("store", "create", ecgs, ecgs.parent / "labels.csv", tmp_path / "two", *options)
    refused = cli("train", recipe, tmp_path / "two", tmp_path / "runs", "--folds", "all")
    assert refused.code == 2
    assert "holds fold 1-2, and each run needs one to train, one to choose and one to leave out" in refused.fault


@pytest.mark.usefixtures("unpictured")
def test_weights_are_validated_on_other_labels_by_the_names_that_both_know(cli, tiny_run, own, tmp_path):
    out = tmp_path / "out"
    scored = cli(
        "evaluate", tiny_run, own, "--fold", "1,3", "--protocol", "keep", "--out", out, "--thresholds", "HYP=0.3"
    )
    assert scored.code == 0, scored.err
    values = json.loads((out / "metrics.json").read_text())
    assert (values["task"], values["fold"], list(values["classes"])) == ("labels", [1, 3], ["HYP"])
    assert values["classes_not_in_labels"] == ["NORM", "MI", "STTC", "CD"]
    assert values["classes_not_in_weights"] == ["wide", "plain"]
    assert values["classes"]["HYP"]["threshold"] == 0.3
    assert "In no figure, because the weights do not know them: wide, plain." in scored.out
    assert "labels.csv cannot say whether a record has them: NORM, MI, STTC, CD." in scored.out
    wrong = cli("evaluate", tiny_run, own, "--fold", 1, "--thresholds", "MI=0.3", "--out", out)
    assert (wrong.code, "decide no MI here; name of HYP" in wrong.fault) == (2, True)
    wrong = cli("evaluate", tiny_run, own, "--fold", 1, "--task", "superclass", "--out", out)
    assert (wrong.code, wrong.fault) == (2, f"{own}: no task superclass; it has labels")
