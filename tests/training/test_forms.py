"""Every form in which weights ship is one and the same function."""

import dataclasses
import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from twelvelead.errors import Unreadable
from twelvelead.models.windows import Windowed
from twelvelead.training.forms import load_windowed, predict, write_onnx
from twelvelead.weights import Contract, file


@pytest.fixture(scope="module")
def session(tiny_run):
    return onnxruntime.InferenceSession(str(file(tiny_run, "onnx")), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("samples", [256, 257, 260, 379, 382, 504, 1000, 1003, 2500])
def test_onnx_gives_what_pytorch_gives(session, tiny_windowed, n, samples):
    rng = np.random.default_rng(samples)
    ecg = rng.normal(0, 0.3, (n, samples, 12)).astype(np.float32)
    features = np.array([[63, 1], [np.nan, 0], [np.nan, np.nan]], np.float32)[-n:]
    with torch.inference_mode():
        expected = tiny_windowed(torch.from_numpy(ecg), torch.from_numpy(features))
    names = ["probabilities", "attention", "embedding"]
    for name, one in zip(names, session.run(names, {"ecg": ecg, "features": features}), strict=True):
        other = getattr(expected, name)
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other.numpy(), atol=1e-5, rtol=0)


def test_onnx_is_one_file_that_tells_nothing_of_the_machine_that_wrote_it(tiny_run, session):
    path = file(tiny_run, "onnx")
    assert [p.name for p in path.parent.iterdir() if p.suffix not in (".onnx", ".json", ".safetensors")] == []
    onnx.checker.check_model(str(path), full_check=True)
    content = path.read_bytes()
    for word in (b".py", b"site-packages", b"/home", b"Traceback", str(tiny_run.parent).encode()):
        assert word not in content
    assert [(value.name, value.shape[2:]) for value in session.get_inputs()] == [("ecg", [12]), ("features", [])]
    assert [value.name for value in session.get_outputs()] == ["probabilities", "attention", "embedding"]


def test_safetensors_holds_the_weights_of_the_model_and_its_architecture(tiny_run, tiny_windowed):
    with safe_open(file(tiny_run, "safetensors"), "pt") as stream:
        assert stream.metadata() == {"architecture": "reference"}
        assert set(stream.keys()) == set(tiny_windowed.model.state_dict())


def test_probabilities_of_many_records_are_those_of_each(tiny_windowed, generated_store, millivolts):
    records = np.arange(0, 100)[::-1]
    together = predict(tiny_windowed, generated_store.signals, generated_store.features, records)
    ecg, features = millivolts(records[[0, 70]])
    with torch.inference_mode():
        alone = tiny_windowed(torch.from_numpy(ecg), torch.from_numpy(features))[0]
    assert together.shape == (100, 5)
    np.testing.assert_allclose(together[[0, 70]], alone, atol=1e-6)


def test_the_contract_names_the_files_and_their_hashes(tiny_run):
    import hashlib

    contract = json.loads((tiny_run / "weights" / "contract.json").read_text())
    assert contract["files"].keys() == {"onnx", "safetensors"}
    for entry in contract["files"].values():
        content = (tiny_run / "weights" / entry["name"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


# "probability" is that of `session`, and "logit" that of the run in test_auxiliary.py
def test_windows_are_taken_together_inside_the_onnx_file(tiny_windowed, tmp_path):
    highest = Windowed(tiny_windowed.model, tiny_windowed.window, tiny_windowed.stride, "maximum").eval()
    write_onnx(highest, tmp_path / "model.onnx", 12)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    ecg = np.random.default_rng(0).normal(0, 0.3, (2, 1003, 12)).astype(np.float32)
    features = np.array([[63, 1], [np.nan, np.nan]], np.float32)
    with torch.inference_mode():
        expected, mean = (
            windowed(torch.from_numpy(ecg), torch.from_numpy(features))[0].numpy()
            for windowed in (highest, tiny_windowed)
        )
    given = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    np.testing.assert_allclose(given, expected, atol=1e-5, rtol=0)
    assert np.abs(expected - mean).max() > 1e-4


def test_weights_are_loaded_as_the_function_that_was_trained(tiny_run, tiny_windowed, millivolts):
    ecg, features = (torch.from_numpy(array) for array in millivolts(np.arange(3)))
    loaded = load_windowed(tiny_run)
    assert not loaded.training
    with torch.inference_mode():
        torch.testing.assert_close(loaded(ecg, features), tiny_windowed(ecg, features))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"architecture": "gru"}, "no architecture is named 'gru'"),
        ({"architecture": "resnet1d", "model": {}}, "does not fit the model in its contract"),
        ({"model": {"units": 9}}, "does not fit the model in its contract"),
        ({"model": {"unit": 8}}, "unexpected keyword argument 'unit'"),
        ({"window": 254}, "multiples of 4"),
    ],
)
def test_a_contract_that_does_not_fit_its_weights_is_named(tiny_run, tmp_path, changes, fault):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    dataclasses.replace(Contract.load(folder), **changes).save(folder)
    with pytest.raises(Unreadable) as caught:
        load_windowed(folder)
    assert str(caught.value).startswith(f"{folder / 'tiny.safetensors'}: does not fit the model in its contract (")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
