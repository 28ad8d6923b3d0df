"""The high-pass inside the weights is SciPy's Butterworth filter, run forwards and backwards."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from twelvelead.models.highpass import HighPass


@pytest.fixture(scope="module")
def highpass():
    return HighPass(0.5, 100)


def refereed(ecg, rate=100, hertz=0.5):
    """SciPy's answer for `ecg` [n, samples, leads], mirrored for half a minute to each side."""
    pad = [(0, 0), (30 * rate, 30 * rate), (0, 0)]
    longer = np.pad(ecg.astype(np.float64), pad, mode="reflect") if ecg.shape[1] > 1 else np.pad(ecg, pad, mode="edge")
    found = sosfiltfilt(butter(2, hertz, "highpass", fs=rate, output="sos"), longer, axis=1, padtype=None)
    return found[:, 30 * rate : 30 * rate + ecg.shape[1]]


@pytest.mark.parametrize("samples", [1, 2, 39, 40, 41, 256, 799, 1000, 1001, 3800])
def test_any_length_is_what_scipy_gives(highpass, samples):
    ecg = np.random.default_rng(samples).normal(0, 0.3, (2, samples, 12)).astype(np.float32)
    found = highpass(torch.from_numpy(ecg)).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, refereed(ecg), atol=5e-5)  # 0.05 uV


@pytest.mark.parametrize(("rate", "hertz"), [(100, 1.0), (128, 0.5), (500, 0.5)])
def test_other_rates_and_cut_offs_too(rate, hertz):
    ecg = np.random.default_rng(rate).normal(0, 0.3, (1, 5 * rate, 3)).astype(np.float32)
    np.testing.assert_allclose(HighPass(hertz, rate)(torch.from_numpy(ecg)), refereed(ecg, rate, hertz), atol=5e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 900), st.floats(-100, 100), st.floats(-5, 5))
def test_an_offset_is_nothing_and_a_factor_is_a_factor(samples, offset, factor):
    highpass = HighPass(0.5, 100)
    ecg = torch.randn(1, samples, 2, generator=torch.Generator().manual_seed(samples))
    alone = highpass(ecg)
    torch.testing.assert_close(highpass(ecg + offset), alone, atol=1e-4, rtol=0)
    torch.testing.assert_close(highpass(ecg * factor), alone * factor, atol=1e-4, rtol=0)


def test_what_moves_the_baseline_goes_and_the_beat_stays(highpass):
    time = torch.arange(1000)[None, :, None] / 100
    wander, beat = torch.sin(2 * np.pi * 0.15 * time), torch.sin(2 * np.pi * 5 * time)
    middle = slice(200, 800)
    assert highpass(wander)[:, middle].abs().max() < 0.02
    torch.testing.assert_close(highpass(beat)[:, middle], beat[:, middle], atol=2e-3, rtol=0)


def test_a_crop_of_the_mirrored_signal_is_a_crop_of_the_filtered_one(highpass):
    ecg = torch.randn(2, 1000, 12)
    whole, longer = highpass(ecg), highpass.mirrored(ecg)
    for start in (0, 301, 744):
        crop = highpass.filtered(longer[:, start : start + 256 + 2 * highpass.reach])
        torch.testing.assert_close(crop, whole[:, start : start + 256], atol=1e-5, rtol=0)


def test_bfloat16_around_it_changes_nothing(highpass):
    ecg = torch.randn(1, 500, 12) + 3
    with torch.autocast("cpu", torch.bfloat16):
        found = highpass(ecg)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, highpass(ecg))


@pytest.mark.parametrize(("hertz", "rate"), [(0.001, 100), (50, 100), (-1, 100), (float("nan"), 100)])
def test_a_cut_off_that_no_recording_bears_is_refused(hertz, rate):
    with pytest.raises(ValueError, match=r"it has to be from 0\.05 to below 50 Hz"):
        HighPass(hertz, rate)
