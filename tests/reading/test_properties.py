"""What holds of the reading of any answer."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.reading.compose import compose
from twelvelead.reading.facts import superclass_of
from twelvelead.reading.languages import languages
from twelvelead.reading.statements import EXCLUSIVE, NORMAL, SECTIONS

LEVELS = ("present", "uncertain")
any_data = given(data=st.data())


def sentences_of(reading):
    return [sentence for section in reading.sections for sentence in section.sentences]


@any_data
@settings(max_examples=150, deadline=None)
def test_no_sentence_is_without_its_probability_or_measurement(any_answer, data):
    interpretation = data.draw(any_answer)
    reading = compose(interpretation)
    given_ = {result.name: result.probability for result in interpretation.statements}
    classes = {result.name: result.probability for result in interpretation.classes}
    for sentence in sentences_of(reading):
        assert sentence.statements or sentence.classes or sentence.measurements or "not assessed" in sentence.text
        assert all(given_[name] == value for name, value in sentence.statements.items())
        assert all(classes[name] == value for name, value in sentence.classes.items())
        assert all(getattr(interpretation.measurements, name) == value for name, value in sentence.measurements.items())
        assert (sentence.decision is None) or sentence.statements or sentence.classes
    assert json.loads(json.dumps(reading.to_dict(), allow_nan=False)) == reading.to_dict()


@any_data
@settings(max_examples=100, deadline=None)
def test_the_same_answer_gives_the_same_reading_and_every_language_the_same_sense(any_answer, data):
    interpretation = data.draw(any_answer)
    english = compose(interpretation)
    assert compose(interpretation).to_dict() == english.to_dict()
    for language in languages():
        other = compose(interpretation, language)
        assert (other.level, other.urgency.level) == (english.level, english.urgency.level)
        assert [section.name for section in other.sections] == [section.name for section in english.sections]
        assert [(one.decision, one.statements, one.measurements) for one in sentences_of(other)] == [
            (one.decision, one.statements, one.measurements) for one in sentences_of(english)
        ]


@any_data
@settings(max_examples=300, deadline=None)
def test_no_two_sentences_contradict_each_other(any_answer, data):
    reading = compose(data.draw(any_answer))
    sentences = [one for one in sentences_of(reading) if one.decision in LEVELS]
    for group in EXCLUSIVE:
        for one in group:
            for other in group:
                if one is other:
                    continue
                for first in sentences:
                    for second in sentences:
                        # of two sentences on alternatives both are only possible, and not of one section
                        if first is not second and one & first.statements.keys() and other & second.statements.keys():
                            assert first.decision == second.decision == "uncertain"
    by_section = {section.name: section.sentences for section in reading.sections}
    for name in SECTIONS:
        for first in by_section.get(name, ()):
            for second in by_section[name]:
                pairs = (
                    (a, b)
                    for group in EXCLUSIVE
                    for one in group
                    for other in group
                    if one is not other
                    for a in one & first.statements.keys()
                    for b in other & second.statements.keys()
                )
                assert first is second or first.decision is None or not any(pairs)


@any_data
@settings(max_examples=200, deadline=None)
def test_everything_present_is_said_or_stands_behind_what_is_said(any_answer, data):
    interpretation = data.draw(any_answer)
    reading = compose(interpretation)
    behind = {name for one in sentences_of(reading) for name in one.statements if one.decision}
    for result in interpretation.statements:
        if result.decision == "present" and result.name != "NORM":
            assert result.name in behind
    assert not behind & reading.unsaid.keys()
    for result in interpretation.statements:
        possible = result.decision == "uncertain" and result.probability >= result.threshold / 2
        if possible and result.name not in ("NORM", *reading.unsaid):
            assert result.name in behind
    absent = {result.name for result in interpretation.statements if result.decision == "absent"}
    assert not behind & absent


@any_data
@settings(max_examples=200, deadline=None)
def test_the_conclusion_is_normal_only_where_nothing_speaks_against_it(any_answer, data):
    interpretation = data.draw(any_answer)
    reading = compose(interpretation)
    said = {name for one in sentences_of(reading) if one.decision for name in (*one.statements, *one.classes)}
    if reading.level == "normal":
        assert said <= NORMAL
        assert reading.urgency.level == "normal"
        assert any(
            one.name == "NORM" and one.decision == "present"
            for one in (*interpretation.statements, *interpretation.classes)
        )
    else:
        assert reading.urgency.level != "normal"


@any_data
@settings(max_examples=300, deadline=None)
def test_where_two_levels_contradict_the_statement_is_followed_and_the_class_is_marked(any_answer, data):
    interpretation = data.draw(any_answer)
    before = interpretation.to_dict()
    reading = compose(interpretation)
    assert interpretation.to_dict() == before
    classes = {one.name: one for one in interpretation.classes}
    present = [one.name for one in interpretation.statements if one.decision == "present"]
    marked = {(mark.superclass, mark.id) for mark in reading.marks}
    for mark in reading.marks:
        assert mark.decision != "uncertain"
        assert mark.statements
    if not interpretation.statements:
        assert {id for _, id in marked} <= {"normal-with-abnormal"}
        return
    for name in ("MI", "STTC", "CD", "HYP"):
        own = [one for one in interpretation.statements if superclass_of(one.name) == name]
        against = classes[name].decision == "absent" and any(one.name in present for one in own)
        assert ((name, "statement-without-class") in marked) == against
        alone = classes[name].decision == "present" and own and all(one.decision == "absent" for one in own)
        assert ((name, "class-without-statement") in marked) == bool(alone)
    diagnostic = [name for name in present if superclass_of(name) not in ("", "NORM")]
    normal = classes["NORM"].decision == "present" or "NORM" in present
    if diagnostic and normal:
        assert ("NORM", "normal-with-abnormal") in marked
        assert reading.level != "normal"
