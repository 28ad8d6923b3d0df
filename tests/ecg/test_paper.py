import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pytest

from twelvelead.ecg import paper
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.paper import BOTTOM, FORMATS, LEFT, PIXELS_PER_MM, RIGHT, TOP, Evidence, Line, figure_of, save
from twelvelead.ecg.record import ECG, Identity
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError

START = LEFT + 20


def figure(ecg, **how):
    return figure_of(paper.draw(ecg, **how)[0])


def encoded(page, form):
    return paper.encode(page.axes, form)


def traces(page):
    """Name -> [[x, y], ...] of every piece of trace, in mm of the printed page, y upwards."""
    found = {}
    for line in page.axes[0].lines:
        if line.get_gid():
            pixels = line.get_transform().transform(line.get_xydata())
            found.setdefault(line.get_gid(), []).append(pixels / page.dpi * 25.4)
    return found


def texts(page):
    return [text.get_text() for text in page.axes[0].texts]


def ramp(seconds=10.0, rate=500.0):
    """Every lead rises by 0.1 mV a second, lead k being k times as steep."""
    time = np.arange(round(seconds * rate)) / rate
    return ECG((0.1 * time[:, None] * np.arange(1, 13)).astype(np.float32), rate)


@pytest.mark.parametrize(
    ("rate", "speed", "gain", "layout", "columns"),
    [
        (100.0, 25, 10, "3x4+1", 4),
        (257.0, 25, 20, "3x4+1", 4),
        (1000.0, 50, 5, "3x4+1", 4),
        (500.0, 25, 10, "6x2", 2),
        (257.0, 50, 10, "6x2", 2),
        (100.0, 25, 5, "12x1", 1),
        (257.0, 50, 20, "12x1", 1),
    ],
)
def test_scale(rate, speed, gain, layout, columns):
    ecg = ECG(0.05 * ramp(rate=rate).signal, rate)
    pages = [traces(figure_of(page)) for page in paper.draw(ecg, layout=layout, speed=speed, gain=gain, stacked=False)]
    assert len(pages) == speed // 25
    drawn = {}
    for page in pages:
        drawn |= {lead: [*drawn.get(lead, []), *pieces] for lead, pieces in page.items()}
    assert set(drawn) == {*LEADS, "calibration"} | ({"rhythm II"} if layout == "3x4+1" else set())
    for times, lead in enumerate(LEADS, 1):
        piece = drawn[lead][0]
        seconds = (piece[-1, 0] - piece[0, 0]) / speed
        assert seconds == pytest.approx(min(10 / columns, 250 / speed), abs=2.1 / rate)
        assert piece[-1, 1] - piece[0, 1] == pytest.approx(0.005 * times * seconds * gain, abs=0.05)
    if layout == "3x4+1":
        for strip in drawn["rhythm II"]:
            assert np.ptp(strip[:, 0]) == pytest.approx(250, abs=2.1 / rate * speed)


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
@pytest.mark.parametrize(("speed", "gain"), [(25, 5), (50, 10), (25, 20)])
def test_calibration_pulses_are_of_a_millivolt_and_a_fifth_of_a_second(layout, speed, gain):
    still = ECG(np.zeros((5000, 12), np.float32), 500.0)
    pulses = traces(figure(still, layout=layout, speed=speed, gain=gain, stacked=False))["calibration"]
    assert pulses
    spans = []
    for pulse in pulses:
        top = pulse[pulse[:, 1] > pulse[0, 1] + 1]
        assert np.ptp(pulse[:, 1]) == pytest.approx(gain, abs=0.01)
        assert np.ptp(top[:, 0]) == pytest.approx(0.2 * speed, abs=0.01)
        assert pulse[:, 0].min() > LEFT
        assert pulse[:, 0].max() < LEFT + 14
        assert pulse[:, 1].max() <= 210 - TOP + 1e-6
        spans.append((pulse[:, 1].min(), pulse[:, 1].max()))
    spans.sort()
    assert all(low[1] < high[0] for low, high in pairwise(spans))


def test_one_instant_has_one_place():
    drawn = traces(figure(synthetic_ecg()))
    (strip,) = drawn["rhythm II"]
    for column, leads in enumerate([("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6")]):
        for lead in leads:
            (piece,) = drawn[lead]
            assert piece[0, 0] == pytest.approx(strip[0, 0] + 62.5 * column, abs=0.06)
    (second,) = drawn["II"]
    shape = strip[: len(second), 1] - strip[0, 1]
    np.testing.assert_allclose(second[:, 1] - second[0, 1], shape, atol=1e-3)


