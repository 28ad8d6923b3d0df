"""Faults of single leads, of the layout and of the gain: what is found, under which code and with which words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twelvelead import read
from twelvelead.ecg.beats import NO_QRS
from twelvelead.ecg.finding import CODES, GRAVE, Finding
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import check, require_readable
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Refused

RATES = pytest.mark.parametrize("rate", [100.0, 500.0])
GOOD = synthetic_ecg(seed=3, sampling_rate=500)


def changed(change, rate: float = 500.0) -> ECG:
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    signal = ecg.signal.copy()
    change(signal)
    return replace(ecg, signal=signal.astype(np.float32))


def found(ecg: ECG) -> dict[str, Finding]:
    findings = check(ecg)
    assert all(finding.code in CODES and "\n" not in finding.message for finding in findings)
    return {finding.code: finding for finding in findings}


def put(lead: str, value, where=slice(None)):
    def change(signal):
        signal[where, LEADS.index(lead)] += value

    return change


@pytest.fixture(scope="module")
def real(shared_ptbxl) -> list[ECG]:
    ecgs = [read(path) for path in sorted((shared_ptbxl / "records500").rglob("*.hea"))]
    return [ecg for ecg in ecgs if not check(ecg)]


def share(ecgs: list[ECG], change, code: str) -> float:
    rng = np.random.default_rng(5)
    hits = 0
    for ecg in ecgs:
        signal = ecg.signal.copy()
        change(signal, rng)
        hits += code in {finding.code for finding in check(replace(ecg, signal=signal))}
    return hits / len(ecgs)


@RATES
def test_an_offset(rate):
    (finding,) = check(changed(put("V4", -1.0), rate))
    assert (finding.code, finding.severity) == ("offset", "warn")
    assert finding.values == {"V4": pytest.approx(-1.0, abs=0.1)}


def test_an_offset_of_a_limb_lead_is_no_contradiction_of_the_heart():
    (finding, *_) = (each for each in check(changed(put("II", 1.0))) if "against the other limb leads" in each.message)
    assert (finding.code, finding.severity) == ("offset", "warn")
    assert finding.values == {"II": pytest.approx(1.0, abs=0.01)}


@RATES
@pytest.mark.parametrize("height", [3.5, -5.0])
def test_a_spike(rate, height):
    at = round(4.2 * rate)
    finding = found(changed(put("V3", height, at), rate))["spike"]
    assert (finding.severity, list(finding.values)) == ("warn", ["V3"])
    assert "4.20 s" in finding.message


@RATES
def test_a_spike_in_a_limb_lead_breaks_the_law_at_one_instant_only(rate):
    finding = found(changed(put("aVF", 4.0, round(4.2 * rate)), rate))["spike"]
    assert finding.values == {"aVF": pytest.approx(4.0, abs=0.01)}


def test_pacing_is_no_spike():
    def pace(signal):
        for start in np.arange(0.4, 9.8, 0.8):
            signal[round(start * 500), 6:] += np.linspace(1.5, 3.0, 6)

    assert "spike" not in found(changed(pace))


@RATES
def test_a_jump(rate):
    finding = found(changed(put("V2", 2.5, slice(round(5.1 * rate), None)), rate))["jump"]
    assert finding.values == {"V2": pytest.approx(2.5, abs=0.6)}


def test_a_drift_of_17_mv():
    drift = found(changed(put("V3", np.linspace(0, 17, 5000))))
    assert list(drift["baseline-wander"].values) == ["V3"]


@RATES
def test_a_copied_lead(rate):
    def copy(signal):
        signal[:, 8] = signal[:, 7]

    finding = found(changed(copy, rate))["copied-lead"]
    assert (list(finding.values), finding.grave) == (["V2 = V3"], True)


def test_a_lead_copied_with_another_gain_and_rounded_is_found_too():
    def copy(signal):
        signal[:, 9] = np.round(-0.7 * signal[:, 7] + 0.1, 3)

    assert list(found(changed(copy))["copied-lead"].values) == ["V2 = V4"]


@RATES
@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_a_wrong_gain(rate, factor):
    ecg = synthetic_ecg(seed=3, sampling_rate=rate)
    finding = found(replace(ecg, signal=ecg.signal * np.float32(factor)))["gain"]
    assert (finding.severity, finding.grave) == ("warn", True)


@RATES
def test_noise_without_a_beat(rate):
    noise = np.random.default_rng(1).normal(0, 0.2, (round(10 * rate), 8)).astype(np.float32)
    finding = check(ECG(noise, rate, ("I", "II", *LEADS[6:])))[0]
    assert (finding.code, finding.severity, finding.grave) == ("no-qrs", "warn", True)
    assert finding.message.startswith(NO_QRS)


def printout(fill: float, rhythm: tuple[str, ...] = ()) -> ECG:
    signal = np.full_like(GOOD.signal, fill)
    for column in range(4):
        part = slice(column * 1250, (column + 1) * 1250)
        signal[part, 3 * column : 3 * column + 3] = GOOD.signal[part, 3 * column : 3 * column + 3]
    for lead in rhythm:
        signal[:, LEADS.index(lead)] = GOOD.signal[:, LEADS.index(lead)]
    return replace(GOOD, signal=signal)


@pytest.mark.parametrize("fill", [0.0, np.nan, -1.5])
@pytest.mark.parametrize("rhythm", [(), ("II",), ("II", "V1", "V5")])
def test_a_printout_is_refused_as_what_it_is(fill, rhythm):
    (finding,) = check(printout(fill, rhythm))
    assert (finding.code, finding.severity) == ("short-leads", "refuse")
    assert finding.message.startswith("each lead holds only part of the recording (2.5 s a lead), as a printout does")
    assert finding.values == {"seconds": 2.5}
    with pytest.raises(Refused) as raised:
        require_readable(printout(fill, rhythm))
    assert (raised.value.exit_code, raised.value.code) == (3, "short-leads")


def test_a_digitised_printout(shared_formats):
    path = shared_formats.parent / "cases" / "wfdb_3x4_zero_filled.hea"
    if not path.is_file():
        pytest.skip(f"no {path}")
    (finding,) = check(read(path))
    assert (finding.code, finding.values) == ("short-leads", {"seconds": 2.5})


@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_what_is_filled_up_at_the_end_is_no_printout_and_no_other_unit(fill):
    signal = GOOD.signal.copy()
    signal[2500:] = fill
    (finding,) = check(replace(GOOD, signal=signal))
    assert finding.code == "flat"
    assert "from 0.0 to 5.0 of 10.0 s" in finding.message


def test_one_high_sample_is_called_an_artefact_and_not_another_unit():
    (finding,) = check(changed(put("V3", 80.0, 2000)))
    assert (finding.code, finding.severity) == ("amplitude", "refuse")
    assert "an artefact or an offset" in finding.message
    assert "unit" not in finding.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.__setitem__((slice(None), 3), -s[:, 3]), "aVR looks inverted"),
        (lambda s: s.__setitem__((slice(None), 0), -s[:, 0]), "I looks inverted"),
        (lambda s: s.__setitem__((slice(None), 1), 2 * s[:, 1]), "the gain of II looks wrong by 2 times"),
        (lambda s: s.__setitem__((slice(None), [1, 2]), s[:, [2, 1]]), "II and III look interchanged"),
        (lambda s: s.__setitem__((slice(None), 2), s[::-1, 2].copy()), "III does not belong to the others"),
    ],
)
def test_a_contradiction_that_can_be_mended_says_how(change, words):
    (finding,) = check(changed(change))
    assert (finding.code, finding.severity) == ("limb-leads", "refuse")
    assert f"; {words}" in finding.message


def test_header_gains_that_contradict_einthoven():
    microvolts = np.round(GOOD.signal * 1000)
    gains = np.array([1716, 1206, 1229, 1368, 1368, 698, 1372, 1572, 2259, 2317, 2074, 1457])
    (finding,) = check(replace(GOOD, signal=(microvolts / gains).astype(np.float32)))
    assert finding.code == "limb-leads"
    assert "header gains contradict Einthoven: the samples fit 1000 a millivolt" in finding.message


def test_headers_of_ludb(shared_formats):
    folder = shared_formats.parent / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"no LUDB in {folder}")
    for number in range(1, 40, 6):
        (finding,) = check(read(folder / f"{number}.hea"))
        assert finding.severity == "refuse"
        assert "the samples fit 1000 a millivolt" in finding.message


def test_findings_of_the_reader_come_first():
    noticed = Finding("age-disagrees", "warn", "two ages")
    assert check(replace(GOOD, findings=(noticed,))) == (noticed,)
    codes = [finding.code for finding in check(replace(printout(0.0), findings=(noticed,)))]
    assert codes == ["age-disagrees", "short-leads"]


def test_every_grave_code_is_a_code():
    assert set(CODES) > GRAVE


def test_offsets_spikes_jumps_and_copies_of_real_recordings(real):
    def offset(signal, rng):
        signal[:, rng.integers(6, 12)] += rng.choice((-1, 1))

    def spike(signal, rng):
        signal[rng.integers(50, 4950), rng.integers(6, 12)] += 3.5 * rng.choice((-1, 1))

    def jump(signal, rng):
        signal[rng.integers(1000, 4000) :, rng.integers(6, 12)] += 2.5 * rng.choice((-1, 1))

    def copy(signal, rng):
        lead = rng.integers(6, 11)
        signal[:, lead + 1] = signal[:, lead]

    for change, code, least in (
        (offset, "offset", 1),
        (spike, "spike", 0.9),
        (jump, "jump", 1),
        (copy, "copied-lead", 1),
    ):
        assert share(real, change, code) >= least, code


@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_wrong_gains_of_real_recordings(real, factor):
    def scale(signal, _):
        signal *= np.float32(factor)

    assert share(real, scale, "gain") >= 0.9


def test_the_page_of_the_gate_lists_every_code():
    page = Path(__file__).parents[2] / "docs" / "quality.md"
    if not page.is_file():
        pytest.skip("an installed package has no docs")
    text = page.read_text(encoding="utf-8")
    assert [code for code in CODES if f"| `{code}` |" not in text] == []
