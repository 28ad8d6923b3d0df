"""Measured as a cardiologist would, on the waves without noise, for many seeds."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d

from twelvelead.ecg.leads import LEADS, limb_leads
from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg

RATE = 1000
SEEDS = range(25)


class Beat:
    """One beat of a recording at 60 per minute, in mV against its PR segment, and where its QRS begins and ends."""

    def __init__(self, variant, seed):
        ecg = synthetic_ecg(variant, seed=seed, sampling_rate=RATE, heart_rate=60, noise=False)
        eight = ecg.signal[:, [0, 1, *range(6, 12)]]
        speed = np.linalg.norm(np.gradient(eight, axis=0), axis=1) * RATE  # mV/s
        middle = 4000 + np.argmax(speed[4000:5100])
        slow = np.flatnonzero(maximum_filter1d(speed, 17) < 10)  # for 16 ms, so a notch is none
        self.onset, self.j = slow[slow < middle][-1] + 4, slow[slow > middle][0] - 4
        self.signal = ecg.signal - ecg.signal[self.onset - 8]
        self.lead = {lead: self.signal[:, column] for column, lead in enumerate(LEADS)}

    @property
    def qrs_ms(self):
        return (self.j - self.onset) * 1000 / RATE

    def qrs(self, lead):
        return self.lead[lead][self.onset : self.j]

    def p(self, lead):
        return extreme(self.lead[lead][self.onset - 170 : self.onset - 30])

    def st(self, lead):
        """At J + 60 ms, in mm."""
        return 10 * self.lead[lead][self.j + 60]

    def t(self, lead):
        return extreme(self.lead[lead][self.j + 130 : self.j + 330])


def extreme(values):
    return values[np.argmax(np.abs(values))]


@pytest.fixture(scope="module", params=SEEDS)
def seed(request):
    return request.param


def test_normal_looks_normal(seed):
    beat = Beat("normal", seed)
    assert 75 <= beat.qrs_ms <= 110
    for lead in ("II", "aVF", "V5"):
        assert beat.p(lead) > 0.03
    assert beat.qrs("II").max() > 2 * -beat.qrs("II").min()
    assert beat.p("aVR") < 0
    assert beat.t("aVR") < 0
    assert beat.qrs("aVR").sum() < 0
    assert all(beat.t(lead) > 0.05 for lead in ("I", "II", "V2", "V3", "V4", "V5", "V6"))
    assert all(abs(beat.st(lead)) < 1 for lead in LEADS)


def test_normal_r_wave_progression(seed):
    beat = Beat("normal", seed)
    share = [beat.qrs(lead).max() / np.ptp(beat.qrs(lead)) for lead in ("V1", "V2", "V3", "V4")]
    assert share == sorted(share)
    assert share[0] < 0.5 < share[3]
    assert beat.qrs("V1")[: np.argmin(beat.qrs("V1"))].max() > 0.1, "rS"
    for lead in ("V5", "V6"):
        assert beat.qrs(lead).max() / np.ptp(beat.qrs(lead)) > 0.8
    assert -0.25 < beat.qrs("V6")[: np.argmax(beat.qrs("V6"))].min() < -0.03, "qR"


def test_normal_intervals(seed):
    beat = Beat("normal", seed)
    vector = np.linalg.norm(beat.signal, axis=1)
    before = vector[beat.onset - 200 : beat.onset - 60]
    p_onset = beat.onset - 200 + np.flatnonzero(before > 0.1 * before.max())[0]
    after = vector[beat.j + 120 : beat.j + 450]
    t_end = beat.j + 120 + np.flatnonzero(after > 0.05 * after.max())[-1]
    assert 130 <= beat.onset - p_onset <= 200
    assert 350 <= t_end - beat.onset <= 440


def test_st_elevation(seed):
    beat = Beat("st_elevation", seed)
    elevation = {lead: beat.st(lead) for lead in ("V1", "V2", "V3", "V4")}
    assert all(value >= 1 for value in elevation.values())
    assert max(elevation.values()) <= 5
    assert beat.st("V2") >= 2
    assert beat.st("V3") >= 2
    assert beat.st("III") < -0.5
    assert beat.st("aVF") < -0.4
    for lead in ("V1", "V2", "V3"):
        first = beat.qrs(lead)[:25]
        assert first.min() < -0.1, "a Q wave, not an r wave, comes first"
        assert first.max() < 0.05
    assert beat.t("V3") > 0.4


def test_wide_qrs(seed):
    beat = Beat("wide_qrs", seed)
    assert 140 <= beat.qrs_ms <= 190
    for lead in ("I", "V5", "V6"):
        qrs = beat.qrs(lead)
        assert qrs[:60].min() > -0.05, "no q"
        assert qrs.max() > 0.3
        assert beat.t(lead) < 0
    assert sum(notches(beat.qrs(lead)) for lead in ("I", "V5", "V6")) >= 2
    for lead, times in (("V1", 4), ("V2", 4), ("V3", 1)):
        assert -beat.qrs(lead).min() > times * beat.qrs(lead).max()
        assert beat.t(lead) > 0


def notches(qrs):
    turns = np.flatnonzero(np.diff(np.sign(np.diff(qrs))))
    return sum(qrs[turn] > 0.6 * qrs.max() for turn in turns) >= 3


def test_high_voltage(seed):
    beat = Beat("high_voltage", seed)
    sokolow = -beat.qrs("V1").min() + max(beat.qrs("V5").max(), beat.qrs("V6").max())
    assert 3.5 <= sokolow <= 6
    assert beat.qrs_ms < 120
    for lead in ("V5", "V6"):
        assert beat.st(lead) < -0.3
        assert beat.t(lead) < -0.1
        down = np.argmin(beat.lead[lead][beat.j : beat.j + 330])
        back = np.argmax(beat.lead[lead][beat.j + down : beat.j + 400] > 0.1 * beat.t(lead))
        assert down > 1.5 * back, "slowly down, quickly back"


@pytest.mark.parametrize("variant", ["normal", "st_elevation", "wide_qrs", "t_inversion"])
def test_only_high_voltage_meets_sokolow(variant, seed):
    beat = Beat(variant, seed)
    assert -beat.qrs("V1").min() + max(beat.qrs("V5").max(), beat.qrs("V6").max()) < 3.5


def test_t_inversion(seed):
    beat = Beat("t_inversion", seed)
    assert beat.qrs_ms <= 110
    for lead in ("I", "aVL", "V3", "V4", "V5", "V6"):
        assert beat.t(lead) < -0.04
    assert min(beat.t(lead) for lead in ("V3", "V4", "V5")) < -0.2
    wave = beat.lead["V4"][beat.j + 60 : beat.j + 400]
    bottom = np.argmin(wave)
    half = np.flatnonzero(wave < wave[bottom] / 2)
    assert (bottom - half[0]) == pytest.approx(half[-1] - bottom, rel=0.2)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("seconds", "rate"), [(10, 500), (10, 100), (2.5, 250), (38.4, 1000), (0.004, 500)])
def test_shape_and_source(variant, seconds, rate):
    ecg = synthetic_ecg(variant, seconds=seconds, sampling_rate=rate)
    assert ecg.signal.shape == (round(seconds * rate), 12)
    assert ecg.signal.dtype == np.float32
    assert np.isfinite(ecg.signal).all()
    assert ecg.source == f"synthetic {variant}"
    assert ecg.leads == LEADS
    assert 20 <= ecg.age <= 88
    assert ecg.sex in ("male", "female")


@pytest.mark.parametrize("variant", VARIANTS)
def test_limb_leads_follow_from_two(variant, seed):
    signal = synthetic_ecg(variant, seed=seed).signal
    np.testing.assert_array_equal(signal[:, :6], limb_leads(signal[:, 0], signal[:, 1]))


def test_the_seed_decides_everything():
    first, again = synthetic_ecg(seed=7), synthetic_ecg(seed=7)
    np.testing.assert_array_equal(first.signal, again.signal)
    assert (first.age, first.sex) == (again.age, again.sex)


@pytest.mark.parametrize("variant", VARIANTS)
def test_seeds_and_variants_differ(variant):
    signals = [synthetic_ecg(variant, seed=seed, heart_rate=70, noise=False).signal for seed in range(4)]
    signals.append(synthetic_ecg(VARIANTS[VARIANTS.index(variant) - 1], seed=0, heart_rate=70, noise=False).signal)
    for i, one in enumerate(signals):
        for other in signals[:i]:
            assert np.abs(one - other).max() > 0.1


def test_a_lower_rate_takes_fewer_samples_of_the_same():
    fine, coarse = (synthetic_ecg(seed=3, sampling_rate=rate, noise=False).signal for rate in (500, 100))
    np.testing.assert_allclose(fine[::5], coarse, atol=1e-6)


def test_noise_is_small_and_leaves_the_waves():
    noisy, clean = synthetic_ecg(seed=5), synthetic_ecg(seed=5, noise=False)
    difference = noisy.signal - clean.signal
    assert 0.005 < difference.std() < 0.1
    assert np.abs(difference).max() < 0.5


@pytest.mark.parametrize("rate", [30, 60, 100, 150])
def test_heart_rate_and_its_variation(rate, seed):
    signal = synthetic_ecg(seed=seed, seconds=30, heart_rate=rate, noise=False).signal[:, 1]
    peaks = np.flatnonzero(
        (signal[1:-1] >= signal[:-2]) & (signal[1:-1] > signal[2:]) & (signal[1:-1] > 0.6 * signal.max())
    )
    intervals = np.diff(peaks) / 500
    assert 60 / intervals.mean() == pytest.approx(rate, rel=0.05)
    assert 0.003 < intervals.std() / intervals.mean() < 0.06


@pytest.mark.parametrize(
    "wrong",
    [{"variant": "flutter"}, {"seconds": 0}, {"sampling_rate": -1}, {"seconds": float("nan")}, {"heart_rate": 0}],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=r"variant|sample|heart rate"):
        synthetic_ecg(**wrong)