def lines_cross(page):
    """Pairs of leads of different rows whose traces meet."""
    found = traces(page)
    polylines = [(name, piece) for name, pieces in found.items() if name != "calibration" for piece in pieces]
    met = []
    for number, (name, one) in enumerate(polylines):
        for other_name, other in polylines[number + 1 :]:
            low, high = max(one[0, 0], other[0, 0]), min(one[-1, 0], other[-1, 0])
            if high <= low:
                continue
            across = np.linspace(low, high, 4000)
            apart = np.interp(across, *one.T) - np.interp(across, *other.T)
            if not (np.all(apart > 0) or np.all(apart < 0)):
                met.append((name, other_name))
    return met


@pytest.mark.parametrize(
    ("layout", "millivolts"),
    [("3x4+1", 1.0), ("3x4+1", 2.5), ("3x4+1", 6.0), ("6x2", 1.0), ("6x2", 6.0), ("12x1", 1.0), ("12x1", 4.0)],
)
def test_large_voltages_run_into_no_other_row(layout, millivolts):
    ecg = synthetic_ecg("normal", seed=2)
    signal = ecg.signal * np.float32(millivolts / np.abs(ecg.signal).max())
    page = figure(ECG(signal, 500.0), layout=layout)
    assert lines_cross(page) == []
    heights = np.concatenate([piece[:, 1] for pieces in traces(page).values() for piece in pieces])
    assert 210 - BOTTOM < heights.min() < heights.max() < 210 - TOP
    halved = [text for text in texts(page) if text.startswith("GAIN ")]
    (scale,) = [text for text in texts(page) if text.endswith("mm/mV")]
    gain = float(scale.split()[-2])
    assert bool(halved) == (gain < 10)
    if halved:
        assert f"to {gain:g} mm/mV" in halved[0]
    pulse = traces(page)["calibration"][0]
    assert np.ptp(pulse[:, 1]) == pytest.approx(gain)


def test_a_wave_that_fits_at_no_gain_is_cut_at_the_edge_of_its_row_and_named():
    signal = 0.1 * synthetic_ecg().signal
    signal[700:720, 0] = 60.0
    page = figure(ECG(signal, 500.0))
    assert "cut at the edge of the row: I" in texts(page)
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(encoded(page, "png")))
    x = round((START + 25 * 1.42) * PIXELS_PER_MM)
    dark = np.flatnonzero((np.asarray(image.convert("L"))[:, x - 1 : x + 2] < 90).any(axis=1)) / PIXELS_PER_MM
    assert dark.min() >= TOP - 0.2
    assert np.ptp(traces(page)["I"][0][:, 1]) > 100  # cut, not squeezed
    assert not any("cut at the edge" in text for text in texts(figure(synthetic_ecg())))


def test_png_is_to_scale():
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(encoded(figure(ramp()), "png")))
    assert image.size == (297 * PIXELS_PER_MM, 210 * PIXELS_PER_MM)
    assert image.info["dpi"] == pytest.approx((203.2, 203.2), abs=0.1)


@pytest.mark.parametrize("attention", [None, np.eye(50)[20]])
def test_grid_of_one_and_five_millimetres(attention):
    page = figure(ECG(np.zeros((5000, 12), np.float32), 500.0), attention=attention)
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(encoded(page, "png")))
    grey = np.asarray(image.convert("L"), int)
    row = grey[
        round((TOP + 0.3) * PIXELS_PER_MM), round((LEFT - 1) * PIXELS_PER_MM) : round((RIGHT + 1) * PIXELS_PER_MM)
    ]
    lines = np.flatnonzero((row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:])) + 1
    heavy = np.flatnonzero((row[1:-1] < 212) & (row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:])) + 1
    assert set(np.diff(lines)) == {PIXELS_PER_MM}
    assert set(np.diff(heavy)) == {5 * PIXELS_PER_MM}


