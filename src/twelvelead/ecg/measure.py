"""Heart rate, global intervals and axis of a recording; what cannot be right is withheld with its reason.

docs/measuring.md defines each figure and compares them with cardiologists' marks and with devices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.beats import LONGEST, NO_QRS, Beats, beats_of, cut, middle
from twelvelead.ecg.delineate import BEFORE, Bounds, delineate
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.disturbances import spikes
from twelvelead.ecg.record import ECG

WIDEST_QRS_MS = 220.0
"""No ventricle takes longer; what does is a merged T wave, artefact or pacing."""
UNSTEADY = 0.25
"""Beat-to-beat rates whose quartiles lie further apart than this share of the mean rate are no sinus rhythm."""
P_ALIKE = 0.7
"""Median correlation of single beats' P waves with the median one. Of LUDB's records of fibrillation most have 0.1-0.6,
of those with a marked PR all 0.72 and more."""
T_SPREAD_MS = 100.0
"""Between the quartiles over the leads of where T ends: leads that differ more do not show the same wave."""

PACED_SECONDS = 0.3
"""A spike so long before the QRS complex at most paces it, or the atria before it."""

INTERVALS = ("pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms")
QUANTITIES = ("heart_rate_per_minute", *INTERVALS, "axis_degrees")

MARKS = ("p_onset", "qrs_onset", "qrs_end", "t_end")
"""Between which the intervals lie."""

_AFTER = 0.8  # s after a beat's instant, at most, that a T wave is looked for
_SMALL_AREA = 0.0015  # mV s of the frontal QRS vector: 0.03 mV for 0.05 s
_TO_FRONTAL = np.linalg.pinv(np.array([[1, 0], [0.5, np.sqrt(0.75)], [-0.5, np.sqrt(0.75)]]))
"""[x to the left, y to the feet; I, II, III], by least squares (Einthoven 1913)."""


@dataclass(frozen=True)
class Measurements:
    """What a reader measures first.

    Attributes:
        heart_rate_per_minute: mean over what was measured, 60 / mean RR.
        heart_rate_range: the slowest and the fastest rate from one beat to the next, per minute.
        pr_ms: P onset to QRS onset.
        qrs_ms: QRS onset to QRS end.
        qt_ms: QRS onset to T end.
        qtc_bazett_ms: QT / sqrt(RR in s) (Bazett 1920, reprinted doi:10.1111/j.1542-474X.1997.tb00325.x).
        qtc_fridericia_ms: QT / cube root of RR in s (Fridericia 1920, doi:10.1111/j.0954-6820.1920.tb18266.x).
        axis_degrees: of the QRS complex in the frontal plane, from its net areas; -180 to 180.
        withheld: name of each quantity that is None -> why.
        leads_left_out: lead -> why it had no say.
        beat_times: one instant within each QRS complex, s.
        dominant: [beats] whether a beat is of the dominant shape; ectopic and disturbed ones are not.
        other_beats: how many beats are not.
        marks: name of each of `MARKS` that a stated interval ends at -> s after the instant of a dominant beat.
        rr_irregularity: median difference of neighbouring RR intervals over the median RR; None below 3 beats.
        p_waves: whether a P wave leads the dominant beats at a steady distance; None where that cannot be said.
        resolution_ms: one sample of the recording.
        seconds: that were measured.
    """

    heart_rate_per_minute: float | None = None
    heart_rate_range: tuple[float, float] | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    axis_degrees: float | None = None
    withheld: dict[str, str] = field(default_factory=dict)
    leads_left_out: dict[str, str] = field(default_factory=dict)
    beat_times: tuple[float, ...] = ()
    dominant: tuple[bool, ...] = ()
    marks: dict[str, float] = field(default_factory=dict)
    other_beats: int = 0
    rr_irregularity: float | None = None
    p_waves: bool | None = None
    resolution_ms: float = 2.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them; null where withheld."""
        values: dict[str, Any] = {
            name: None if value is None else round(value, 1) for name, value in vars(self).items() if name in QUANTITIES
        }
        rates = self.heart_rate_range
        return {
            **values,
            "heart_rate_range": None if rates is None else [round(rate, 1) for rate in rates],
            "withheld": dict(self.withheld),
            "leads_left_out": dict(self.leads_left_out),
            "beat_times_s": [round(time, 3) for time in self.beat_times],
            "dominant": list(self.dominant),
            "marks_s": {name: round(self.marks[name], 4) if name in self.marks else None for name in MARKS},
            "other_beats": self.other_beats,
            "rr_irregularity": None if self.rr_irregularity is None else round(self.rr_irregularity, 3),
            "p_waves": self.p_waves,
            "resolution_ms": round(self.resolution_ms, 3),
            "seconds": round(self.seconds, 3),
        }

    def lines(self) -> tuple[str, ...]:
        """For a terminal or a page: what was measured, then what was withheld and which leads were left out."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.heart_rate_per_minute is not None:
            rate = f"HR {self.heart_rate_per_minute:.0f}/min"
            if self.heart_rate_range is not None:
                slowest, fastest = self.heart_rate_range
                rate += f" (range {slowest:.0f}-{fastest:.0f})"
            axis = "" if self.axis_degrees is None else f", axis {self.axis_degrees:.0f}°"
            yield rate + axis
        shown = [
            f"{name} {value:.0f} ms"
            for name, value in (
                ("PR", self.pr_ms),
                ("QRS", self.qrs_ms),
                ("QT", self.qt_ms),
                ("QTc Bazett", self.qtc_bazett_ms),
                ("Fridericia", self.qtc_fridericia_ms),
            )
            if value is not None
        ]
        if shown:
            yield ", ".join(shown)
        reasons: dict[str, list[str]] = {}
        for name, reason in self.withheld.items():
            reasons.setdefault(reason, []).append(_WORDS[name])
        if list(reasons) == [NO_QRS]:
            yield NO_QRS
        else:
            for reason, names in reasons.items():
                yield f"no {', '.join(names)}: {reason}"
        if self.leads_left_out:
            yield "not measured in " + ", ".join(f"{lead} ({why})" for lead, why in self.leads_left_out.items())


_WORDS = {
    "heart_rate_per_minute": "HR",
    "pr_ms": "PR",
    "qrs_ms": "QRS",
    "qt_ms": "QT",
    "qtc_bazett_ms": "QTc Bazett",
    "qtc_fridericia_ms": "Fridericia",
    "axis_degrees": "axis",
}


def measure(ecg: ECG) -> Measurements:
    """Heart rate, PR, QRS, QT, QTc and frontal axis.

    Args:
        ecg: any leads that give the twelve, mV, any rate. Of more than `LONGEST` the beginning.

    Raises:
        Refused: leads are missing that algebra cannot give.
    """
    twelve = ecg.twelve()
    used = twelve.signal[: round(LONGEST * ecg.sampling_rate)]
    seconds, resolution = len(used) / ecg.sampling_rate, 1000 / ecg.sampling_rate
    beats = beats_of(twelve)
    if len(beats.times) < 2:
        return Measurements(
            withheld=dict.fromkeys(_WORDS, NO_QRS),
            leads_left_out=beats.left_out,
            resolution_ms=resolution,
            seconds=seconds,
        )
    rr = np.diff(beats.times)
    rates = 60 / rr
    beat, bounds, steady = _bounds(beats, rr)
    values = _intervals(bounds, beats.cleaned.rate, float(rr.mean()))
    withheld = dict(_doubts(values, bounds, steady, rates, beats))
    if "pr_ms" not in withheld and _paced(used, ecg.sampling_rate, beats):
        withheld["pr_ms"] = "pacing spikes before the QRS complexes"
    axis, why = _axis(beats, beat, bounds)
    if why:
        withheld["axis_degrees"] = why
    values = {name: value for name, value in values.items() if name not in withheld}
    return Measurements(
        heart_rate_per_minute=60 / float(rr.mean()),
        heart_rate_range=(float(rates.min()), float(rates.max())),
        **values,
        axis_degrees=axis,
        withheld=withheld,
        leads_left_out=beats.left_out,
        beat_times=tuple(beats.times.tolist()),
        dominant=tuple(beats.dominant.tolist()),
        marks=_marks(bounds, beats.cleaned.rate, values),
        other_beats=int((~beats.dominant).sum()),
        rr_irregularity=float(np.median(np.abs(np.diff(rr))) / np.median(rr)) if len(rr) > 1 else None,
        p_waves=None if bounds.qrs is None else "pr_ms" in values,
        resolution_ms=resolution,
        seconds=seconds,
    )


def _bounds(beats: Beats, rr: NDArray[np.float64]) -> tuple[NDArray[np.float64], Bounds, float]:
    """The median beat, bounds in it, and how much the single beats' P waves are like its own (a correlation)."""
    cleaned, usual = beats.cleaned, float(np.median(rr))
    follows = np.append(rr, usual)
    after = float(np.clip(0.97 * usual - 0.06, 0.3, _AFTER))
    windows = cut(cleaned, beats.times[beats.dominant], BEFORE, min(after, 0.3))
    late = cut(cleaned, beats.times[beats.dominant & (follows >= 0.97 * usual)], 0, after)
    if not len(windows) or not len(late):
        return np.empty((0, len(LEADS))), Bounds(), np.nan
    leads = [LEADS.index(lead) for lead in beats.used]
    beat = middle(windows)
    bounds = delineate(beat, middle(late), cleaned.rate, usual, leads)
    if bounds.p is None or bounds.qrs is None:
        return beat, bounds, np.nan
    before = round(0.08 * cleaned.rate)
    part = windows[:, max(0, bounds.p[0] - before) : bounds.qrs[0] - 4][:, :, leads]
    return beat, bounds, _alike(part)


