"""Distances on the printed page, read from the paths of the PDF itself."""

import re
import zlib

import numpy as np
import pytest

from twelvelead.ecg import paper
from twelvelead.ecg.paper import LEFT
from twelvelead.ecg.record import ECG
from twelvelead.readers import read

MM = 25.4 / 72
TRACE, FINE, COARSE = (width / MM for width in (0.28, 0.125, 0.2))
NUMBER = rb"(-?[\d.]+)"
TOLERANCE = 0.2


def figure(ecg, **how):
    return paper.draw(ecg, stacked=False, **how)


def encoded(pages, form):
    return paper.encode(pages, form)


def paths(pdf):
    """(line width in pt, subpaths) of each stroked path in the order of drawing; subpaths [[x, y], ...] in mm, y up."""
    found = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            content = zlib.decompress(packed)
        except zlib.error:
            continue
        if b" re W n" not in content:
            continue
        width, subpaths = 1.0, []
        for line in content.splitlines():
            if match := re.search(rb"(?:^| )" + NUMBER + rb" w(?: |$)", line):
                width = float(match[1])
            if match := re.fullmatch(NUMBER + b" " + NUMBER + b" ([ml])", line):
                point = [float(match[1]) * MM, float(match[2]) * MM]
                if match[3] == b"m":
                    subpaths.append([point])
                else:
                    subpaths[-1].append(point)
            elif line.startswith((b"S", b"f", b"B", b"n")):
                if line.startswith(b"S"):
                    found.append((width, [np.array(subpath) for subpath in subpaths]))
                subpaths = []
    return found


def of_width(pdf, width):
    return [subpaths for pen, subpaths in paths(pdf) if pen == pytest.approx(width, abs=1e-3)]


def drawn(page):
    """Calibration pulses and traces."""
    return [line for path in of_width(encoded(page, "pdf"), TRACE) for line in path]


def spikes(rate=500.0):
    """1 mV for one sample at 2 s and at 7 s in every lead."""
    signal = np.zeros((int(10 * rate), 12), np.float32)
    signal[[int(2 * rate), int(7 * rate)]] = 1.0
    return ECG(signal, rate)


def test_one_page_of_a4():
    pdf = encoded(figure(spikes()), "pdf")
    assert pdf.startswith(b"%PDF-")
    (box,) = re.findall(rb"/MediaBox \[([^]]+)\]", pdf)
    assert [float(edge) * MM for edge in box.split()] == pytest.approx([0, 0, 297, 210], abs=TOLERANCE)
    assert b"CreationDate" not in pdf


def test_the_grid_has_squares_of_five_millimetres():
    pdf = encoded(figure(spikes()), "pdf")
    ((fine,), (coarse,)) = of_width(pdf, FINE), [path for path in of_width(pdf, COARSE) if len(path) > 10]
    for lines, step in ((fine, 1), (coarse, 5)):
        upright = sorted(line[0, 0] for line in lines if np.ptp(line[:, 0]) < 1e-6)
        level = sorted(line[0, 1] for line in lines if np.ptp(line[:, 1]) < 1e-6)
        assert len(upright) + len(level) == len(lines)
        assert (len(upright), len(level)) == (270 // step + 1, 120 // step + 1)
        for places in (upright, level):
            expected = places[0] + step * np.arange(len(places))  # over the whole width: errors do not add up
            np.testing.assert_allclose(places, expected, atol=TOLERANCE / 10)


@pytest.mark.parametrize(("speed", "gain"), [(25, 10), (50, 20), (25, 5)])
def test_calibration_pulses(speed, gain):
    lines = drawn(figure(spikes(), speed=speed, gain=gain))
    pulses = [line for line in lines if line[0, 0] < LEFT + 14]
    assert len(pulses) == 4 * (speed // 25)
    for pulse in pulses:
        assert np.ptp(pulse[:, 1]) == pytest.approx(gain, abs=TOLERANCE)
        assert pulse[3, 0] - pulse[1, 0] == pytest.approx(0.2 * speed, abs=TOLERANCE)


@pytest.mark.parametrize("rate", [100.0, 500.0, 1000.0])
def test_seconds_and_millivolts_of_a_trace(rate):
    lines = drawn(figure(spikes(rate)))
    strip = max(lines, key=lambda line: np.ptp(line[:, 0]))
    assert np.ptp(strip[:, 0]) == pytest.approx(250 - 25 / rate, abs=TOLERANCE)
    peaks = strip[strip[:, 1] > strip[:, 1].min() + 9]
    assert len(peaks) == 2
    assert peaks[0, 0] - strip[0, 0] == pytest.approx(50, abs=TOLERANCE)
    assert peaks[1, 0] - peaks[0, 0] == pytest.approx(125, abs=TOLERANCE)
    assert np.ptp(strip[:, 1]) == pytest.approx(10, abs=TOLERANCE)


def test_r_peaks_of_a_real_ecg(shared_formats):
    """PTB diagnostic database s0010_re, 1000 Hz: the peak of V3 over its median, and where it lies."""
    ecg = read(shared_formats / "s0010_re.hea")
    shown = ecg.signal[:10000].astype(np.float64)
    traces = [line for line in drawn(figure(ecg, start=0)) if line[0, 0] > LEFT + 14]
    strip = max(traces, key=lambda line: np.ptp(line[:, 0]))
    quarter = shown[5000:7501, ecg.leads.index("V3")]
    third_row = [line for line in traces if abs(line[0, 0] - strip[0, 0] - 125) < 1 and line is not strip]
    v3 = min(third_row, key=lambda line: np.median(line[:, 1]))
    peak = v3[v3[:, 1].argmax()]
    assert peak[0] - v3[0, 0] == pytest.approx(25 * quarter.argmax() / 1000, abs=TOLERANCE)
    baseline = np.median(v3[:, 1])
    assert peak[1] - baseline == pytest.approx(10 * (quarter.max() - np.median(quarter)), abs=TOLERANCE)