def test_words_on_the_page():
    ecg = ECG(0.1 * ramp(12.0).signal, 500.0, age=63, sex="female", source="folder/cost_$5$.xml")
    page = figure(ecg, headline=[Line("SYNTHETIC ECG")], gain=20, layout="6x2")
    words = " | ".join(texts(page))
    for expected in ("female · 63 years", "cost_$5$.xml", "25 mm/s   20 mm/mV", "at 500 Hz"):
        assert expected in words
    for expected in ("drawn: 0.0 to 10.0 s of 12.0 s", "SYNTHETIC ECG", *LEADS):
        assert expected in words
    assert "drawn without a filter; acquisition filters not stated" in words
    assert "folder" not in words
    assert encoded(page, "png")
    filtered = replace(ecg, filters="0.05-150 Hz, notch 50 Hz")
    assert "drawn without a filter; acquired with 0.05-150 Hz, notch 50 Hz" in texts(figure(filtered))


def test_who_it_is_only_on_request_else_a_place_for_it_by_hand():
    named = replace(ramp(), recorded=datetime(2024, 5, 6, 7, 8), age=63)
    words = texts(figure(named))
    assert {"Name", "Id", "Recorded"} <= set(words)
    assert "2024" not in " ".join(words)
    known = replace(named, identity=Identity("4711", "ward", "DOE^JANE", date(1960, 1, 2)))
    words = texts(figure(known))
    assert any("DOE, JANE · id 4711 · of ward · born 1960-01-02 · recorded 2024-05-06 07:08" in word for word in words)
    assert "Name" not in words


@pytest.mark.parametrize(
    ("age", "sex", "expected"),
    [
        (None, None, "age and sex unknown"),
        (300, "male", "male · over 89 years"),
        (0.5, None, "6 months"),
        (None, "female", "female"),
    ],
)
def test_what_is_known_of_the_patient(age, sex, expected):
    assert expected in texts(figure(ECG(ramp().signal, 500.0, age=age, sex=sex)))


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
def test_lead_names_meet_no_trace_and_stay_with_their_own(layout):
    for variant in ("normal", "wide_qrs", "t_inversion"):
        page = figure(synthetic_ecg(variant), layout=layout)
        renderer = page.canvas.get_renderer()
        lines = [line for line in page.axes[0].lines if line.get_gid() in (*LEADS, "rhythm II")]
        middles = sorted({float(np.median(line.get_ydata())) for line in lines})
        for text in page.axes[0].texts:
            if text.get_text() in LEADS:
                box = text.get_window_extent(renderer)
                for line in lines:
                    path = line.get_transform().transform_path(line.get_path())
                    assert not path.intersects_bbox(box, filled=False), (variant, text.get_text())
                names = (text.get_text(), f"rhythm {text.get_text()}")
                own = {float(np.median(line.get_ydata())) for line in lines if line.get_gid() in names}
                assert next(middle for middle in middles if middle > text.get_position()[1]) in own


def test_seconds_of_the_recording_along_the_edge():
    page = figure(synthetic_ecg(seconds=30), start=12.4)
    marks = {text.get_text(): text.get_position() for text in page.axes[0].texts}
    for second in range(14, 23):
        assert marks[str(second)] == pytest.approx((START + 25 * (second - 12.4), BOTTOM + 3))
    assert "13 s" in marks
    assert any(text.startswith("drawn: 12.4 to 22.4 s of 30.0 s at 500 Hz") for text in marks)


def tinted(page):
    """Where the paper is tinted, [y, x]: 0 plain to 255, and the mm of its pixels."""
    image = page.axes[0].images[0]
    colours = np.asarray(image.get_array(), int)
    left, right, bottom, top = image.get_extent()
    across = left + (np.arange(colours.shape[1]) + 0.5) * (right - left) / colours.shape[1]
    down = top + (np.arange(colours.shape[0]) + 0.5) * (bottom - top) / colours.shape[0]
    return np.abs(colours - colours[0, 0]).sum(axis=2), across, down


def test_attention_lies_under_its_instant():
    weights = np.zeros(50)
    weights[30] = 1.0  # 6.0 to 6.2 s
    ecg = synthetic_ecg()
    page = figure(ecg, attention=weights)
    strength, across, down = tinted(page)
    (strip,) = traces(page)["rhythm II"]
    row = int(np.argmax(strength.max(axis=1)))
    assert abs((210 - down[row]) - np.median(strip[:, 1])) < 15
    assert across[strength[row].argmax()] == pytest.approx(strip[0, 0] + 25 * 6.1, abs=0.3)
    assert strength[:, across < START - 0.1].max() == 0
    assert any("where the model looked" in text for text in texts(page))
    assert not any("where the model looked" in text for text in texts(figure(ecg)))
    np.testing.assert_array_equal(strip, traces(figure(ecg))["rhythm II"][0])


