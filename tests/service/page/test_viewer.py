"""What the viewer shows of recordings of every kind, and what it says of it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twelvelead.ecg.finding import CODES
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import measure
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg

PAGE = Path(__file__).parents[3] / "src" / "twelvelead" / "service" / "page"
SCROLLER = "document.querySelector('.viewer-scroll')"
INK = 170
"""Of red: the grid has more of it throughout."""


@pytest.fixture(scope="module")
def ecg():
    return synthetic_ecg(seed=3, heart_rate=72, noise=False)


def changed(ecg, **leads):
    """The recording with other samples, lead -> function of its samples."""
    signal = ecg.signal.copy()
    for lead, make in leads.items():
        signal[:, LEADS.index(lead)] = make(signal[:, LEADS.index(lead)])
    return replace(ecg, signal=signal)


def ink(screen, lead, start, stop):
    """How many pixels are dark around a lead's line between two instants."""
    (left, y), (right, _) = (screen.spot(lead, time, mv=0) for time in (start, stop))
    box = screen.page.locator(".viewer-scroll").bounding_box()
    x, up = round(left - box["x"]), round(y - box["y"])
    part = screen.picture()[up - 12 : up + 12, x : x + round(right - left)]
    return int((part[:, :, 0] < INK).any(axis=0).sum())


def test_the_signal_arrives_whole(viewing, ecg):
    screen = viewing()
    gap = ecg.signal.copy()
    gap[100:200, 3] = np.nan
    screen.show(replace(ecg, signal=gap))
    for lead in ("I", "aVR", "V6"):
        values = screen.get(f"[...viewer.now.signal.channels.get('{lead}')].map((mv) => Number.isNaN(mv) ? null : mv)")
        sent = np.array([np.nan if value is None else value for value in values])
        assert sent == pytest.approx(gap[:, LEADS.index(lead)], abs=0.0006, nan_ok=True)
    assert screen.get("[viewer.now.rate, viewer.now.duration]") == [500, 10]


def test_gaps_stay_empty_whatever_filters_are_on(viewing, ecg):
    def gap(lead):
        return np.where(np.abs(np.arange(len(lead)) - 2000) < 250, np.nan, lead * 0)

    screen = viewing(viewport={"width": 1280, "height": 900})
    screen.show(changed(ecg, V1=gap))
    screen.set(layout="12x1")
    for filters in ([], ["highpass", "lowpass", "notch50"]):
        screen.set(filters=filters)
        assert ink(screen, "V1", 3.6, 4.4) == 0
        assert ink(screen, "V1", 1.0, 2.0) > 50


def test_a_flat_lead_and_a_missing_lead_are_told_apart(viewing, ecg):
    flat = changed(ecg, V2=lambda lead: lead * 0)
    kept = [lead for lead in LEADS if lead != "V4"]
    screen = viewing()
    screen.show(ECG(flat.signal[:, [LEADS.index(lead) for lead in kept]], 500, leads=tuple(kept)), {})
    screen.set(layout="12x1")
    assert ink(screen, "V2", 1.0, 2.0) > 80
    strips = screen.get("viewer.stage.sheet.strips.map(({ lead, trace }) => [lead, trace !== null])")
    assert dict(strips) == {lead: lead in kept for lead in LEADS}
    options = screen.page.get_by_label("Lead", exact=True).locator("option").all_inner_texts()
    assert options == ["all leads", *kept]


@pytest.mark.parametrize("rate", [100.0, 257.0, 1000.0])
def test_any_rate_is_drawn_where_its_samples_are(viewing, rate):
    screen = viewing()
    screen.show(synthetic_ecg(seed=3, heart_rate=72, sampling_rate=rate))
    assert f"at {rate:g} Hz" in screen.words()
    notch = screen.page.get_by_role("button", name="≠ 50 Hz")
    assert notch.is_disabled() == (rate == 100)
    screen.run("notch50")
    assert ("notch 50 Hz" in screen.words()) == (rate > 100)
    ends = screen.get(
        "viewer.stage.sheet.strips.filter((strip) => strip.rhythm).map(({ start, stop }) => [start, stop])"
    )
    assert ends == [pytest.approx([0, 10], abs=0.006)]


