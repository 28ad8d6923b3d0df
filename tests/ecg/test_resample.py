import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.resample import _low_pass, resample
from twelvelead.readers import read

rates = st.sampled_from([100.0, 128.0, 240.0, 250.0, 257.0, 360.0, 500.0, 512.0, 997.0, 1000.0])
DRAWS = settings(max_examples=60, deadline=None)


def noise(samples: int, leads: int = 2) -> np.ndarray:
    return np.random.default_rng(samples).normal(size=(samples, leads)).astype(np.float32)


@DRAWS
@given(st.integers(1, 3000), rates, rates)
def test_length(samples, old, new):
    got = resample(noise(samples), old, new)
    assert got.shape == (math.ceil(samples * new / old), 2)
    assert got.dtype == np.float32


@DRAWS
@given(st.integers(1, 2000), rates, rates, st.floats(-50, 50, width=32))
def test_constants_stay_to_the_edges(samples, old, new, value):
    got = resample(np.full((samples, 1), value, np.float32), old, new)
    np.testing.assert_allclose(got, value, rtol=1e-6)


@DRAWS
@given(rates, rates, st.floats(0.01, 0.78), st.floats(0, 6.2))
def test_sines_keep_amplitude_and_phase(old, new, share, phase):
    frequency = share * min(old, new) / 2
    wave = lambda rate, seconds: np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate + phase)  # noqa: E731
    got = resample(wave(old, 4).astype(np.float32)[:, None], old, new)[:, 0]
    middle = slice(int(new), int(3 * new))
    np.testing.assert_allclose(got[middle], wave(new, 5)[middle], atol=3e-3)


def test_mains_hum_is_gone_instead_of_folded_back():
    for hertz in (50, 60, 120, 150):
        hum = np.sin(2 * np.pi * hertz * np.arange(5000) / 500).astype(np.float32)[:, None]
        assert np.abs(resample(hum, 500, 100)[100:-100]).max() < 2e-3


@DRAWS
@given(rates, rates, st.floats(-3, 3), st.floats(-3, 3))
def test_linear(old, new, a, b):
    x, y = noise(900), noise(901)[:900]
    both = resample((a * x + b * y).astype(np.float32), old, new)
    np.testing.assert_allclose(both, a * resample(x, old, new) + b * resample(y, old, new), atol=2e-5)


@DRAWS
@given(rates, rates, st.integers(0, 999), st.integers(1, 300))
def test_nan_stays_in_its_place(old, new, start, length):
    signal = noise(1000)
    signal[start : start + length, 0] = np.nan
    got = resample(signal, old, new)
    np.testing.assert_array_equal(got[:, 1], resample(signal[:, 1:], old, new)[:, 0])
    end = min(start + length, 1000) - 1
    seconds = np.arange(len(got)) / new
    reach = 1 / min(old, new)
    gone = np.isnan(got[:, 0])
    assert gone[(seconds >= start / old) & (seconds <= end / old)].all()
    assert not gone[(seconds <= start / old - reach * 1.001) | (seconds >= end / old + reach * 1.001)].any()


def test_a_lead_without_samples_stays_nan_and_infinity_becomes_nan():
    signal = noise(500, 3)
    signal[:, 0], signal[250, 1] = np.nan, np.inf
    got = resample(signal, 500, 100)
    assert np.isnan(got[:, 0]).all()
    assert np.flatnonzero(np.isnan(got[:, 1])).tolist() == [50]
    assert np.isfinite(got[:, 2]).all()


def test_same_rate_changes_nothing():
    signal = noise(100)
    signal[3, 1] = np.nan
    np.testing.assert_array_equal(resample(signal, 250, 250), signal)


@pytest.mark.parametrize(("samples", "old", "new"), [(5, 0, 100), (5, 100, np.nan), (0, 100, 50), (5, 1e9, 1)])
def test_what_cannot_be(samples, old, new):
    with pytest.raises(ValueError, match=r"sampling rate|out of range|without samples"):
        resample(np.zeros((samples, 1), np.float32), old, new)


def test_500_hz_records_of_ptbxl_become_the_published_100_hz_ones(shared_ptbxl, ptbxl_folder):
    """Up to rounding to 1 uV, once their shift of 1.25 ms is allowed for; the 500 Hz files stand still at the end."""
    compared = 0
    for header in sorted(ptbxl_folder.glob("records100/00000/*.hea")):
        original = shared_ptbxl / "records500" / "00000" / header.name.replace("_lr", "_hr")
        if not original.exists():
            continue
        published, fast = read(header).signal, read(original).signal
        shifted = resample(resample(fast, 500, 4000)[5:], 4000, 100)
        inside = slice(10, 980)
        assert np.sqrt(np.mean((shifted - published)[inside] ** 2)) < 0.0005
        assert np.sqrt(np.mean((resample(fast, 500, 100) - published)[inside] ** 2)) < 0.035
        compared += 1
    assert compared == 7


@pytest.mark.parametrize(("old", "new"), [(500, 100), (1000, 100), (257, 100), (250, 100), (360, 100), (100, 500)])
@pytest.mark.parametrize("samples", [1, 30, 2570])
def test_as_scipy_with_the_same_filter(old, new, samples):
    scipy = pytest.importorskip("scipy.signal")
    ratio = Fraction(new, old)
    up, down = ratio.numerator, ratio.denominator
    around = 40 * max(up, down)  # edges continued, of whole periods on both rates
    signal = noise(samples, 3)
    padded = np.pad(signal.astype(np.float64), ((around * down, around * down), (0, 0)), mode="edge")
    theirs = scipy.resample_poly(padded, up, down, axis=0, window=_low_pass(up, down) / up)[around * up :]
    np.testing.assert_allclose(resample(signal, old, new), theirs[: math.ceil(samples * new / old)], atol=1e-6)
