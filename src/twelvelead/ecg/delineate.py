"""Onset and end of P, QRS and T in the median beat, each lead by itself, then over the leads.

Global bounds are the second earliest onset and the second latest end over the leads (IEC 60601-2-51 means global
intervals), so that one lead does not decide. In a lead, the QRS complex ends where the slope stays below a share of its
steepest, P onset and T end where the slope beside the wave has fallen to a share of its own steepest, which is later
than where the steepest tangent meets the base line (Lepeschkin and Surawicz 1952, doi:10.1161/01.CIR.6.3.378) and is
near what devices print. The shares were chosen on the odd ids of LUDB (docs/measuring.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.beats import ranked
from twelvelead.ecg.leads import LEADS

BEFORE = 0.45
"""In s: so much of the recording before a beat's instant is looked at."""

_INDEPENDENT = [LEADS.index(lead) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")]
_QRS_NEAR = 0.1  # s on either side of the instant, where the QRS complex is steepest
_QRS_SHARE, _QRS_MV_PER_S, _QRS_NOISE = 0.04, 4.0, 3.0
_QRS_QUIET = 0.014  # s that the slope has to stay low
_QRS_MV = 0.1  # lower ones are not bounded
_P_SHARE, _P_MV, _P_LEADS = 0.5, 0.03, 5
_P_FROM, _P_GAP = (0.16, 0.36), 0.008  # s before the QRS complex; 0.45 of RR between these
_P_HALF = 0.05  # s between the leads' P peaks
_P_RISE, _P_WIDE = 0.08, 0.12
_T_SHARE, _T_MV, _T_LEADS = 0.17, 0.04, 4
_T_LOBE = 0.3  # of the highest: the last such lobe of a T wave is its end
_T_FALL = 0.16
_T_LATE = 0.05  # s after the median over the leads: U waves and F waves end there
_T_AFTER = 0.06  # s after the QRS complex
_QUIET = 0.04  # s between a T wave and the next P wave
_SMOOTH_P, _SMOOTH_T = 0.042, 0.05  # s: width of the window that P and T are smoothed by

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """In samples of the median beat; None where the wave is not found.

    Attributes:
        qrs: onset and end.
        p: onset and peak.
        t_end: of the T wave.
        t_spread: samples between the quartiles of the leads' T ends.
    """

    qrs: tuple[int, int] | None = None
    p: tuple[int, int] | None = None
    t_end: int | None = None
    t_spread: float = np.nan


def delineate(beat: Signal, repolarisation: Signal, rate: float, rr: float, leads: list[int]) -> Bounds:
    """Bounds of the waves of a median beat.

    Args:
        beat: [samples, 12] mV, from `BEFORE` s before the beat's instant.
        repolarisation: from the beat's instant on, of beats after which the next one is late enough, for the T wave.
        rate: in Hz.
        rr: from beat to beat, s.
        leads: that are looked at, as columns.
    """
    centre = round(BEFORE * rate)
    qrs = _qrs(beat, centre, rate, leads)
    if qrs is None:
        return Bounds()
    p = _p(smoothed(beat[: qrs[0]], round(_SMOOTH_P * rate)), qrs[0], rate, rr, leads)
    until = rr - (_T_AFTER if p is None else (qrs[0] - p[0]) / rate + 0.01)
    t_end, spread = _t(repolarisation, centre, qrs, rate, rr, until, leads)
    if t_end is None or (p is not None and p[0] + (rr - _QUIET) * rate < t_end):
        p = None  # not told from the T wave before it, as in flutter
    return Bounds(qrs, p, t_end, spread)


def smoothed(beat: Signal, width: int) -> Signal:
    """[samples, leads] by a Hann window of `width` samples, the edges continued."""
    half = max(1, width // 2)
    weights = np.hanning(2 * half + 3)[1:-1]
    weights /= weights.sum()
    padded = np.pad(beat, ((half, half), (0, 0)), mode="edge")
    return np.stack([np.convolve(lead, weights, "valid") for lead in padded.T], axis=1)


def _qrs(beat: Signal, centre: int, rate: float, leads: list[int]) -> tuple[int, int] | None:
    slope = np.zeros_like(beat)
    slope[1:-1] = np.abs(beat[2:] - beat[:-2]) * (rate / 2)
    near = slice(centre - round(_QRS_NEAR * rate), centre + round(_QRS_NEAR * rate))
    leads = [lead for lead in leads if np.ptp(beat[near, lead]) > _QRS_MV]
    if len(leads) < 2:
        return None
    slope = slope[:, leads]
    quiet = ranked(slope, 0.3)
    steep = slope > np.maximum(_QRS_SHARE * slope[near].max(axis=0), np.maximum(_QRS_MV_PER_S, _QRS_NOISE * quiet))
    run = round(_QRS_QUIET * rate)
    count = np.cumsum(np.pad(steep, ((1, 0), (0, 0))), axis=0)
    still = count[run:] == count[:-run]  # of the run that begins there
    place = np.arange(len(still))[:, None]
    steepest = near.start + slope[near].argmax(axis=0)
    before, after = still & (place + run <= steepest), still & (place >= steepest)
    if not (before.any(axis=0) & after.any(axis=0)).all():
        bounded = before.any(axis=0) & after.any(axis=0)
        if bounded.sum() < 2:
            return None
        before, after = before[:, bounded], after[:, bounded]
    onsets = len(still) - 1 - before[::-1].argmax(axis=0) + run
    return int(np.sort(onsets)[1]), int(np.sort(after.argmax(axis=0))[-2])


def _p(beat: Signal, onset: int, rate: float, rr: float, leads: list[int]) -> tuple[int, int] | None:
    """Onset and peak of the P wave before a QRS complex."""
    until = onset - round(_P_GAP * rate)
    start = max(round(0.02 * rate), onset - round(rate * min(_P_FROM[1], max(_P_FROM[0], 0.45 * rr))))
    part = beat[start : until + 1]
    if len(part) < round(0.08 * rate):
        return None
    place = np.arange(len(part))
    chord = part[0] + (part[-1] - part[0]) * (place / (len(part) - 1))[:, None]
    asked = [lead for lead in _INDEPENDENT if lead in leads]
    peak = int(np.square((part - chord)[:, asked]).sum(axis=1).argmax())
    half, rise, wide = (round(seconds * rate) for seconds in (_P_HALF, _P_RISE, _P_WIDE))
    left, right = max(0, peak - wide), min(len(part) - 1, peak + wide)
    near = slice(max(0, peak - half), min(len(part) - 2, peak + half))
    slopes = np.gradient(part, axis=0)
    onsets = []
    for lead in leads:
        wave = part[:, lead]
        above = wave - np.interp(place, (left, right), (wave[left], wave[right]))
        top = near.start + int(np.abs(above[near]).argmax())
        if abs(above[top]) < _P_MV:
            continue
        slope = slopes[: top + 1, lead][::-1] * np.sign(above[top])
        first = _flattening(slope, rise + 1, _P_SHARE)
        if first is not None:
            onsets.append(top - first)
    if len(onsets) < _P_LEADS:
        return None
    return start + sorted(onsets)[1], start + peak


def _t(
    after: Signal, centre: int, qrs: tuple[int, int], rate: float, rr: float, until: float, leads: list[int]
) -> tuple[int | None, float]:
    """End of the T wave, and the distance between the quartiles of the leads' own ends."""
    first = max(centre, qrs[1] + round(_T_AFTER * rate))
    last = min(centre + len(after) - 1, qrs[0] + round(rate * min(0.72, 0.6 * np.sqrt(rr) + 0.05, until)))
    if last - first < round(0.12 * rate):
        return None, np.nan
    part = smoothed(after[first - centre : last - centre], round(_SMOOTH_T * rate))
    level = part - np.median(part[-round(0.03 * rate) :], axis=0)
    slopes = np.gradient(level, axis=0)
    ends = []
    for lead in leads:
        end = _t_end(level[:, lead], slopes[:, lead], round(_T_FALL * rate))
        if end is not None:
            ends.append(first + end)
    if len(ends) < _T_LEADS:
        return None, np.nan
    latest = np.median(ends) + _T_LATE * rate
    kept = sorted(end for end in ends if end <= latest)
    return kept[-2], float(np.subtract(*np.percentile(ends, (75, 25))))


def _t_end(level: Signal, slope: Signal, fall: int) -> int | None:
    size = np.abs(level)
    high = np.flatnonzero(size > max(_T_MV, _T_LOBE * size[15:-5].max()))
    if not len(high):
        return None
    sign = np.sign(level[high[-1]])
    wave = level * sign
    below = np.flatnonzero(wave[: high[-1]] <= 0)
    lobe = int(below[-1]) + 1 if len(below) else 0
    peak = lobe + int(wave[lobe : high[-1] + 1].argmax())
    flat = _flattening(slope[peak:] * -sign, fall, _T_SHARE)
    return None if flat is None else peak + flat


def _flattening(slope: Signal, reach: int, share: float) -> int | None:
    """Samples until the slope falls to a share of its steepest within `reach`; None where it never does."""
    near = slope[:reach]
    if len(near) < 5:
        return None
    steepest = int(near.argmax())
    if near[steepest] <= 0:
        return None
    low = np.flatnonzero(slope[steepest:-1] <= share * near[steepest])
    return steepest + int(low[0]) if len(low) else None
