"""What a reader and the gate say about a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS

CODES = {
    "missing-leads": "leads that algebra cannot give",
    "short-leads": "leads that hold only part of the recording, as a printout does",
    "too-short": "shorter than the model allows",
    "not-finite": "samples that are NaN or infinite",
    "flat": "a lead without signal, throughout or for a long part",
    "amplitude": "voltages that cannot be millivolts",
    "limb-leads": "limb leads that contradict each other",
    "no-qrs": "no beat found",
    "inverted": "leads probably upside down",
    "electrodes": "electrodes probably interchanged",
    "copied-lead": "two leads that are one",
    "gain": "voltages far smaller or larger than usual",
    "sampling-rate": "probably another sampling rate than declared",
    "time-reversed": "probably played backwards",
    "offset": "a lead far from 0",
    "jump": "a lead that steps to another level",
    "spike": "a spike in one lead",
    "clipping": "extreme values cut off",
    "powerline": "hum of the mains",
    "muscle-noise": "strong noise, of muscles as a rule",
    "baseline-wander": "a strongly moving baseline",
    "pacing": "spikes as a pacemaker makes them",
    "fewer-leads": "fewer than twelve leads, read by weights that take them",
    "age": "age outside the range that the model was trained on",
    "unusual": "unlike the recordings that the model was trained on",
    "lead-off": "a lead that was off, as the device says, and follows from the others",
    "lead-questionable": "a lead of which the device says that it may be wrong",
    "age-disagrees": "a stated age that the dates of birth and recording contradict",
    "manifest-disagrees": "age or sex of a manifest that the file contradicts, of which neither is taken",
    "samples-disagree": "another number of samples than the file announces",
    "rate-disagrees": "two sampling rates in one file, of which the given one was taken",
    "negative-gain": "a lead that the file stores upside down, turned round",
    "time-disagrees": "a time column that does not rise as the stated rate says",
    "scale-overridden": "a scale that was given in place of the file's own",
}
"""Every code and what it stands for. The first six refuse, "limb-leads" refuses or warns, the others warn; those
from "lead-off" on are a reader's."""

GRAVE = frozenset({"no-qrs", "inverted", "electrodes", "copied-lead", "gain", "sampling-rate", "time-reversed"})
"""Codes of what changes most answers."""


@dataclass(frozen=True)
class Finding:
    """Something about a recording that its reader has to know.

    Attributes:
        code: one of `CODES`.
        severity: "refuse": not fit to interpret; "warn": interpret with care.
        message: what is wrong and what to do, without the name of the file.
        values: the measurements behind it, by lead or by name, in the unit that the message or the code's rule states.
    """

    code: str
    severity: Literal["refuse", "warn"]
    message: str
    values: dict[str, float] = field(default_factory=dict)

    @property
    def grave(self) -> bool:
        """Whether it changes most answers, if it is true, so that it has to stand before the answer, not under it."""
        return self.code in GRAVE


def by_lead(values: NDArray[Any], found: NDArray[Any], leads: Sequence[str] = LEADS) -> dict[str, float]:
    """Lead -> its value, of [leads], of those that were found."""
    return {lead: float(value) for lead, value, hit in zip(leads, values, found, strict=True) if hit}


def named(leads: dict[str, float]) -> str:
    """ "lead V1" or "leads V1, V2"."""
    return f"lead{'s' if len(leads) > 1 else ''} {', '.join(leads)}"


def short_leads(seconds: float) -> Finding:
    """Leads that hold `seconds` each, one group after the other."""
    message = (
        f"each lead holds only part of the recording ({seconds:.3g} s a lead), as a printout does; record or export "
        "all leads over the same seconds"
    )
    return Finding("short-leads", "refuse", message, {"seconds": seconds})
