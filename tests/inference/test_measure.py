import ast
import csv
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS, limb_leads
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import MissingExtra
from twelvelead.inference.measure import LONGEST_SECONDS, PR_IQR_MS, measure
from twelvelead.readers import read

NAMES = (
    "heart_rate_per_minute",
    "pr_ms",
    "qrs_ms",
    "qt_ms",
    "qtc_bazett_ms",
    "qtc_fridericia_ms",
    "axis_degrees",
)


@pytest.fixture(autouse=True)
def _neurokit():
    pytest.importorskip("neurokit2", reason="the extra [measure] is not installed")


def medians(measurements):
    return {name: getattr(measurements, name).median for name in NAMES}


@pytest.mark.parametrize("rate", [100.0, 500.0, 1000.0])
def test_a_normal_synthetic_ecg(rate):
    found = measure(synthetic_ecg(seed=3, heart_rate=72, sampling_rate=rate))
    values = medians(found)
    assert values["heart_rate_per_minute"] == pytest.approx(72, abs=2)
    assert 120 < values["pr_ms"] < 220
    assert 60 < values["qrs_ms"] < 110
    assert 330 < values["qt_ms"] < 450
    assert -30 < values["axis_degrees"] < 90
    assert found.resolution_ms == 1000 / rate
    assert found.qrs_ms.iqr_beats <= 20
    assert found.qrs_ms.beats >= 9


def test_corrected_qt_follows_bazett_and_fridericia():
    found = measure(synthetic_ecg(seed=3, heart_rate=90))
    rr = 60 / found.heart_rate_per_minute.median
    assert found.qtc_bazett_ms.median == pytest.approx(found.qt_ms.median / rr**0.5, rel=0.01)
    assert found.qtc_fridericia_ms.median == pytest.approx(found.qt_ms.median / rr ** (1 / 3), rel=0.01)


def test_a_bundle_branch_block_is_wider():
    assert measure(synthetic_ecg("wide_qrs")).qrs_ms.median > measure(synthetic_ecg()).qrs_ms.median + 30


@pytest.mark.parametrize("axis", [-150, -60, 0, 45, 90, 120, 179])
def test_the_axis_that_was_drawn(axis):
    """Leads I and II of a heart vector that only changes its length: I = cos(axis), II = cos(axis - 60 degrees)."""
    one = synthetic_ecg(heart_rate=70).signal[:, 1:2]
    first, second = (one[:, 0] * np.cos(np.radians(angle)) for angle in (axis, axis - 60))
    signal = np.concatenate([limb_leads(first, second), np.repeat(one, 6, axis=1)], axis=1).astype(np.float32)
    found = measure(ECG(signal, 500.0)).axis_degrees
    assert (found.median - axis + 180) % 360 - 180 == pytest.approx(0, abs=2)
    assert found.iqr_beats < 5


def test_without_p_waves_at_a_steady_distance_there_is_no_pr():
    ecg = synthetic_ecg(heart_rate=70, noise=False)
    rng = np.random.default_rng(0)
    time = np.arange(len(ecg.signal)) / ecg.sampling_rate
    waves = 0.12 * np.sin(2 * np.pi * (5.3 * time + np.cumsum(rng.normal(0, 0.02, len(time)))))
    flutter = replace(ecg, signal=(ecg.signal + waves[:, None]).astype(np.float32))
    found = measure(flutter)
    assert found.pr_ms.median is None
    assert found.heart_rate_per_minute.median == pytest.approx(70, abs=3)
    assert "PR not measurable" in " ".join(found.lines())


def test_json_and_words():
    found = measure(synthetic_ecg())
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(values) == {*NAMES, "resolution_ms", "beats", "seconds"}
    assert set(values["pr_ms"]) == {"median", "iqr_beats", "iqr_leads", "beats"}
    text = " ".join(found.lines())
    for word in ("Heart rate", "axis", "PR", "QRS", "QT", "Bazett", "Fridericia", "one sample is 2 ms"):
        assert word in text


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["zeros", "noise", "walk", "spikes", "constant", "one lead"]),
    st.sampled_from([1, 130, 260, 1000, 3000]),
    st.sampled_from([50.0, 100.0, 257.0]),
)
def test_what_cannot_be_measured_is_null_and_never_an_error(seed, kind, samples, rate):
    rng = np.random.default_rng(seed)
    signal = {
        "zeros": lambda: np.zeros((samples, 12)),
        "noise": lambda: rng.normal(0, rng.choice([1e-3, 1, 100]), (samples, 12)),
        "walk": lambda: np.cumsum(rng.normal(size=(samples, 12)), axis=0),
        "spikes": lambda: (rng.random((samples, 12)) < 0.02).astype(float),
        "constant": lambda: np.full((samples, 12), 5.0),
        "one lead": lambda: np.where(np.arange(12) == 1, rng.normal(size=(samples, 12)), np.nan),
    }[kind]()
    found = measure(ECG(signal.astype(np.float32), rate))
    json.dumps(found.to_dict(), allow_nan=False)
    assert len(found.lines()) == 4
    if kind in ("zeros", "constant"):
        assert set(medians(found).values()) == {None}


def test_leads_with_invalid_samples_are_left_out():
    ecg = synthetic_ecg(seed=5)
    signal = ecg.signal.copy()
    signal[100:200, LEADS.index("V2")] = np.nan
    found = measure(replace(ecg, signal=signal))
    assert found.qrs_ms.median == pytest.approx(measure(ecg).qrs_ms.median, abs=15)


def test_of_a_long_recording_the_beginning():
    assert measure(synthetic_ecg(seconds=LONGEST_SECONDS + 30, sampling_rate=100)).seconds == LONGEST_SECONDS


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurokit2", None)
    with pytest.raises(MissingExtra, match=r"Measuring needs the extra \[measure\]"):
        measure(synthetic_ecg())


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
    pytest.importorskip("ecgdatakit" if name.endswith("xml") else "pydicom")
    values = medians(measure(read(shared_formats / name)))
    rate, pr, qrs, qt, axis = PRINTED[name]
    assert values["heart_rate_per_minute"] == pytest.approx(rate, abs=5)
    assert values["pr_ms"] == pytest.approx(pr, abs=20)
    assert values["qrs_ms"] == pytest.approx(qrs, abs=15)
    assert values["qt_ms"] == pytest.approx(qt, abs=30)
    assert values["axis_degrees"] == pytest.approx(axis, abs=15)


def test_the_intervals_of_real_ecgs_follow_their_statements(ptbxl_folder):
    with (ptbxl_folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def of(code, most=12):
        chosen = [row for row in rows if code in ast.literal_eval(row["scp_codes"])]
        paths = [ptbxl_folder / f"{row['filename_lr']}.hea" for row in chosen]
        return [measure(read(path)) for path in paths if path.is_file()][:most]

    def middle(found, name):
        return np.median([getattr(one, name).median for one in found if getattr(one, name).median is not None])

    normal, left, fibrillation = of("NORM"), of("CLBBB"), of("AFIB")
    assert 70 < middle(normal, "qrs_ms") < 105 < 130 < middle(left, "qrs_ms")
    assert 380 < middle(normal, "qtc_fridericia_ms") < 430
    assert 140 < middle(normal, "pr_ms") < 185
    assert sum(one.pr_ms.median is None for one in fibrillation) > 0.7 * len(fibrillation)
    assert sum(one.pr_ms.median is None for one in normal) < 0.3 * len(normal)
    assert PR_IQR_MS < 30
