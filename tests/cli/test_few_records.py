"""A probe by the command line, and its weights in the commands that take weights."""

import json

import pytest


@pytest.mark.usefixtures("unpictured")
def test_a_probe_is_trained_evaluated_and_asked(cli, generated_store, tiny_run, write_csv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained = cli("train", "probe", generated_store.path, "run", "--from", tiny_run, "--task", "superclass")
    assert (trained.code, trained.err) == (0, "")
    assert "80 records to train on (fold 1-8), 10 to validate (fold 9)" in trained.out
    assert "probe: 5 known outputs, strength" in trained.out
    evaluated = cli("evaluate", "run", generated_store.path, "--fold", "10", "--out", "report")
    assert evaluated.code == 0
    assert "macro auroc" in evaluated.out
    file = write_csv(tmp_path / "one.csv")
    asked = cli("interpret", file, "--weights", "run", "--json")
    assert asked.code == 0
    assert json.loads(asked.out)["model"]["name"] == "probe"
    assert cli("score", file, "--weights", "run", "--out", "scored").code == 0