def _alike(parts: NDArray[np.float64]) -> float:
    """Median over beats of the correlation with their median, each lead without its straight line; [beats, samples,
    leads]."""
    if len(parts) < 2:
        return np.nan
    width = 7
    share = np.arange(parts.shape[1])[:, None] / (parts.shape[1] - 1)
    level = parts - parts[:, :1] - (parts[:, -1:] - parts[:, :1]) * share
    count = np.cumsum(np.pad(level, ((0, 0), (width, 0), (0, 0))), axis=1)
    level = (count[:, width:] - count[:, :-width]) / width
    usual = middle(level)
    size = np.sqrt(np.square(level).sum(axis=(1, 2)) * np.square(usual).sum())
    return float(np.median((level * usual).sum(axis=(1, 2)) / np.maximum(size, 1e-12)))


def _intervals(bounds: Bounds, rate: float, rr: float) -> dict[str, float]:
    """Name -> ms, of those whose bounds were found."""
    values: dict[str, float] = {}
    if bounds.qrs is None:
        return values
    onset, end = bounds.qrs
    values["qrs_ms"] = (end - onset) * 1000 / rate
    if bounds.p is not None:
        values["pr_ms"] = (onset - bounds.p[0]) * 1000 / rate
    if bounds.t_end is not None:
        qt = (bounds.t_end - onset) * 1000 / rate
        values |= {"qt_ms": qt, "qtc_bazett_ms": qt / rr**0.5, "qtc_fridericia_ms": qt / rr ** (1 / 3)}
    return values


