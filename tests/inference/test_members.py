"""A graph that gives the answers of an ensemble's members, and one without attention."""

import dataclasses
import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from twelvelead import Unreadable, load
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.weights import Contract, sha256

BIAS = np.array([[0.0, 1, -1, 2, 0.5], [0.5, 1, -2, 2, -0.5], [1, 1, -3, 2, 0]], np.float32)


def graph(path, members=True):
    """Members [n, 3, 5]: sigmoid of the mean of the ECG plus a bias each; probabilities: their mean."""
    nodes = [
        helper.make_node("ReduceMean", ["ecg", "axes"], ["mean"], keepdims=1),
        helper.make_node("Add", ["mean", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["members"]),
        helper.make_node("ReduceMean", ["members", "one"], ["averaged"], keepdims=0),
        # age and sex have to be taken, though they change nothing here
        helper.make_node("IsNaN", ["features"], ["unknown"]),
        helper.make_node("Cast", ["unknown"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["number", "one"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["averaged", "nothing"], ["probabilities"]),
    ]
    constants = {"axes": [1, 2], "one": [1], "bias": BIAS[None], "zero": np.zeros(1, np.float32)}
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 5])]
    if members:
        outputs.append(helper.make_tensor_value_info("members", TensorProto.FLOAT, ["n", 3, 5]))
    made = helper.make_graph(
        nodes,
        "ensemble",
        [
            helper.make_tensor_value_info("ecg", TensorProto.FLOAT, ["n", "samples", 12]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2]),
        ],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


@pytest.fixture
def weights(tiny_run, tmp_path):
    """weights(members) -> a folder of such a graph with a contract."""

    def make(members):
        graph(tmp_path / "tiny.onnx", members)
        contract = Contract.load(tiny_run / "weights")
        files = {"onnx": {"name": "tiny.onnx", "sha256": sha256(tmp_path / "tiny.onnx")}}
        values = {"files": files}
        if members:
            member = {name: getattr(contract, name) for name in ("architecture", "model", "window", "stride")}
            member |= {
                "metadata": True,
                "aggregate": "probability",
                "scale": 1.0,
                "highpass": 0.0,
                "calibration": contract.calibration,
            }
            names = ("a", "b", "c")
            values |= {"architecture": "ensemble", "members": names, "aggregate": "probability"}
            values |= {"model": {"members": [{**member, "name": name, "weight": 1 / 3} for name in names]}}
        dataclasses.replace(contract, **values).save(tmp_path)
        return load(tmp_path)

    return make


@pytest.mark.parametrize("seconds", [10, 31])
def test_disagreement_is_the_spread_over_the_members(weights, seconds):
    engine = weights(True)
    ecg = synthetic_ecg("normal", seed=1, sampling_rate=100, seconds=seconds)
    answer = engine.predict(ecg)
    pieces = [ecg.signal[round(piece.start * 100) : round(piece.end * 100)] for piece in answer.pieces]
    raw = 1 / (1 + np.exp(-(np.array([piece.mean() for piece in pieces])[:, None, None] + BIAS)))
    members = engine.contract.calibrated(raw).mean(axis=0)
    spreads = [result.spread for result in answer.classes]
    np.testing.assert_allclose(spreads, members.std(axis=0), atol=1e-6)
    assert spreads[1] == pytest.approx(0, abs=1e-6)
    assert spreads[2] > 1e-3
    assert answer.members == ("a", "b", "c")
    values = answer.to_dict()
    assert values["model"]["members"] == ["a", "b", "c"]
    assert values["classes"]["STTC"]["spread"] == pytest.approx(spreads[2], abs=1e-6)


def test_a_single_network_has_no_spread_and_attention_may_be_missing(weights):
    answer = weights(False).predict(synthetic_ecg("normal", seed=1, sampling_rate=100))
    assert {result.spread for result in answer.classes} == {None}
    assert answer.attention is None
    assert answer.to_dict()["attention"] is None


def test_a_graph_without_probabilities_is_unreadable(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    model = onnx.load(folder / "tiny.onnx")
    for node in model.graph.node:
        node.output[:] = ["other" if name == "probabilities" else name for name in node.output]
    model.graph.output[0].name = "other"
    onnx.save(model, folder / "tiny.onnx")
    contract = Contract.load(folder)
    files = {"onnx": {"name": "tiny.onnx", "sha256": sha256(folder / "tiny.onnx")}}
    dataclasses.replace(contract, files=files).save(folder)
    with pytest.raises(Unreadable, match="no output named probabilities"):
        load(folder)
