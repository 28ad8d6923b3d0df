"""Heart rate, intervals and axis, on request (extra [measure]).

neurokit2 (Makowski et al. 2021, doi:10.3758/s13428-020-01516-y) finds the beats and, by prominence (Emrich et al. 2024,
EUSIPCO 1402-1406), their P and T waves in each lead. The bounds of the waves are drawn here, lead by lead, because its
wavelets miss QRS complexes without a Q wave and its prominence ends at the lowest sample nearby: P onset and T end by
the tangent at the steepest slope (Lepeschkin and Surawicz 1952, doi:10.1161/01.CIR.6.3.378), the QRS complex where its
slope rises above and falls below a share of its steepest.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.errors import MissingExtra

LONGEST_SECONDS = 60
"""Of a longer recording, the beginning is measured."""
PR_IQR_MS = 25.0
"""Where PR differs by more from beat to beat, no P wave leads the QRS, as in atrial fibrillation. Chosen on folds 1-8
of PTB-XL: 6 % of 52 records of AFIB and 87 % of 304 of SR get a PR."""

_RATE = 500
_FIRST, _LAST = 25, 75
_QRS_SLOPE = 0.12
_LOWEST_QRS_MV = 0.25
_LOWEST_WAVE_MV = {"P": 0.03, "T": 0.05}
"""Peaks lower than this over the PR segment are not told from noise."""
_FEWEST = 3
"""Beats, and leads of a beat, without which nothing is said."""

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """A quantity with its spread.

    Attributes:
        median: over beats; None where it cannot be measured.
        iqr_beats: distance between the quartiles over beats.
        iqr_leads: distance between the quartiles over the leads' own medians; None where it is not of single leads.
        beats: that it could be measured in.
    """

    median: float | None = None
    iqr_beats: float | None = None
    iqr_leads: float | None = None
    beats: int = 0


@dataclass(frozen=True)
class Measurements:
    """What a reader measures first.

    Attributes:
        heart_rate_per_minute: over beats.
        pr_ms: P onset to QRS onset, over beats and leads; not measured where it differs by more than `PR_IQR_MS`
            from beat to beat.
        qrs_ms: QRS onset to QRS end, over beats and leads.
        qt_ms: QRS onset to T end, over beats and leads.
        qtc_bazett_ms: QT / sqrt(RR in s) (Bazett 1920).
        qtc_fridericia_ms: QT / cube root of RR in s (Fridericia 1920).
        axis_degrees: frontal QRS axis from the areas of the QRS complex in I and aVF, over beats; -180 to 180.
        resolution_ms: one sample of the recording: no interval is known more closely.
        beats: that were found.
        seconds: that were measured.
    """

    heart_rate_per_minute: Spread
    pr_ms: Spread
    qrs_ms: Spread
    qt_ms: Spread
    qtc_bazett_ms: Spread
    qtc_fridericia_ms: Spread
    axis_degrees: Spread
    resolution_ms: float
    beats: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them; null where nothing could be measured."""
        spreads = {name: value for name, value in vars(self).items() if isinstance(value, Spread)}
        return {
            **{name: dict(vars(spread)) for name, spread in spreads.items()},
            "resolution_ms": round(self.resolution_ms, 3),
            "beats": self.beats,
            "seconds": round(self.seconds, 3),
        }

    def lines(self) -> tuple[str, ...]:
        """For a terminal or a page: medians, with the interquartile ranges over beats and over leads."""

        def shown(name: str, spread: Spread, unit: str) -> str:
            if spread.median is None:
                return f"{name} not measurable"
            leads = "" if spread.iqr_leads is None else f"; {spread.iqr_leads:.0f}"
            return f"{name} {spread.median:.0f} {unit} ({spread.iqr_beats:.0f}{leads})"

        return (
            f"{shown('Heart rate', self.heart_rate_per_minute, '/min')}, {shown('axis', self.axis_degrees, 'degrees')}",
            f"{shown('PR', self.pr_ms, 'ms')}, {shown('QRS', self.qrs_ms, 'ms')}, {shown('QT', self.qt_ms, 'ms')}",
            f"{shown('QTc Bazett', self.qtc_bazett_ms, 'ms')}, {shown('Fridericia', self.qtc_fridericia_ms, 'ms')}",
            f"(interquartile range over {self.beats} beats; over leads); one sample is {self.resolution_ms:g} ms",
        )


