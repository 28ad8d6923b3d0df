"""The tables of the reading cover PTB-XL's statements, each once."""

from collections import Counter

from twelvelead.reading import cautions, urgency
from twelvelead.reading.rules import WORDS
from twelvelead.reading.sources import SOURCES
from twelvelead.reading.statements import (
    BORDERLINE,
    COVERS,
    EXCLUSIVE,
    MEASURED_WITH,
    NORMAL,
    SECTIONS,
    SITES,
)
from twelvelead.weights.statements import load_statements

KNOWN = {one.statement for one in load_statements()}
SUPERCLASSES = {"MI", "STTC", "CD", "HYP"}


def test_every_statement_has_one_place():
    counts = Counter(name for names in SECTIONS.values() for name in names)
    assert counts.keys() == KNOWN - {"NORM"}
    assert set(counts.values()) == {1}


def test_rhythm_statements_are_said_as_rhythm_or_ectopy():
    rhythm = {one.statement for one in load_statements() if "rhythm" in one.kinds}
    assert rhythm == {*SECTIONS["rhythm"], "BIGU", "TRIGU"}


def test_the_tables_name_statements_that_exist():
    named = {*COVERS, *MEASURED_WITH, *NORMAL, *BORDERLINE}
    named |= {name for names in COVERS.values() for name in names}
    named |= {name for members in SITES.values() for name in members}
    named |= {name for group in EXCLUSIVE for one in group for name in one}
    assert named <= KNOWN
    assert not NORMAL & BORDERLINE
    rules = (*cautions.RULES, *urgency.RULES)
    used = {name for rule in rules for group in (*rule.when.groups, rule.when.without) for name in group}
    assert used <= KNOWN | SUPERCLASSES
    assert {limit.quantity for rule in rules for limit in rule.when.limits} <= WORDS.keys()


def test_no_statement_covers_itself():
    def behind(name, seen=()):
        assert name not in seen
        for specific in COVERS.get(name, ()):
            behind(specific, (*seen, name))

    for name in COVERS:
        behind(name)


def test_no_statement_covers_what_it_excludes():
    for group in EXCLUSIVE:
        for one in group:
            for other in group:
                if one is not other:
                    assert not {name for general in one for name in COVERS.get(general, ())} & other


def test_infarctions_and_injuries_are_those_of_the_superclass():
    infarction = {one.statement for one in load_statements() if one.superclass == "MI"}
    assert {*SITES["infarction"], *SITES["injury"]} == infarction


def test_every_rule_names_itself_and_what_it_stands_on():
    for rules in (cautions.RULES, urgency.RULES):
        ids = [rule.id for rule in rules]
        assert len(ids) == len(set(ids))
        assert all(rule.sources and set(rule.sources) <= SOURCES.keys() for rule in rules)
    cited = {key for rule in (*cautions.RULES, *urgency.RULES) for key in rule.sources}
    assert cited == SOURCES.keys()
    assert [rule.level for rule in urgency.RULES] == sorted(
        (rule.level for rule in urgency.RULES), key=urgency.LEVELS.index
    )
