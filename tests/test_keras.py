import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twelvelead import weights
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.weights import Contract, sha256

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
if importlib.util.find_spec("keras") is None:  # importing it would already choose its backend
    pytest.skip("the extra [keras] is not installed", allow_module_level=True)

import onnxruntime  # noqa: E402

from twelvelead import keras as twins  # noqa: E402
from twelvelead.ecg.leads import LEADS  # noqa: E402
from twelvelead.models import create_model  # noqa: E402
from twelvelead.models.windows import Windowed  # noqa: E402
from twelvelead.training.forms import write_safetensors  # noqa: E402
from twelvelead.training.loss import FocalLoss, class_weights  # noqa: E402

WINDOW, STRIDE = 64, 24
DATA = {"name": "nothing", "hash": "0" * 64, "synthetic": True}
SETTINGS = {
    **{"filters": [8, 6], "kernel_sizes": [3, 7], "pool": 2, "lstm_units": 5, "ecg_units": 9, "metadata_units": 3},
    **{"units": 7, "dropout": 0.25, "scale": 4.0},
}


def saved(
    folder: Path, classes=twins.CLASSES, metadata=("age in years", "sex (0 male, 1 female)"), aggregate="probability"
):
    """A folder of weights with random values, in the batch-norm statistics too, and the model they are of."""
    torch.manual_seed(0)
    model = create_model("reference", classes=len(classes), metadata=bool(metadata), **SETTINGS)
    for name, value in model.state_dict().items():
        if "norm" in name and value.is_floating_point():
            value.uniform_(0.5, 1.5)
        elif value.is_floating_point():
            value.mul_(2)
    windowed = Windowed(model, WINDOW, STRIDE, aggregate).eval()
    folder.mkdir()
    write_safetensors(windowed, folder / "small.safetensors", {"architecture": "reference"})
    half = (0.5,) * len(classes)
    contract = Contract(
        **{"name": "small", "architecture": "reference", "model": SETTINGS, "task": "superclass", "classes": classes},
        **{"leads": LEADS, "sampling_rate": 100, "minimum_samples": WINDOW, "window": WINDOW, "stride": STRIDE},
        **{
            "aggregate": aggregate,
            "scale": 4.0,
            "highpass": 0.0,
            "embedding": 8,
            "statements": None,
            "subclasses": None,
        },
        **{"positives": {"training": (1,) * len(classes), "validation": (1,) * len(classes)}},
        **{"least_positives": {"training": 0, "validation": 0}, "auroc": ((None,) * 3,) * len(classes)},
        **{"attention_samples": 4, "metadata": metadata, "thresholds": {}, "train_folds": (1,)},
        **{
            "validation_folds": (2,),
            "protocol": "drop",
            "data": DATA,
            "metrics": {},
            "recipe": {"learning_rate": 1e-3},
        },
        files={"safetensors": {"name": "small.safetensors", "sha256": sha256(folder / "small.safetensors")}},
        calibration={"slope": (1.0,) * len(classes), "intercept": (0.0,) * len(classes)},
        versions={},
        **{"temperature": 1.0, "operating_points": {}, "prevalence": (0.5,) * len(classes), "ages": (18, 89)},
        **{"conformal": {"error_rates": (0.1,), "present_from": (half,), "absent_to": (half,)}},
        certainty=(0.5,) * 21,
        intervals={},
    )
    contract.save(folder)
    return windowed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keras") / "weights"


@pytest.fixture(scope="module")
def windowed(folder):
    return saved(folder)


@pytest.fixture(scope="module")
def h5(windowed, folder):
    path = folder.with_name("Final-ECG-Model.h5")
    twins.write_h5(folder, path)
    return path


@pytest.fixture(scope="module")
def loaded(h5):
    # The lines that the README shows, where TensorFlow is not installed.
    from keras.models import load_model

    from twelvelead.keras import focal_loss_with_class_weights

    return load_model(h5, custom_objects={"focal_loss_with_class_weights": focal_loss_with_class_weights})


def recordings(n, samples, seed=0):
    """[n, samples, 12] float32 mV, and [n, 2] float32 with ages beyond 90 and unknown values."""
    rng = np.random.default_rng(seed)
    features = np.stack([rng.uniform(10, 89, n), rng.integers(0, 2, n)], axis=1)
    features[0, 0], features[1, 0], features[2, 1], features[3] = 300, np.nan, np.nan, np.nan
    return rng.normal(0, 0.3, (n, samples, 12)).astype(np.float32), features.astype(np.float32)


def answers(windowed, ecg, features):
    with torch.inference_mode():
        return windowed(torch.from_numpy(ecg), torch.from_numpy(features))[0].numpy()


def labels(n, seed=1):
    return np.random.default_rng(seed).integers(0, 2, (n, 5)).astype(np.float32)