def measure(ecg: ECG) -> Measurements:
    """Heart rate, PR, QRS, QT, QTc and frontal axis with their spread.

    Args:
        ecg: any leads that give the twelve, mV, any rate. Leads with invalid samples are left out.

    Raises:
        MissingExtra: neurokit2 is not installed.
        Refused: leads are missing that algebra cannot give.
    """
    try:
        import neurokit2
    except ImportError:
        raise MissingExtra("Measuring", "measure") from None

    twelve = ecg.twelve()
    used = slice(0, round(LONGEST_SECONDS * ecg.sampling_rate))
    seconds = len(twelve.signal[used]) / ecg.sampling_rate
    valid = np.isfinite(twelve.signal[used]).all(axis=0)
    signal = np.where(valid, twelve.signal[used], 0)
    beats: Samples = np.empty(0)
    onsets = ends = p_onsets = t_ends = np.empty((0, len(LEADS)))
    if seconds > 1 and valid.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = _clean(neurokit2, ECG(signal.astype(np.float32), ecg.sampling_rate).resampled(_RATE).signal)
            beats = _beats(neurokit2, clean)
            if len(beats) >= _FEWEST:
                delineated = [_delineate(neurokit2, clean[:, lead], beats) for lead in range(len(LEADS))]
                onsets, ends, p_onsets, t_ends = np.stack(delineated, axis=2)
    rr = np.diff(beats) / _RATE
    middle_rr = float(np.median(rr)) if len(rr) else np.nan
    qt = _interval(onsets, t_ends)
    return Measurements(
        heart_rate_per_minute=_spread(60 / rr, _FEWEST - 1),
        pr_ms=_pr(_interval(p_onsets, onsets)),
        qrs_ms=_interval(onsets, ends),
        qt_ms=qt,
        qtc_bazett_ms=_scaled(qt, 1 / np.sqrt(middle_rr)),
        qtc_fridericia_ms=_scaled(qt, 1 / np.cbrt(middle_rr)),
        axis_degrees=_axis(clean, onsets, ends) if len(onsets) else Spread(),
        resolution_ms=1000 / ecg.sampling_rate,
        beats=len(beats),
        seconds=seconds,
    )


def _spread(values: Samples, fewest: int = _FEWEST, over_leads: float | None = None) -> Spread:
    """Of one value a beat, [beats], NaN where it was not found."""
    finite = values[np.isfinite(values)]
    if len(finite) < fewest:
        return Spread(beats=len(finite))
    low, middle, high = np.percentile(finite, (25, 50, 75))
    return Spread(round(float(middle), 1), round(float(high - low), 1), over_leads, len(finite))


def _interval(starts: Samples, ends: Samples) -> Spread:
    """From where a wave starts to where one ends, in ms, both [beats, leads] samples.

    Of a beat, from the first to the last lead (Kligfield et al. 2007, doi:10.1161/CIRCULATIONAHA.106.180200), which are
    taken as the quartiles over leads, so that a single lead cannot lead astray.
    """
    enough = (np.isfinite(starts).sum(axis=1) >= _FEWEST) & (np.isfinite(ends).sum(axis=1) >= _FEWEST)
    if enough.sum() < max(_FEWEST, len(enough) / 2):
        return Spread(beats=int(enough.sum()))
    ms = 1000 / _RATE
    whole = (np.nanpercentile(ends[enough], _LAST, axis=1) - np.nanpercentile(starts[enough], _FIRST, axis=1)) * ms
    single = (ends - starts)[enough] * ms
    of_leads = [np.nanmedian(lead) for lead in single.T if np.isfinite(lead).any()]
    over_leads = float(np.subtract(*np.percentile(of_leads, (75, 25)))) if of_leads else None
    return _spread(whole, over_leads=None if over_leads is None else round(over_leads, 1))


def _pr(pr: Spread) -> Spread:
    return pr if pr.iqr_beats is not None and pr.iqr_beats <= PR_IQR_MS else Spread(beats=pr.beats)


def _scaled(spread: Spread, factor: float) -> Spread:
    if spread.median is None or spread.iqr_beats is None or not np.isfinite(factor):
        return Spread(beats=spread.beats)
    leads = None if spread.iqr_leads is None else round(spread.iqr_leads * factor, 1)
    return Spread(round(spread.median * factor, 1), round(spread.iqr_beats * factor, 1), leads, spread.beats)


def _clean(neurokit2: Any, signal: NDArray[np.float32]) -> Samples:
    """Without baseline wander and powerline, [samples, leads]."""
    return np.stack([neurokit2.ecg_clean(lead, sampling_rate=_RATE) for lead in signal.T.astype(np.float64)], axis=1)


def _beats(neurokit2: Any, clean: Samples) -> Samples:
    """Samples at which the leads together change fastest, one a beat."""
    velocity = np.sqrt((np.gradient(clean, axis=0) ** 2).sum(axis=1))
    smooth = np.convolve(velocity, np.full(20, 1 / 20), "same")
    try:
        found = neurokit2.ecg_peaks(smooth, sampling_rate=_RATE)[1]["ECG_R_Peaks"]
    except Exception:  # it fails in many ways on signals without beats
        return np.empty(0)
    beats = np.asarray(found, np.float64)
    return beats[np.isfinite(beats)]


