"""twelvelead models: what ships, and a whole contract."""

import json
import shutil

import pytest

from twelvelead.weights import Contract, find, shipped


def test_the_list_says_what_one_has_to_know_and_fits_100_columns(cli):
    result = cli("models")
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 100
    text = " ".join(result.out.split())
    for name in shipped():
        contract = Contract.load(find(name))
        low, high = contract.intervals["macro_auroc"]
        size = sum(path.stat().st_size for path in find(name).iterdir()) / 1e6
        assert f"{contract.metrics['macro_auroc']:.3f} ({low:.3f} to {high:.3f})" in text
        assert f"{size:.1f} MB" in text
        assert f"{contract.task}: {', '.join(contract.classes)}" in text
        assert f"{name}: " in text
        assert f"Measured on fold 9, which also chose, protocol {contract.protocol}." in text
    assert text.count("Trained on PTB-XL (CC BY 4.0), folds 1-8; hardware: ") == len(shipped())
    assert "no shipped weights" not in text


def test_the_list_as_json(cli):
    entries = json.loads(cli("models", "--json").out)
    assert [entry["name"] for entry in entries] == list(shipped())
    for entry in entries:
        contract = Contract.load(find(entry["name"]))
        assert entry["macro_auroc"] == contract.metrics["macro_auroc"]
        assert entry["macro_auroc_interval"] == list(contract.intervals["macro_auroc"])
        assert (entry["measured_on"], entry["protocol"]) == ("fold 9, which also chose", contract.protocol)
        assert entry["classes"] == list(contract.classes)
        assert entry["licence"] == "CC BY 4.0"
        assert entry["purpose"]
        assert entry["bytes"] == sum(path.stat().st_size for path in find(entry["name"]).iterdir())


@pytest.mark.parametrize("name", shipped())
def test_a_whole_contract_is_shown(cli, name):
    result = cli("models", name)
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 100
    contract = Contract.load(find(name))
    for value in (*contract.classes, *contract.thresholds, *contract.metrics, *contract.versions, *contract.recipe):
        assert str(value) in result.out, value
    for entry in contract.files.values():
        assert entry["sha256"][:12] in result.out
    assert json.loads(cli("models", name, "--json").out) == json.loads((find(name) / "contract.json").read_text())


def test_ones_own_run_is_shown_as_synthetic_and_without_a_purpose(cli, tiny_run):
    out = cli("models", tiny_run).out
    assert "trained on    synthetic ECGs, fold 1-8" in " ".join(out.split()).replace("trained on ", "trained on    ")
    assert "device" in out


def test_what_is_not_there_or_damaged_ends_with_one_line(cli, tiny_run, tmp_path):
    for arguments in (("models", "refrence"), ("models", "refrence", "--json")):
        result = cli(*arguments)
        assert (result.code, result.out) == (2, "")
        assert result.fault.startswith("refrence: neither shipped weights (ensemble, reference")
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    (folder / "tiny.onnx").unlink()
    assert f"{folder / 'tiny.onnx'}: missing" in cli("models", folder).fault