@pytest.mark.parametrize("samples", [64, 65, 67, 68, 88, 89, 100, 250])
def test_the_file_answers_as_pytorch_does(windowed, loaded, samples):
    ecg, features = recordings(6, samples)
    expected = answers(windowed, ecg, features)
    assert expected.std(axis=0).min() > 0.01
    np.testing.assert_allclose(loaded.predict([ecg, features], verbose=0), expected, atol=1e-5, rtol=0)


def test_the_file_answers_as_onnx_does(windowed, loaded, folder, write_traced):
    path = folder.with_name("small.onnx")
    write_traced(optimize=True)(windowed, path, 12)
    ecg, features = recordings(40, 300)
    session = onnxruntime.InferenceSession(path)
    expected = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    np.testing.assert_allclose(loaded.predict([ecg, features], verbose=0), expected, atol=1e-5, rtol=0)


def test_an_unknown_age_is_not_an_age_of_60(loaded):
    ecg, _ = recordings(4, 100)
    ages = np.array([[60, 0], [np.nan, 0], [90, 0], [300, 0]], np.float32)
    answer = loaded.predict([ecg[[0, 0, 0, 0]], ages], verbose=0)
    assert np.abs(answer[0] - answer[1]).max() > 1e-4
    np.testing.assert_array_equal(answer[2], answer[3])


def test_a_recording_shorter_than_a_window_is_an_error(loaded):
    ecg, features = recordings(4, WINDOW - 1)
    with pytest.raises(ValueError, match="reads 64 or more"):
        loaded.predict([ecg, features], verbose=0)


def test_weights_without_metadata_ignore_it(tmp_path):
    from keras.models import load_model

    windowed = saved(tmp_path / "weights", metadata=())
    twins.write_h5(tmp_path / "weights", tmp_path / "twin.h5")
    ecg, features = recordings(4, 100)
    answer = load_model(tmp_path / "twin.h5").predict([ecg, features], verbose=0)
    np.testing.assert_allclose(answer, answers(windowed, ecg, features), atol=1e-5, rtol=0)


@pytest.mark.parametrize("aggregate", ["logit", "maximum"])
def test_windows_are_taken_together_as_the_contract_says(tmp_path, aggregate):
    from keras.models import load_model

    windowed = saved(tmp_path / "weights", aggregate=aggregate)
    twins.write_h5(tmp_path / "weights", tmp_path / "twin.h5")
    ecg, features = recordings(4, 250)
    ecg *= np.linspace(0, 10, 250, dtype=np.float32)[:, None]  # so that the windows differ
    expected = answers(windowed, ecg, features)
    assert np.abs(expected - answers(Windowed(windowed.model, WINDOW, STRIDE), ecg, features)).max() > 1e-4
    answer = load_model(tmp_path / "twin.h5").predict([ecg, features], verbose=0)
    np.testing.assert_allclose(answer, expected, atol=1e-5, rtol=0)


def test_the_class_weights_are_those_of_the_training():
    counted = np.arange(17084)[:, None] < np.array(twins.POSITIVES)
    np.testing.assert_allclose(twins.CLASS_WEIGHTS, class_weights(counted), rtol=1e-6)
    assert np.mean(twins.CLASS_WEIGHTS) == pytest.approx(1)


def test_the_loss_is_that_of_the_training():
    logits = torch.randn(50, 5, generator=torch.Generator().manual_seed(0)) * 3
    truth = labels(50)
    training = FocalLoss(torch.tensor(twins.CLASS_WEIGHTS), alpha=twins.ALPHA, gamma=twins.GAMMA)
    loss = twins.focal_loss_with_class_weights(truth, torch.sigmoid(logits).numpy())
    assert tuple(loss.shape) == (50,)
    expected = float(training(logits, torch.from_numpy(truth)))
    assert float(twins.ops.mean(loss)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_finite_where_a_probability_is_0_or_1():
    loss = twins.focal_loss_with_class_weights(np.ones((1, 5)), np.array([[0.0, 1.0, 0.0, 1.0, 0.5]], np.float32))
    assert np.isfinite(float(loss[0]))


def test_the_loaded_model_is_compiled_and_trains(h5):
    import keras
    from keras.models import load_model

    model = load_model(h5)
    assert model.loss is twins.focal_loss_with_class_weights
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)
    ecg, features = recordings(8, 100)
    truth = labels(8)
    before = model.evaluate([ecg, features], truth, verbose=0)
    expected = twins.focal_loss_with_class_weights(truth, model.predict([ecg, features], verbose=0))
    assert before == pytest.approx(float(keras.ops.mean(expected)), rel=1e-5)
    model.optimizer.learning_rate = 0.01
    model.fit([ecg, features], truth, epochs=3, batch_size=8, verbose=0)
    assert model.evaluate([ecg, features], truth, verbose=0) != pytest.approx(before, rel=1e-3)


def test_a_loaded_model_can_be_saved_again(loaded, tmp_path):
    from keras.models import load_model

    ecg, features = recordings(4, 100)
    loaded.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras").predict([ecg, features], verbose=0)
    np.testing.assert_array_equal(again, loaded.predict([ecg, features], verbose=0))


