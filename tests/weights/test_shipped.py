"""What ships is what the package says of it, and what differs says so."""

import dataclasses
import json
import shutil

import jsonschema
import onnxruntime
import pytest

from twelvelead import Unreadable, load
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.weights import DIGESTS, SHIPPED, Contract, differs_from_shipped, file, find, sha256, shipped
from twelvelead.weights.onnx_metadata import describe


@pytest.mark.parametrize("name", shipped())
def test_digests_and_metadata_are_those_of_what_ships(name):
    digests = json.loads(DIGESTS.read_text())
    assert len(digests) == len(shipped())
    assert digests[sha256(file(name, "onnx"))] == sha256(find(name) / "contract.json")
    assert differs_from_shipped(find(name), Contract.load(find(name))) is False
    session = onnxruntime.InferenceSession(file(name, "onnx"), providers=["CPUExecutionProvider"])
    # The hash is of the contract at export, which a later version of contracts may have fitted anew.
    found, wanted = session.get_modelmeta().custom_metadata_map, describe(Contract.load(find(name)))
    assert found | {"contract_sha256": ""} == wanted | {"contract_sha256": ""}


def test_what_ships_stays_small():
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size < 50e6


def test_new_weights_carry_what_describes_them(tiny_run):
    metadata = onnxruntime.InferenceSession(file(tiny_run, "onnx")).get_modelmeta().custom_metadata_map
    assert metadata == describe(Contract.load(find(tiny_run)))
    assert metadata["classes"] == '["NORM", "MI", "STTC", "CD", "HYP"]'
    assert metadata["notice"] == "decision aid, not a medical device"
    assert not load(tiny_run).as_shipped


def test_weights_of_ones_own_are_not_measured_by_what_shipped(tiny_run, tmp_path, caplog):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    dataclasses.replace(Contract.load(folder), name="single").save(folder)
    assert not load(folder).as_shipped
    assert not caplog.messages


@pytest.mark.parametrize("entry", ["classes", "leads"])
def test_another_order_is_refused(tmp_path, entry):
    folder = shutil.copytree(find("reference"), tmp_path / "weights")
    contract = Contract.load(folder)
    dataclasses.replace(contract, **{entry: getattr(contract, entry)[::-1]}).save(folder)
    with pytest.raises(Unreadable, match=rf"contract.json: {entry} is not that of reference.onnx"):
        load(folder)


def test_a_contract_that_differs_from_what_shipped_says_so(tmp_path, caplog):
    ecg = synthetic_ecg("normal", sampling_rate=100)
    folder = shutil.copytree(find("reference"), tmp_path / "weights")
    values = load(folder).predict(ecg).to_dict()
    assert values["model"]["as_shipped"] is True
    schema = json.loads((SHIPPED.parent / "inference" / "interpretation.schema.json").read_text())
    jsonschema.validate(values, schema)
    assert not caplog.messages
    contract = Contract.load(folder)
    dataclasses.replace(contract, prevalence=(0.5,) * 5).save(folder)
    assert load(folder).predict(ecg).to_dict()["model"]["as_shipped"] is False
    (said,) = caplog.messages
    assert (
        said
        == f"twelvelead: {folder / 'contract.json'}: not the contract that shipped; its answers are not those published"
    )
