"""An answer in words, for the page and the terminal."""

from collections.abc import Iterator

from twelvelead.errors import Refused
from twelvelead.inference.interpretation import Decision, Interpretation
from twelvelead.inference.shown import show_probability, spell

LEAVE = "As a whole this answer is among the least certain fifth: leave it to the reader."
_MOST = 6
"""Classes that are named, of each decision."""


def say_answer(interpretation: Interpretation) -> str:
    """What is present, uncertain and absent, as in "Present: hypertrophy 0.97. Absent: normal ECG, ST/T change"."""
    present = ", ".join(_named(interpretation, "present", with_probability=True)) or "none of the classes"
    words = [f"Present: {present}."]
    if uncertain := ", ".join(_named(interpretation, "uncertain", with_probability=True)):
        words.append(f"Uncertain: {uncertain}.")
    if absent := ", ".join(_named(interpretation, "absent", with_probability=False)):
        words.append(f"Absent: {absent}.")
    return " ".join(words)


def _named(interpretation: Interpretation, decision: Decision, with_probability: bool) -> Iterator[str]:
    found = [result for result in interpretation.classes if result.decision == decision]
    found.sort(key=lambda result: -result.probability)
    for result in found[:_MOST]:
        yield f"{spell(result.name)} {show_probability(result.probability)}" if with_probability else spell(result.name)
    if len(found) > _MOST:
        yield f"{len(found) - _MOST} more"


def say_refusal(refused: Refused) -> tuple[str, ...]:
    """Why a recording is refused: the findings' sentences, or else the error's own, without the name of the file."""
    reasons = tuple(finding.message for finding in refused.findings if finding.severity == "refuse")
    return reasons or (str(refused).rpartition(": ")[2],)


def say_meaning(interpretation: Interpretation) -> tuple[str, ...]:
    """What the figures of the classes rest on, as sentences."""
    words = [f"Operating point: {interpretation.operating_point}."]
    if any(result.sensitivity is not None for result in interpretation.classes):
        words.append("Sensitivity and specificity are of the fold that also chose it.")
    else:
        words.append("Its sensitivity and specificity are not known.")
    given = [
        f"{result.name} {show_probability(result.prevalence)}"
        for result in interpretation.classes
        if result.prevalence_given and result.prevalence is not None
    ]
    if any(result.positive_predictive_value is not None for result in interpretation.classes):
        shares = (
            f"a prevalence of {', '.join(given)}, else that of this fold" if given else "the prevalence in that fold"
        )
        words.append(f"PPV and NPV are for {shares}.")
    words.append(f"Uncertain: both answers, or none, are possible at an error rate of {interpretation.error_rate:.0%}.")
    if any(result.spread is not None for result in interpretation.classes):
        words.append("± is the standard deviation over the networks of the ensemble.")
    words.append(f"As a whole more certain than {interpretation.certainty_rank:.0%} of the validation fold's answers.")
    if len(interpretation.pieces) > 1:
        first = interpretation.pieces[0]
        count = len(interpretation.pieces)
        words.append(f"Mean of {count} overlapping pieces of {first.end - first.start:g} s.")
    words.append("What the classes do not cover is not excluded.")
    return tuple(words)
