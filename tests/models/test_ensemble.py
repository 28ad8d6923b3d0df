"""Several networks as one function, in PyTorch and in one ONNX file."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from twelvelead.models import create_model
from twelvelead.models.ensemble import Ensemble
from twelvelead.models.windows import Windowed

MEMBERS = (  # architecture, settings, takes age and sex, window, stride, aggregate
    ("reference", {"filters": (8, 8), "lstm_units": 8, "ecg_units": 8, "units": 8}, True, 64, 28, "probability"),
    ("xresnet1d", {"depth": 18, "filters": 8, "units": 8}, False, 128, 64, "logit"),
    ("lstm", {"lstm_units": 8, "units": 8}, True, 25, 11, "maximum"),
)
WEIGHTS = (0.5, 0.3, 0.2)
SLOPE = [[1.0, 0.5, 2.0], [0.8, 1.1, 1.0], [1.5, 1.0, 0.7]]
INTERCEPT = [[0.0, 1.0, -1.0], [0.5, 0.0, 0.0], [-2.0, 0.3, 0.1]]
FEATURES = torch.tensor([[50.0, 1.0], [float("nan"), 0.0], [70.0, float("nan")]])


@pytest.fixture(scope="module")
def windowed():
    torch.manual_seed(0)
    return [
        Windowed(create_model(name, classes=3, metadata=metadata, **settings), *cut).eval()
        for name, settings, metadata, *cut in MEMBERS
    ]


@pytest.fixture(scope="module")
def ensemble(windowed):
    return Ensemble(windowed, WEIGHTS, SLOPE, INTERCEPT).eval()


def of_each(windowed, ecg, features):
    """Calibrated probabilities [n, members, classes] and attentions by plain loops."""
    probabilities, attentions = [], []
    for place, member in enumerate(windowed):
        p, attention = (value.double().numpy() for value in member(ecg, features)[:2])
        probabilities.append(1 / (1 + np.exp(-(np.log(p / (1 - p)) * SLOPE[place] + INTERCEPT[place]))))
        attentions.append(attention)
    return np.stack(probabilities, axis=1), attentions


@torch.inference_mode()
@pytest.mark.parametrize("samples", [128, 131, 500])
def test_the_mean_is_that_of_the_calibrated_logits(ensemble, windowed, samples):
    ecg = torch.randn(3, samples, 12) * 0.3
    answers = ensemble(ecg, FEATURES)
    probabilities, members = answers.probabilities, answers.members
    assert answers.embedding.shape == (3, sum(member.units for member in windowed))
    expected, _ = of_each(windowed, ecg, FEATURES)
    np.testing.assert_allclose(members, expected, atol=1e-6)
    logits = (np.log(expected / (1 - expected)) * np.array(WEIGHTS)[:, None]).sum(axis=1)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), atol=1e-6)


@torch.inference_mode()
def test_or_that_of_the_probabilities(windowed):
    ecg = torch.randn(3, 200, 12) * 0.3
    probabilities = Ensemble(windowed, WEIGHTS, SLOPE, INTERCEPT, "probability").eval()(ecg, FEATURES).probabilities
    expected, _ = of_each(windowed, ecg, FEATURES)
    np.testing.assert_allclose(probabilities, (expected * np.array(WEIGHTS)[:, None]).sum(axis=1), atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("samples", [128, 131, 500])
def test_attention_is_the_mean_over_a_common_step(ensemble, windowed, samples):
    ecg = torch.randn(3, samples, 12) * 0.3
    attention = ensemble(ecg, FEATURES).attention
    expected = np.zeros((3, samples))
    for weight, member, values in zip(WEIGHTS, windowed, of_each(windowed, ecg, FEATURES)[1], strict=True):
        for step in range(values.shape[1]):
            expected[:, step * member.step : (step + 1) * member.step] += weight * values[:, [step]] / member.step
    assert [member.step for member in windowed] == [4, 32, 1]
    np.testing.assert_allclose(attention, expected, atol=1e-6)
    np.testing.assert_allclose(attention.sum(dim=1), 1, atol=1e-5)


@torch.inference_mode()
def test_one_that_is_never_wrong_by_itself_keeps_the_answer_finite(windowed):
    steep = [[1e4] * 3] * 3
    for mean in ("logit", "probability"):
        answers = Ensemble(windowed, WEIGHTS, steep, INTERCEPT, mean).eval()(torch.randn(3, 200, 12), FEATURES)
        assert torch.isfinite(answers.probabilities).all()
        assert ((answers.members == 0) | (answers.members == 1)).any()


def test_the_longest_window_is_the_least_that_is_read(ensemble):
    assert (ensemble.window, ensemble.stride, ensemble.step) == (128, 64, 1)


def test_the_state_holds_the_networks_and_nothing_else(ensemble, windowed):
    expected = {f"members.{n}.model.{key}" for n, one in enumerate(windowed) for key in one.model.state_dict()}
    assert set(ensemble.state_dict()) == expected


@pytest.mark.parametrize(
    ("weights", "mean", "fault"),
    [
        ((0.5, 0.5), "logit", "give one weight and calibration a member"),
        ((0.5, 0.3, 0.3), "logit", "have to add up to 1"),
        ((1.2, -0.1, -0.1), "logit", "none of them negative"),
        (WEIGHTS, "median", "one of logit, probability"),
    ],
)
def test_what_is_no_mean_is_refused(windowed, weights, mean, fault):
    with pytest.raises(ValueError, match=fault):
        Ensemble(windowed, weights, SLOPE, INTERCEPT, mean)


@pytest.fixture(scope="module")
def onnx_file(ensemble, write_traced, tmp_path_factory):
    path = tmp_path_factory.mktemp("ensemble") / "ensemble.onnx"
    write_traced(optimize=True)(ensemble, path, 12)
    return path


def test_one_onnx_file_gives_what_pytorch_gives(ensemble, onnx_file):
    session = onnxruntime.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_outputs()] == ["probabilities", "attention", "embedding", "members"]
    rng = np.random.default_rng(0)
    for samples in (128, 129, 191, 192, 256, 1000, 1003):
        for n in (1, 3):
            ecg, features = rng.normal(0, 0.3, (n, samples, 12)).astype(np.float32), FEATURES[-n:].numpy()
            with torch.inference_mode():
                expected = ensemble(torch.from_numpy(ecg), torch.from_numpy(features))
            given = session.run(None, {"ecg": ecg, "features": features})
            for one, other in zip(given, (value for value in expected if value is not None), strict=True):
                assert one.dtype == np.float32
                np.testing.assert_allclose(one, other.numpy(), atol=1e-5, rtol=0)


def test_the_onnx_file_holds_every_weight_once_and_no_trace_of_the_machine(ensemble, onnx_file):
    onnx.checker.check_model(str(onnx_file), full_check=True)
    held = onnx.load(onnx_file).graph.initializer
    large = [value.raw_data for value in held if len(value.raw_data) > 256]
    assert len(set(large)) == len(large)
    weights = sum(value.numel() * value.element_size() for value in ensemble.state_dict().values())
    assert sum(len(value.raw_data) for value in held) < 1.1 * weights
    for word in (b".py", b"site-packages", b"/home", b"Traceback"):
        assert word not in onnx_file.read_bytes()
