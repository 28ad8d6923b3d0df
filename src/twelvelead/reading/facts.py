"""What a reading rests on: what is said of each statement and class, and what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import QUANTITIES, Measurements
from twelvelead.inference.interpretation import ClassResult, Interpretation
from twelvelead.weights.statements import load_statements

Level = Literal["present", "uncertain"]

POSSIBLE_FROM = 0.5
"""An uncertain statement is said to be possible from this share of its threshold on. Without such a limit a tenth of
the absent statements were, because the conformal rule leaves that share of them open."""

ADULT = 18.0
"""Years; limits of rates hold from here on."""


@dataclass(frozen=True)
class Facts:
    """An interpretation as the rules see it.

    Attributes:
        statements: acronym -> result, of those assessed.
        classes: name -> result.
        levels: acronym or class -> "present" or "uncertain", of what a reading says. A class is in it where no
            statement of it is said: with its own decision where the weights have no statements, else as uncertain.
        measured: quantity -> value: those of `twelvelead.ecg.measure.QUANTITIES`, `rr_irregularity`, and
            `longest_rr_s`, the longest time from one beat to the next.
        p_waves: see `Measurements`.
        adult: whether the person is at least `ADULT`, or of unknown age.
        female: whether she is.
        grave: whether the reader or the quality gate found what changes most answers.
        unsure: whether the selective rule leaves the whole answer to a reader.
        fewer: whether fewer than twelve leads were looked at.
    """

    statements: Mapping[str, ClassResult]
    classes: Mapping[str, ClassResult]
    levels: Mapping[str, Level]
    measured: Mapping[str, float]
    p_waves: bool | None = None
    adult: bool = True
    female: bool = False
    grave: bool = False
    unsure: bool = False
    fewer: bool = False

    def result(self, name: str) -> ClassResult | None:
        """Of a statement or else a class."""
        return self.statements.get(name) or self.classes.get(name)

    @property
    def normal(self) -> ClassResult | None:
        """What is said of NORM: of the statement, else of the class."""
        return self.result("NORM")


def gather(interpretation: Interpretation) -> Facts:
    """What an interpretation says. Classes that are all statements, as those of PTB-XL's task `all`, count as such."""
    statements = {result.name: result for result in interpretation.statements}
    classes = {result.name: result for result in interpretation.classes}
    if not statements and classes.keys() <= _superclasses().keys() and len(classes) > 1:
        statements, classes = classes, {}
    levels: dict[str, Level] = {}
    for name, result in statements.items():
        level = level_of(result)
        if level is not None and name != "NORM":
            levels[name] = level
    said = {superclass_of(name) for name in levels}
    for name, result in classes.items():
        level = None if name == "NORM" or name in said else level_of(result)
        if level == "present":
            levels[name] = "uncertain" if statements else "present"
        elif level == "uncertain" and not statements:
            levels[name] = "uncertain"
    ecg = interpretation.ecg
    measurements = interpretation.measurements or Measurements()
    return Facts(
        statements=statements,
        classes=classes,
        levels=levels,
        measured=_measured(measurements),
        p_waves=measurements.p_waves,
        adult=ecg.age is None or not ecg.age < ADULT,
        female=ecg.sex == "female",
        grave=any(finding.grave for finding in interpretation.findings),
        unsure=interpretation.abstains,
        fewer=ecg.leads != LEADS,
    )


def level_of(result: ClassResult) -> Level | None:
    """Whether a result is said, and how surely."""
    if result.decision == "uncertain" and result.probability >= POSSIBLE_FROM * result.threshold:
        return "uncertain"
    return "present" if result.decision == "present" else None


@cache
def _superclasses() -> dict[str, str]:
    return {one.statement: one.superclass for one in load_statements()}


def superclass_of(name: str) -> str:
    """PTB-XL's superclass of a diagnostic statement, else ""."""
    return _superclasses().get(name, "")


def _measured(measurements: Measurements) -> dict[str, float]:
    slowest = None if measurements.heart_rate_range is None else measurements.heart_rate_range[0]
    values = {name: getattr(measurements, name) for name in QUANTITIES}
    values |= {
        "rr_irregularity": measurements.rr_irregularity,
        "longest_rr_s": 60 / slowest if slowest else None,
    }
    return {name: float(value) for name, value in values.items() if value is not None}