def test_even_attention_stays_faint():
    even = tinted(figure(ramp(), attention=np.full(250, 1 / 250)))[0]
    peaked = tinted(figure(ramp(), attention=np.eye(250)[100]))[0]
    assert 0 < even.max() < 0.4 * peaked.max()


def test_tints_survive_black_and_white_and_hide_no_trace():
    values = np.zeros((12, 25))
    values[7, 13] = 1.0
    page = figure(ramp(), attention=np.eye(250)[100], evidence=Evidence("MI", values, np.linspace(0, 10, 26), LEADS))
    image = np.asarray(page.axes[0].images[0].get_array(), float)
    grey = image @ [0.299, 0.587, 0.114]
    paper = grey[0, 0]
    for rows in (slice(None, 180), slice(190, None)):  # the leads, the rhythm strip
        assert paper - grey[rows].min() > 25
        assert grey[rows].min() > 150


def test_evidence_lies_behind_its_lead_and_time_only():
    values = np.full((12, 25), -1.0)
    values[LEADS.index("V2"), 13] = 2.0  # 5.2 to 5.6 s; V2 is drawn from 5 s
    page = figure(synthetic_ecg(), evidence=Evidence("MI", values, np.linspace(0, 10, 26), LEADS))
    strength, across, down = tinted(page)
    (piece,) = traces(page)["V2"]
    rows, columns = np.nonzero(strength)
    assert across[columns].min() == pytest.approx(piece[0, 0] + 5, abs=0.3)
    assert across[columns].max() == pytest.approx(piece[0, 0] + 15, abs=0.3)
    line = 210 - np.median(piece[:, 1])
    assert abs(down[rows] - line).max() <= 15.5
    assert any("what speaks for MI" in text for text in texts(page))


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.array([]), np.array([np.nan, 1]), np.array([-1.0, 2])])
def test_attention_of_another_kind(wrong):
    with pytest.raises(ValueError, match="attention"):
        figure(ramp(), attention=wrong)


@pytest.mark.parametrize("values", [np.zeros((12, 3)), np.full((12, 4), np.nan), np.zeros((3, 4))])
def test_evidence_of_another_kind(values):
    with pytest.raises(ValueError, match="evidence"):
        figure(ramp(), evidence=Evidence("MI", values, np.linspace(0, 10, 5), LEADS))


def test_a_longer_recording_is_drawn_from_its_beginning():
    page = figure(synthetic_ecg(seconds=30), attention=np.eye(120)[66])
    assert any(text.startswith("drawn: 0.0 to 10.0 s of 30.0 s at 500 Hz") for text in texts(page))
    (strip,) = traces(page)["rhythm II"]
    assert np.ptp(strip[:, 0]) == pytest.approx(250, abs=0.1)


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
def test_twice_the_speed_takes_two_pages_and_shows_all_ten_seconds(layout):
    pages = paper.draw(synthetic_ecg(seconds=12), speed=50, layout=layout, stacked=False)
    assert len(pages) == 2
    for number, page in enumerate(pages):
        words = texts(figure_of(page))
        drawn = f"page {number + 1} of 2, drawn: {5 * number:.1f} to {5 * number + 5:.1f} s of 12.0 s at 500 Hz"
        assert any(word.startswith(drawn) for word in words)
    leads = [{text for text in texts(figure_of(page)) if text in LEADS} for page in pages]
    assert leads[0] | leads[1] == set(LEADS)
    if layout == "6x2":
        assert leads == [set(LEADS[:6]), set(LEADS[6:])]
    (stacked,) = {figure_of(page) for page in paper.draw(synthetic_ecg(), speed=50)}
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(paper.encode(stacked.axes, "png")))
    assert image.size == (297 * PIXELS_PER_MM, 420 * PIXELS_PER_MM)


def test_short_recordings_leave_paper_empty():
    page = figure(ECG(0.1 * ramp(4.0).signal, 500.0))
    drawn = traces(page)
    for lead in LEADS:
        (piece,) = drawn[lead]
        assert np.ptp(piece[:, 0]) == pytest.approx(37.5 if lead in ("aVR", "aVL", "aVF") else 62.5, abs=0.2)
    (strip,) = drawn["rhythm II"]
    assert np.ptp(strip[:, 0]) == pytest.approx(100, abs=0.2)
    assert sum(text == "from 1.5 s" for text in texts(page)) == 6
    assert np.ptp(traces(figure(ramp(1.0)))["V6"][0][:, 0]) == pytest.approx(25, abs=0.2)


