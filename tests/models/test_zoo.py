import re
from pathlib import Path

import numpy as np
import pytest
import torch

from twelvelead.models import MODELS, create_model
from twelvelead.models.cost import multiply_adds, parameters
from twelvelead.models.windows import Windowed

NAN = float("nan")
SMALL = {
    "reference": {"filters": (8, 8), "lstm_units": 8, "ecg_units": 8, "metadata_units": 4, "units": 8},
    "resnet1d": {"filters": 8, "units": 8},
    "xresnet1d": {"depth": 18, "filters": 8, "units": 8},
    "inception1d": {"modules": 3, "filters": 4, "units": 8},
    "s4d": {"channels": 8, "states": 4, "layers": 2, "units": 8},
    "lstm": {"lstm_units": 8, "units": 8},
    "attentive": {"filters": (8, 8, 8, 16), "squeeze": 4, "heads": 2, "units": 8},
}
ROW = re.compile(r"\| `(\w+)` \| (?:depth (\d+))? ?\|.*\| ([\d,]+) \| ([\d.]+) M \|")
TABLE = ROW.findall((Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8"))


def small(name, **settings):
    torch.manual_seed(0)
    return create_model(name, classes=3, **(SMALL[name] | settings)).eval()


def test_the_table_names_every_model():
    assert {row[0] for row in TABLE} == set(MODELS) == set(SMALL)


@pytest.mark.parametrize(("name", "depth", "count", "millions"), TABLE)
def test_the_table_says_what_the_models_cost(name, depth, count, millions):
    model = create_model(name, classes=5, **({"depth": int(depth)} if depth else {}))
    assert f"{parameters(model):,}" == count
    assert f"{multiply_adds(model, 256) / 1e6:.1f}" == millions


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("samples", [128, 224, 1000, 1003])
def test_any_length_that_holds_a_step(name, samples):
    model = small(name)
    with torch.inference_mode():
        logits, weights = model(torch.randn(2, samples, 12), torch.tensor([[50.0, 1.0], [NAN, NAN]]))
    assert logits.shape == (2, 3)
    assert torch.isfinite(logits).all()
    assert weights.shape == (2, samples // model.samples_per_step)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("name", MODELS)
def test_other_rates_and_leads(name):
    model = create_model(name, classes=2, sampling_rate=500, leads=8, **SMALL[name]).eval()
    with torch.inference_mode():
        logits, _ = model(torch.randn(1, 1280, 8), torch.zeros(1, 2))
    assert logits.shape == (1, 2)
    assert model.sampling_rate == 500


@pytest.mark.parametrize("name", MODELS)
def test_without_metadata_age_and_sex_change_nothing_and_with_it_they_do(name):
    ecg = torch.randn(2, 256, 12)
    one, other = torch.tensor([[30.0, 0.0]] * 2), torch.tensor([[80.0, 1.0]] * 2)
    with torch.inference_mode():
        without = small(name, metadata=False)
        assert torch.equal(without(ecg, one)[0], without(ecg, other)[0])
        given = small(name)
        assert not torch.equal(given(ecg, one)[0], given(ecg, other)[0])


@pytest.mark.parametrize("name", MODELS)
def test_gradients_reach_every_parameter(name):
    model = small(name).train()
    logits, _ = model(torch.randn(4, 256, 12), torch.tensor([[50.0, 1.0], [NAN, 0.0], [20.0, NAN], [70.0, 0.0]]))
    logits.square().sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key


@pytest.mark.parametrize("name", MODELS)
def test_onnx_says_the_same(name, tmp_path):
    import onnxruntime

    from twelvelead.training.forms import write_onnx

    windowed = Windowed(small(name), *((16, 8) if name == "lstm" else (64, 32))).eval()
    write_onnx(windowed, tmp_path / "model.onnx", 12)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for n, samples in ((1, 64), (3, 250)):
        ecg, features = torch.randn(n, samples, 12), torch.tensor([[50.0, 1.0]] * n)
        with torch.inference_mode():
            expected, weights, *_ = windowed(ecg, features)
        found = session.run(["probabilities", "attention"], {"ecg": ecg.numpy(), "features": features.numpy()})
        np.testing.assert_allclose(found[0], expected.numpy(), atol=1e-6)
        np.testing.assert_allclose(found[1], weights.numpy(), atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_s4d_convolves_in_both_directions_as_it_trains_and_as_it_predicts(training):
    layer = small("s4d").layers[0].train(training)
    x = torch.randn(8, 3, 21)
    with torch.inference_mode():
        ahead, behind = layer.kernels(21).split(8)  # of the past, of the future
        expected = x * layer.skip[:, None, None]
        for lag in range(21):
            expected[:, :, lag:] += ahead[:, None, lag, None] * x[:, :, : 21 - lag]
            expected[:, :, : 21 - lag] += behind[:, None, lag, None] * x[:, :, lag:]
        torch.testing.assert_close(layer._convolved(x), expected, atol=1e-5, rtol=1e-5)


def test_s4d_kernels_are_the_sums_of_damped_waves():
    kernels = small("s4d").layers[0].kernels
    with torch.no_grad():
        step = kernels.log_step.exp()[:, None]
        poles = torch.complex(-kernels.log_decay.exp(), kernels.frequency)
        weights = torch.view_as_complex(kernels.output) * (torch.exp(step * poles) - 1) / poles
        times = torch.arange(37)
        waves = weights[..., None] * torch.exp((step * poles)[..., None] * times)
        torch.testing.assert_close(kernels(37), 2 * waves.sum(dim=1).real, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"filters": (8, 8)}, "2 filter counts, 4 kernel sizes and 4 strides"),
        ({"stem_kernel_size": 8}, "kernel size is 8"),
        ({"heads": 7}, "7 heads do not share 256 filters evenly"),
    ],
)
def test_attentive_names_settings_that_do_not_fit(settings, fault):
    with pytest.raises(ValueError, match=fault):
        create_model("attentive", classes=5, **settings)


def test_xresnet_of_an_unknown_depth():
    with pytest.raises(ValueError, match="18, 50, 101"):
        create_model("xresnet1d", classes=5, depth=34)


@pytest.mark.parametrize("name", MODELS)
def test_the_last_layer_reads_the_classes_off_the_embedding(name):
    model = create_model(name, classes=7, **SMALL[name]).eval()
    layer = model.output_layer()
    assert layer.out_features == 7
    ecg, features = torch.randn(2, 256, 12), torch.full((2, 2), float("nan"))
    with torch.inference_mode():
        embedding, attention = model.embed(ecg, features)
        logits, same = model(ecg, features)
        read = layer(embedding)
    assert embedding.shape == (2, layer.in_features)
    torch.testing.assert_close(read, logits)
    torch.testing.assert_close(attention, same)


def test_settings_are_lists_or_tuples_and_none_is_unknown():
    assert create_model("resnet1d", classes=2, filters=8, strides=[2]).samples_per_step == 2
    with pytest.raises(TypeError, match="unexpected keyword argument 'filter'"):
        create_model("resnet1d", classes=2, filter=8)