def test_a_long_recording_scrolls_and_its_overview_moves_along(viewing):
    screen = viewing(viewport={"width": 1280, "height": 900})
    screen.show(synthetic_ecg(seed=3, heart_rate=72, seconds=30))
    overview = screen.page.get_by_role("slider", name="Place in the recording")
    assert overview.get_attribute("aria-valuetext") == "0 to 10 of 30 s"
    screen.run("later")
    assert screen.get("viewer.stage.sheet.strips.map(({ start }) => start)")[:4] == [10, 12.5, 15, 17.5]
    screen.run("later", "later")
    assert overview.get_attribute("aria-valuetext") == "20 to 30 of 30 s"
    overview.press("ArrowLeft")
    assert overview.get_attribute("aria-valuetext") == "19 to 29 of 30 s"
    box = overview.bounding_box()
    screen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert overview.get_attribute("aria-valuetext") == "10 to 20 of 30 s"
    screen.set(layout="12x1")
    assert screen.get(f"{SCROLLER}.scrollWidth") == pytest.approx((15 + 750 + 5) * 96 / 25.4, abs=2)
    screen.run("later")
    shown = [float(number) for number in re.findall(r"[\d.]+", overview.get_attribute("aria-valuetext"))]
    assert 10 < shown[0] < 14
    assert shown[1] > 20
    overview.press("Home")
    assert screen.get(f"{SCROLLER}.scrollLeft") == 0


def test_what_a_short_recording_leaves_of_a_cell_is_shown_from_earlier(viewing):
    screen = viewing()
    screen.show(synthetic_ecg(seed=3, heart_rate=72, seconds=6))
    strips = screen.get("viewer.stage.sheet.strips.slice(0, 4).map(({ start, stop, note }) => [start, stop, note])")
    assert strips == [[0, 2.5, None], [2.5, 5, None], [3.5, 6, 3.5], [3.5, 6, 3.5]]


def test_wheel_keys_and_fingers_move_and_zoom(viewing, ecg):
    screen = viewing(viewport={"width": 700, "height": 500}, has_touch=True)
    screen.show(ecg)
    screen.set(layout="12x1")
    box = screen.page.locator(".viewer-scroll").bounding_box()
    middle = (box["x"] + 300, box["y"] + 150)
    screen.page.mouse.move(*middle)
    screen.page.mouse.wheel(0, 120)
    screen.until(f"{SCROLLER}.scrollTop > 60")
    screen.page.mouse.wheel(120, 0)
    screen.until(f"{SCROLLER}.scrollLeft > 60")
    under = f"viewer.stage.placeOf({{ clientX: {middle[0]}, clientY: {middle[1]} }})"
    before = screen.get(under)
    screen.page.keyboard.down("Control")
    screen.page.mouse.wheel(0, -150)
    screen.page.keyboard.up("Control")
    screen.until("viewer.state.zoom > 1.5")
    after = screen.get(under)
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=0.5)
    left = screen.get(f"{SCROLLER}.scrollLeft")
    screen.drag(middle, (middle[0] - 80, middle[1]))
    assert screen.get(f"{SCROLLER}.scrollLeft") == pytest.approx(left + 80, abs=1)
    screen.run("left", "up", "true-size")
    pinch(screen.page, middle)
    assert 1.8 < screen.get("viewer.state.zoom") < 2.2


def pinch(page, middle):
    """Two fingers apart, to twice their distance."""
    session = page.context.new_cdp_session(page)

    def touch(kind, apart):
        points = [{"x": middle[0] - apart, "y": middle[1], "id": 0}, {"x": middle[0] + apart, "y": middle[1], "id": 1}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if apart else []})

    touch("touchStart", 50)
    for apart in (60, 80, 100):
        touch("touchMove", apart)
    touch("touchEnd", 0)


def test_filters_are_named_and_end_with_the_recording(viewing, ecg):
    screen = viewing()
    screen.show(replace(ecg, filters="0.05-150 Hz"))
    assert "no display filter · recorded with 0.05-150 Hz" in screen.words()
    screen.page.get_by_role("button", name="> 0.5 Hz").click()
    screen.run("notch60", "notch50", "lowpass")
    assert "DISPLAY FILTERED: high-pass 0.5 Hz, low-pass 40 Hz, notch 50 Hz · recorded with" in screen.words()
    screen.get("viewer.show({ ...viewer.now, id: 'another' })")
    assert "no display filter" in screen.words()


