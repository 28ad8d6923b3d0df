"""An interpretation in words."""

from collections.abc import Iterable
from dataclasses import replace

from twelvelead.errors import Refused
from twelvelead.inference.interpretation import Interpretation
from twelvelead.reading import cautions, urgency
from twelvelead.reading.facts import Facts, gather
from twelvelead.reading.languages import ENGLISH, Texts, load_texts
from twelvelead.reading.marks import find_marks
from twelvelead.reading.reading import ConclusionLevel, Reading, Sentence
from twelvelead.reading.resolve import resolve
from twelvelead.reading.rules import Held, Limit, Rule, When
from twelvelead.reading.sections import Writer
from twelvelead.reading.statements import BORDERLINE, NORMAL
from twelvelead.reading.urgency import Fired, Urgency

NOT_NORMAL = (
    When(limits=(Limit("heart_rate_per_minute", "<", 50),), adults=True),
    When(limits=(Limit("heart_rate_per_minute", ">", 100),), adults=True),
    When(limits=(Limit("pr_ms", ">", 200),), adults=True),
    When(limits=(Limit("qrs_ms", ">=", 120),), adults=True),
    When(limits=(Limit("qtc_fridericia_ms", ">", 450, 460),), adults=True),
    When(limits=(Limit("rr_irregularity", ">", 0.08),), p_waves=False),
)
"""What was measured and keeps an ECG from being normal, whatever the statements say. The limits are those of the
cautions."""


def compose(interpretation: Interpretation, language: str = ENGLISH) -> Reading:
    """What the interpretation says, as a cardiologist writes it: by templates and rules, the same each time.

    Args:
        interpretation: of `Engine.predict`. Where its weights have no statements, the classes are read.
        language: "en", "de" or "es".

    Raises:
        TwelveLeadError: there are no texts in this language.
    """
    texts = load_texts(language)
    facts = gather(interpretation)
    resolved = resolve({name: level for name, level in facts.levels.items() if name in facts.statements})
    # what is not said gives no caution, urgency or conclusion either: they would contradict the sentences
    facts = replace(facts, levels={name: facts.levels[name] for name in facts.levels if name not in resolved.unsaid})
    fired = _fired(facts, texts)
    level, conclusion = _conclude(facts, fired, texts)
    not_assessed = {name: texts("statements", name) for name in interpretation.not_assessed}
    return Reading(
        language=language,
        note=texts.note,
        sections=Writer(facts, resolved, texts).sections(),
        level=level,
        conclusion=conclusion,
        urgency=_urgency(level, fired, facts, texts),
        cautions=tuple(_caution(rule, facts, texts) for rule in cautions.holding(facts)),
        cautions_heading=texts.capital(texts("words", "cautions")),
        marks=find_marks(facts, texts),
        unsaid=resolved.unsaid,
        not_assessed=not_assessed,
        not_assessed_text=say_not_assessed(not_assessed.values(), texts),
    )


def compose_refused(refused: Refused, language: str = ENGLISH) -> Reading:
    """The reading of a recording that is not fit to read: only that, and why.

    Args:
        refused: of `twelvelead.read` or `Engine.predict`.
        language: "en", "de" or "es"; the reason is in English.

    Raises:
        TwelveLeadError: there are no texts in this language.
    """
    texts = load_texts(language)
    text = texts.sentence(texts("conclusion", "not readable", reason="; ".join(say_refusal(refused))))
    level = texts.sentence(f"{texts('words', 'urgency')}: {texts('urgency', 'not readable')}")
    return Reading(
        language=language,
        note=texts.note,
        sections=(),
        level="not readable",
        conclusion=Sentence(text),
        urgency=Urgency("not readable", level),
    )


def say_refusal(refused: Refused) -> tuple[str, ...]:
    """Why a recording is refused: the findings' sentences, or else the error's own, without the name of the file."""
    reasons = tuple(finding.message for finding in refused.findings if finding.severity == "refuse")
    return reasons or (str(refused).rpartition(": ")[2],)


def _conclude(facts: Facts, fired: Iterable[Fired], texts: Texts) -> tuple[ConclusionLevel, Sentence]:
    """Abnormal: something abnormal is present, or urgent. Normal: NORM is present and nothing else but what is normal.
    Borderline: all between. What fewer than twelve leads show is never called normal."""
    others = {name: level for name, level in facts.levels.items() if name not in NORMAL}
    abnormal = [name for name, level in others.items() if level == "present" and name not in BORDERLINE]
    pressing = any(rule.level in urgency.PRESSING for rule in fired)
    doubtful = facts.grave or facts.unsure or any(when.holds(facts) for when in NOT_NORMAL)
    normal = facts.normal
    level: ConclusionLevel = "borderline"
    words = "borderline"
    if abnormal or pressing:
        level = words = "abnormal"
    elif not others and normal is not None and normal.decision == "present" and not doubtful:
        level, words = ("borderline", "fewer leads") if facts.fewer else ("normal", "normal")
    names = abnormal or list(others) or ["NORM"]
    statements = {name: facts.statements[name].probability for name in names if name in facts.statements}
    classes = {
        name: facts.classes[name].probability for name in names if name in facts.classes and name not in statements
    }
    return level, Sentence(texts.sentence(texts("conclusion", words)), None, statements, classes)


def _urgency(level: ConclusionLevel, fired: tuple[Fired, ...], facts: Facts, texts: Texts) -> Urgency:
    reached = fired[0].level if fired else "normal" if level == "normal" else "routine"
    words = texts("urgency", reached)
    reasons = [rule.text for rule in fired if rule.level == reached]
    if reasons:
        words = texts("urgency", "with_rules", level=words, rules=", ".join(dict.fromkeys(reasons)))
    text = texts.sentence(f"{texts('words', 'urgency')}: {words}")
    return Urgency(reached, text, fired, urgency.untested(facts))


def _fired(facts: Facts, texts: Texts) -> tuple[Fired, ...]:
    found = []
    for rule, level, certainty in urgency.holding(facts):
        phrase = texts("urgency", rule.id)
        text = phrase if certainty == "present" else texts("words", "possible", phrase=phrase)
        found.append(Fired(rule.id, text, *_rests(rule, facts), rule.sources, level))
    return tuple(found)


def _caution(rule: Rule, facts: Facts, texts: Texts) -> Held:
    statements, measurements = _rests(rule, facts)
    values = {
        name: texts("values", name, value=texts.number(value))
        for name, value in measurements.items()
        if name in texts.table["values"]
    }
    text = texts.sentence(texts("cautions", rule.id, **values))
    return Held(rule.id, text, statements, measurements, rule.sources)


def _rests(rule: Rule, facts: Facts) -> tuple[dict[str, float], dict[str, float]]:
    """The probabilities and measurements that a rule rests on."""
    names = rule.when.statements(facts)
    probabilities = {name: result.probability for name in names if (result := facts.result(name)) is not None}
    return probabilities, rule.when.measurements(facts)


def say_not_assessed(names: Iterable[str], texts: Texts) -> str:
    """The names of statements that the weights cannot tell of, as a sentence; "" where there are none."""
    listed = ", ".join(names)
    return texts.sentence(texts("words", "not_assessed", phrases=listed)) if listed else ""
