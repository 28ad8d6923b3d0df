"""Calipers against intervals that are known, and marks that a reader moves."""

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import measure
from twelvelead.ecg.synthetic import synthetic_ecg

RATE = 500
ONE_PIXEL_A_SAMPLE = RATE / 25 / (96 / 25.4)
"""Zoom at 25 mm/s."""


@pytest.fixture(scope="module")
def ecg():
    return synthetic_ecg(seed=3, heart_rate=72, noise=False)


def peaks(ecg, lead):
    """[beats] sample: of the R peaks that the recording holds whole."""
    values = ecg.signal[:, LEADS.index(lead)]
    beats = [time for time in measure(ecg).beat_times if 0.2 < time < ecg.duration - 0.2]
    near = [np.arange(round(time * RATE) - 40, round(time * RATE) + 40) for time in beats]
    return np.array([window[np.argmax(values[window])] for window in near])


@pytest.fixture
def screen(viewing, ecg):
    """One pixel a sample."""
    screen = viewing(viewport={"width": 1600, "height": 900})
    screen.show(ecg)
    screen.set(layout="12x1", zoom=ONE_PIXEL_A_SAMPLE)
    return screen


@pytest.mark.parametrize("off", [(0, 0), (4, -3), (-5, 5)])
def test_a_caliper_snaps_to_peaks_and_is_exact_to_one_sample(screen, ecg, off):
    first, second = peaks(ecg, "II")[:2]
    screen.run("caliper")
    both = zip((first, second), off, strict=True)
    start, end = (np.add(screen.spot("II", sample / RATE), (way, 6)) for sample, way in both)
    screen.drag(start, end)
    ms = (second - first) * 1000 / RATE
    (said,) = screen.calipers()
    assert said.startswith(f"II: {ms:g} ms · {60000 / ms:.1f}/min · ")
    assert screen.get("viewer.calipers.all[0].feet.map((foot) => Math.round(foot.time * 500))") == [first, second]


def test_amplitude_is_that_of_the_samples(screen, ecg):
    values = ecg.signal[:, LEADS.index("V2")]
    beat = round(measure(ecg).beat_times[1] * RATE)
    window = np.arange(beat - 40, beat + 40)
    high, low = window[np.argmax(values[window])], window[np.argmin(values[window])]
    screen.run("caliper")
    screen.drag(screen.spot("V2", high / RATE), screen.spot("V2", low / RATE))
    (said,) = screen.calipers()
    assert f"{abs(low - high) * 1000 / RATE:g} ms" in said
    assert f"{values[low] - values[high]:.2f}".replace("-", "") in said
    assert "-" in said.split("·")[2]


def test_two_clicks_set_a_caliper_and_alt_sets_it_free(screen, ecg):
    first, second = peaks(ecg, "II")[:2]
    screen.run("caliper")
    screen.page.mouse.click(*screen.spot("II", first / RATE))
    screen.page.mouse.click(*screen.spot("II", second / RATE))
    ms = (second - first) * 1000 / RATE
    assert screen.calipers()[0].startswith(f"II: {ms:g} ms")
    screen.page.keyboard.down("Alt")
    screen.drag(screen.spot("II", (first + 33) / RATE, mv=0), screen.spot("II", (first + 83) / RATE, mv=0.5))
    screen.page.keyboard.up("Alt")
    assert screen.calipers()[1].startswith("II: 100 ms · 600/min · 0.5 mV")


def test_the_steepest_slope_and_the_onset_of_a_step_are_found(viewing):
    from twelvelead.ecg.record import ECG

    ramp = np.interp(np.arange(5000), [0, 1000, 1006, 5000], [0, 0, 1.0, 1.0])
    ramp[1003:] += 0.2  # between the samples 1002 and 1003 it is steepest
    signal = np.repeat(ramp[:, None], 12, axis=1).astype(np.float32)
    screen = viewing(viewport={"width": 1600, "height": 900})
    screen.show(ECG(signal, RATE))
    screen.set(layout="12x1", zoom=ONE_PIXEL_A_SAMPLE)
    screen.run("caliper")
    screen.get("viewer.goTo(1)")
    screen.drag(screen.spot("II", 996 / RATE, mv=0), screen.spot("II", 1004 / RATE, mv=0.6))
    onset, steepest = screen.get("viewer.calipers.all[0].feet.map((foot) => Math.round(foot.time * 500))")
    assert onset in (999, 1000)
    assert steepest in (1002, 1003)


def test_calipers_march_out_and_every_step_is_undone(screen, ecg):
    places = peaks(ecg, "II")
    screen.run("caliper")
    screen.drag(screen.spot("II", places[0] / RATE), screen.spot("II", places[1] / RATE))
    screen.drag(screen.spot("V1", 0.5, mv=0.1), screen.spot("V1", 0.8, mv=0.1))
    assert len(screen.calipers()) == 2
    screen.run("march")
    assert screen.calipers()[1].endswith("(marched out)")
    step = screen.get("Math.abs(viewer.calipers.all[1].feet[1].time - viewer.calipers.all[1].feet[0].time)")
    times = screen.page.evaluate(
        "async () => [...(await import('/page/viewer/calipers.js')).steps(viewer.calipers.all[1], 0, 10)]"
    )
    assert np.diff(times) == pytest.approx(step)
    assert times[0] < step
    assert times[-1] > 10 - step
    screen.run("remove")
    assert len(screen.calipers()) == 1
    screen.run("undo", "undo")
    assert len(screen.calipers()) == 2
    assert "marched" not in screen.calipers()[1]
    screen.run("undo", "undo")
    assert screen.calipers() == []
    screen.run("undo")


