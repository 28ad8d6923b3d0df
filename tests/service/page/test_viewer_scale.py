"""Millimetres: on a screenshot and on paper, seconds and millivolts are as long as the words on the trace say."""

import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG

RATE = 500
PER_MM = 96 / 25.4
TOLERANCE = 0.005
"""Of a length."""


@pytest.fixture
def spikes():
    """spikes(seconds, avr) -> 12 leads with one sample of 1 mV at 0.25, 0.75, 1.25 s ..., in aVR of another voltage."""

    def make(seconds=10, avr=1):
        one = np.zeros(seconds * RATE, np.float32)
        one[RATE // 4 :: RATE // 2] = 1
        return ECG(np.stack([one * (avr if lead == "aVR" else 1) for lead in LEADS], axis=1), RATE)

    return make


def rows_of(picture):
    """[rows]: where the lines of the traces lie, from the top."""
    dark = picture[:, :, 0] < 170  # the grid is red throughout
    level = np.lib.stride_tricks.sliding_window_view(dark, 15, axis=1).all(axis=2).sum(axis=1)  # no letter is so wide
    found = [int(y) for y in np.flatnonzero(level > 0.5 * level.max())]
    return [y for y in found if y - 1 not in found], dark


def edges_of(dark, base, height):
    """Centres of what crosses a level that lies `height` pixels above a line."""
    crossed = np.flatnonzero(dark[round(base - height)])
    groups = np.split(crossed, np.flatnonzero(np.diff(crossed) > 2) + 1)
    return np.array([group.mean() for group in groups if len(group)])


LEVEL = 4.5
"""Above a line, mm: between the marks where a row changes its lead, and the names."""


def check_row(dark, base, speed, gain, per_mm):
    """The pulse of a row, and the spikes of its cells: distances along the paper, and heights."""
    crossings = edges_of(dark, base, LEVEL * per_mm)
    pulse, traces = crossings[:2], crossings[2:]
    assert pulse[1] - pulse[0] == pytest.approx(0.2 * speed * per_mm, abs=1.5)
    assert traces[-1] - traces[0] == pytest.approx(9.5 * speed * per_mm, rel=TOLERANCE)
    assert np.diff(traces) == pytest.approx(0.5 * speed * per_mm, abs=1.5)
    assert len(traces) == 20
    for x in (pulse[0], *traces):
        column = dark[: base + 1, round(x) - 1 : round(x) + 2].any(axis=1)[::-1]
        assert int(np.argmin(column)) == pytest.approx(gain * per_mm, abs=2.1)


@pytest.mark.parametrize(("layout", "rows"), [("3x4+1", 4), ("3x4+3", 6), ("6x2", 6), ("12x1", 12)])
def test_every_layout_is_to_scale(viewing, spikes, layout, rows):
    screen = viewing(viewport={"width": 2100, "height": 1700})
    screen.show(spikes())
    for speed, gain in [(25, 10), (12.5, 10), (50, 10), (25, 5), (25, 20)]:
        screen.set(layout=layout, speed=speed, gain=gain)
        assert f"{speed} mm/s · {gain} mm/mV · no display filter. true size" in screen.words()
        bases, dark = rows_of(screen.picture())
        assert len(bases) == rows
        for base in bases:
            check_row(dark, base, speed, gain, PER_MM)


@pytest.mark.parametrize("layout", ["3x4+1", "3x4+3", "6x2", "12x1"])
def test_cabrera_order_is_to_scale_with_avr_turned_round(viewing, spikes, layout):
    screen = viewing(viewport={"width": 1100, "height": 1200})
    screen.show(spikes(avr=-1))
    screen.set(layout=layout, cabrera=True)
    bases, dark = rows_of(screen.picture())
    for base in bases:
        check_row(dark, base, 25, 10, PER_MM)


def test_a_measured_screen_is_remembered_and_to_scale(viewing, spikes):
    screen = viewing(viewport={"width": 1600, "height": 900})
    screen.show(spikes())
    assert "screen taken as 96 dpi" in screen.words()
    screen.run("calibrate")
    slider = screen.page.get_by_label("Width of the box")
    slider.fill("428")
    card = screen.page.locator(".viewer-card").bounding_box()
    assert card["width"] == pytest.approx(428)
    assert card["height"] / card["width"] == pytest.approx(53.98 / 85.6, rel=0.01)
    screen.page.get_by_role("button", name="As wide as the card").click()
    screen.page.locator("dialog").wait_for(state="detached")
    for _ in range(2):
        assert "screen measured" in screen.words()
        bases, dark = rows_of(screen.picture())
        check_row(dark, bases[0], 25, 10, 428 / 85.6)
        screen = type(screen)(screen.page)  # the page is opened again
        screen.show(spikes())
    screen.run("calibrate")
    screen.page.get_by_role("button", name="Back to 96 dpi").click()
    screen.page.locator("dialog").wait_for(state="detached")
    assert "screen taken as 96 dpi" in screen.words()


def test_fit_states_its_factor_and_what_does_not_fit_scrolls(viewing, spikes):
    screen = viewing(viewport={"width": 768, "height": 1024})
    screen.show(spikes())
    scroller = "document.querySelector('.viewer-scroll')"
    assert screen.get(f"{scroller}.scrollWidth") == pytest.approx(270 * PER_MM, abs=1)
    assert screen.get(f"{scroller}.scrollWidth > {scroller}.clientWidth")
    screen.run("fit")
    assert screen.get(f"{scroller}.scrollWidth <= {scroller}.clientWidth")
    factor = screen.get("viewer.state.zoom")
    assert factor == pytest.approx(768 / (270 * PER_MM), rel=0.01)
    assert f"fitted, NOT to scale: {factor:.2f} × true size" in screen.words()
    bases, dark = rows_of(screen.picture())
    traces = edges_of(dark, bases[0], LEVEL * PER_MM * factor)[2:]
    assert traces[-1] - traces[0] == pytest.approx(9.5 * 25 * PER_MM * factor, rel=TOLERANCE)
    screen.page.set_viewport_size({"width": 700, "height": 1024})
    screen.until("viewer.state.zoom < 0.69")
    screen.run("zoom-in")
    assert "NOT to scale" in screen.words()
    screen.run("true-size")
    assert "true size" in screen.words()
    assert "NOT" not in screen.words()


def test_a_sharp_screen_shows_the_same_millimetres(viewing, spikes):
    screen = viewing(viewport={"width": 1100, "height": 700}, device_scale_factor=2)
    screen.show(spikes())
    bases, dark = rows_of(screen.picture())
    check_row(dark, bases[0], 25, 10, 2 * PER_MM)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no pdftoppm here: apt-get install poppler-utils")
@pytest.mark.parametrize(("layout", "speed", "pages"), [("3x4+1", 25, 1), ("12x1", 25, 2), ("3x4+1", 50, 2)])
def test_paper_is_to_scale(viewing, spikes, tmp_path, layout, speed, pages):
    screen = viewing(viewport={"width": 800, "height": 700})
    screen.show(spikes(30))
    screen.set(layout=layout, speed=speed)
    file = tmp_path / "page.pdf"
    file.write_bytes(screen.page.pdf(prefer_css_page_size=True))
    per_mm = 10
    subprocess.run(["pdftoppm", "-r", str(25.4 * per_mm), "-png", file, tmp_path / "page"], check=True)
    found = sorted(tmp_path.glob("page*.png"))
    assert len(found) == pages
    for path in found:
        picture = np.asarray(Image.open(path).convert("RGB"))
        assert picture.shape[:2] == pytest.approx((2100, 2970), abs=1)
        lines, dark = rows_of(picture)
        upper = edges_of(dark, lines[0], LEVEL * per_mm)
        traces = upper[2:] if path == found[0] or layout == "12x1" else upper
        seconds = 0.5 * (len(traces) - 1)
        assert seconds >= (9.5 if speed == 25 else 4.5)
        assert traces[-1] - traces[0] == pytest.approx(seconds * speed * per_mm, rel=TOLERANCE / 5)
    assert screen.page.locator(".viewer-print").count() == 0


def test_the_order_of_leads(viewing, spikes):
    screen = viewing()
    screen.show(spikes())
    names = "viewer.stage.sheet.strips.map((strip) => strip.name)"
    screen.set(layout="12x1")
    assert screen.get(names) == list(LEADS)
    screen.run("cabrera")
    assert screen.get(names) == ["aVL", "I", "\N{MINUS SIGN}aVR", "II", "aVF", "III", *LEADS[6:]]
    screen.set(layout="3x4+3", cabrera=False)
    assert screen.get(names)[:4] == ["I", "aVR", "V1", "V4"]
    assert screen.get(names)[12:] == ["V1", "II", "V5"]
    assert screen.get("viewer.stage.sheet.strips.map((strip) => strip.bearsMarks).indexOf(true)") == 13
