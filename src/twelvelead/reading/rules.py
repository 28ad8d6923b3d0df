"""Conditions of cautions and of urgency: over statements, measurements and age."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twelvelead.reading.facts import ADULT, Facts, Level
from twelvelead.reading.statements import INFARCTIONS, INJURIES, ISCHAEMIAS, MASKED

_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

WORDS = {
    "heart_rate_per_minute": ("heart rate", "/min"),
    "longest_rr_s": ("longest RR", " s"),
    "pr_ms": ("PR", " ms"),
    "qrs_ms": ("QRS", " ms"),
    "qtc_bazett_ms": ("QTc (Bazett)", " ms"),
    "qtc_fridericia_ms": ("QTc (Fridericia)", " ms"),
    "axis_degrees": ("axis", "°"),
    "rr_irregularity": ("RR irregularity", ""),
}
"""Quantity -> its name and unit in the documentation."""

_GROUPS = {
    MASKED: "a statement or class on infarction, ST or T",
    (*INFARCTIONS, "MI"): "an infarction or `MI`",
    INJURIES: "an injury",
    ISCHAEMIAS: "an ischaemia",
}
"""Statements -> what they are together in the documentation."""


@dataclass(frozen=True)
class Limit:
    """That a measured quantity lies on one side of a value.

    Attributes:
        quantity: of `Facts.measured`.
        sign: "<", "<=", ">" or ">=".
        value: in the unit of `WORDS`.
        women: the value for women, where it is another.
    """

    quantity: str
    sign: str
    value: float
    women: float | None = None

    def holds(self, facts: Facts) -> bool:
        """Whether it was measured and lies there."""
        value = facts.measured.get(self.quantity)
        bound = self.women if facts.female and self.women is not None else self.value
        return value is not None and bool(_SIGNS[self.sign](value, bound))

    def __str__(self) -> str:
        name, unit = WORDS[self.quantity]
        women = "" if self.women is None else f" (women {self.women:g}{unit})"
        return f"{name} {self.sign} {self.value:g}{unit}{women}"


@dataclass(frozen=True)
class When:
    """A condition; all of its parts have to hold.

    Attributes:
        any_of: one of these statements or classes is present or possible.
        and_any_of: and one of these.
        without: none of these is present.
        limits: of measurements.
        p_waves: whether P waves lead the beats at a steady distance; None where it does not matter.
        adults: that the person is an adult, or of unknown age.
        grave: that the reader or the quality gate found what changes most answers.
    """

    any_of: tuple[str, ...] = ()
    and_any_of: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    p_waves: bool | None = None
    adults: bool = False
    grave: bool = False

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Of each, one statement has to be said."""
        return tuple(group for group in (self.any_of, self.and_any_of) if group)

    def holds(self, facts: Facts) -> Level | None:
        """As surely as the least sure of the statements that it needs; None where it does not hold."""
        if (self.adults and not facts.adult) or (self.grave and not facts.grave):
            return None
        if any(facts.levels.get(name) == "present" for name in self.without):
            return None
        if self.p_waves is not None and facts.p_waves is not self.p_waves:
            return None
        if any(facts.levels.keys().isdisjoint(group) for group in self.groups):
            return None
        if not all(limit.holds(facts) for limit in self.limits):
            return None
        sure = all(any(facts.levels.get(name) == "present" for name in group) for group in self.groups)
        return "present" if sure else "uncertain"

    def testable(self, facts: Facts) -> bool:
        """Whether the statements that it needs are assessed, and its quantities measured."""
        assessed = all(any(facts.result(name) is not None for name in group) for group in self.groups)
        measured = all(limit.quantity in facts.measured for limit in self.limits)
        return assessed and measured and not (self.p_waves is not None and facts.p_waves is None)

    def statements(self, facts: Facts) -> tuple[str, ...]:
        """Those said that it rests on."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group if name in facts.levels))

    def measurements(self, facts: Facts) -> dict[str, float]:
        """Those that it rests on."""
        return {limit.quantity: facts.measured[limit.quantity] for limit in self.limits}

    def __str__(self) -> str:
        return "; ".join(self._words())

    def _words(self) -> Iterator[str]:
        for group in self.groups:
            yield _GROUPS.get(group) or " or ".join(f"`{name}`" for name in group)
        for limit in self.limits:
            yield str(limit)
        if self.p_waves is not None:
            yield "P waves before the beats" if self.p_waves else "no P waves before the beats"
        if self.without:
            yield "without " + ", ".join(f"`{name}`" for name in self.without)
        if self.grave:
            yield "a grave finding of the reader or the quality gate"
        if self.adults:
            yield f"from {ADULT:g} years on"


@dataclass(frozen=True)
class Rule:
    """A condition with a name.

    Attributes:
        id: names it, and its words in the texts.
        when: it holds.
        sources: keys of `twelvelead.reading.sources.SOURCES`.
        note: on what is not the source's own.
    """

    id: str
    when: When
    sources: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Held:
    """A rule that holds for a recording.

    Attributes:
        id: of the rule.
        text: what it says, in words.
        statements: acronym or class -> probability, of those said that it rests on.
        measurements: quantity -> value.
        sources: keys of `twelvelead.reading.sources.SOURCES`.
    """

    id: str
    text: str
    statements: dict[str, float]
    measurements: dict[str, float]
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "id": self.id,
            "text": self.text,
            "statements": {name: round(value, 6) for name, value in self.statements.items()},
            "measurements": {name: round(value, 3) for name, value in self.measurements.items()},
            "sources": list(self.sources),
        }