def _marks(bounds: Bounds, rate: float, stated: dict[str, float]) -> dict[str, float]:
    """Name -> s after a beat's instant, of those that a stated interval ends at."""
    marks: dict[str, int] = {}
    if bounds.qrs is not None and "qrs_ms" in stated:
        marks |= {"qrs_onset": bounds.qrs[0], "qrs_end": bounds.qrs[1]}
    if bounds.p is not None and "pr_ms" in stated:
        marks["p_onset"] = bounds.p[0]
    if bounds.t_end is not None and "qt_ms" in stated:
        marks["t_end"] = bounds.t_end
    return {name: (place - round(BEFORE * rate)) / rate for name, place in marks.items()}


def _doubts(
    values: dict[str, float], bounds: Bounds, steady: float, rates: NDArray[np.float64], beats: Beats
) -> Iterator[tuple[str, str]]:
    """Why a quantity is not stated, by name."""
    if "qrs_ms" not in values:
        for name in INTERVALS:
            yield name, "the bounds of the QRS complex are not found"
        return
    if values["qrs_ms"] > WIDEST_QRS_MS:
        for name in INTERVALS:
            yield name, f"the QRS complex would last {values['qrs_ms']:.0f} ms"
        return
    if "pr_ms" not in values:
        yield "pr_ms", "no P wave found that is apart from the T wave"
    elif not steady >= P_ALIKE:
        yield "pr_ms", "no P wave at a steady distance from the QRS complex"
    elif float(np.subtract(*np.percentile(rates, (75, 25)))) > UNSTEADY * float(60 / np.mean(60 / rates)):
        yield "pr_ms", "the rate varies too much from beat to beat"
    qt = ("qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms")
    if "qt_ms" not in values:
        yield from dict.fromkeys(qt, "the end of the T wave is not found").items()
    elif values["qt_ms"] > 60000 / float(60 / np.mean(60 / rates)):
        yield from dict.fromkeys(qt, "the T wave would end after the next beat").items()
    elif bounds.t_spread * 1000 / beats.cleaned.rate > T_SPREAD_MS:
        yield from dict.fromkeys(qt, "the leads do not agree on the end of the T wave").items()


def _paced(signal: NDArray[np.float32], rate: float, beats: Beats) -> bool:
    """Whether a pacing spike stands before most of the dominant beats."""
    times, _ = spikes(np.ascontiguousarray(np.where(beats.cleaned.whole, signal, 0).T), rate)
    since = times - beats.times[beats.dominant, None]
    return bool(((since > -PACED_SECONDS) & (since < 0.02)).any(axis=1).mean() > 0.5)


def _axis(beats: Beats, beat: NDArray[np.float64], bounds: Bounds) -> tuple[float | None, str]:
    """Degrees, or why not."""
    lost = [lead for lead in ("I", "II", "III") if lead in beats.left_out]
    if lost:
        return None, f"{', '.join(lost)} left out"
    if bounds.qrs is None:
        return None, "the bounds of the QRS complex are not found"
    onset, end = bounds.qrs
    complexes = beat[onset : end + 1, :3]
    areas = (complexes - complexes[:1]).sum(axis=0) / beats.cleaned.rate
    x, y = _TO_FRONTAL @ areas
    if np.hypot(x, y) < _SMALL_AREA:
        return None, "the QRS complexes of the limb leads are too small or balanced"
    return float(np.degrees(np.arctan2(y, x))), ""
