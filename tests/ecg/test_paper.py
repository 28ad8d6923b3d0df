import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.paper import NOTE, PIXELS_PER_MM, figure, png, save_png
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Refused, TwelveLeadError

FINDINGS = [
    ("NORM", 0.03, "no"),
    ("MI", 0.87, "likely"),
    ("STTC", 0.5, "likely"),
    ("CD", 0.0, "no"),
    ("HYP", 1.0, "no"),
]


def traces(page):
    """Name -> [[x, y], ...] of every piece of trace, in mm of the printed page, y upwards."""
    page.canvas.draw()
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


@pytest.mark.parametrize("rate", [100.0, 257.0, 1000.0])
def test_scale(rate):
    page = figure(ramp(rate=rate))
    drawn = traces(page)
    assert set(drawn) == {*LEADS, "rhythm II", "calibration"}
    for lead, times in [*zip(LEADS, range(1, 13), strict=True), ("rhythm II", 2)]:
        (piece,) = drawn[lead]
        seconds = (piece[-1, 0] - piece[0, 0]) / 25
        assert seconds == pytest.approx(10 if lead == "rhythm II" else 2.5, abs=1.6 / rate)
        assert piece[-1, 1] - piece[0, 1] == pytest.approx(0.1 * times * seconds * 10, abs=0.2)


def test_one_second_and_one_millivolt_in_pixels():
    signal = np.zeros((5000, 12), np.float32)
    signal[1000, 1] = 1.0  # a spike at 2 s
    signal[3500, 1] = 1.0  # and at 7 s
    page = figure(ECG(signal, 500.0))
    (strip,) = traces(page)["rhythm II"]
    high = np.flatnonzero(strip[:, 1] > strip[:, 1].min() + 5)
    assert np.ptp(strip[high, 0]) == pytest.approx(5 * 25, abs=0.2)
    assert np.ptp(strip[:, 1]) == pytest.approx(10, abs=0.2)


def test_calibration_pulse_on_each_row():
    pulses = traces(figure(ramp()))["calibration"]
    assert len(pulses) == 4
    for pulse in pulses:
        top = pulse[pulse[:, 1] > pulse[0, 1] + 1]
        assert np.ptp(pulse[:, 1]) == pytest.approx(10, abs=0.2)
        assert np.ptp(top[:, 0]) == pytest.approx(0.2 * 25, abs=0.2)


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


def test_large_waves_are_whole():
    signal = np.zeros((5000, 12), np.float32)
    signal[700, :] = 5.0
    page = figure(ECG(signal, 500.0))
    assert all(np.ptp(traces(page)[lead][0][:, 1]) == pytest.approx(50, abs=0.2) for lead in ("I", "II", "III"))
    box = page.axes[0].get_window_extent()
    assert (box.width, box.height) == pytest.approx(page.canvas.get_width_height(), abs=1)


@pytest.mark.parametrize(("findings", "height"), [((), 170.0), (FINDINGS, 210.0), (FINDINGS * 4, 292.5)])
def test_png_is_to_scale(findings, height):
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png(figure(ramp(), findings=findings))))
    assert image.size == (297 * PIXELS_PER_MM, round(height * PIXELS_PER_MM))
    assert image.info["dpi"] == pytest.approx((203.2, 203.2), abs=0.1)


def test_grid_of_one_and_five_millimetres():
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png(figure(ramp()))))
    row = np.asarray(image.convert("L"), int)[round((23 + 2.5) * PIXELS_PER_MM)]
    lines = np.flatnonzero((row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:])) + 1
    heavy = np.flatnonzero((row[1:-1] < 205) & (row[1:-1] < row[:-2])) + 1
    assert set(np.diff(lines)) == {PIXELS_PER_MM}
    assert set(np.diff(heavy)) == {5 * PIXELS_PER_MM}


def test_words_on_the_page():
    ecg = ECG(ramp(12.0).signal, 500.0, age=63, sex="female", source="folder/cost_$5$.xml")
    page = figure(ecg, label="SYNTHETIC ECG", findings=FINDINGS, lines=["calibrated"])
    words = " | ".join(texts(page))
    for expected in ("female", "63 years", "cost_$5$.xml", "25 mm/s", "10 mm/mV", "no filter", "500 Hz", NOTE):
        assert expected in words
    for expected in ("first 10 s of 12.0 s", "SYNTHETIC ECG", "MI", "0.87", "likely", "calibrated", *LEADS):
        assert expected in words
    assert "folder" not in words
    assert png(page)


@pytest.mark.parametrize(
    ("age", "sex", "expected"),
    [(None, None, "age and sex unknown"), (300, "male", "male · over 89 years"), (None, "female", "female")],
)
def test_what_is_known_of_the_patient(age, sex, expected):
    assert expected in texts(figure(ECG(ramp().signal, 500.0, age=age, sex=sex)))


