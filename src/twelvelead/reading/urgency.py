"""How soon somebody has to look: rules over statements, rate and intervals."""

from dataclasses import dataclass
from typing import Any, Literal

from twelvelead.reading.facts import Facts, Level
from twelvelead.reading.rules import Held, Limit, Rule, When
from twelvelead.reading.statements import INFARCTIONS, INJURIES, ISCHAEMIAS

UrgencyLevel = Literal["critical", "urgent", "routine", "normal", "not readable"]

LEVELS: tuple[UrgencyLevel, ...] = ("critical", "urgent", "routine", "normal", "not readable")
"""The most urgent first. What is not readable has to be recorded again; how urgent that is, nobody can tell."""

PRESSING: tuple[UrgencyLevel, ...] = ("critical", "urgent")
"""Those that cannot wait."""

_LOWER: dict[UrgencyLevel, UrgencyLevel] = {"critical": "urgent", "urgent": "routine", "routine": "routine"}
"""A rule that rests on what is only possible counts one level lower."""


@dataclass(frozen=True)
class UrgencyRule(Rule):
    """A rule and the level that it gives where it holds."""

    level: UrgencyLevel = "routine"


@dataclass(frozen=True)
class Fired(Held):
    """A rule that holds, and its level: the rule's, or one lower where it rests on what is only possible."""

    level: UrgencyLevel = "routine"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {"level": self.level, **super().to_dict()}


def _critical(id: str, when: When, sources: tuple[str, ...], note: str = "") -> UrgencyRule:
    return UrgencyRule(id, when, sources, note, "critical")


def _urgent(id: str, when: When, sources: tuple[str, ...], note: str = "") -> UrgencyRule:
    return UrgencyRule(id, when, sources, note, "urgent")


def _routine(id: str, when: When, sources: tuple[str, ...], note: str = "") -> UrgencyRule:
    return UrgencyRule(id, when, sources, note, "routine")


RULES = (
    _critical("complete-av-block", When(any_of=("3AVB",)), ("bradycardia", "pacing")),
    _critical("injury-current", When(any_of=INJURIES), ("part6", "acs")),
    _critical(
        "infarction-st-elevation",
        When(any_of=(*INFARCTIONS, "MI"), and_any_of=("STE_",)),
        ("infarction", "acs"),
    ),
    _critical("pre-excited-fibrillation", When(any_of=("AFIB",), and_any_of=("WPW",)), ("svt",)),
    _critical(
        "wide-qrs-tachycardia",
        When(
            limits=(Limit("qrs_ms", ">", 120), Limit("heart_rate_per_minute", ">", 100)),
            without=("SR", "STACH", "AFIB", "PACE"),
            adults=True,
        ),
        ("svt",),
        "ventricular tachycardia until the contrary is shown; PTB-XL has no statement for it",
    ),
    _critical(
        "pause",
        When(limits=(Limit("longest_rr_s", ">", 3),)),
        ("bradycardia", "als"),
        "from one beat found to the next",
    ),
    _urgent("second-degree-av-block", When(any_of=("2AVB",)), ("bradycardia", "pacing")),
    _urgent("supraventricular-tachycardia", When(any_of=("SVTAC", "PSVT")), ("svt",)),
    _urgent(
        "fast-fibrillation",
        When(any_of=("AFIB", "AFLT"), limits=(Limit("heart_rate_per_minute", ">", 120),)),
        ("af", "race2"),
        "the limit is ours; lenient control of the rate aims at less than 110/min",
    ),
    _urgent(
        "fast",
        When(limits=(Limit("heart_rate_per_minute", ">", 150),), adults=True),
        ("svt",),
        "the limit is ours",
    ),
    _urgent(
        "slow",
        When(limits=(Limit("heart_rate_per_minute", "<", 40),), adults=True),
        ("bradycardia",),
        "the limit is ours; the guideline speaks of bradycardia below 50/min",
    ),
    _urgent(
        "long-qt",
        When(limits=(Limit("qtc_fridericia_ms", ">", 500), Limit("qrs_ms", "<", 120))),
        ("torsade", "part4"),
    ),
    _urgent(
        "long-qt-wide-qrs",
        When(limits=(Limit("qtc_fridericia_ms", ">", 550), Limit("qrs_ms", ">=", 120))),
        ("part4",),
        "a wide QRS lengthens the QT; the limit is ours",
    ),
    _urgent(
        "infarction",
        When(any_of=(*INFARCTIONS, "MI")),
        ("infarction", "acs"),
        "of undetermined age; the level is ours, until an earlier ECG shows it",
    ),
    _urgent("ischaemia", When(any_of=ISCHAEMIAS), ("acs", "part6"), "the level is ours"),
    _routine("fibrillation", When(any_of=("AFIB", "AFLT")), ("af",)),
    _routine("pre-excitation", When(any_of=("WPW",)), ("svt",)),
    _routine("paced", When(any_of=("PACE",)), ("pacing",)),
)
"""All rules, the most urgent first. What fires none of them is routine where the conclusion is borderline or abnormal,
else normal."""


@dataclass(frozen=True)
class Urgency:
    """Of the whole recording.

    Attributes:
        level: the most urgent of the rules that fired.
        text: the level and what gave it, in words.
        rules: those that fired, the most urgent first.
        untested: ids of rules that could not be tried, because a statement is not assessed or a quantity not measured.
    """

    level: UrgencyLevel
    text: str
    rules: tuple[Fired, ...] = ()
    untested: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "level": self.level,
            "text": self.text,
            "rules": [rule.to_dict() for rule in self.rules],
            "untested": list(self.untested),
        }


def holding(facts: Facts) -> list[tuple[UrgencyRule, UrgencyLevel, Level]]:
    """The rules that hold, the level that they give, and how surely they hold; the most urgent first."""
    found: list[tuple[UrgencyRule, UrgencyLevel, Level]] = []
    for rule in RULES:
        certainty = rule.when.holds(facts)
        if certainty is not None:
            found.append((rule, rule.level if certainty == "present" else _LOWER[rule.level], certainty))
    return sorted(found, key=lambda each: LEVELS.index(each[1]))


def untested(facts: Facts) -> tuple[str, ...]:
    """Ids of the rules that could not be tried."""
    return tuple(rule.id for rule in RULES if not rule.when.testable(facts))
