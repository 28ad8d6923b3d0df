"""The reading room for everybody: WCAG 2.2 AA in each state, three languages, light and dark, and little to fetch."""

import json
import re
from importlib.resources import files

import pytest

from twelvelead.reading import urgency
from twelvelead.reading.languages import load_texts

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

PAGE = files("twelvelead.service") / "page"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast"]
"""All that dark differs in."""

FIRST_LOAD = 300_000
"""Bytes over the wire, cache empty."""


def violations(page, rules=RULES):
    """What axe-core finds, as rule and element."""
    found = axe.Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], node["html"]) for each in found for node in each["nodes"]]


@pytest.fixture
def looked_at(room):
    """looked_at() fails where axe finds anything in the page as it is, in light or in dark."""

    def look():
        for colours, rules in (("light", RULES), ("dark", COLOURS)):
            room.page.emulate_media(color_scheme=colours)
            assert violations(room.page, rules) == [], colours

    return look


def test_axe_finds_what_it_is_for(room):
    room.enter()
    room.page.evaluate("() => document.getElementById('said').insertAdjacentHTML('afterend', '<button></button>')")
    assert [rule for rule, _ in violations(room.page)] == ["button-name"]
    room.page.evaluate("() => { document.getElementById('list-count').style.color = '#eee'; }")
    assert "color-contrast" in [rule for rule, _ in violations(room.page, COLOURS)]


def test_the_worklist_meets_wcag_empty_and_full(room, aecg, looked_at):
    room.keep(aecg())
    room.keep(aecg("refused"))
    room.enter()
    room.page.locator("#row-1").wait_for()
    looked_at()
    room.page.select_option("[name=urgency]", "4")
    room.page.select_option("[name=signed]", "true")
    expect(room.page.locator("#empty")).to_be_visible()
    looked_at()


def test_files_on_their_way_meet_wcag(room, looked_at, faults):
    room.enter()
    room.drop(notes__txt=b"no ECG")
    room.page.locator("#arriving .fault").wait_for()
    looked_at()
    faults.clear()


def test_an_open_ecg_meets_wcag_with_another_beside_it(room, aecg, looked_at):
    earlier = room.keep(aecg("st_elevation"))
    now = room.keep(aecg("wide_qrs"))
    room.enter(f"{now['id']}/{earlier['id']}")
    room.page.locator("#before tbody tr").first.wait_for()
    room.page.fill("#text", "changed")
    looked_at()


def test_a_refused_ecg_meets_wcag(room, aecg, looked_at):
    room.enter(room.keep(aecg("refused"))["id"])
    looked_at()


@pytest.mark.parametrize("dialog", ["sign", "help"])
def test_dialogues_meet_wcag(room, aecg, looked_at, dialog):
    room.enter(room.keep(aecg())["id"])
    room.page.click(f"#{dialog}-open")
    expect(room.page.locator(f"#{dialog}")).to_be_visible()
    looked_at()


def test_two_readings_side_by_side_meet_wcag(room, aecg, looked_at, faults):
    kept = room.keep(aecg())
    room.enter(kept["id"])
    said = json.dumps({"statements": [{"code": "AFIB"}], "text": "Other words."}).encode()
    headers = {"If-Match": '"0"', "Content-Type": "application/json"}
    room.ask("PUT", f"/v1/recordings/{kept['id']}/reading", said, **headers)
    room.page.click("#save")
    expect(room.page.locator("#conflict .only").first).to_be_visible()
    looked_at()
    faults[:] = [fault for fault in faults if "status of 412" not in fault]


def test_logging_in_meets_wcag(page, faults):
    page.goto("/")
    expect(page.locator("#login")).to_be_visible()
    assert violations(page) == []
    faults.clear()


def test_light_and_dark_follow_the_system_until_they_are_chosen(room):
    def ground():
        return room.page.evaluate("getComputedStyle(document.body).backgroundColor")

    room.enter()
    room.page.emulate_media(color_scheme="light")
    light = ground()
    room.page.emulate_media(color_scheme="dark")
    dark = ground()
    assert light != dark
    room.page.select_option("#theme", "light")
    assert ground() == light
    room.page.reload()
    room.page.locator("#grid .head").wait_for()
    assert ground() == light


@pytest.mark.parametrize(("language", "heading"), [("de", "Ihr Befund"), ("es", "Su informe")])
def test_the_page_speaks_the_language_that_was_chosen(room, aecg, language, heading):
    kept = room.keep(aecg())
    room.enter(kept["id"])
    with room.page.expect_navigation():
        room.page.select_option("#language", language)
    expect(room.page.locator("#mine-title")).to_have_text(heading)
    assert room.page.get_attribute("html", "lang") == language
    expect(room.page.locator("#words .verdict")).to_have_attribute("lang", "en")
    shown = room.page.evaluate("document.body.innerText")
    keys = json.loads((PAGE / "texts" / "room.en.json").read_text(encoding="utf-8"))
    assert [key for key in keys if re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", shown) and "." in key] == []


def test_all_languages_have_the_same_texts_with_the_same_places():
    def texts(language):
        return json.loads((PAGE / "texts" / f"room.{language}.json").read_text(encoding="utf-8"))

    english = texts("en")
    for language in ("de", "es"):
        others = texts(language)
        assert others.keys() == english.keys()
        for key, text in others.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key


def test_every_text_that_the_page_names_is_there():
    english = json.loads((PAGE / "texts" / "room.en.json").read_text(encoding="utf-8"))
    named = set(re.findall(r'data-(?:t|label)="([^"]+)"', (PAGE / "index.html").read_text(encoding="utf-8")))
    for file in (PAGE / "room").iterdir():
        if file.name.endswith(".js"):
            named |= set(re.findall(r'\bt\("([^"]+)"', file.read_text(encoding="utf-8")))
    assert named - english.keys() == set()


@pytest.mark.parametrize("width", [768, 1024, 1920])
def test_nothing_stands_out_of_the_page_from_a_tablet_upright_to_a_wide_screen(room, aecg, width):
    room.page.set_viewport_size({"width": width, "height": 1024})
    kept = room.keep(aecg("t_inversion"))
    for at in ("", kept["id"]):
        room.enter(at)
        assert room.page.evaluate("document.documentElement.scrollWidth") <= width
        expect(room.page.locator("#notice")).to_be_in_viewport()
        room.page.mouse.wheel(0, 5000)
        expect(room.page.locator("#notice")).to_be_in_viewport()


def test_the_first_load_is_small(room, aecg):
    room.keep(aecg())
    sizes = []
    asking = room.page.context.new_cdp_session(room.page)
    asking.send("Network.enable")
    asking.on("Network.loadingFinished", lambda loaded: sizes.append(loaded["encodedDataLength"]))
    room.enter()
    room.page.locator("#row-0").wait_for()
    room.page.wait_for_load_state("networkidle")
    assert len(sizes) > 30
    assert 10_000 < sum(sizes) < FIRST_LOAD


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_rules_of_urgency_are_called_as_the_reading_calls_them(language):
    page = json.loads((PAGE / "texts" / f"room.{language}.json").read_text(encoding="utf-8"))
    texts = load_texts(language)
    for rule in urgency.RULES:
        assert page[f"rule.{rule.id}"] == texts("urgency", rule.id)
