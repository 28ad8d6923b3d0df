"""Superclasses that contradict the statements: the reading follows the statements and marks the class.

No probability changes for it.
"""

from collections.abc import Iterator

from twelvelead.inference.interpretation import ClassResult
from twelvelead.reading.facts import Facts, superclass_of
from twelvelead.reading.languages import Texts
from twelvelead.reading.reading import Mark
from twelvelead.reading.statements import CLASS_SECTIONS

_NAMED = 3
"""Statements that a sentence names; the others stand in its probabilities."""


def find_marks(facts: Facts, texts: Texts) -> tuple[Mark, ...]:
    """Where the decisions of two levels contradict."""
    return tuple(_marks(facts, texts))


def _marks(facts: Facts, texts: Texts) -> Iterator[Mark]:
    present = [name for name, level in facts.levels.items() if level == "present" and name in facts.statements]
    of_class: dict[str, list[str]] = {}
    for one in facts.statements:
        of_class.setdefault(superclass_of(one), []).append(one)
    for name in CLASS_SECTIONS:
        if name not in facts.classes or not facts.statements:
            continue
        result, own = facts.classes[name], of_class.get(name, [])
        said = [one for one in own if one in present]
        if said and result.decision == "absent":
            yield _mark("statement-without-class", result, said, facts, texts)
        elif own and result.decision == "present" and all(facts.statements[one].decision == "absent" for one in own):
            yield _mark("class-without-statement", result, own, facts, texts)
    normal, statement = facts.classes.get("NORM"), facts.statements.get("NORM")
    if normal is not None and statement is not None:
        if statement.decision == "present" and normal.decision == "absent":
            yield _mark("statement-without-class", normal, ["NORM"], facts, texts)
        elif statement.decision == "absent" and normal.decision == "present":
            yield _mark("class-without-statement", normal, ["NORM"], facts, texts)
    abnormal = [name for name in present if superclass_of(name)] or [
        name for name in CLASS_SECTIONS if facts.levels.get(name) == "present"
    ]
    for found in (normal, statement):
        if abnormal and found is not None and found.decision == "present":
            yield _mark("normal-with-abnormal", found, abnormal, facts, texts)
            return


def _mark(id: str, result: ClassResult, names: list[str], facts: Facts, texts: Texts) -> Mark:
    probabilities = {name: found.probability for name in names if (found := facts.result(name)) is not None}
    most = sorted(probabilities, key=lambda name: -probabilities[name])[:_NAMED]
    listed = texts.either([f"{name} ({texts.probability(probabilities[name])})" for name in most])
    text = texts(
        "marks", id, probability=texts.probability(result.probability), statements=listed, **{"class": result.name}
    )
    return Mark(result.name, result.decision, result.probability, id, probabilities, texts.sentence(text))