def test_other_classes_are_trained_with_cross_entropy(tmp_path):
    from keras.models import load_model

    saved(tmp_path / "weights", classes=("AF", "SR", "PACE"))
    twins.write_h5(tmp_path / "weights", tmp_path / "twin.h5")
    model = load_model(tmp_path / "twin.h5")
    assert model.loss == "binary_crossentropy" or model.loss.__name__ == "binary_crossentropy"
    ecg, features = recordings(4, 100)
    assert np.isfinite(model.evaluate([ecg, features], np.ones((4, 3)), verbose=0))


def test_the_same_weights_give_the_same_bytes(h5, folder, tmp_path):
    twins.write_h5(folder, tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == h5.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.h5"]


def test_the_configuration_is_one_that_keras_3_0_reads(h5):
    import h5py

    with h5py.File(h5) as stream:
        config, training = (json.loads(stream.attrs[name]) for name in ("model_config", "training_config"))
        assert "optimizer_weights" not in stream
    assert training["optimizer_config"]["config"].keys() == {"name", "learning_rate"}
    assert config["config"]["output_layers"] == [["probabilities", 0, 0]]
    made = [layer["class_name"] for layer in config["config"]["layers"]]
    assert {"Windows", "AgeAndSex", "WindowMean", "Bidirectional", "Conv1D"} <= set(made)
    assert "Lambda" not in made
    # None of these was there yet: a policy in place of a data type, quantization, batch renormalisation, and the rest.
    text = json.dumps(config)
    for newer in ("DTypePolicy", "quantization", "renorm", "ragged", "optional", "input_axes"):
        assert newer not in text


def test_nothing_is_written_when_the_weights_are_not_those_of_the_contract(windowed, folder, tmp_path):
    broken = tmp_path / "weights"
    broken.mkdir()
    (broken / "contract.json").write_bytes((folder / "contract.json").read_bytes())
    (broken / "small.safetensors").write_bytes((folder / "small.safetensors").read_bytes()[:-4])
    with pytest.raises(Unreadable, match="SHA-256"):
        twins.write_h5(broken, tmp_path / "twin.h5")
    contract = Contract.load(folder)
    files = {"safetensors": {"name": "small.safetensors", "sha256": sha256(folder / "small.safetensors")}}
    (broken / "small.safetensors").write_bytes((folder / "small.safetensors").read_bytes())
    dataclasses.replace(contract, files=files, model={**SETTINGS, "units": 8}).save(broken)
    with pytest.raises(Unreadable, match="does not fit the model") as caught:
        twins.write_h5(broken, tmp_path / "twin.h5")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_another_architecture_has_no_twin(windowed, folder):
    with pytest.raises(TwelveLeadError, match="architecture tiny has no HDF5 form"):
        twins.build_twin(dataclasses.replace(Contract.load(folder), architecture="tiny"))


@pytest.mark.parametrize(
    ("hidden", "backend", "remedy"),
    [
        ("keras", "torch", "MissingExtra: The HDF5 export needs the extra [keras]: pip install 'twelvelead[keras]'"),
        ("torch", "torch", "TwelveLeadError: Keras cannot be imported ("),
    ],
)
def test_what_is_missing_is_named(hidden, backend, remedy):
    program = f"import sys; sys.modules[{hidden!r}] = None; import twelvelead.keras"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert remedy in done.stderr.splitlines()[-1]


def test_a_backend_that_is_installed_is_chosen():
    # JAX and TensorFlow are hidden, so that PyTorch is the only one left.
    hidden = "sys.modules.update(dict.fromkeys(('tensorflow', 'jax')))"
    program = f"import sys; {hidden}; import twelvelead.keras, keras; print(keras.config.backend())"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["torch"], done.stderr


@pytest.fixture(scope="module")
def shipped():
    return Contract.load(weights.find("reference"))


def test_the_shipped_weights_were_trained_with_this_loss(shipped):
    recipe = shipped.recipe
    assert (recipe["loss"], recipe["alpha"], recipe["gamma"]) == ("focal", twins.ALPHA, twins.GAMMA)
    assert shipped.classes == twins.CLASSES
    assert (recipe["class_weights"], shipped.protocol, shipped.train_folds) == (True, "drop", tuple(range(1, 9)))


def test_the_shipped_file_gives_what_onnx_gives_on_200_real_ecgs(ptbxl_store):
    from keras.models import load_model

    records = np.arange(0, len(ptbxl_store.signals), 2)[:200]
    ecg = ptbxl_store.signals[records].astype(np.float32) / 1000
    features = np.array(ptbxl_store.features[records], np.float32)
    session = onnxruntime.InferenceSession(weights.file("reference", "onnx"))
    onnx = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    keras = load_model(weights.file("reference", "keras")).predict([ecg, features], verbose=0)
    assert onnx.shape == (200, 5)
    np.testing.assert_allclose(keras, onnx, atol=1e-5, rtol=0)
