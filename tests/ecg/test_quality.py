"""What is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import CODES, check, require_readable
from twelvelead.ecg.record import ECG
from twelvelead.ecg.resample import resample
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Refused

GOOD = replace(synthetic_ecg(seed=3, sampling_rate=100), source="rec.hea")


def spoiled(place, value, ecg=GOOD) -> ECG:
    signal = ecg.signal.copy()
    signal[place] = value
    return replace(ecg, signal=signal)


def codes(ecg: ECG, **options) -> list[str]:
    findings = check(ecg, **options)
    assert all(finding.code in CODES and "\n" not in finding.message for finding in findings)
    return [finding.code for finding in findings]


@pytest.mark.parametrize("rate", [100, 250, 500, 1000])
def test_a_good_recording_passes(rate):
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    assert check(ecg) == ()
    assert require_readable(ecg) == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad):
    (finding,) = check(spoiled((slice(3, 5), 7), bad))
    assert (finding.code, finding.severity, finding.values) == ("not-finite", "refuse", {"V2": 2.0})
    assert "V2 (2 of 1000)" in finding.message


def test_missing_leads():
    (finding,) = check(replace(GOOD, signal=GOOD.signal[:, :9], leads=LEADS[:9]))
    assert (finding.code, finding.severity) == ("missing-leads", "refuse")
    assert finding.message.startswith("missing leads V4, V5, V6")


def test_eight_leads_are_enough():
    kept = [0, 1, *range(6, 12)]
    assert codes(replace(GOOD, signal=GOOD.signal[:, kept], leads=tuple(LEADS[lead] for lead in kept))) == []


def test_flat_throughout():
    (finding,) = check(spoiled((slice(None), [7, 9]), 0.4))
    assert (finding.code, finding.values) == ("flat", {"V2": 10.0, "V4": 10.0})


@pytest.mark.parametrize("rate", [100, 500])
@pytest.mark.parametrize(("seconds", "due"), [(1.5, []), (3, ["flat"])])
def test_flat_for_a_part(rate, seconds, due):
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    stretch = slice(4 * rate, round((4 + seconds) * rate))
    signal = ecg.signal.copy()
    signal[stretch, 8] = signal[stretch.start, 8]
    assert [code for code in codes(replace(ecg, signal=signal)) if code == "flat"] == due


def test_a_long_recording_may_be_flat_for_a_fifth():
    ecg = synthetic_ecg(seed=3, sampling_rate=100, seconds=60)
    assert "flat" not in codes(spoiled((slice(1000, 2000), 8), 0.0, ecg))
    assert "flat" in codes(spoiled((slice(1000, 2500), 8), 0.0, ecg))


def test_too_short():
    short = replace(GOOD, signal=GOOD.signal[:249])
    assert codes(short) == ["too-short"]
    assert "too-short" not in codes(replace(GOOD, signal=GOOD.signal[:250]))
    assert "too-short" not in codes(short, minimum_seconds=2)
    assert codes(GOOD, minimum_seconds=10) == []
    assert codes(GOOD, minimum_seconds=10.1) == ["too-short"]
    assert codes(replace(GOOD, signal=GOOD.signal[:0])) == ["too-short"]
    assert codes(replace(GOOD, signal=GOOD.signal[:1])) == ["too-short"]


@pytest.mark.parametrize("factor", [1e-3, 100, 200, 1000])
def test_another_unit_taken_for_millivolts(factor):
    (finding,) = check(replace(GOOD, signal=GOOD.signal * np.float32(factor)))
    assert (finding.code, finding.severity) == ("amplitude", "refuse")
    assert "another unit" in finding.message


def noisy_third(root_mean_square: float, ecg: ECG = GOOD, lead: int = 2) -> ECG:
    noise = np.random.default_rng(5).standard_normal(len(ecg.signal)).astype(np.float32)
    signal = ecg.signal.copy()
    signal[:, lead] += np.float32(root_mean_square) * noise / np.sqrt(np.mean(noise**2))
    return replace(ecg, signal=signal)


@pytest.mark.parametrize("lead", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("microvolts", "severity"), [(4.8, None), (5.2, "warn"), (19.8, "warn"), (20.2, "refuse"), (300, "refuse")]
)
def test_limb_leads_that_contradict_each_other(lead, microvolts, severity):
    found = {f.code: f.severity for f in check(noisy_third(microvolts / 1000, lead=lead))}
    assert found.get("limb-leads") == severity


def quantised(ecg: ECG, quantum: float) -> ECG:
    return replace(ecg, signal=(np.round(ecg.signal / quantum) * quantum).astype(np.float32))


@pytest.mark.parametrize("quantum", [0.001, 0.00488, 0.01])
def test_rounding_is_no_contradiction(quantum):
    assert "limb-leads" not in codes(quantised(GOOD, quantum))


def test_three_quanta_are_allowed_where_they_are_more():
    coarse = quantised(GOOD, 0.01)
    at = coarse.signal.copy()
    at[:, 2] += np.where(np.arange(1000) % 2, 0.02, -0.02).astype(np.float32)
    (finding,) = [f for f in check(replace(coarse, signal=at)) if f.code == "limb-leads"]
    assert finding.severity == "warn"
    assert finding.values["quantum"] == pytest.approx(0.01, abs=1e-5)
    assert finding.values["III - (II - I)"] == pytest.approx(0.02, abs=0.003)


def test_resampling_keeps_the_algebra():
    other = replace(GOOD, signal=resample(GOOD.signal, 100, 360), sampling_rate=360.0)
    assert "limb-leads" not in codes(other)


@pytest.mark.parametrize("order", [(0, 2, 1, 3, 4, 5), (1, 0, 2, 3, 4, 5), (0, 1, 2, 3, 5, 4)])
def test_mixed_up_names(order):
    (finding,) = check(replace(GOOD, signal=GOOD.signal[:, [*order, *range(6, 12)]]))
    assert (finding.code, finding.severity) == ("limb-leads", "refuse")


def test_refusal_names_the_file_and_every_reason_in_one_line():
    signal = GOOD.signal[:100].copy()
    signal[:, 7] = 0
    with pytest.raises(Refused, match=r"^rec\.hea: too short: 1\.00 s, .*; flat lead V2: ") as raised:
        require_readable(replace(GOOD, signal=signal))
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 3


@given(
    samples=st.integers(0, 400),
    rate=st.floats(1, 2000),
    scale=st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e3, 1e30, 3e38]),
    seed=st.integers(0, 9),
)
def test_any_signal_gets_an_answer_without_a_complaint(samples, rate, scale, seed):
    signal = (np.random.default_rng(seed).standard_normal((samples, 12)).clip(-1, 1) * scale).astype(np.float32)
    for finding in check(ECG(signal, rate), minimum_seconds=0.1):
        assert finding.code in CODES
        assert all(isinstance(value, float) for value in finding.values.values())


def test_real_recordings_pass(shared_ptbxl):
    import runpy

    signals = runpy.run_path(str(shared_ptbxl / "unpack.py"))["read_fold"](9, 2183)
    found = [check(ECG(signal.astype(np.float32) / 1000, 100.0)) for signal in signals]
    assert sum(any(finding.severity == "refuse" for finding in each) for each in found) <= 2
    assert sum(bool(each) for each in found) < 0.06 * len(found)
