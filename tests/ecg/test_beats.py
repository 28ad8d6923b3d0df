"""Beats by agreement of the leads, on generated recordings with the worst that single leads can do, and on LUDB."""

from dataclasses import replace

import numpy as np
import pytest

from twelvelead.ecg.beats import find_beats
from twelvelead.ecg.leads import LEADS, limb_leads
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg

RATE = 500


def disturbed(ecg, change):
    signal = ecg.signal.copy()
    change(signal, np.arange(len(signal)) / ecg.sampling_rate, np.random.default_rng(0))
    return replace(ecg, signal=signal)


def drift(signal, time, rng):
    signal[:, LEADS.index("V3")] += 17 * np.sin(2 * np.pi * 0.15 * time)


def spikes(signal, time, rng):
    for start in rng.integers(50, len(time) - 50, 15):
        signal[start : start + 10, LEADS.index("V3")] += 5


def noise(signal, time, rng):
    signal[:, [6, 8, 10]] += rng.normal(0, 1, (len(time), 3))


def flat(signal, time, rng):
    signal[:, 6:10] = 0


def invalid(signal, time, rng):
    signal[10:20, LEADS.index("aVR")] = np.nan


def jump(signal, time, rng):
    signal[len(time) // 2 :, LEADS.index("V4")] += 3


def hum(signal, time, rng):
    signal += 0.3 * np.sin(2 * np.pi * 50 * time)[:, None]


@pytest.mark.parametrize("change", [drift, spikes, noise, flat, invalid, jump, hum])
@pytest.mark.parametrize("variant", VARIANTS)
def test_bad_leads_neither_add_nor_take_a_beat(change, variant):
    ecg = synthetic_ecg(variant, seed=2)
    expected = find_beats(ecg).times
    found = find_beats(disturbed(ecg, change)).times
    assert len(found) == len(expected) >= 9
    assert np.abs(found - expected).max() < 0.02


def test_leads_left_out_are_named_with_the_reason():
    ecg = synthetic_ecg(seed=2)
    assert find_beats(ecg).left_out == {}
    assert find_beats(disturbed(ecg, drift)).left_out["V3"].startswith("baseline moves by 3")
    assert find_beats(disturbed(ecg, invalid)).left_out == {"aVR": "invalid samples"}
    left_out = find_beats(disturbed(ecg, flat)).left_out
    assert left_out == dict.fromkeys(("V1", "V2", "V3", "V4"), "flat")
    assert find_beats(disturbed(ecg, flat)).used == ("I", "II", "III", "aVR", "aVL", "aVF", "V5", "V6")


@pytest.mark.parametrize("rate", [100, 250, 257, 360, 500, 1000])
def test_beats_lie_where_the_r_peaks_are_at_any_rate(rate):
    ecg = synthetic_ecg(seed=4, sampling_rate=rate, heart_rate=75, noise=False)
    beats = find_beats(ecg)
    lead = ecg.signal[:, LEADS.index("II")]
    for time in beats.times:
        near = slice(max(0, int((time - 0.1) * rate)), int((time + 0.1) * rate) + 1)
        assert (near.start + lead[near].argmax()) / rate == pytest.approx(time, abs=0.03)
    assert 60 / np.diff(beats.times).mean() == pytest.approx(75, abs=1)


def joined(*parts):
    return replace(parts[0], signal=np.concatenate([part.signal for part in parts]))


def test_a_pause_and_slow_and_fast_rates():
    beat = synthetic_ecg(seed=1, seconds=5, heart_rate=100)
    pause = replace(beat, signal=np.tile(beat.signal[-1:], (4 * RATE, 1)))
    times = find_beats(joined(beat, pause, beat)).times
    assert np.diff(times).max() > 4
    for rate in (30, 150):
        assert 60 / np.diff(find_beats(synthetic_ecg(seed=1, heart_rate=rate)).times).mean() == pytest.approx(
            rate, abs=1
        )


def test_of_two_shapes_the_median_beat_is_of_the_common_one():
    """A normal beat and, every third time, a wide one."""
    normal = synthetic_ecg(seed=3, noise=False, heart_rate=60, seconds=12)
    wide = synthetic_ecg("wide_qrs", seed=3, noise=False, heart_rate=60, seconds=12)
    times, wide_times = (find_beats(ecg).times for ecg in (normal, wide))
    signal = normal.signal.copy()
    ectopic = times[2:-1:3]
    for time in ectopic:
        source = wide_times[len(wide_times) // 2]
        to, start = round((time - 0.35) * RATE), round((source - 0.35) * RATE)
        signal[to : to + round(0.8 * RATE)] = wide.signal[start : start + round(0.8 * RATE)]
    beats = find_beats(replace(normal, signal=signal))
    assert len(beats.times) == len(times)
    assert {round(float(time)) for time in beats.times[1:-1][~beats.dominant[1:-1]]} == {
        round(float(t)) for t in ectopic
    }
    expected = find_beats(normal).median_beat()
    assert np.abs(beats.median_beat() - expected).max() < 0.15 * np.abs(expected).max()


def test_the_median_beat_at_100_hz_is_every_fifth_sample():
    beats = find_beats(synthetic_ecg(seed=5))
    fine, coarse = beats.median_beat(0.3, 0.5), beats.median_beat(0.3, 0.5, step=5)
    assert coarse.shape == (81, 12)
    np.testing.assert_array_equal(coarse, fine[::5])
    assert np.abs(fine[round(0.3 * RATE)]).max() > 0.5
    assert len(beats.windows(0.3, 0.5)) <= beats.dominant.sum()


def test_recordings_at_100_and_500_hz_have_the_same_median_beat():
    fine = synthetic_ecg(seed=6, noise=False)
    coarse = fine.resampled(100)
    one, other = (find_beats(ecg).median_beat(step=5) for ecg in (fine, coarse))
    assert np.abs(one - other).max() < 0.05


def silent(signal, time, rng):
    signal[:] = rng.normal(0, 0.006, signal.shape)


def white(signal, time, rng):
    signal[:] = rng.normal(0, 0.3, signal.shape)


def common(signal, time, rng):
    signal[:] = rng.normal(0, 0.3, (len(time), 1)) * rng.normal(1, 0.3, 12)


def wandering(signal, time, rng):
    signal[:] = np.cumsum(rng.normal(0, 0.02, signal.shape), axis=0)


def one_shock(signal, time, rng):
    signal[:] = rng.normal(0, 0.01, signal.shape)
    signal[len(time) // 2] += 3


def bursts(signal, time, rng):
    on = np.convolve(rng.random(len(time)) < 1 / RATE, np.ones(RATE // 4), "same") > 0
    signal[:] = on[:, None] * rng.normal(0, 0.4, (len(time), 1)) * rng.normal(0, 1, 12) + rng.normal(
        0, 0.01, signal.shape
    )


@pytest.mark.parametrize("change", [silent, white, common, wandering, one_shock, bursts])
@pytest.mark.parametrize("rate", [100, 500])
def test_where_no_heart_beats_no_beat_is_found(change, rate):
    for seed in range(5):
        ecg = synthetic_ecg(seed=seed, sampling_rate=rate)
        signal = ecg.signal.copy()
        change(signal, np.arange(len(signal)) / rate, np.random.default_rng(seed))
        signal[:, :6] = limb_leads(signal[:, 0], signal[:, 1])
        assert len(find_beats(replace(ecg, signal=signal)).times) == 0


@pytest.mark.parametrize(("samples", "rate"), [(1, 500.0), (100, 500.0), (40, 20.0), (500, 50.0)])
def test_what_is_too_short_or_too_slow_has_no_beats(samples, rate):
    beats = find_beats(ECG(np.ones((samples, 12), np.float32), rate))
    assert len(beats.times) == len(beats.dominant) == 0
    assert beats.median_beat() is None


def test_the_cardiologists_of_ludb_see_the_same_beats(ludb):
    """Pooled over the shared half: none missed, none false. A group of marks in 3 to 7 leads is not counted."""
    missed = false = marked = 0
    for record in ludb:
        times = find_beats(record.ecg).times
        strong, weak = record.beats(8), record.beats(3)
        times = times[(times >= weak[0] - 0.15) & (times <= weak[-1] + 0.15)]
        marked += len(strong)
        missed += sum(np.abs(times - time).min() > 0.15 for time in strong)
        false += sum(np.abs(weak - time).min() > 0.15 for time in times)
        false += len(times) - len(np.unique([np.abs(weak - time).argmin() for time in times]))
    assert marked > 200
    assert (missed, false) == (0, 0)