def _delineate(neurokit2: Any, lead: Samples, beats: Samples) -> Samples:
    """QRS onset and end, P onset and T end in one lead, [4, beats] samples, NaN where not found."""
    found = np.full((4, len(beats)), np.nan)
    near = _RATE // 12
    slope = np.gradient(lead)
    peaks = beats.astype(int)
    usable = (peaks >= near) & (peaks + near < len(lead))
    for beat in np.flatnonzero(usable):
        around = lead[peaks[beat] - near : peaks[beat] + near]
        usable[beat] = np.ptp(around) >= _LOWEST_QRS_MV
        peaks[beat] += int(np.argmax(np.abs(around - np.median(around)))) - near
    if usable.sum() < _FEWEST:
        return found
    sign = np.sign(np.median(lead[peaks[usable]])) or 1.0
    try:
        waves = neurokit2.ecg_delineate(sign * lead, peaks[usable], sampling_rate=_RATE, method="prominence")[1]
    except Exception:  # as above
        waves = {}
    p, t = (_aligned(waves.get(f"ECG_{wave}_Peaks", []), int(usable.sum())) for wave in "PT")
    for row, beat in enumerate(np.flatnonzero(usable)):
        onset, end = _qrs(slope, int(peaks[beat]))
        if np.isnan(onset) or np.isnan(end):
            continue
        base = float(np.median(lead[max(0, int(onset) - 10) : int(onset) + 1]))
        found[:2, beat] = onset, end
        if p[row] < onset and abs(lead[int(p[row])] - base) > _LOWEST_WAVE_MV["P"]:
            found[2, beat] = _foot(lead, int(p[row]), -1, base)
        if t[row] > end and abs(lead[int(t[row])] - base) > _LOWEST_WAVE_MV["T"]:
            found[3, beat] = _foot(lead, int(t[row]), 1, base)
    return found


def _aligned(samples: list[float], beats: int) -> Samples:
    """neurokit2 drops what lies before the first sample, so its lists may be short at their beginning."""
    return np.concatenate([np.full(beats - len(samples), np.nan), np.asarray(samples, np.float64)])


def _qrs(slope: Samples, peak: int) -> tuple[float, float]:
    """Where the slope first and last exceeds a share of the steepest for 10 ms of quiet, samples."""
    reach, quiet = int(0.14 * _RATE), int(0.014 * _RATE)
    low, high = max(0, peak - reach), min(len(slope), peak + reach)
    steep = np.abs(slope[low:high]) > _QRS_SLOPE * np.abs(slope[max(0, peak - 30) : peak + 30]).max()
    centre = peak - low
    return _quiet(steep[:centre][::-1], quiet, low + centre, -1), _quiet(steep[centre:], quiet, peak, 1)


def _quiet(steep: NDArray[np.bool_], quiet: int, start: int, step: int) -> float:
    """The sample after the last steep one before a run of `quiet` that are not; NaN where there is none."""
    count = np.concatenate([[0], np.cumsum(steep)])
    # the peak itself is level: the run counts from the first steep sample on
    runs = np.flatnonzero((count[quiet:] == count[:-quiet]) & (count[:-quiet] > 0))
    return start + step * float(runs[0]) if len(runs) else np.nan


def _foot(lead: Samples, peak: int, step: int, base: float) -> float:
    """Where the tangent at the steepest slope beside a peak meets the base line, samples."""
    reach = int((0.08 if step < 0 else 0.16) * _RATE)
    beside = lead[peak : peak + reach] if step > 0 else lead[max(0, peak - reach) : peak + 1][::-1]
    if len(beside) < 5:
        return np.nan
    side = np.sign(beside[0] - base)
    if step < 0:  # the level before a P wave is not that behind it, where the atria repolarise
        base = side * float(np.min(side * beside))
    towards = np.gradient(beside - base) * side
    steepest = int(np.argmin(towards))
    if towards[steepest] >= 0:
        return np.nan
    distance = steepest + abs(beside[steepest] - base) / -towards[steepest]
    return peak + step * distance if distance < 1.5 * reach else np.nan


def _axis(clean: Samples, onsets: Samples, ends: Samples) -> Spread:
    """Of each beat from its areas between the median bounds of all leads."""
    angles: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bounds = np.stack([np.nanmedian(onsets, axis=1), np.nanmedian(ends, axis=1)], axis=1)
    for onset, end in bounds[np.isfinite(bounds).all(axis=1)].astype(int):
        beat = clean[onset : end + 1] - clean[onset]
        first, foot = beat[:, LEADS.index("I")].sum(), beat[:, LEADS.index("aVF")].sum()
        angles.append(np.arctan2(2 / np.sqrt(3) * foot, first))
    if len(angles) < _FEWEST:
        return Spread(beats=len(angles))
    middle = np.angle(np.exp(1j * np.array(angles)).mean())
    turned = np.angle(np.exp(1j * (np.array(angles) - middle)))
    degrees = (np.degrees(middle + np.median(turned)) + 180) % 360 - 180
    return Spread(round(float(degrees), 1), _spread(np.degrees(turned)).iqr_beats, None, len(angles))