def test_lead_names_meet_no_trace():
    for variant in ("normal", "wide_qrs", "t_inversion"):
        page = figure(synthetic_ecg(variant))
        page.canvas.draw()
        lines = [line for line in page.axes[0].lines if line.get_gid() in (*LEADS, "rhythm II")]
        for text in page.axes[0].texts:
            if text.get_text() in LEADS:
                box = text.get_window_extent()
                for line in lines:
                    path = line.get_transform().transform_path(line.get_path())
                    assert not path.intersects_bbox(box, filled=False), (variant, text.get_text())


def bands(page):
    """The blue strength of the strip's band and where it begins and ends, in mm."""
    band = max(page.axes[0].images, key=lambda image: image.get_array().max() * np.ptp(image.get_extent()[:2]))
    return np.asarray(band.get_array())[0, :, 3], band.get_extent()[:2]


def test_attention_lies_under_its_instant():
    weights = np.zeros(50)
    weights[30] = 1.0
    ecg = synthetic_ecg()
    page = figure(ecg, attention=weights)
    strength, (left, right) = bands(page)
    (strip,) = traces(page)["rhythm II"]
    assert (left, right) == pytest.approx((strip[0, 0], strip[0, 0] + 250), abs=0.2)
    assert (np.argmax(strength) + 0.5) / len(strength) * 10 == pytest.approx(30.5 / 50 * 10, abs=0.02)
    assert any("where the model looked" in text for text in texts(page))
    assert not any("where the model looked" in text for text in texts(figure(ecg)))
    np.testing.assert_array_equal(strip, traces(figure(ecg))["rhythm II"][0])


def test_attention_covers_the_whole_recording_though_ten_seconds_are_shown():
    weights = np.zeros(40)
    weights[10] = 1.0  # 5.125 s of 20 s
    strength, _ = bands(figure(synthetic_ecg(seconds=20), attention=weights))
    assert (np.argmax(strength) + 0.5) / len(strength) * 10 == pytest.approx(10.5 / 40 * 20, abs=0.02)


def test_even_attention_stays_faint():
    even, _ = bands(figure(ramp(), attention=np.full(250, 1 / 250)))
    peaked, _ = bands(figure(ramp(), attention=np.eye(250)[100]))
    assert even.max() < 0.4 * peaked.max()
    assert peaked.max() <= 0.5


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.array([]), np.array([np.nan, 1]), np.array([-1.0, 2])])
def test_attention_of_another_kind(wrong):
    with pytest.raises(ValueError, match="attention"):
        figure(ramp(), attention=wrong)


def test_short_recordings_show_all_leads():
    drawn = traces(figure(ramp(4.0)))
    assert set(drawn) == {*LEADS, "rhythm II", "calibration"}
    for lead in LEADS:
        assert np.ptp(drawn[lead][0][:, 0]) == pytest.approx(25, abs=0.2)


@pytest.mark.filterwarnings("error")
def test_invalid_samples_leave_gaps():
    signal = synthetic_ecg().signal.copy()
    signal[1000:1100, 1] = np.nan
    signal[:, 6] = np.nan
    page = figure(ECG(signal, 500.0), attention=np.zeros(10))
    assert png(page)
    (strip,) = traces(page)["rhythm II"]
    assert np.isnan(strip[1000:1100, 1]).all()
    assert np.isfinite(np.delete(strip[:, 1], np.s_[1000:1100])).all()


def test_any_order_of_leads_and_missing_ones():
    ecg = synthetic_ecg()
    turned = ECG(ecg.signal[:, ::-1].copy(), 500.0, LEADS[::-1])
    np.testing.assert_array_equal(traces(figure(turned))["V3"][0], traces(figure(ecg))["V3"][0])
    with pytest.raises(Refused, match="V6"):
        figure(ECG(ecg.signal[:, :11], 500.0, LEADS[:11]))


def test_save_is_whole_or_not_at_all(tmp_path, monkeypatch):
    page = figure(ramp())
    save_png(page, tmp_path / "ecg.png")
    before = (tmp_path / "ecg.png").read_bytes()
    assert before.startswith(b"\x89PNG")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(TwelveLeadError, match=r"ecg\.png: cannot be written \(Permission denied\)"):
        save_png(figure(synthetic_ecg()), tmp_path / "ecg.png")
    assert [file.name for file in tmp_path.iterdir()] == ["ecg.png"]
    assert (tmp_path / "ecg.png").read_bytes() == before


def test_saving_where_it_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for where in ("none/ecg.png", "file/ecg.png", "folder"):
        with pytest.raises(TwelveLeadError, match=r"cannot be written \(.+\); choose a folder"):
            save_png(figure(ramp()), tmp_path / where)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_threads_draw_what_one_draws():
    ecgs = [synthetic_ecg(seed=seed, sampling_rate=100) for seed in range(4)]
    alone = [png(figure(ecg)) for ecg in ecgs]
    barrier = threading.Barrier(4)

    def draw(ecg):
        barrier.wait()
        return png(figure(ecg))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, ecgs)) == alone


def test_pyplot_stays_out(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from twelvelead.ecg import paper; assert 'matplotlib' not in sys.modules;"
        "from twelvelead.ecg.synthetic import synthetic_ecg; paper.png(paper.figure(synthetic_ecg()));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
