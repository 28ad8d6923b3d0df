from dataclasses import replace

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import check, require_fit
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused

GOOD = ECG(np.random.default_rng(5).normal(0, 0.3, (1000, 12)).astype(np.float32), 100.0, source="rec.hea")


def spoiled(place, value) -> ECG:
    signal = GOOD.signal.copy()
    signal[place] = value
    return replace(GOOD, signal=signal)


def codes(ecg: ECG, **options) -> list[str]:
    return [finding.code for finding in check(ecg, **options)]


def test_a_good_recording_passes():
    assert check(GOOD) == ()
    assert require_fit(GOOD) == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad):
    (finding,) = check(spoiled((slice(3, 5), 1), bad))
    assert (finding.code, finding.severity, finding.values) == ("not-finite", "refuse", {"II": 2.0})
    assert "II (2 of 1000)" in finding.message


def test_flat():
    (finding,) = check(spoiled((slice(None), [2, 7]), 0.4))
    assert (finding.code, list(finding.values)) == ("flat", ["III", "V2"])
    assert codes(spoiled((slice(1, None), 2), 0.4)) == []


def test_too_short():
    short = replace(GOOD, signal=GOOD.signal[:249])
    assert codes(short) == ["too-short"]
    assert codes(replace(GOOD, signal=GOOD.signal[:250])) == []
    assert codes(short, minimum_seconds=2) == []
    assert codes(GOOD, minimum_seconds=10) == []
    assert codes(GOOD, minimum_seconds=10.1) == ["too-short"]
    assert codes(replace(GOOD, signal=GOOD.signal[:0])) == ["too-short"]


def test_microvolts_taken_for_millivolts():
    (finding,) = check(replace(GOOD, signal=GOOD.signal * 1000))
    assert finding.code == "amplitude"
    assert set(finding.values) == set(LEADS)
    assert "another unit" in finding.message


def test_refusal_names_the_file_and_every_reason_in_one_line():
    signal = GOOD.signal[:100].copy()
    signal[:, 4] = 0
    with pytest.raises(Refused, match=r"^rec\.hea: too short: 1\.00 s, .*; flat lead aVL: ") as raised:
        require_fit(replace(GOOD, signal=signal))
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 3


def test_real_recordings_pass(shared_ptbxl):
    import runpy

    signals = runpy.run_path(str(shared_ptbxl / "unpack.py"))["read_fold"](9, 2183)
    refused = [codes(ECG(signal.astype(np.float32) / 1000, 100.0)) for signal in signals]
    assert not any(refused)