@pytest.mark.parametrize(
    ("name", "hertz", "low", "high"),
    [
        ("highpass", 0.5, 0.66, 0.75),
        ("highpass", 0.05, 0, 0.01),
        ("highpass", 2, 0.98, 1.01),
        ("lowpass", 40, 0.66, 0.75),
        ("lowpass", 10, 0.98, 1.01),
        ("lowpass", 150, 0, 0.01),
        ("notch50", 50, 0, 0.02),
        ("notch50", 45, 0.95, 1.01),
        ("notch60", 60, 0, 0.02),
    ],
)
def test_filters_do_what_their_names_say(viewing, name, hertz, low, high):
    screen = viewing()
    ratio, shift = screen.page.evaluate(
        """async ([name, hertz]) => {
          const { filtered } = await import("/page/viewer/filters.js");
          const wave = Float32Array.from({ length: 30000 }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / 500));
          const other = wave.map((_, at) => Math.cos((2 * Math.PI * hertz * at) / 500));
          const out = filtered(wave, 500, [name]);
          let [same, across, size] = [0, 0, 0];
          for (let at = 10000; at < 20000; at += 1) {
            same += out[at] * wave[at];
            across += out[at] * other[at];
            size += wave[at] ** 2;
          }
          return [same / size, across / size];
        }""",
        [name, hertz],
    )
    assert low <= ratio <= high
    assert shift == pytest.approx(0, abs=0.01)


def test_findings_stand_at_their_leads_and_in_a_list(viewing, ecg, answer_of):
    findings = [
        {"code": "powerline", "severity": "warn", "grave": False, "message": "hum in V3", "values": {"V3": 0.1}},
        {"code": "inverted", "severity": "warn", "grave": True, "message": "V3 upside down", "values": {"V3": 1}},
        {"code": "age", "severity": "warn", "grave": False, "message": "too old", "values": {"age": 120}},
    ]
    screen = viewing()
    screen.show(ecg, answer_of(ecg, findings=findings))
    items = screen.page.get_by_role("list", name="Findings of the quality check").get_by_role("listitem")
    assert items.all_inner_texts() == ["V3: hum in V3", "V3: V3 upside down", "too old"]
    (target,) = screen.get("viewer.targets.filter(({ type }) => type === 'finding')")
    assert [finding["code"] for finding in target["findings"]] == ["powerline", "inverted"]
    assert screen.get(
        "viewer.stage.sheet.strips.filter(({ findings }) => findings.length).map(({ lead }) => lead)"
    ) == ["V3"]
    left, top, width, height = target["box"]
    box = screen.page.locator(".viewer-scroll").bounding_box()
    screen.page.mouse.move(box["x"] + left + width / 2, box["y"] + top + height / 2)
    assert screen.page.locator(".viewer-overlay").get_attribute("title") == "hum in V3\nV3 upside down"
    assert "Findings of the quality check: 3" in screen.words()


def test_a_refused_recording_is_drawn_with_its_reason(viewing, ecg):
    message = "missing leads V3, V5; record them"
    answer = {
        "format": "twelvelead-error",
        "error": f"0123: {message}",
        "findings": [{"code": "missing-leads", "severity": "refuse", "grave": False, "message": message, "values": {}}],
    }
    screen = viewing()
    screen.show(ecg, answer)
    assert "NOT READABLE: missing leads V3, V5" in screen.words()
    assert "were not measured" in screen.page.locator(".viewer-numbers").inner_text()
    top = screen.picture()[8, :300]
    assert (np.abs(top.astype(int) - (163, 0, 27)).sum(axis=1) < 30).mean() > 0.4
    assert ink(screen, "II", 1.0, 2.0) > 50
    screen.run("beats", "new-caliper", "next-mark", "march", "undo")
    assert screen.get("viewer.measurements") is None


def test_a_tint_lies_under_the_trace_at_its_lead_and_time(viewing, ecg):
    screen = viewing()
    screen.show(ecg)
    screen.set(layout="12x1")
    weights = {"start_s": 0, "step_s": 0.5, "leads": {"III": [0, 0, 1, 0.2] + [0] * 16}}
    screen.page.evaluate("(tint) => viewer.tint(tint)", {"label": "anterior infarct", "weights": weights})
    assert "Tint: anterior infarct" in screen.words()

    def blue(lead, time):
        x, y = screen.spot(lead, time, mv=-0.4)
        box = screen.page.locator(".viewer-scroll").bounding_box()
        part = screen.picture()[round(y - box["y"]) - 4 :, round(x - box["x"]) - 9 :][:9, :18]
        return float(np.median(part[:, :, 2]))

    places = [("III", 1.25), ("III", 1.75), ("III", 0.25), ("II", 1.25), ("II", 7.25), ("II", 2.25)]
    first = [blue(*place) for place in places]
    everywhere = {"label": "where it looked", "weights": {"start_s": 0, "step_s": 5, "all": [0, 1]}}
    screen.page.evaluate("(tint) => viewer.tint(tint)", everywhere)
    second = [blue(*place) for place in places]
    screen.page.evaluate("viewer.tint(null)")
    assert "Tint" not in screen.words()
    plain = [blue(*place) for place in places]
    strong, weak, *rest = np.subtract(plain, first)
    assert strong > 40
    assert strong / 10 < weak < strong / 3
    assert rest == [0, 0, 0, 0]
    assert (np.subtract(plain, second) != 0).tolist() == [False, False, False, False, True, False]


