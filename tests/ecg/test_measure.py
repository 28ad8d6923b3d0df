"""Measurements on generated recordings, whose geometry is known, and beside cardiologists and devices."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.beats import NO_QRS
from twelvelead.ecg.leads import LEADS, limb_leads
from twelvelead.ecg.measure import INTERVALS, LONGEST, Measurements, measure
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.readers import read

QUANTITIES = ("heart_rate_per_minute", *INTERVALS, "axis_degrees")


@pytest.mark.parametrize("rate", [100.0, 257.0, 500.0, 1000.0])
def test_a_normal_synthetic_ecg(rate):
    found = measure(synthetic_ecg(seed=3, heart_rate=72, sampling_rate=rate))
    assert found.heart_rate_per_minute == pytest.approx(72, abs=1)
    assert found.heart_rate_range[0] < found.heart_rate_per_minute < found.heart_rate_range[1]
    assert 120 < found.pr_ms < 220
    assert 60 < found.qrs_ms < 110
    assert 330 < found.qt_ms < 450
    assert -30 < found.axis_degrees < 90
    assert found.p_waves
    assert found.withheld == found.leads_left_out == {}
    assert found.resolution_ms == 1000 / rate


def test_every_rate_measures_the_same():
    ecg = synthetic_ecg(seed=7, heart_rate=66)
    fine, coarse = measure(ecg), measure(ecg.resampled(100))
    for name in ("pr_ms", "qrs_ms", "qt_ms"):
        assert getattr(coarse, name) == pytest.approx(getattr(fine, name), abs=12)
    assert coarse.heart_rate_per_minute == pytest.approx(fine.heart_rate_per_minute, abs=0.2)


def test_the_rate_is_the_mean_over_the_recording():
    found = measure(synthetic_ecg(seed=3, heart_rate=90))
    rr = np.diff(found.beat_times)
    assert found.heart_rate_per_minute == pytest.approx(60 / rr.mean())
    assert found.heart_rate_range == pytest.approx((60 / rr.max(), 60 / rr.min()))
    seconds = rr.mean()
    assert found.qtc_bazett_ms == pytest.approx(found.qt_ms / seconds**0.5)
    assert found.qtc_fridericia_ms == pytest.approx(found.qt_ms / seconds ** (1 / 3))


def test_the_intervals_lie_between_the_marks():
    found = measure(synthetic_ecg(seed=3, heart_rate=72))
    marks = found.to_dict()["marks_s"]
    assert (marks["qrs_onset"] - marks["p_onset"]) * 1000 == pytest.approx(found.pr_ms, abs=0.1)
    assert (marks["qrs_end"] - marks["qrs_onset"]) * 1000 == pytest.approx(found.qrs_ms, abs=0.1)
    assert (marks["t_end"] - marks["qrs_onset"]) * 1000 == pytest.approx(found.qt_ms, abs=0.1)
    assert marks["qrs_onset"] < 0 < marks["qrs_end"]
    assert len(found.dominant) == len(found.beat_times)
    assert found.dominant.count(False) == found.other_beats


def test_what_is_withheld_has_no_mark():
    ecg = synthetic_ecg(seed=3, heart_rate=72)
    waves = np.sin(2 * np.pi * 5 * np.arange(len(ecg.signal)) / ecg.sampling_rate)
    found = measure(replace(ecg, signal=ecg.signal + 0.2 * waves[:, None].astype(np.float32)))
    assert {"pr_ms", "qt_ms"} <= found.withheld.keys()
    marks = found.to_dict()["marks_s"]
    assert marks["p_onset"] is marks["t_end"] is None
    assert marks["qrs_onset"] is not None


def stretched(ecg, factor):
    """The same waves, slower."""
    return replace(ecg, sampling_rate=ecg.sampling_rate / factor)


def test_intervals_stretch_with_time():
    ecg = synthetic_ecg(seed=4, heart_rate=80, noise=False)
    one, slow = measure(ecg), measure(stretched(ecg, 1.25))
    for name in ("pr_ms", "qrs_ms", "qt_ms"):
        assert getattr(slow, name) == pytest.approx(1.25 * getattr(one, name), rel=0.06)


def test_a_bundle_branch_block_is_wider():
    assert measure(synthetic_ecg("wide_qrs")).qrs_ms > measure(synthetic_ecg()).qrs_ms + 30


@pytest.mark.parametrize("axis", [-150, -60, 0, 45, 90, 120, 179])
def test_the_axis_that_was_drawn(axis):
    """Leads I and II of a heart vector that only changes its length: I = cos(axis), II = cos(axis - 60 degrees)."""
    one = synthetic_ecg(heart_rate=70).signal[:, 1:2]
    first, second = (one[:, 0] * np.cos(np.radians(angle)) for angle in (axis, axis - 60))
    signal = np.concatenate([limb_leads(first, second), np.repeat(one, 6, axis=1)], axis=1).astype(np.float32)
    found = measure(ECG(signal, 500.0))
    if found.axis_degrees is None:
        assert set(found.leads_left_out) & {"I", "II", "III"}  # at right angles to the vector
    else:
        assert (found.axis_degrees - axis + 180) % 360 - 180 == pytest.approx(0, abs=2)


def fibrillating(ecg, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(len(ecg.signal)) / ecg.sampling_rate
    waves = 0.12 * np.sin(2 * np.pi * (5.3 * time + np.cumsum(rng.normal(0, 0.02, len(time)))))
    return replace(ecg, signal=(ecg.signal + waves[:, None]).astype(np.float32))


def test_without_p_waves_at_a_steady_distance_there_is_no_pr():
    found = measure(fibrillating(synthetic_ecg(heart_rate=70, noise=False)))
    assert found.pr_ms is None
    assert found.p_waves is False
    assert found.heart_rate_per_minute == pytest.approx(70, abs=3)
    assert f"no PR: {found.withheld['pr_ms']}" in found.lines()


def test_one_bad_lead_does_not_decide():
    ecg = synthetic_ecg(seed=5)
    expected = measure(ecg)
    time = np.arange(len(ecg.signal)) / ecg.sampling_rate
    signal = ecg.signal.copy()
    signal[:, LEADS.index("V3")] += 17 * np.sin(2 * np.pi * 0.15 * time)
    found = measure(replace(ecg, signal=signal))
    assert found.leads_left_out["V3"].startswith("baseline moves by 3")
    for name in QUANTITIES:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=8)
    assert "not measured in V3 (baseline moves by 34 mV)" in found.lines()


def test_without_limb_leads_there_is_no_axis():
    ecg = synthetic_ecg(seed=5)
    signal = ecg.signal.copy()
    signal[:, :6] = limb_leads(np.zeros(len(signal)), signal[:, 1])
    found = measure(replace(ecg, signal=signal))
    assert found.axis_degrees is None
    assert found.withheld["axis_degrees"] == "I left out"
    assert found.qrs_ms is not None


def test_where_no_heart_beats_that_is_said():
    noise = np.random.default_rng(0).normal(0, 0.1, (5000, 12)).astype(np.float32)
    found = measure(ECG(noise, 500.0))
    assert [getattr(found, name) for name in QUANTITIES] == [None] * len(QUANTITIES)
    assert set(found.withheld) == set(QUANTITIES)
    assert found.lines()[0] == NO_QRS == "no QRS found: noise, or no beat; look at the patient"


def test_words_have_no_decimals_and_json_none_that_mean_nothing():
    found = Measurements(71.6, (65.2, 80.4), 160.4, 78.2, 364.0, 397.9, 386.1, 53.7)
    assert found.lines() == (
        "HR 72/min (range 65-80), axis 54°",
        "PR 160 ms, QRS 78 ms, QT 364 ms, QTc Bazett 398 ms, Fridericia 386 ms",
    )
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["heart_rate_per_minute"] == 71.6
    assert values["heart_rate_range"] == [65.2, 80.4]
    assert values["withheld"] == {}


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["zeros", "noise", "walk", "spikes", "constant", "one lead", "fast", "slow"]),
    st.sampled_from([1, 130, 260, 1000, 3000]),
    st.sampled_from([20.0, 50.0, 100.0, 257.0]),
)
def test_each_quantity_has_a_value_or_a_reason_and_nothing_fails(seed, kind, samples, rate):
    rng = np.random.default_rng(seed)
    beats = {"fast": 150.0, "slow": 30.0}
    signal = {
        "zeros": lambda: np.zeros((samples, 12)),
        "noise": lambda: rng.normal(0, rng.choice([1e-3, 1, 100]), (samples, 12)),
        "walk": lambda: np.cumsum(rng.normal(size=(samples, 12)), axis=0),
        "spikes": lambda: (rng.random((samples, 12)) < 0.02).astype(float),
        "constant": lambda: np.full((samples, 12), 5.0),
        "one lead": lambda: np.where(np.arange(12) == 1, rng.normal(size=(samples, 12)), np.nan),
    }.get(
        kind,
        lambda: (
            synthetic_ecg(seed=seed % 1000, seconds=samples / rate, sampling_rate=rate, heart_rate=beats[kind]).signal
        ),
    )()
    found = measure(ECG(signal.astype(np.float32), rate))
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.lines()
    assert set(found.withheld) == {name for name in QUANTITIES if getattr(found, name) is None}
    if kind in ("zeros", "constant"):
        assert set(found.withheld.values()) == {NO_QRS}
    if found.qt_ms is not None:
        assert found.qt_ms < 60000 / found.heart_rate_per_minute


def test_of_a_long_recording_the_beginning():
    assert measure(synthetic_ecg(seconds=LONGEST + 30, sampling_rate=100)).seconds == LONGEST


def test_near_the_cardiologists_of_ludb(ludb):
    """Bias and standard deviation in ms; docs/measuring.md has them for all."""
    differences = {name: [] for name in ("pr", "qrs", "qt")}
    for record in ludb:
        found, marked = measure(record.ecg), record.intervals()
        for name in differences:
            value = getattr(found, f"{name}_ms")
            if value is not None and marked[name] is not None:
                differences[name].append(value - marked[name])
        if marked["pr"] is None:
            assert found.pr_ms is None
    for name, (bias, spread) in {"pr": (5, 8), "qrs": (21, 12), "qt": (17, 24)}.items():
        assert abs(np.mean(differences[name])) <= bias
        assert np.std(differences[name]) <= spread


PRINTED = {
    "ge_muse.xml": (60, 158, 78, 364, 54),
    "philips_sierra_103.xml": (41, 151, 96, 476, -21),
    "philips_sierra_104.xml": (59, 222, 98, 398, 12),
    "hl7_aecg.xml": (67, 148, 120, 420, -61),
    "dicom_12lead.dcm": (61, 161, 75, 368, 52),
}
"""What the devices themselves wrote into the files: rate per minute, PR, QRS and QT in ms, QRS axis in degrees."""


@pytest.mark.parametrize("name", PRINTED)
def test_near_what_the_device_printed(name, shared_formats):
    found = measure(read(shared_formats / name))
    rate, pr, qrs, qt, axis = PRINTED[name]
    assert found.heart_rate_per_minute == pytest.approx(rate, abs=6)  # of the aECG, 68 to 77 in what is stored
    assert found.pr_ms == pytest.approx(pr, abs=12)
    assert found.qrs_ms == pytest.approx(qrs, abs=10)
    assert found.qt_ms == pytest.approx(qt, abs=20)
    assert found.axis_degrees == pytest.approx(axis, abs=15)
