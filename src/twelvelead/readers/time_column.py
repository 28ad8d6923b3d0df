"""The sampling rate from the time of each sample."""

import re

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.readers.recording import RATES, BadFile

CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")
"""Hours if any, minutes and seconds within a time of the clock."""

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Units that a time column may be in, in s."""

_WORDS = {
    "s": ("sec", "secs", "second", "seconds", "clock"),
    "ms": ("msec", "msecs", "millisecond", "milliseconds"),
    "us": ("usec", "µs", "\u03bcs", "microsecond", "microseconds"),
    "ns": ("nsec", "nanosecond", "nanoseconds"),
    "min": ("mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "d": ("day", "days"),
}
_UNIT_OF = {word: unit for unit, words in _WORDS.items() for word in (unit, *words)}
_USUAL = (100, 125, 128, 180, 200, 240, 250, 256, 257, 300, 360, 400, 480, 500, 512, 600, 800, 1000, 1024, 2000)
"""Hz, of electrocardiographs and Holter recorders."""

_DAY = 86400.0
_SAME_RATE = 1e-3
"""Relative: written times are rounded, so a rate read off them is not exact."""


def seconds_per(unit: str) -> float | None:
    """How long a unit of time is, in s; None where the text is none. A clock ("hh:mm:ss.mmm") counts as s."""
    name = unit.strip().lower()
    if re.fullmatch(r"(?:h+:)?m+:s+(?:[.,]m+)?", name):
        return 1.0
    return UNITS.get(_UNIT_OF.get(name, ""))


def rate_of(
    times: NDArray[np.float64], unit: str | None, stated: float | None, given_unit: str | None
) -> tuple[float, tuple[Finding, ...]]:
    """The sampling rate in Hz, and what is odd about the times.

    Where neither the file nor the caller names the unit, it is the one in which the rate can be an ECG's; if there are
    several, or the steps are 1 and may be a count of samples, it has to be given.

    Args:
        times: [samples], of each sample.
        unit: as the file states it; None where it does not.
        stated: the rate that the file states elsewhere or the caller gives; it decides where the times do not.
        given_unit: one of `UNITS` that the caller gives.

    Raises:
        BadFile: the rate does not follow and is not given, or what is given contradicts it.
    """
    scale = _scale(unit, given_unit)
    scales = list(UNITS.values()) if scale is None else [scale]
    seconds = times.copy()
    if unit == "clock":
        seconds += _DAY * np.cumsum(np.diff(seconds, prepend=seconds[0]) < -_DAY / 2)
    span, steps = float(seconds[-1] - seconds[0]), len(seconds) - 1
    rates = [rate for one in scales if span > 0 and RATES[0] <= (rate := steps / (span * one)) <= RATES[1]]
    deviation, resolution = _unevenness(seconds)
    if stated is not None:
        # the first and the last time may each be off by half of what the times are rounded to
        slack = max(_SAME_RATE, 1.5 * resolution / span if span > 0 else 0)
        even = deviation <= max(0.6 * span / steps, 1.01 * resolution)
        fitting = any(abs(stated - rate) <= slack * rate for rate in rates)
        if fitting and even:
            return stated, ()
        if scale is None and deviation < 0.01 and abs(span / steps - 1) < _SAME_RATE:  # a count of samples
            return stated, ()
        if rates and not fitting and even:
            found = " or ".join(f"{rate:.5g}" for rate in rates)
            raise BadFile(
                f"the time column gives {found} Hz, not {stated:g} Hz; leave the rate out", code="contradiction"
            )
        message = f"the time column does not rise as it would at {stated:g} Hz, the stated rate; check the rate"
        return stated, (Finding("time-disagrees", "warn", message),)
    if not np.isfinite(seconds).all() or span <= 0:
        raise BadFile("the time column does not rise; give the rate, as in --sampling-rate 500", code="rate-missing")
    if deviation >= 0.6 * span / steps:
        if rates and deviation <= 1.01 * resolution:
            written = f"{resolution * (scale or 1):g}{' s' if scale else ''}"
            slack = 1.5 * resolution / span
            usual = [rate for rate in _USUAL if abs(rate - rates[0]) <= slack * rates[0]]
            raise BadFile(
                f"the times are rounded to {written}, so that the rate does not follow (about {rates[0]:.3g} Hz); "
                f"give it, as in --sampling-rate {usual[0] if len(usual) == 1 else 500}",
                code="rate-missing",
            )
        raise BadFile(
            "the time column does not rise evenly; export at a constant sampling rate, or give the rate, as in "
            "--sampling-rate 500",
            code="rate-missing",
        )
    if scale is not None and not rates:
        raise BadFile(
            f"the time column gives {steps / (span * scale):g} Hz, which no ECG has; give its unit (--time-unit) or "
            "the rate, as in --sampling-rate 500",
            code="rate-missing",
        )
    if len(rates) != 1 or (scale is None and abs(span / steps - 1) < _SAME_RATE):
        names = [name for name, one in UNITS.items() if RATES[0] <= steps / (span * one) <= RATES[1]]
        kinds = [f"{steps / (span * UNITS[name]):g} Hz if in {name}" for name in names[:3]]
        which = " or ".join([*kinds, *(["a count of samples"] if abs(span / steps - 1) < _SAME_RATE else [])])
        raise BadFile(
            f"the unit of its time column is not stated{f' ({which})' if which else ''}; give it, as in --time-unit "
            f"{names[-1] if names else 'ms'}, or the rate, as in --sampling-rate 500",
            code="ambiguous",
        )
    whole = float(round(rates[0]))
    return (whole if abs(whole - rates[0]) <= _SAME_RATE * rates[0] else rates[0]), ()


def _scale(unit: str | None, given: str | None) -> float | None:
    """Seconds a unit; None where nothing says."""
    stated = None if unit is None else seconds_per(unit)
    if unit is not None and stated is None:
        raise BadFile(f"the time column is in {unit[:20]!r}; give it in s, ms or min", code="unsupported")
    if given is None:
        return stated
    if given not in UNITS:
        raise BadFile(f"{given[:20]!r} is no unit of time; give one of {', '.join(UNITS)}", code="usage")
    if stated is not None and stated != UNITS[given]:
        raise BadFile(f"the time column is in {unit}, not {given}; leave the unit of time out", code="contradiction")
    return UNITS[given]


def _unevenness(times: NDArray[np.float64]) -> tuple[float, float]:
    """How far a time lies from an even rise at most, and the least step between times; infinite where one is NaN."""
    if not np.isfinite(times).all():
        return np.inf, 0.0
    even = np.linspace(times[0], times[-1], len(times))
    steps = np.abs(np.diff(times))
    rising = steps[steps > 1e-9 * max(1.0, float(np.abs(times).max()))]
    return float(np.abs(times - even).max()), float(rising.min()) if len(rising) else 0.0
