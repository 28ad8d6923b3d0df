"""Every language says all that English says."""

import re
from string import Formatter

import pytest

from twelvelead import TwelveLeadError
from twelvelead.errors import Refused
from twelvelead.reading import cautions, urgency
from twelvelead.reading.compose import compose, compose_refused
from twelvelead.reading.languages import languages, load_texts
from twelvelead.reading.statements import SECTIONS, SITES
from twelvelead.weights.statements import load_statements

OTHERS = languages()[1:]


def places(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_there_are_english_german_and_spanish():
    assert languages()[0] == "en"
    assert {"de", "es"} <= set(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_keys_and_placeholders_of_english(language):
    english, other = load_texts("en").table, load_texts(language).table
    assert {name: list(texts) for name, texts in other.items()} == {
        name: list(texts) for name, texts in english.items()
    }
    for name, texts in english.items():
        for key, text in texts.items():
            assert places(other[name][key]) == places(text), f"{language}: {name}.{key}"
            if (name, key) not in (("language", "note"), ("words", "decimal")):
                assert other[name][key].strip() == other[name][key] != "", f"{language}: {name}.{key}"


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_that_no_cardiologist_has_read_says_so(language, answer):
    reading = compose(answer(["SR"]), language)
    assert reading.note == reading.to_dict()["note"] != ""
    assert compose(answer(["SR"])).note == ""


def test_english_has_a_text_for_everything():
    table = load_texts("en").table
    assert table["statements"].keys() == {one.statement for one in load_statements()}
    assert table["cautions"].keys() == {rule.id for rule in cautions.RULES}
    assert table["urgency"].keys() == {*urgency.LEVELS, "with_rules", *(rule.id for rule in urgency.RULES)}
    assert table["sections"].keys() == SECTIONS.keys()
    assert table["families"].keys() == SITES.keys()
    assert table["sites"].keys() == {site for members in SITES.values() for site in members.values()}
    for rule in cautions.RULES:
        stated = {limit.quantity for limit in rule.when.limits}
        assert set(places(table["cautions"][rule.id])) <= stated


def test_a_language_without_texts_is_an_error_that_lists_those_there_are(answer):
    for ask in (lambda: compose(answer(["SR"]), "fr"), lambda: compose_refused(Refused("a.csv: flat"), "../en")):
        with pytest.raises(TwelveLeadError, match=r"no texts in the language .*; choose one of en, de, es"):
            ask()


def test_numbers_are_written_as_the_language_writes_them(answer):
    given = answer(classes={"MI": 0.82}, statements=False)
    assert "(0.82)" in compose(given).findings
    assert "Myokardinfarkt wahrscheinlich (0,82)." in compose(given, "de").findings
    assert "Infarto de miocardio probable (0,82)." in compose(given, "es").findings


@pytest.mark.parametrize("language", languages())
def test_sentences_are_sentences(language, answer):
    names = [one.statement for one in load_statements() if one.statement != "NORM"]
    for name in names:
        for given in (answer([name]), answer([], [name])):
            reading = compose(given, language)
            for section in reading.sections:
                for sentence in section.sentences:
                    assert re.fullmatch(r"[^\Wa-z_].*[^.]\.", sentence.text), sentence.text
                    assert "{" not in sentence.text
                    assert "  " not in sentence.text
