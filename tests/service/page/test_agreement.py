"""The page of agreement in a browser: it says what it counts, in three languages, and asks for a login."""

import json
from importlib.resources import files

import pytest

from twelvelead.inference.interpretation import NOTICE


def test_it_says_what_is_missing_without_a_login_and_without_readings(open_page, served, faults):
    page = open_page()
    page.goto("/agreement")
    page.get_by_text("Nobody is logged in").wait_for()
    faults[:] = [fault for fault in faults if "401" not in fault]
    page.goto(served.launch)
    page.goto("/agreement")
    page.get_by_role("heading", name="Agreement of readers and model").wait_for()
    page.locator("#count:not(:empty)").wait_for()
    assert page.get_by_text(NOTICE).is_visible()


@pytest.mark.parametrize("language", ["de", "es"])
def test_every_language_has_the_same_texts(language):
    texts = files("twelvelead.service") / "page" / "texts"
    english, other = (json.loads((texts / f"agreement.{code}.json").read_text()) for code in ("en", language))
    assert list(other) == list(english)
    assert all(other.values())
    room = json.loads((texts / f"room.{language}.json").read_text())
    assert other["agreement.notice"] == room["notice"]
