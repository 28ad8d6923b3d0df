import numpy as np
import pytest
import torch

from twelvelead.models import create_model
from twelvelead.models.windows import AGGREGATES, Windowed

WINDOW, STRIDE, STEP = 64, 28, 4
NAN = float("nan")


@pytest.fixture(scope="module")
def windowed():
    torch.manual_seed(0)
    model = create_model("reference", classes=5, filters=(8, 8), lstm_units=8, ecg_units=8, metadata_units=4, units=8)
    return Windowed(model, WINDOW, STRIDE).eval()


def starts_of(samples):
    """Every stride, and one that ends with the recording, on a whole step; none twice."""
    last = (samples - WINDOW) // STEP * STEP
    return [*range(0, last, STRIDE), last]


@pytest.mark.parametrize("samples", [64, 65, 68, 92, 93, 100, 250, 251, 1000])
def test_windows_are_a_plain_loop(windowed, samples):
    ecg = torch.randn(3, samples, 12)
    features = torch.tensor([[60.0, 0.0], [NAN, 1.0], [20.0, NAN]])
    with torch.inference_mode():
        probabilities, attention, *_ = windowed(ecg, features)
        answers = []
        summed, covered = np.zeros((3, samples // STEP)), np.zeros(samples // STEP)
        for start in starts_of(samples):
            logits, weights = windowed.model(ecg[:, start : start + WINDOW], features)
            answers.append(torch.sigmoid(logits))
            steps = slice(start // STEP, (start + WINDOW) // STEP)
            summed[:, steps] += weights.numpy()
            covered[steps] += 1
    torch.testing.assert_close(probabilities, torch.stack(answers).mean(dim=0), atol=1e-6, rtol=1e-5)
    mean = summed / np.maximum(covered, 1)
    np.testing.assert_allclose(attention, mean / mean.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(attention.sum(dim=1), 1, atol=1e-5)


def test_the_end_of_a_recording_counts(windowed):
    ecg = torch.randn(1, 100, 12)
    other = ecg.clone()
    other[:, -3:] += 5
    features = torch.full((1, 2), NAN)
    with torch.inference_mode():
        assert not torch.allclose(windowed(ecg, features)[0], windowed(other, features)[0])


def test_a_recording_of_one_window_is_the_model_itself(windowed):
    ecg, features = torch.randn(2, WINDOW, 12), torch.full((2, 2), NAN)
    with torch.inference_mode():
        logits, weights = windowed.model(ecg, features)
        probabilities, attention, *_ = windowed(ecg, features)
    torch.testing.assert_close(probabilities, torch.sigmoid(logits))
    torch.testing.assert_close(attention, weights)


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("probability", lambda logits: (1 / (1 + np.exp(-logits))).mean(axis=1)),
        ("logit", lambda logits: 1 / (1 + np.exp(-logits.mean(axis=1)))),
        ("maximum", lambda logits: (1 / (1 + np.exp(-logits))).max(axis=1)),
    ],
)
def test_windows_are_taken_together_in_the_way_asked_for(windowed, aggregate, expected):
    logits = np.random.default_rng(0).normal(0, 3, (4, 7, 5))
    np.testing.assert_allclose(AGGREGATES[aggregate](torch.tensor(logits)), expected(logits), rtol=1e-12)
    ecg, features = torch.randn(3, 250, 12), torch.full((3, 2), NAN)
    with torch.inference_mode():
        each = [windowed.model(ecg[:, start : start + WINDOW], features)[0].numpy() for start in starts_of(250)]
        together = Windowed(windowed.model, WINDOW, STRIDE, aggregate)(ecg, features)[0]
    np.testing.assert_allclose(together, expected(np.stack(each, axis=1)), rtol=1e-4)


def test_there_is_no_other_way_to_take_windows_together(windowed):
    with pytest.raises(ValueError, match="aggregate is 'median'; it has to be one of probability, logit, maximum"):
        Windowed(windowed.model, WINDOW, STRIDE, "median")


@pytest.mark.parametrize(("window", "stride"), [(66, 28), (64, 30), (64, 68), (64, 0)])
def test_windows_fit_the_steps_of_the_model(windowed, window, stride):
    with pytest.raises(ValueError, match="multiples of 4"):
        Windowed(windowed.model, window, stride)