def test_feet_are_taken_hold_of_again(screen, ecg):
    first, second, third = peaks(ecg, "II")[:3]
    screen.set(zoom=2)
    screen.run("caliper")
    screen.drag(screen.spot("II", first / RATE), screen.spot("II", second / RATE))
    screen.run("release")
    screen.drag(screen.spot("II", second / RATE, mv=-0.3), screen.spot("II", third / RATE))
    assert screen.calipers()[0].startswith(f"II: {(third - first) * 1000 / RATE:g} ms")
    assert screen.get("document.querySelector('.viewer-scroll').scrollLeft") == 0


def test_the_keyboard_alone_measures(screen, ecg):
    screen.run("new-caliper")
    places = peaks(ecg, "II")
    feet = screen.get("viewer.calipers.all[0].feet.map((foot) => Math.round(foot.time * 500))")
    assert set(feet) <= set(places.tolist())
    ms = (feet[1] - feet[0]) * 1000 / RATE
    screen.run("right", "right", "right")
    assert screen.calipers()[0].startswith(f"II: {ms + 6:g} ms")
    screen.run("previous-wave")
    assert screen.calipers()[0].startswith(f"II: {ms:g} ms")
    screen.run("other-foot", "far-left")
    assert screen.calipers()[0].startswith(f"II: {ms + 20:g} ms")
    screen.run("new-caliper", "next-caliper", "remove")
    assert len(screen.calipers()) == 1
    screen.run("release")
    before = screen.get("document.querySelector('.viewer-scroll').scrollLeft")
    screen.run("right")
    assert screen.get("document.querySelector('.viewer-scroll').scrollLeft") > before
    screen.run("remove-all")


def test_marks_are_dragged_and_the_intervals_follow(screen, ecg):
    screen.set(zoom=1)
    screen.run("beats")
    found = measure(ecg)
    before = screen.get("viewer.measurements")
    assert before["pr_ms"] == pytest.approx(found.pr_ms, abs=0.1)
    assert "moved" not in before
    place = found.marks["qrs_onset"]
    screen.drag(screen.spot("II", place, mv=0, kind="beat"), screen.spot("II", place - 0.02, mv=0, kind="beat"))
    after = screen.get("viewer.measurements")
    change = (place - after["marks_s"]["qrs_onset"]) * 1000
    assert change == pytest.approx(20, abs=4)
    assert after["moved"] is True
    assert after["pr_ms"] == pytest.approx(found.pr_ms - change, abs=0.11)
    assert after["qrs_ms"] == pytest.approx(found.qrs_ms + change, abs=0.11)
    assert after["qt_ms"] == pytest.approx(found.qt_ms + change, abs=0.11)
    rr = 60 / found.heart_rate_per_minute
    assert after["qtc_bazett_ms"] == pytest.approx(after["qt_ms"] / rr**0.5, abs=0.2)
    assert after["qtc_fridericia_ms"] == pytest.approx(after["qt_ms"] / rr ** (1 / 3), abs=0.2)
    assert after.keys() - {"moved"} == before.keys()
    assert screen.get("measured.at(-1)") == after
    assert "marks moved by the reader" in screen.page.locator(".viewer-numbers").inner_text()
    screen.run("undo")
    assert screen.get("viewer.measurements") == screen.get("measured.at(-1)") == before


def test_a_mark_of_the_rhythm_strip_is_dragged_too(screen, ecg):
    screen.set(layout="3x4+1", zoom=2)
    found = measure(ecg)
    beat = found.beat_times[1]
    strip = "viewer.stage.sheet.strips.at(-1)"
    below = screen.get(f"{strip}.level - ({strip}.marksDown + 1) / {strip}.gain")
    place = beat + found.marks["t_end"]
    screen.drag(screen.spot("II", place, mv=below), screen.spot("II", place + 0.04, mv=below))
    moved = screen.get("viewer.measurements")
    assert moved["qt_ms"] == pytest.approx(found.qt_ms + 40, abs=6)
    assert moved["pr_ms"] == pytest.approx(found.pr_ms, abs=0.1)


def test_marks_by_keyboard_stop_at_their_neighbours_and_missing_ones_are_set(viewing, ecg, answer_of):
    answer = answer_of(ecg)
    measurements = answer["measurements"]
    measurements |= {"pr_ms": None, "withheld": {"pr_ms": "no P wave found that is apart from the T wave"}}
    measurements["marks_s"]["p_onset"] = None
    screen = viewing()
    screen.show(ecg, answer)
    screen.run("next-mark")
    set_ = screen.get("viewer.measurements")
    assert "Chosen mark: P onset" in screen.page.locator(".viewer-numbers").inner_text()
    assert set_["withheld"] == {}
    screen.run("right")
    assert screen.get("viewer.measurements.pr_ms") == pytest.approx(set_["pr_ms"] - 2, abs=0.11)
    screen.run(*["far-right"] * 60)
    assert screen.get("viewer.measurements.pr_ms") == pytest.approx(2, abs=0.11)
    screen.run("release", "undo")
    assert screen.get("viewer.marking") is None


def test_a_filter_changes_the_amplitudes_that_are_on_the_trace(screen, ecg):
    high = peaks(ecg, "II")[0]
    screen.run("caliper")
    screen.drag(screen.spot("II", (high - 60) / RATE), screen.spot("II", high / RATE))
    before = screen.get("viewer.calipers.all[0].feet[1].mv")
    screen.run("lowpass")
    after = screen.get("viewer.calipers.all[0].feet[1].mv")
    assert 0.5 * before < after < 0.99 * before
