"""Faults of a recording: sizes, bands, the algebra of the leads, and the wiring of the electrodes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.electrodes import ELECTRODES, LEADS_OF_ELECTRODES, at_electrodes, rewired
from twelvelead.ecg.faults import FAULTS
from twelvelead.ecg.leads import LEADS, limb_leads
from twelvelead.ecg.synthetic import synthetic_ecg

RATE = 100.0
EVERY = [(name, severity) for name, fault in FAULTS.items() for severity in fault.severities]
AT_ELECTRODES = [
    "powerline_50", "powerline_60", "baseline_wander", "muscle_noise", "electrode_motion", "offset",
    "limb_swap", "chest_swap",
]  # fmt: skip


@pytest.fixture(scope="module")
def signal():
    return synthetic_ecg("normal", seed=3, sampling_rate=100, seconds=10).signal


def rng(seed=0):
    return np.random.default_rng(seed)


def breaks_algebra(signal):
    """Largest distance, in mV, of the limb leads from those that follow from I and II."""
    return np.abs(limb_leads(signal[..., 0], signal[..., 1]) - signal[..., :6]).max()


@pytest.mark.parametrize(("name", "severity"), EVERY)
def test_shape_kind_and_input_untouched(signal, name, severity):
    signal = 3 * signal  # high enough for every clipping
    before = signal.copy()
    spoiled = FAULTS[name].apply(signal, RATE, severity, rng())
    assert spoiled.shape == signal.shape
    assert spoiled.dtype == np.float32
    assert np.isfinite(spoiled).all()
    assert np.abs(spoiled - signal).max() > 1e-4
    np.testing.assert_array_equal(signal, before)
    batch = FAULTS[name].apply(np.stack([signal, signal]), RATE, severity, rng())
    assert batch.shape == (2, *signal.shape)


@pytest.mark.parametrize(("name", "severity"), EVERY)
def test_the_same_seed_gives_the_same_fault(signal, name, severity):
    first, again = (FAULTS[name].apply(signal, RATE, severity, rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", [name for name in AT_ELECTRODES if not name.endswith("swap")] + ["missing_leads"])
def test_another_seed_and_another_record_of_a_batch_give_another_fault(signal, name):
    fault = FAULTS[name]
    one, other = fault.apply(np.stack([signal, signal]), RATE, fault.severities[2], rng(1))
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, fault.apply(signal, RATE, fault.severities[2], rng(2)))


@pytest.mark.parametrize("name", AT_ELECTRODES)
def test_faults_at_electrodes_keep_the_algebra_of_the_leads(signal, name):
    for severity in FAULTS[name].severities:
        assert breaks_algebra(FAULTS[name].apply(signal, RATE, severity, rng())) < 1e-5


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.graded])
def test_five_severities_from_mild_to_severe(signal, name):
    fault = FAULTS[name]
    assert len(fault.severities) == 5
    if name == "time_shift":
        assert fault.severities == tuple(sorted(fault.severities))
        return
    many = np.stack([3 * signal] * 20)
    changes = [np.abs(fault.apply(many, RATE, severity, rng()) - many).mean() for severity in fault.severities]
    assert changes == sorted(changes)


@pytest.mark.parametrize(("name", "hertz"), [("powerline_50", 50), ("powerline_60", 60)])
@pytest.mark.parametrize(("rate", "alias"), [(500, lambda hertz: hertz), (100, lambda hertz: 100 - hertz)])
def test_hum_is_where_sampling_puts_it(name, hertz, rate, alias):
    silence = np.zeros((40, 10 * rate, 12), np.float32)
    hum = FAULTS[name].apply(silence, rate, 1.0, rng())
    power = (np.abs(np.fft.rfft(hum, axis=1)) ** 2).sum(axis=(0, 2))
    assert np.fft.rfftfreq(10 * rate, 1 / rate)[power.argmax()] == pytest.approx(alias(hertz), abs=0.11)
    assert np.abs(hum).max() <= 2.0  # no lead is more than the difference of two electrodes


def test_hum_recorded_at_500_hz_does_not_reach_100_hz_through_our_filter():
    from twelvelead.ecg.resample import resample

    for name in ("powerline_50", "powerline_60"):
        hum = FAULTS[name].apply(np.zeros((5000, 12), np.float32), 500, 1.0, rng())
        inside = resample(hum, 500, 100)[50:-50]
        assert np.abs(inside).max() < 2e-3


def rms_at_an_electrode(leads):
    """Root mean square over V1 to V6, of noise that is independent at the electrodes: V and a third of three others."""
    return np.sqrt((leads[..., 6:] ** 2).mean() / (1 + 3 / 9))


def test_sizes_are_those_of_the_severity():
    silence = np.zeros((300, 1000, 12), np.float32)
    wander = FAULTS["baseline_wander"].apply(silence, RATE, 0.5, rng())
    assert rms_at_an_electrode(wander) == pytest.approx(0.5, rel=0.05)
    offset = FAULTS["offset"].apply(silence, RATE, 0.2, rng())
    assert np.ptp(offset, axis=1).max() < 1e-6
    assert rms_at_an_electrode(offset) == pytest.approx(0.2, rel=0.05)
    muscle = FAULTS["muscle_noise"].apply(silence, RATE, 0.2, rng())
    assert 0.25 * 0.2 < rms_at_an_electrode(muscle) < 0.2


@pytest.mark.parametrize(("name", "low", "high"), [("baseline_wander", 0.05, 0.6), ("muscle_noise", 19.0, 151.0)])
@pytest.mark.parametrize("rate", [100, 500])
def test_bands(name, low, high, rate):
    noise = FAULTS[name].apply(np.zeros((50, 20 * rate, 12), np.float32), rate, 1.0, rng())
    power = (np.abs(np.fft.rfft(noise * np.hanning(20 * rate)[:, None], axis=1)) ** 2).sum(axis=(0, 2))
    frequency = np.fft.rfftfreq(20 * rate, 1 / rate)
    assert power[(frequency < low) | (frequency > high)].sum() < 0.01 * power.sum()


def test_motion_is_of_one_electrode():
    silence = np.zeros((60, 1000, 12), np.float32)
    moved = FAULTS["electrode_motion"].apply(silence, RATE, 1.0, rng())
    for record in moved:
        moving = np.abs(record).max(axis=0) > 1e-6
        # a chest electrode moves its own lead, a limb electrode all six chest leads and all but one limb lead
        assert (moving[:6].sum() == 0 and moving[6:].sum() == 1) or (moving[:3].sum() == 2 and moving[3:].all())
        assert np.linalg.matrix_rank(record, tol=1e-4) == 1


def test_gain_offset_clipping_and_missing_leads(signal):
    np.testing.assert_allclose(FAULTS["gain_high"].apply(signal, RATE, 2.0, rng()), 2 * signal)
    clipped = FAULTS["clipping"].apply(signal, RATE, 0.5, rng())
    np.testing.assert_array_equal(clipped, np.clip(signal, -0.5, 0.5))
    for count in range(1, 6):
        missing = FAULTS["missing_leads"].apply(signal, RATE, float(count), rng(count))
        assert (missing == 0).all(axis=0).sum() == count
        kept = ~(missing == 0).all(axis=0)
        np.testing.assert_array_equal(missing[:, kept], signal[:, kept])
    for lead in LEADS:
        missing = FAULTS["missing_lead"].apply(signal, RATE, lead, rng())
        assert [name for name, column in zip(LEADS, missing.T, strict=True) if not column.any()] == [lead]
    assert not FAULTS["missing_set"].apply(signal, RATE, "limb", rng())[:, :6].any()
    assert not FAULTS["missing_set"].apply(signal, RATE, "chest", rng())[:, 6:].any()


def test_a_lower_rate_takes_the_upper_frequencies_away():
    times = np.arange(1000)[:, None] / RATE
    for hertz, share in ((5, 1.0), (35, 0.0)):
        wave = np.repeat(np.sin(2 * np.pi * hertz * times), 12, axis=1).astype(np.float32)
        back = FAULTS["low_sampling_rate"].apply(wave, RATE, 50.0, rng())
        assert np.std(back[100:-100]) == pytest.approx(share * np.std(wave), abs=0.01)


@settings(deadline=None)
@given(samples=st.integers(30, 400), severity=st.sampled_from(FAULTS["low_sampling_rate"].severities))
def test_any_length_comes_back_from_a_lower_rate(samples, severity):
    ramp = np.linspace(0, 1, samples, dtype=np.float32)[:, None] * np.ones(12, np.float32)
    assert FAULTS["low_sampling_rate"].apply(ramp, RATE, severity, rng()).shape == ramp.shape


def test_a_shift_invents_no_signal(signal):
    ways = set()
    for seed in range(12):
        shifted = FAULTS["time_shift"].apply(signal, RATE, 1.0, rng(seed))
        later = np.array_equal(shifted[:-100], signal[100:]) and not shifted[-100:].any()
        earlier = np.array_equal(shifted[100:], signal[:-100]) and not shifted[:100].any()
        assert later or earlier
        ways.add(later)
    assert ways == {True, False}


def einthoven(right, left, foot):
    return np.stack([left - right, foot - right, foot - left], axis=-1)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_leads_of_electrodes_are_those_of_the_definitions(seed):
    potentials = rng(seed).normal(size=(7, 9))
    leads = at_electrodes(np.zeros((7, 12), np.float32), potentials)
    np.testing.assert_allclose(leads[:, :3], einthoven(*potentials[:, :3].T), atol=1e-5)
    np.testing.assert_allclose(limb_leads(leads[:, 0], leads[:, 1]), leads[:, :6], atol=1e-5)
    np.testing.assert_allclose(
        leads[:, 6:], potentials[:, 3:] - potentials[:, :3].mean(axis=1, keepdims=True), atol=1e-5
    )


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(9)))
def test_rewiring_equals_exchanging_the_potentials(seed, order):
    potentials = rng(seed).normal(size=(7, 9))
    silence = np.zeros((7, 12), np.float32)
    cables = {ELECTRODES[cable]: ELECTRODES[place] for cable, place in enumerate(order)}
    expected = at_electrodes(silence, potentials[:, order])
    np.testing.assert_allclose(rewired(at_electrodes(silence, potentials), cables), expected, atol=1e-5)


def test_textbook_signs_of_swapped_limb_electrodes(signal):
    """Batchvarov et al. 2007, doi:10.1093/europace/eum198."""
    one, two, three, right, left, foot = signal[:, :6].T
    expected = {
        "RA/LA": (-one, three, two, left, right, foot),
        "RA/LL": (-three, -two, -one, foot, left, right),
        "LA/LL": (two, one, -three, right, foot, left),
    }
    for case, leads in expected.items():
        swapped = FAULTS["limb_swap"].apply(signal, RATE, case, rng())
        np.testing.assert_allclose(swapped[:, :6], np.stack(leads, axis=1), atol=2e-5)
        np.testing.assert_allclose(swapped[:, 6:], signal[:, 6:], atol=2e-5)
    flat = FAULTS["limb_swap"].apply(signal, RATE, "RA/RL", rng())
    np.testing.assert_allclose(flat[:, 1], 0, atol=1e-5)
    np.testing.assert_allclose(flat[:, 0], -three, atol=2e-5)
    # Wilson's terminal moves by (LL - RA) / 3
    np.testing.assert_allclose(flat[:, 6:], signal[:, 6:] - two[:, None] / 3, atol=2e-5)
    flat = FAULTS["limb_swap"].apply(signal, RATE, "LA/RL", rng())
    np.testing.assert_allclose(flat[:, 2], 0, atol=1e-5)
    np.testing.assert_allclose(flat[:, 0], two, atol=2e-5)


def test_swapped_chest_electrodes(signal):
    order = [0, 1, 2, 3, 4, 5, 6, 8, 7, 9, 10, 11]
    swapped = FAULTS["chest_swap"].apply(signal, RATE, "V2/V3", rng())
    np.testing.assert_allclose(swapped, signal[:, order], atol=2e-5)
    backwards = FAULTS["chest_swap"].apply(signal, RATE, "reversed", rng())
    np.testing.assert_allclose(backwards[:, 6:], signal[:, :5:-1], atol=2e-5)


def test_what_cannot_be_is_said(signal):
    with pytest.raises(ValueError, match=r"limb_swap has no case V1/V2; it has RA/LA"):
        FAULTS["limb_swap"].apply(signal, RATE, "V1/V2", rng())
    with pytest.raises(ValueError, match=r"signal has shape \(1000, 8\)"):
        FAULTS["gain_low"].apply(signal[:, :8], RATE, 0.5, rng())
    assert LEADS_OF_ELECTRODES.shape == (12, 9)