def test_an_earlier_ecg_lies_beneath_with_its_beats_aligned(viewing, ecg):
    earlier = synthetic_ecg("t_inversion", seed=5, heart_rate=60)
    screen = viewing(viewport={"width": 1280, "height": 1400})
    screen.show(ecg)
    screen.show(earlier, call="compare", label="1 February 2020")
    assert "Compared with an earlier ECG, 1 February 2020." in screen.words()
    assert screen.get("viewer.lines.legend") == [
        "Present ECG (black) ",
        "Earlier ECG (blue) 1 February 2020, QRS complexes aligned",
    ]
    tops = screen.page.evaluate(
        """async () => {
          const { xOf } = await import("/page/viewer/sheet.js");
          const peak = (strip) => {
            const { values, rate, origin } = strip.trace;
            let best = 0;
            values.forEach((mv, at) => { if (mv > values[best]) best = at; });
            return xOf(strip, origin + best / rate);
          };
          const lead = viewer.stage.sheet.strips.filter((strip) => strip.lead === "II" && strip.kind === "beat");
          return lead.map((strip) => [strip.source, peak(strip), strip.y]);
        }"""
    )
    assert sorted(source for source, *_ in tops) == [0, 1]
    assert tops[0][1:] == pytest.approx(tops[1][1:], abs=1)  # mm, at 50 mm/s: 20 ms
    colours = screen.picture().reshape(-1, 3).astype(int)
    assert (np.abs(colours - (10, 79, 181)).sum(axis=1) < 60).sum() > 300
    screen.run("beats")
    rows = screen.get(
        "viewer.stage.sheet.strips.filter(({ lead, kind }) => lead === 'V1' && kind === 'trace')"
        ".map(({ source, start, left, y }) => [source, start, left, y])"
    )
    (_, start, left, upper), (_, other, same, lower) = rows
    assert left == same
    assert upper < lower
    first = next(time for time in measure(ecg).beat_times if time >= start)
    times = measure(earlier).beat_times
    assert min(abs(time - other - (first - start)) for time in times) < 0.005
    screen.page.evaluate("viewer.compare(null)")
    assert "Compared" not in screen.words()
    assert screen.get("viewer.stage.sheet.strips.every(({ source }) => source === 0)")


def test_one_lead_fills_the_sheet(viewing, ecg):
    screen = viewing()
    screen.show(ecg)
    screen.page.get_by_label("Lead", exact=True).select_option("V3")
    assert screen.get("viewer.stage.sheet.strips.map(({ lead }) => lead)") == ["V3"]
    assert screen.get("viewer.state.zoom") > 1.5
    assert "NOT to scale" in screen.words()
    screen.run("next-lead")
    assert screen.get("viewer.state.lead") == "V4"
    screen.run("previous-lead", "previous-lead")
    assert screen.get("viewer.state.lead") == "V2"
    screen.page.get_by_label("Lead", exact=True).select_option("")
    assert screen.get("[viewer.state.zoom, viewer.stage.sheet.strips.length]") == [1, 13]


def test_what_is_remembered_and_what_is_not(viewing, ecg):
    screen = viewing()
    screen.show(ecg)
    screen.set(layout="6x2", speed=50, filters=["lowpass"], zoom=3)
    again = type(screen)(screen.page)
    again.show(ecg)
    state = again.get("viewer.state")
    assert (state["layout"], state["speed"], state["filters"], state["zoom"]) == ("6x2", 50, [], 1)


