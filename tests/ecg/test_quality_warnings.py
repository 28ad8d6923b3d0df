"""What is let through with a warning."""

from dataclasses import replace

import numpy as np
import pytest

from twelvelead.ecg.electrodes import LEADS_OF_ELECTRODES, rewired
from twelvelead.ecg.faults import FAULTS
from twelvelead.ecg.quality import AGES, check
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg


def found(ecg: ECG, **options) -> dict[str, dict[str, float]]:
    findings = check(ecg, **options)
    assert all(finding.severity == "warn" for finding in findings)
    return {finding.code: finding.values for finding in findings}


def faulty(name: str, severity, rate: float = 500.0, seed: int = 3) -> ECG:
    ecg = synthetic_ecg(seed=seed, sampling_rate=rate)
    return replace(ecg, signal=FAULTS[name].apply(ecg.signal, rate, severity, np.random.default_rng(seed)))


@pytest.mark.parametrize(
    ("age", "warned"), [(None, False), (18, False), (90, False), (300, False), (17, True), (130, True), (-1, True)]
)
def test_age(age, warned):
    ecg = replace(synthetic_ecg(seed=3), age=age)
    assert ("age" in found(ecg)) == warned


def test_the_age_range_is_an_argument():
    ecg = replace(synthetic_ecg(seed=3), age=50.0)
    assert found(ecg, ages=(60.0, AGES[1]))["age"] == {"age": 50.0, "low": 60.0, "high": 120.0}


@pytest.mark.parametrize("hertz", [50, 60])
@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_mains_hum(hertz, rate):
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    wave = 0.1 * np.sin(2 * np.pi * (hertz + 0.05) * np.arange(len(ecg.signal)) / rate)
    signal = ecg.signal.copy()
    signal[:, 9] += wave.astype(np.float32)
    values = found(replace(ecg, signal=signal))["powerline"]
    assert values == {"V4": pytest.approx(0.1, rel=0.2)}


def test_hum_is_gone_after_a_proper_resampling():
    assert "powerline" in found(faulty("powerline_50", 0.5))
    assert "powerline" not in found(faulty("powerline_50", 0.5).resampled(100.0))


@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_muscle_noise_is_measured_in_its_unit_at_any_rate(rate):
    ecg = synthetic_ecg(seed=3, sampling_rate=500, noise=False)
    noise = np.random.default_rng(1).standard_normal((5000, 1)).astype(np.float32)
    # a tenth of 1 mV white up to 250 Hz is a fifth of that power up to 50 Hz
    signal = ecg.signal + 0.1 * noise * (np.arange(12) == 8)
    values = found(replace(ecg, signal=signal).resampled(rate))["muscle-noise"]
    assert values == {"V3": pytest.approx(0.1 / np.sqrt(5), rel=0.2)}


def test_baseline_wander():
    ecg = synthetic_ecg(seed=3, sampling_rate=500)
    time = np.arange(5000) / 500
    signal = ecg.signal + (np.sqrt(2) * np.sin(2 * np.pi * 0.3 * time)[:, None] * (np.arange(12) == 11)).astype(
        np.float32
    )
    assert found(replace(ecg, signal=signal))["baseline-wander"] == {"V6": pytest.approx(1.0, rel=0.1)}


@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_clipping(rate):
    ecg = synthetic_ecg("high_voltage", seed=3, sampling_rate=rate)
    limit = np.float32(0.6 * ecg.signal.max())
    values = found(replace(ecg, signal=np.clip(ecg.signal, -limit, limit)))["clipping"]
    assert values
    assert set(np.abs(list(values.values()))) == {float(limit)}


@pytest.mark.parametrize("rate", [500.0, 1000.0])
def test_pacing_spikes(rate):
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    signal = ecg.signal.copy()
    starts = np.arange(0.4, 9.8, 0.8)
    for start in starts:
        signal[round(start * rate) : round((start + 0.001) * rate) + 1] += np.float32(0.6) * np.linspace(-1, 1, 12)
    # the spike obeys the algebra: only chest leads and their sum count here
    signal[:, :6] = ecg.signal[:, :6]
    values = found(replace(ecg, signal=signal))["pacing"]
    assert values["spikes"] == len(starts)


@pytest.mark.parametrize("seed", range(8))
def test_no_pacing_without_spikes(seed):
    assert "pacing" not in found(synthetic_ecg("high_voltage", seed=seed, sampling_rate=500))


@pytest.mark.parametrize(("name", "lead"), [("RA/RL", "II"), ("LA/RL", "III")])
def test_an_arm_cable_on_the_right_leg(shared_ptbxl, name, lead):
    from twelvelead import read

    ecg = read(shared_ptbxl / "records500" / "00000" / "00001_hr.hea")
    exchanged = rewired(ecg.signal, {name[:2]: "RL"})
    legs = np.random.default_rng(1).normal(0, 0.01, (len(exchanged), 1)) * LEADS_OF_ELECTRODES[:, 2]
    (finding, *_) = check(replace(ecg, signal=(exchanged + legs).astype(np.float32)))
    assert (finding.code, list(finding.values)) == ("electrodes", [name])
    assert f"lead {lead} is nearly flat" in finding.message
    (finding,) = check(replace(ecg, signal=exchanged))
    assert (finding.code, list(finding.values)) == ("flat", [lead])


@pytest.mark.parametrize("seed", range(8))
def test_correct_electrodes(seed):
    assert "electrodes" not in found(synthetic_ecg(seed=seed, sampling_rate=100))


def test_what_is_no_ecg_is_unusual():
    noise = np.random.default_rng(1).normal(0, 0.3, (1000, 8)).astype(np.float32)
    assert "unusual" in found(ECG(noise, 100.0, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")))


def test_a_long_recording_is_judged_by_its_usual_piece():
    ecg = synthetic_ecg(seed=3, sampling_rate=100, seconds=60)
    signal = ecg.signal.copy()
    signal[1000:2000] += np.random.default_rng(1).normal(0, 0.2, (1000, 1)).astype(np.float32) * (np.arange(12) > 5)
    assert "muscle-noise" not in found(replace(ecg, signal=signal))
    assert "muscle-noise" in found(replace(ecg, signal=signal[1000:2000]))


def test_real_recordings_at_500_hz(shared_ptbxl):
    from twelvelead import read

    records = sorted((shared_ptbxl / "records500").rglob("*.hea"))
    assert len(records) == 24
    codes = {path.stem: list(found(read(path))) for path in records}
    # 00004 is cut off at 3.025 mV in V4, 53 samples; 00017 is noisy
    assert {name: code for name, code in codes.items() if code} == {
        "00004_hr": ["clipping"],
        "00017_hr": ["muscle-noise"],
    }


def test_real_recordings_of_vendors(shared_formats):
    from twelvelead import read

    for name in ("ge_muse.xml", "hl7_aecg.xml", "dicom_12lead.dcm", "philips_sierra_103.xml", "s0010_re.hea"):
        ecg = read(shared_formats / name)
        assert check(ecg) == ecg.findings, name
