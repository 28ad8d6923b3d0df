"""A reader's reading on paper: short over the ECG, whole on its own page, marked as a draft until it is signed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from twelvelead.ecg.paper import ALERT, Line
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.output.overread import MOST_PAGES, Overread, draw_readings, measured, shorten, status
from twelvelead.reading.languages import languages, load_texts

TEXTS = load_texts("en")
DRAFT = Overread(
    author="Dr. Ann O'Neil",
    authenticated=False,
    made=datetime(2026, 1, 31, 12, 0, 59, tzinfo=UTC),
    version=3,
    signed=False,
    statements=({"code": "AFIB", "text": "intermittent"}, {"code": "MI"}, {"text": "U waves"}, {"code": "own class"}),
    text="As in 2019.\n\nNo change.",
)
SIGNED = replace(DRAFT, signed=True, authenticated=True)


def texts_of(pages):
    return [text.get_text() for page in pages for text in page.texts]


def drawn(overread, machine=(), ecg=None):
    return draw_readings(overread, machine, ecg or synthetic_ecg("normal", sampling_rate=100), TEXTS)


def test_a_draft_is_said_to_be_one_first_and_in_red():
    lines = shorten(DRAFT, TEXTS)
    assert lines[0].text == "DRAFT, not signed: Dr. Ann O'Neil, 2026-01-31 12:00 UTC (name stated, not authenticated)"
    assert lines[0].color == ALERT
    said = "Atrial fibrillation (intermittent). Myocardial infarction. U waves. Own class. As in 2019. No change."
    assert lines[1] == Line(said, "bold")


def test_a_signed_one_begins_with_what_it_says():
    lines = shorten(SIGNED, TEXTS)
    assert lines[0].text.startswith("Atrial fibrillation (intermittent).")
    assert lines[1] == Line("Signed by Dr. Ann O'Neil, 2026-01-31 12:00 UTC (name of the login)", "bold")


def test_what_follows_a_signed_version_names_it():
    before = replace(SIGNED, version=1, author="Dr. Bo")
    corrected, draft = (status(replace(each, signed_before=before), TEXTS)[1].text for each in (SIGNED, DRAFT))
    assert corrected == "Corrects version 1, signed by Dr. Bo, 2026-01-31 12:00 UTC."
    assert draft == "Version 1, signed by Dr. Bo, 2026-01-31 12:00 UTC, holds until this one is signed."


def test_a_long_one_is_cut_over_the_ecg_and_whole_on_its_page():
    long = replace(SIGNED, text="word " * 400 + "end")
    assert shorten(long, TEXTS)[0].text.endswith("word … (more on the next page)")
    assert len(shorten(long, TEXTS)[0].text) < 400
    assert any(text.endswith("word end") for text in texts_of(drawn(long)))


def test_both_readings_stand_on_the_page_side_by_side():
    (page,) = drawn(SIGNED, [Line("Normal ECG. Urgency: normal.", "bold"), Line("Sinus rhythm, 60/min.")])
    at = {text.get_text(): text.get_position() for text in page.texts}
    assert at["Reader's reading"][1] == at["Machine's reading"][1]
    assert at["Reader's reading"][0] < at["Machine's reading"][0] == at["Sinus rhythm, 60/min."][0]
    assert at["As in 2019."][0] == at["Reader's reading"][0]
    assert at["No change."][1] > at["As in 2019."][1]


def test_without_a_word_it_says_that_there_is_none():
    assert shorten(replace(SIGNED, statements=(), text=" \n"), TEXTS)[0].text == "No statement."


def test_what_the_reader_measured_is_shown_only_where_marks_were_moved():
    values = {"heart_rate_per_minute": 61.2, "pr_ms": 202.4, "qrs_ms": None, "axis_degrees": -31.0}
    assert measured(replace(SIGNED, measurements=values), TEXTS) == []
    moved = replace(SIGNED, measurements=values | {"moved": True})
    assert measured(moved, TEXTS) == ["61/min, PR 202 ms, axis -31°"]
    assert "Measured by the reader" in texts_of(drawn(moved))


@pytest.mark.parametrize("text", ["x" * 100_000, "a\n" * 50_000, "word " * 20_000, "\x00\x1b[31m\u202e\ud800" * 100])
def test_hostile_text_is_set_within_bounds_and_says_where_it_was_cut(text):
    pages = drawn(replace(SIGNED, author="\x1b" + "y" * 200, text=text))
    assert 1 <= len(pages) <= MOST_PAGES
    said = texts_of(pages)
    assert ("…" in said) == (len(pages) == MOST_PAGES)
    assert all(each.isprintable() for each in said)


@pytest.mark.parametrize("language", languages())
def test_every_language_says_who_and_how_it_is_known(language):
    texts = load_texts(language)
    for each in (DRAFT, replace(SIGNED, signed_before=SIGNED)):
        lines = status(each, texts)
        assert "Dr. Ann O'Neil, 2026-01-31 12:00 UTC" in lines[0].text
        assert lines[0].text.endswith(f"({texts('overread', 'login' if each.authenticated else 'stated')})")
