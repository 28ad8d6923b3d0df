"""The tables of docs/reading.md are those of the rules."""

from pathlib import Path

import reading_page
from twelvelead.reading import cautions, urgency
from twelvelead.reading.sources import SOURCES

PAGE = Path(__file__).parents[2] / "docs" / reading_page.PAGE


def test_the_page_is_as_it_would_be_made():
    page = PAGE.read_text(encoding="utf-8")
    assert page == reading_page.fill(page), "run python tools/reading_page.py"


def test_every_rule_and_source_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{rule.id}` |" in page for rule in (*cautions.RULES, *urgency.RULES))
    assert all(f"**{key}**" in page for key in SOURCES)
