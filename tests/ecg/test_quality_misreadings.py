"""Recordings that are not what they say, as the median beat shows it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead import read
from twelvelead.ecg.electrodes import rewired
from twelvelead.ecg.faults import FAULTS
from twelvelead.ecg.quality import check
from twelvelead.ecg.quality.misreadings import CENTRE, INDEPENDENT, MISREADINGS, features, misread, misreading_scores
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg

SAMPLES = 2 * CENTRE + 1


@pytest.fixture(scope="module")
def real(shared_ptbxl) -> list[ECG]:
    """Real recordings at 500 Hz without a finding."""
    ecgs = [read(path) for path in sorted((shared_ptbxl / "records500").rglob("*.hea"))]
    return [ecg for ecg in ecgs if not check(ecg)]


def share(ecgs: list[ECG], misreading, code: str) -> float:
    return float(np.mean([code in {finding.code for finding in check(misreading(ecg))} for ecg in ecgs]))


def exchanged(one: str, other: str):
    return lambda ecg: replace(ecg, signal=rewired(ecg.signal, {one: other, other: one}))


def signed(*leads: int):
    signs = np.ones(12, np.float32)
    signs[list(leads)] = -1
    return lambda ecg: replace(ecg, signal=ecg.signal * signs)


@pytest.mark.parametrize(
    ("one", "other"),
    [("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6"), ("V1", "V6"), ("RA", "LA"), ("RA", "LL")],
)
def test_interchanged_electrodes_of_real_recordings(real, one, other):
    assert share(real, exchanged(one, other), "electrodes") >= 0.9
    named = [f for ecg in real for f in check(exchanged(one, other)(ecg)) if f.code == "electrodes"]
    assert np.mean([f"{one}/{other}" in finding.values for finding in named]) >= 0.9
    assert all(finding.grave and f"electrodes {next(iter(finding.values))}" in finding.message for finding in named)


def test_reversed_chest_electrodes_of_real_recordings(real):
    rng = np.random.default_rng(0)

    def turn(ecg):
        return replace(ecg, signal=FAULTS["chest_swap"].apply(ecg.signal, ecg.sampling_rate, "reversed", rng))

    assert share(real, turn, "electrodes") >= 0.9


@pytest.mark.parametrize("leads", [tuple(range(12)), (6,), (7,), (8,), (9,), (10,), (11,)])
def test_inverted_leads_of_real_recordings(real, leads):
    assert share(real, signed(*leads), "inverted") >= 0.9


def test_real_recordings_played_backwards(real):
    assert share(real, lambda ecg: replace(ecg, signal=ecg.signal[::-1].copy()), "time-reversed") >= 0.9


@pytest.mark.parametrize("factor", [0.4, 0.5, 2.0, 2.5])
def test_real_recordings_with_a_wrong_rate(real, factor):
    def declared(ecg):
        return replace(ecg, sampling_rate=ecg.sampling_rate * factor)

    assert share(real, declared, "sampling-rate") >= 0.6


def test_a_rate_at_which_nobody_records():
    (finding,) = check(replace(synthetic_ecg(seed=3, sampling_rate=100), sampling_rate=50.0))
    assert (finding.code, finding.grave, finding.values) == ("sampling-rate", True, {"declared": 50.0})


@given(st.integers(0, 2**32 - 1))
def test_what_is_done_twice_is_undone(seed):
    beats = np.random.default_rng(seed).normal(size=(2, 8, SAMPLES))
    for which in MISREADINGS:
        if which.leads is not None:
            np.testing.assert_allclose(which.of(which.of(beats)), beats, atol=1e-5)
            assert not np.allclose(which.of(beats), beats, atol=0.1)


def test_leads_of_a_misreading_are_those_of_the_electrodes():
    ecg = synthetic_ecg(seed=3, sampling_rate=100)
    for which in MISREADINGS:
        if which.code == "electrodes" and "/" in which.name:
            one, other = which.name.split("/")
            expected = exchanged(one, other)(ecg).signal.T[INDEPENDENT]
            np.testing.assert_allclose(which.leads @ ecg.signal.T[INDEPENDENT], expected, atol=1e-4)


def test_scores_turn_round_with_the_misreading():
    """A score is the same evidence for and against, whichever of the two recordings is looked at."""
    beats = np.random.default_rng(3).normal(size=(3, 8, SAMPLES))
    for place, which in enumerate(MISREADINGS):
        if which.leads is not None:
            there, back = misreading_scores(beats)[:, place], misreading_scores(which.of(beats))[:, place]
            np.testing.assert_allclose(there, -back, atol=1e-3)


def test_no_gain_changes_what_is_looked_at():
    beats = np.random.default_rng(4).normal(size=(2, 8, SAMPLES))
    np.testing.assert_allclose(features(beats), features(3 * beats), atol=0.05)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_generated_recordings_are_read_as_they_are(seed, rate):
    codes = {finding.code for finding in check(synthetic_ecg(seed=seed, sampling_rate=rate))}
    assert not codes & {which.code for which in MISREADINGS}


def test_nothing_is_said_of_silence():
    assert misread(np.zeros((12, SAMPLES))) is None