def test_nothing_open_is_said_and_nothing_breaks(viewing, ecg):
    screen = viewing()
    assert screen.page.get_by_text("No ECG is open.").is_visible()
    for command in screen.get("viewer.commands.map(({ name }) => name)"):
        if command != "print":
            screen.run(command)
    screen.show(ecg)
    assert not screen.page.get_by_text("No ECG is open.").is_visible()
    screen.page.evaluate("viewer.clear('This recording is gone.')")
    assert screen.page.get_by_text("This recording is gone.").is_visible()
    assert not screen.page.locator(".viewer-scroll").is_visible()
    assert screen.get("viewer.measurements") is None
    assert not screen.page.evaluate("viewer.run('no such command')")


def test_every_command_has_a_key_of_its_own_and_every_control_a_name(viewing, ecg):
    screen = viewing()
    screen.show(ecg)
    commands = screen.get("viewer.commands")
    assert len({command["key"] for command in commands}) == len(commands)
    assert all(command["label"] and not command["label"].startswith("viewer.") for command in commands)
    names = {command["name"] for command in commands}
    assert {"left", "zoom-in", "fit", "layout", "new-caliper", "next-wave", "undo", "next-mark", "print"} <= names
    for control in screen.page.locator(".viewer-tools :is(button, select)").all():
        assert control.get_attribute("aria-label") or control.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(viewing, ecg, answer_of, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    finding = {"code": "gain", "severity": "warn", "grave": True, "message": "too small", "values": {}}
    screen = viewing(color_scheme=scheme)
    screen.show(ecg, answer_of(ecg, findings=[finding]))
    screen.get("document.documentElement.style.colorScheme = 'light dark'")
    screen.run("new-caliper", "lowpass")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = axe.Axe().run(screen.page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.response["violations"] == []
    assert "Heart rate 72/min, PR" in screen.words()


def test_every_language_has_every_text_and_no_other(viewing, ecg):
    texts = {path.stem: json.loads(path.read_text("utf-8")) for path in (PAGE / "texts").glob("viewer.*.json")}
    assert sorted(texts) == ["viewer.de", "viewer.en", "viewer.es"]
    keys = texts["viewer.en"].keys()
    for language, values in texts.items():
        assert values.keys() == keys, language
        for key, value in values.items():
            places = re.findall(r"{\w+}", value)
            assert sorted(places) == sorted(re.findall(r"{\w+}", texts["viewer.en"][key])), (language, key)
    assert {key.removeprefix("viewer.finding.") for key in keys if key.startswith("viewer.finding.")} == CODES.keys()
    code = "".join(path.read_text("utf-8") for path in (PAGE / "viewer").glob("*.js"))
    dynamic = ("finding", "filter", "filter-button", "command", "button", "group", "mark")
    unused = [key for key in keys if f'"{key}"' not in code and key.split(".")[1] not in dynamic]
    assert [key for key in unused if key.removeprefix("viewer.") not in ("layout", "speed", "gain", "lead")] == []
    screen = viewing("de")
    screen.show(ecg)
    screen.set(speed=12.5)
    assert "12,5 mm/s · 10 mm/mV · kein Anzeigefilter. wahre Größe" in screen.words()


def test_printed_pages_say_whose_ecg_it_is_and_what_was_done_to_it(viewing, ecg, answer_of):
    who = {"name": "Doe^Jane", "patient_id": "4711", "issuer": None, "birth_date": "1950-01-31", "order": None}
    screen = viewing()
    screen.show(ecg, answer_of(ecg, identity=who | {"recorded": "2026-01-31T12:00:00"}))
    screen.set(filters=["lowpass"], layout="12x1")
    screen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    pages = screen.page.locator(".viewer-print-page")
    assert pages.count() == 2
    for number, text in enumerate(pages.all_text_contents(), start=1):
        for part in ("Doe^Jane", "4711", "1950-01-31", "Heart rate 72/min", "25 mm/s · 10 mm/mV", "low-pass 40 Hz"):
            assert part in text
        assert f"page {number} of 2" in text
        assert "Decision aid, not a medical device" in text
        assert "100 mm on paper" in text
    screen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert pages.count() == 0


def test_where_the_sheet_ends_the_page_around_it_moves(viewing, ecg):
    screen = viewing()
    screen.show(ecg)
    screen.get("document.body.append(Object.assign(document.createElement('pre'), { textContent: '\\n'.repeat(200) }))")
    screen.run("down")
    assert screen.get("scrollY") == 40
    screen.run("later")
    assert screen.get("scrollY") > 500
    screen.run("earlier")
    assert screen.get("scrollY") == pytest.approx(40, abs=1)
