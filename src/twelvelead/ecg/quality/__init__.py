"""The gate: is a recording fit to interpret, and what has its reader to know?"""

from collections.abc import Iterator

import numpy as np

from twelvelead.ecg.finding import CODES, Finding, named
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import artefacts, refusals
from twelvelead.ecg.quality.at_the_beat import at_the_beat
from twelvelead.ecg.quality.disturbances import clipping, noise, pacing
from twelvelead.ecg.quality.limb_leads import limb_leads
from twelvelead.ecg.quality.measures import LOWEST_RATE, SHORTEST, Voltage, measure
from twelvelead.ecg.quality.misreadings import too_slow
from twelvelead.ecg.quality.quarters import Quarters, quarters_of
from twelvelead.ecg.quality.unusual import age, unusual
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused

__all__ = ["AGES", "CODES", "MINIMUM_SECONDS", "Finding", "check", "require_answerable", "require_readable"]

MINIMUM_SECONDS = 2.5
"""The shortest recording let through: what one lead shows in the usual 3x4 layout of ECG paper."""

AGES = (18.0, 120.0)
"""Years: from the 1st percentile of PTB-XL's folds 1-7 on; who is over 89 is in it without the age."""


def check(
    ecg: ECG,
    *,
    minimum_seconds: float = MINIMUM_SECONDS,
    ages: tuple[float, float] = AGES,
    leads: tuple[str, ...] = LEADS,
) -> tuple[Finding, ...]:
    """What is wrong with a recording, what its reader noticed first; empty where nothing is.

    Either the reasons to refuse it, or warnings: what is refused is examined no further. docs/quality.md states each
    rule and how often it errs.

    Args:
        ecg: the recording as it was read: limb leads that are stored are compared, derived ones cannot contradict.
        minimum_seconds: the shortest duration that passes.
        ages: lowest and highest age on which the model was trained, years.
        leads: that are looked at. With fewer than twelve, the rules that compare leads, or were measured on twelve, do
            not speak, and a warning says so.
    """
    try:
        seen = ecg.select(leads)
    except Refused as missing:
        return (*ecg.findings, *missing.findings)
    voltage = np.ascontiguousarray(seen.signal.T)
    if voltage.shape[1] < 2:
        return (*ecg.findings, *_unanswerable(seen, voltage, minimum_seconds))
    quarters = quarters_of(voltage, seen.sampling_rate)
    found = tuple(_fitness(seen, voltage, quarters, minimum_seconds))
    refused = tuple(finding for finding in found if finding.severity == "refuse")
    if refused:
        return (*ecg.findings, *refused)
    warnings = _warnings(seen, voltage, quarters, ages, found) if leads == LEADS else _of_fewer(seen, ages)
    return (*ecg.findings, *warnings)


def require_readable(
    ecg: ECG,
    *,
    minimum_seconds: float = MINIMUM_SECONDS,
    ages: tuple[float, float] = AGES,
    leads: tuple[str, ...] = LEADS,
) -> tuple[Finding, ...]:
    """The warnings about a recording that is fit to interpret.

    Raises:
        Refused: it is not fit; the message names its source and each reason.
    """
    return _without_refusals(ecg, check(ecg, minimum_seconds=minimum_seconds, ages=ages, leads=leads))


def require_answerable(ecg: ECG, *, minimum_seconds: float = MINIMUM_SECONDS, leads: tuple[str, ...] = LEADS) -> None:
    """Refuse only what no network can answer: fewer seconds than it needs, and samples that are not finite.

    Raises:
        Refused: it is one of these, or leads are missing that algebra cannot give.
    """
    seen = ecg.select(leads)
    _without_refusals(ecg, _unanswerable(seen, seen.signal.T, minimum_seconds))


def _unanswerable(ecg: ECG, voltage: Voltage, minimum_seconds: float) -> tuple[Finding, ...]:
    found = refusals.too_short(ecg, minimum_seconds), refusals.not_finite(voltage, ecg.leads)
    return tuple(finding for finding in found if finding)


def _without_refusals(ecg: ECG, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    reasons = [finding.message for finding in findings if finding.severity == "refuse"]
    if reasons:
        raise Refused(f"{ecg.source}: {'; '.join(reasons)}", findings)
    return findings


def _fitness(ecg: ECG, voltage: Voltage, quarters: Quarters, minimum_seconds: float) -> Iterator[Finding]:
    """Reasons to refuse a recording; of what is not refused, whether its limb leads contradict each other."""
    if part := refusals.short(voltage, quarters, ecg.sampling_rate):
        yield part
        return
    if short := refusals.too_short(ecg, minimum_seconds):
        yield short
    if invalid := refusals.not_finite(voltage, ecg.leads):
        yield invalid
    elif unit := refusals.amplitude(voltage, quarters, ecg.leads):
        yield unit
    elif flat := refusals.flat(voltage, quarters, ecg.sampling_rate, ecg.leads):
        yield flat
    elif ecg.leads == LEADS and (contradiction := limb_leads(voltage)):
        yield contradiction


def _of_fewer(ecg: ECG, ages: tuple[float, float]) -> Iterator[Finding]:
    yield Finding(
        "fewer-leads",
        "warn",
        f"read by {named(dict.fromkeys(ecg.leads, 0.0))} alone: what the other leads show is not in the answer, and "
        "most rules of the quality gate need twelve",
    )
    findings = (too_slow(ecg.sampling_rate), age(ecg.age, ages))
    yield from (finding for finding in findings if finding)


def _warnings(
    ecg: ECG, voltage: Voltage, quarters: Quarters, ages: tuple[float, float], found: tuple[Finding, ...]
) -> Iterator[Finding]:
    """All warnings in their order, those found already among them."""
    rate = ecg.sampling_rate
    measurable = rate >= LOWEST_RATE and ecg.duration >= SHORTEST
    measures = measure(voltage, rate) if measurable else None
    findings: list[Finding | None] = [
        too_slow(rate),
        *(at_the_beat(ecg, measures) if measures else ()),
        artefacts.copied(voltage, measures),
        *found,
        age(ecg.age, ages),
        artefacts.offset(voltage),
        artefacts.jump(voltage, quarters),
        artefacts.spike(voltage, rate),
        clipping(voltage),
        pacing(voltage, rate),
        *((*noise(measures), unusual(measures)) if measures else ()),
    ]
    yield from (finding for finding in findings if finding)
