"""The gate: is a recording fit to interpret?"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused

MINIMUM_SECONDS = 2.5
"""The shortest recording let through: what one lead shows in the usual 3x4 layout of ECG paper."""

HIGHEST_MILLIVOLTS = 50.0
"""No surface ECG comes near: the largest sample of PTB-XL's folds 1-9, artefacts included, is 20.03 mV."""

FLAT_MILLIVOLTS = 0.001
"""A lead that moves less than this over the whole recording was not connected; one unit of PTB-XL's converter."""


@dataclass(frozen=True)
class Finding:
    """Something about a recording that its reader has to know.

    Attributes:
        code: "too-short", "not-finite", "flat" or "amplitude".
        severity: "refuse": not fit to interpret; "warn": interpret with care.
        message: what is wrong and what to do, without the name of the file.
        values: the measurements behind it, by lead or by name.
    """

    code: str
    severity: Literal["refuse", "warn"]
    message: str
    values: dict[str, float] = field(default_factory=dict)


def check(ecg: ECG, *, minimum_seconds: float = MINIMUM_SECONDS) -> tuple[Finding, ...]:
    """What is wrong with a recording, the gravest first; empty where nothing is.

    Args:
        ecg: the recording with the leads that will be interpreted.
        minimum_seconds: the shortest duration that passes.
    """
    findings = [_too_short(ecg, minimum_seconds), _not_finite(ecg), _flat(ecg), _amplitude(ecg)]
    return tuple(finding for finding in findings if finding is not None)


def require_fit(ecg: ECG, *, minimum_seconds: float = MINIMUM_SECONDS) -> tuple[Finding, ...]:
    """The warnings about a recording that is fit to interpret.

    Raises:
        Refused: it is not fit; the message names its source and each reason.
    """
    findings = check(ecg, minimum_seconds=minimum_seconds)
    reasons = [finding.message for finding in findings if finding.severity == "refuse"]
    if reasons:
        raise Refused(f"{ecg.source}: {'; '.join(reasons)}")
    return findings


def _too_short(ecg: ECG, minimum_seconds: float) -> Finding | None:
    # half a sample of grace: 249.9 Hz times 10 s is not a whole number of samples
    if ecg.duration + 0.5 / ecg.sampling_rate >= minimum_seconds and len(ecg.signal) > 0:
        return None
    message = f"too short: {ecg.duration:.2f} s, at least {minimum_seconds:g} s are needed; record longer"
    return Finding("too-short", "refuse", message, {"seconds": ecg.duration})


def _not_finite(ecg: ECG) -> Finding | None:
    missing = (~np.isfinite(ecg.signal)).sum(axis=0)
    leads = {lead: float(count) for lead, count in zip(ecg.leads, missing, strict=True) if count}
    if not leads:
        return None
    named = ", ".join(f"{lead} ({count:.0f} of {len(ecg.signal)})" for lead, count in leads.items())
    message = f"invalid samples (NaN or infinite) in {named}; export the recording again or cut them off"
    return Finding("not-finite", "refuse", message, leads)


def _flat(ecg: ECG) -> Finding | None:
    if len(ecg.signal) < 2:
        return None
    # NaN compares false, so a lead with invalid samples is left to their own finding
    spans = np.ptp(ecg.signal, axis=0)
    leads = {lead: float(span) for lead, span in zip(ecg.leads, spans, strict=True) if span < FLAT_MILLIVOLTS}
    if not leads:
        return None
    plural = "s" if len(leads) > 1 else ""
    message = f"flat lead{plural} {', '.join(leads)}: constant throughout; check the electrodes and record again"
    return Finding("flat", "refuse", message, leads)


def _amplitude(ecg: ECG) -> Finding | None:
    finite = np.where(np.isfinite(ecg.signal), np.abs(ecg.signal), 0)
    peaks = finite.max(axis=0, initial=0)
    leads = {lead: float(peak) for lead, peak in zip(ecg.leads, peaks, strict=True) if peak > HIGHEST_MILLIVOLTS}
    if not leads:
        return None
    highest = max(leads, key=lambda lead: leads[lead])
    message = (
        f"amplitude of {leads[highest]:,.0f} mV in {highest} (at most {HIGHEST_MILLIVOLTS:g} mV are plausible): "
        "probably another unit; state the right one"
    )
    return Finding("amplitude", "refuse", message, leads)
