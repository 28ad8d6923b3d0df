"""What is told cheaply is what looking closely tells: each shortcut of the gate against the plain computation."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from twelvelead.ecg import beats
from twelvelead.ecg.clean import clean
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import artefacts, refusals
from twelvelead.ecg.quality.at_the_beat import median_beat
from twelvelead.ecg.quality.limb_leads import REFUSED_MILLIVOLTS, WARNED_MILLIVOLTS, limb_leads
from twelvelead.ecg.quality.misreadings import INDEPENDENT, ROUGH, misreading_scores, rough_scores
from twelvelead.ecg.quality.quarters import quarters_of
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg

RATE = 100.0


def disturbed(seed: int) -> np.ndarray:
    """[12, samples] of a generated ECG, of odd length, with offsets, jumps, still stretches and a gain near the limits
    of the rules."""
    rng = np.random.default_rng(seed)
    voltage = synthetic_ecg(VARIANTS[seed % len(VARIANTS)], seed=seed, sampling_rate=RATE).signal.T.copy()
    voltage = voltage[:, : rng.integers(300, 1001)] * rng.choice([0.02, 0.2, 1, 1, 1, 5])
    lead, other, start = rng.integers(12), rng.integers(12), rng.integers(voltage.shape[1])
    voltage[lead] += rng.choice([0, 0.65, -0.7, 0.75])
    voltage[other, start:] += rng.choice([0, 1.4, 1.6, -1.6, 3])
    voltage[rng.integers(12), start : start + rng.integers(300)] = rng.choice([0, 0.3])
    return np.ascontiguousarray(voltage, np.float32)


DISTURBED = [disturbed(seed) for seed in range(120)]


def plain_quarters(voltage):
    samples = round(RATE / 4)
    count = voltage.shape[1] // samples
    return voltage[:, : count * samples].reshape(len(voltage), count, samples)


def test_quarters():
    for voltage in DISTURBED[:20]:
        quarters, plain = quarters_of(voltage, RATE), plain_quarters(voltage)
        np.testing.assert_array_equal(quarters.lowest, plain.min(axis=2))
        np.testing.assert_array_equal(quarters.highest, plain.max(axis=2))
    torn = DISTURBED[0].copy()
    torn[3, 10], torn[4, 60], torn[5, 80] = np.nan, np.inf, 3e38
    quarters, plain = quarters_of(torn, RATE), plain_quarters(np.where(np.isfinite(torn), torn, 0))
    np.testing.assert_array_equal(quarters.lowest, plain.min(axis=2))
    np.testing.assert_array_equal(quarters.highest, np.minimum(plain.max(axis=2), 1e9))


def test_offsets_by_medians():
    hits = 0
    for voltage in DISTURBED:
        level = np.median(voltage, axis=1)
        far = np.abs(level) > artefacts.OFFSET_MILLIVOLTS
        found = artefacts.offset(voltage)
        assert (list(found.values.values()) if found else []) == level[far].tolist()
        hits += far.any()
    assert 10 < hits < len(DISTURBED) - 10


def test_jumps_by_medians():
    hits = 0
    for voltage in DISTURBED:
        windows = sliding_window_view(np.median(plain_quarters(voltage), axis=2), 4, axis=1)
        low, high = windows.min(axis=2), windows.max(axis=2)
        up, down = low[:, 5:] - high[:, :-5], low[:, :-5] - high[:, 5:]
        height = np.maximum(up, down).max(axis=1)
        found = artefacts.jump(voltage, quarters_of(voltage, RATE))
        assert (list(found.values.values()) if found else []) == height[height > artefacts.JUMP_MILLIVOLTS].tolist()
        hits += found is not None
    assert 10 < hits < len(DISTURBED) - 10


def test_the_unit_by_the_median():
    low, high = refusals.USUAL_MILLIVOLTS
    spans = [refusals.usual_span(quarters_of(voltage, RATE)) for voltage in DISTURBED]
    refused = [refusals.amplitude(voltage, quarters_of(voltage, RATE), LEADS) is not None for voltage in DISTURBED]
    assert refused == [span < low or span > high for span in spans]
    assert 5 < sum(refused) < len(DISTURBED) - 5


def test_a_constant_in_one_limb_lead_is_never_passed_over():
    for size in (0.004, 0.01, 0.03, 0.3):
        voltage = DISTURBED[2].copy()
        voltage[:6] = synthetic_ecg(seed=2, sampling_rate=RATE).signal.T[:6, : voltage.shape[1]]
        voltage[4] += np.float32(size)
        found = limb_leads(voltage)
        assert (found is not None) == (size > WARNED_MILLIVOLTS), size
        assert found is None or found.code == ("offset" if size > REFUSED_MILLIVOLTS else "limb-leads")


def test_rough_scores_of_misreadings():
    scored = 0
    for voltage in DISTURBED:
        beat = median_beat(ECG(voltage.T, RATE))
        if beat is not None:
            independent = beat[INDEPENDENT]
            np.testing.assert_allclose(
                rough_scores(independent), misreading_scores(independent[None])[0], atol=ROUGH / 100
            )
            scored += 1
    assert scored > 60


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 41])
def test_extremes_of_neighbours(width):
    values = np.random.default_rng(width).normal(size=(3, 60))
    windows = sliding_window_view(values, width, axis=1)
    np.testing.assert_array_equal(beats.extreme_over(np.maximum, values, width), windows.max(axis=2))
    np.testing.assert_array_equal(beats.extreme_over(np.minimum, values, width), windows.min(axis=2))


def test_similarity_of_beats():
    rng = np.random.default_rng(0)
    shape = np.sin(np.linspace(0, 6, 33))[:, None] * rng.normal(size=9)
    for noise in (0.05, 1.0):
        windows = shape + rng.normal(scale=noise, size=(8, 33, 9))

        def unit(start: int, windows=windows) -> np.ndarray:
            part = windows[:, start : start + 25]
            flat = (part - part.mean(axis=1, keepdims=True)).reshape(len(part), -1)
            return flat / np.linalg.norm(flat, axis=1, keepdims=True)

        moved = range(9) if noise == 1 else [4]  # where all are alike unmoved, moving is left out
        plain = np.max([unit(4) @ unit(start).T for start in moved], axis=0)
        np.testing.assert_allclose(beats._similarity(windows, 4), np.maximum(plain, plain.T), atol=1e-12)
        assert (plain.min() > beats._ALIKE) == (noise < 1)


def test_a_lead_with_invalid_samples_is_taken_as_zero():
    signal = synthetic_ecg(seed=1, sampling_rate=RATE).signal.copy()
    signal[10, 3] = np.nan
    without = signal.copy()
    without[:, 3] = 0
    torn, flat = clean(ECG(signal, RATE)), clean(ECG(without, RATE))
    np.testing.assert_array_equal(torn.signal, flat.signal)
    assert torn.whole.tolist() == [lead != 3 for lead in range(12)]