@pytest.mark.parametrize(("start", "first"), [(12.0, 12.0), (25.0, 20.0)])
def test_the_start_asked_for_keeps_columns_and_strip_aligned(start, first):
    page = figure(synthetic_ecg(seconds=30), start=start)
    assert any(text.startswith(f"drawn: {first:.1f} to {first + 10:.1f} s") for text in texts(page))
    drawn = traces(page)
    (strip,) = drawn["rhythm II"]
    assert np.ptp(strip[:, 0]) == pytest.approx(250, abs=0.2)
    (second,) = drawn["II"]
    np.testing.assert_allclose(second[:, 1] - second[0, 1], strip[: len(second), 1] - strip[0, 1], atol=1e-3)
    assert not any(re.match("from ", text) for text in texts(page))


def test_a_start_outside_the_recording():
    for start in (-1.0, 30.0, np.nan):
        with pytest.raises(TwelveLeadError, match=r"--start .* lies outside the recording of 30.0 s"):
            figure(ramp(30.0), start=start)


@pytest.mark.parametrize("wrong", [{"layout": "4x3"}, {"speed": 30}, {"gain": 15}])
def test_paper_that_there_is_not(wrong):
    with pytest.raises(TwelveLeadError, match=r"is not available; choose .+, .+"):
        figure(ramp(), **wrong)


@pytest.mark.filterwarnings("error")
def test_invalid_samples_leave_gaps():
    signal = synthetic_ecg().signal.copy()
    signal[1000:1100, 1] = np.nan
    signal[:, 6] = np.nan
    page = figure(ECG(signal, 500.0), attention=np.zeros(10))
    assert encoded(page, "png")
    (strip,) = traces(page)["rhythm II"]
    assert np.isnan(strip[1000:1100, 1]).all()
    assert np.isfinite(np.delete(strip[:, 1], np.s_[1000:1100])).all()


def test_any_order_of_leads_and_missing_ones():
    ecg = synthetic_ecg()
    turned = ECG(ecg.signal[:, ::-1].copy(), 500.0, LEADS[::-1])
    np.testing.assert_array_equal(traces(figure(turned))["V3"][0], traces(figure(ecg))["V3"][0])
    without = figure(ECG(ecg.signal[:, :11], 500.0, LEADS[:11]))
    assert texts(without).count("not recorded") == 1
    np.testing.assert_array_equal(traces(without)["V5"][0], traces(figure(ecg))["V5"][0])


def test_save_is_whole_or_not_at_all(tmp_path, monkeypatch):
    save(b"one", tmp_path / "ecg.png")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(TwelveLeadError, match=r"ecg\.png: cannot be written \(Permission denied\)"):
        save(b"two", tmp_path / "ecg.png")
    assert [file.name for file in tmp_path.iterdir()] == ["ecg.png"]
    assert (tmp_path / "ecg.png").read_bytes() == b"one"


def test_saving_where_it_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for where in ("file/ecg.png", "folder.png"):
        with pytest.raises(TwelveLeadError, match=r"cannot be written \(.+\); choose a folder"):
            save(b"", tmp_path / where)
    with pytest.raises(TwelveLeadError, match=r"ecg\.jpg: no such kind of picture; end the name in \.png"):
        paper.format_of(tmp_path / "ecg.jpg")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_page_gives_the_same_bytes(suffix):
    first, second = (encoded(figure(ramp(), attention=np.eye(20)[3]), suffix[1:]) for _ in range(2))
    assert first == second


def test_threads_draw_what_one_draws():
    ecgs = [synthetic_ecg(seed=seed, sampling_rate=100) for seed in range(3)]
    alone = [encoded(figure(ecg), kind) for ecg, kind in zip(ecgs, ("png", "svg", "pdf"), strict=True)]
    barrier = threading.Barrier(3)

    def draw(ecg, kind):
        barrier.wait()
        return encoded(figure(ecg), kind)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(draw, ecgs, ("png", "svg", "pdf"))) == alone


def test_pyplot_stays_out(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from twelvelead.ecg import paper; assert 'matplotlib' not in sys.modules;"
        "from twelvelead.ecg.synthetic import synthetic_ecg;"
        "paper.encode(paper.draw(synthetic_ecg(), stacked=False), 'pdf');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
