"""Where the heart beats, by agreement of the leads, and the median beat.

Each lead's QRS band is set to the size of that lead's own beats and cut off there, so that a spike, a jump or noise in
one lead has one lead's say; a beat is where the leads agree. What follows a beat at once and is smaller is its T wave.
"""

import weakref
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.clean import RATE, Clean, clean
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG

NO_QRS = "no QRS found: noise, or no beat; look at the patient"
LOWEST_RATE = 60.0
"""In Hz: below it a recording does not hold the QRS band."""
LONGEST = 60.0
"""In s: of a longer recording the beginning is examined, so that the cost is bounded; it is what is drawn first."""
SHORTEST = 1.5
"""In s: what is shorter is not examined."""

_ASKED = [LEADS.index(lead) for lead in ("I", "II", "III", "V1", "V2", "V3", "V4", "V5", "V6")]
"""The augmented leads follow from the limb leads, and would count a loose limb electrode twice."""
_FLAT_MV = 0.02  # of the QRS band: lower than any beat that could be measured
_UNSTEADY_MV = 10.0
"""All that the ±5 mV input range of IEC 60601-2-25 holds."""
_CONTRAST = (4.0, 8.0)
"""Size of a lead's beats over its quiet level: noise alone has 3.4 (Rayleigh), the cardiologists' LUDB 8 and more."""
_ENOUGH = 0.35
"""Of the usual height of agreement, where a beat begins to count."""
_APART = 0.2  # s: two ventricular activations are not nearer
_T_WAVE = (0.4, 0.5)  # s after a beat, and below this share of its height: its T wave
_P_WAVE = (0.3, 0.6)  # s before a beat, and below this share of its height: its P wave, or what paces the atria
_EDGE = 0.06  # s: what is cut off there is no beat to be counted
_CENTRE = 0.1  # s on either side
_AROUND = 0.12  # s on either side of a beat, that it is compared by
_SHIFT = 0.04  # s, that two beats are moved against each other at most
_ALIKE = 0.85  # correlation, of one shape
_REPEATED = 0.75  # correlation with the most similar other beat, median over beats
_VOICES = 3.0
_USUAL = 0.5
"""No QRS is found where fewer leads have a say, their agreement is usually lower, or beats are less alike. Of 600 real
recordings the least has 7.8 leads, 0.69 and 0.87; noise of many kinds, common to all leads or not, falls short of one
of the three."""
_COARSE, _FINE = 5, 2  # samples: beats are compared at 100 Hz and laid on each other at 250 Hz


@dataclass(frozen=True)
class Beats:
    """The beats of one recording.

    Attributes:
        times: [beats] float64, s: one instant within each QRS complex, the same in all beats of one shape.
        dominant: [beats] bool: whether a beat is of the shape that most have; ectopic and disturbed ones are not, nor
            those of which the recording does not hold all.
        left_out: lead -> why it has no say: "invalid samples", "flat", "baseline moves by 17 mV", "no clear QRS".
        cleaned: the signal that all this was found in.
    """

    times: NDArray[np.float64]
    dominant: NDArray[np.bool_]
    left_out: dict[str, str]
    cleaned: Clean

    @property
    def used(self) -> tuple[str, ...]:
        """The leads that have a say, in our order."""
        return tuple(lead for lead in LEADS if lead not in self.left_out)

    def windows(self, before: float, after: float, step: int = 1) -> NDArray[np.float64]:
        """Each dominant beat that the recording holds whole, cut from the cleaned signal.

        Args:
            before, after: s before and after the beat's instant.
            step: every how many samples of `cleaned.rate`; 5 gives 100 Hz.

        Returns:
            [beats, samples, 12] mV, the instant at sample round(before * rate / step); possibly no beat.
        """
        return cut(self.cleaned, self.times[self.dominant], before, after, step)

    def median_beat(self, before: float = 0.3, after: float = 0.5, step: int = 1) -> NDArray[np.float64] | None:
        """The median over `windows`, [samples, 12] mV, leads in our order; None where there is no beat. Leads that were
        left out are in it too, those with invalid samples as 0."""
        windows = self.windows(before, after, step)
        return middle(windows) if len(windows) else None


def cut(cleaned: Clean, times: NDArray[np.float64], before: float, after: float, step: int = 1) -> NDArray[np.float64]:
    """Windows around `times`, s, of those that the recording holds whole: [windows, samples, 12] mV."""
    first, last = -round(before * cleaned.rate / step), round(after * cleaned.rate / step)
    places = np.rint(times * cleaned.rate).astype(int)
    inside = (places + first * step >= 0) & (places + last * step < len(cleaned.signal))
    windows: NDArray[np.float64] = cleaned.signal[places[inside, None] + np.arange(first, last + 1) * step]
    return windows


_last: tuple[weakref.ref[ECG], Beats] | None = None


def beats_of(ecg: ECG) -> Beats:
    """What `find_beats` finds in a recording's first `LONGEST` s. The last one is remembered: the gate and measuring
    ask for the same.

    Args:
        ecg: twelve leads in our order (`ECG.twelve`), mV, at any rate, of any length.
    """
    global _last
    known = _last
    if known is not None and known[0]() is ecg:
        return known[1]
    found = find_beats(replace(ecg, signal=ecg.signal[: round(LONGEST * ecg.sampling_rate)]))
    _last = weakref.ref(ecg), found
    return found


def ranked(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The value below which a share of them lies, over the first axis, without interpolation."""
    place = round(share * (len(values) - 1))
    found: NDArray[np.float64] = np.partition(values, place, axis=0)[place]
    return found


def extreme_over(extreme: np.ufunc, values: NDArray[Any], width: int) -> NDArray[Any]:
    """The extreme, `np.minimum` or `np.maximum`, of each `width` neighbours along the last axis, which `width - 1`
    places are lost of; by doubling, in a few passes."""
    done = 1
    while done < width:
        step = min(done, width - done)
        values = extreme(values[..., :-step], values[..., step:])
        done += step
    return values


def middle(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median over the first axis, of at least one window; several times faster than NumPy's."""
    in_order = np.sort(windows.reshape(len(windows), -1).T, axis=1)
    half: NDArray[np.float64] = (in_order[:, (len(windows) - 1) // 2] + in_order[:, len(windows) // 2]) / 2
    return half.reshape(windows.shape[1:])


def find_beats(ecg: ECG) -> Beats:
    """Find the QRS complexes of a recording.

    Args:
        ecg: twelve leads in our order (`ECG.twelve`), mV, at `LOWEST_RATE` or more, of any length; cost grows with it.

    Returns:
        No beats where nothing repeats itself over the leads (`NO_QRS`), or the recording is too short or too slow.
    """
    cleaned = clean(ecg)
    if ecg.sampling_rate < LOWEST_RATE or ecg.duration < SHORTEST:
        return Beats(np.empty(0), np.empty(0, bool), {}, cleaned)
    size, contrast = _sizes(cleaned)
    left_out = _left_out(cleaned, size, contrast)
    say = np.clip((contrast - _CONTRAST[0]) / (_CONTRAST[1] - _CONTRAST[0]), 0, 1)
    say[[LEADS.index(lead) for lead in left_out]] = 0
    times = _agreed(cleaned, size, say)
    times, dominant = _compared(cleaned, times, size, say)
    return Beats(times, dominant, left_out, cleaned)


def _sizes(cleaned: Clean) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[12] mV: how high the envelope of a lead's beats usually is, and how many times its quiet level that is."""
    envelope, second = cleaned.envelope, round(cleaned.envelope_rate)
    count = len(envelope) // second
    highest = envelope[: count * second].reshape(count, second, len(LEADS)).max(axis=1)
    size = ranked(highest, 0.75)
    return size, size / np.maximum(ranked(envelope, 0.25), 1e-4)


def _left_out(cleaned: Clean, size: NDArray[np.float64], contrast: NDArray[np.float64]) -> dict[str, str]:
    reasons = {}
    for lead, name in enumerate(LEADS):
        if not cleaned.whole[lead]:
            reasons[name] = "invalid samples"
        elif size[lead] < _FLAT_MV:
            reasons[name] = "flat"
        elif cleaned.baseline[lead] > _UNSTEADY_MV:
            reasons[name] = f"baseline moves by {cleaned.baseline[lead]:.0f} mV"
        elif contrast[lead] < _CONTRAST[0]:
            reasons[name] = "no clear QRS"
    return reasons


def _agreed(cleaned: Clean, size: NDArray[np.float64], say: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times at which the leads agree on a beat, s."""
    asked = [lead for lead in _ASKED if say[lead] > 0]
    if say[asked].sum() < _VOICES:
        return np.empty(0)
    rate = cleaned.envelope_rate
    share = np.minimum(cleaned.envelope[:, asked] / size[asked], 1)
    agreement = share @ (say[asked] / say[asked].sum())
    apart = round(_APART * rate)
    places = _peaks(agreement, apart)
    second = round(rate)
    count = len(agreement) // second
    usual = float(ranked(agreement[: count * second].reshape(count, second).max(axis=1), 0.75))
    if usual < _USUAL:
        return np.empty(0)
    edge = round(_EDGE * rate)
    places = places[(agreement[places] > _ENOUGH * usual) & (places >= edge) & (places < len(agreement) - edge)]
    kept: list[tuple[int, float]] = []
    for place, height in zip(places.tolist(), agreement[places].tolist(), strict=True):
        if kept and place - kept[-1][0] < _T_WAVE[0] * rate and height < _T_WAVE[1] * kept[-1][1]:
            continue
        while kept and place - kept[-1][0] < _P_WAVE[0] * rate and kept[-1][1] < _P_WAVE[1] * height:
            kept.pop()
        kept.append((place, height))
    return _centres(agreement, [place for place, _ in kept], round(_CENTRE * rate)) / rate


def _centres(agreement: NDArray[np.float64], places: list[int], reach: int) -> NDArray[np.float64]:
    """Centres of gravity around the places, which are steadier than peaks where these are cut off level."""
    steps = np.arange(-reach, reach + 1)
    beyond = np.zeros(reach)
    weight = np.concatenate([beyond, agreement, beyond])[np.array(places, int)[:, None] + steps + reach] ** 2
    centres: NDArray[np.float64] = np.array(places) + (weight @ steps) / weight.sum(axis=1)
    return centres


def _peaks(values: NDArray[np.float64], apart: int) -> NDArray[np.int64]:
    """Places that nothing within `apart` exceeds."""
    beyond = np.full(apart, -np.inf)
    highest = extreme_over(np.maximum, np.concatenate([beyond, values, beyond]), 2 * apart + 1)
    places = np.flatnonzero(values == highest)
    return places[np.concatenate([[True], np.diff(places) > apart])] if len(places) else places


def _compared(
    cleaned: Clean, times: NDArray[np.float64], size: NDArray[np.float64], say: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Times moved so that beats of the dominant shape lie on each other, and which are of it; no times where no beat
    is like another."""
    held = _held(cleaned, times, _AROUND + _SHIFT)
    if held.sum() < 2:
        return np.empty(0), np.empty(0, bool)
    leads = [lead for lead in _ASKED if say[lead] > 0]
    weight = say / np.maximum(size, _FLAT_MV)
    windows = cut(cleaned, times[held], _AROUND + _SHIFT, _AROUND + _SHIFT, _COARSE)[:, :, leads] * weight[leads]
    alike = _similarity(windows, round(_SHIFT * cleaned.rate / _COARSE))
    others = alike - 2 * np.eye(len(alike))
    if middle(others.max(axis=1)[:, None]) < _REPEATED:
        return np.empty(0), np.empty(0, bool)
    before = (times - np.concatenate([times[:1], times[:-1]]))[held]
    members = alike > _ALIKE
    counts = members.sum(axis=1)
    waited = (members * before).sum(axis=1) / counts
    # of two shapes in turn, as in bigeminy, the ectopic one comes early
    chosen = members[np.where(counts >= counts.max() - 1, waited, -1).argmax()]
    dominant = np.zeros(len(times), bool)
    dominant[np.flatnonzero(held)[chosen]] = True
    moved = times.copy()
    moved[dominant] += _offsets(cleaned, times[dominant], leads, weight)
    return moved, dominant


def _similarity(windows: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    """[beats, beats] highest correlation of windows [beats, samples, leads] moved by up to `shift` samples; where all
    exceed `_ALIKE` unmoved, those."""
    beats, samples, leads = windows.shape
    length = samples - 2 * shift
    flat = np.ascontiguousarray(windows).reshape(beats, -1)
    mean = _sums(windows, length) / length
    power = _sums(np.einsum("bsl,bsl->bs", windows, windows), length) - length * np.einsum("bsl,bsl->bs", mean, mean)
    size = np.sqrt(np.maximum(power, 1e-18))
    unmoved = (windows[:, shift : shift + length] - mean[:, shift : shift + 1]).reshape(beats, -1)
    unmoved /= size[:, shift : shift + 1]

    def against(start: int) -> NDArray[np.float64]:
        # what was centred needs no centred partner
        moved: NDArray[np.float64] = unmoved @ flat[:, start * leads : (start + length) * leads].T / size[:, start]
        return moved

    alike = against(shift)
    if alike.min() <= _ALIKE:
        alike = np.max([against(start) for start in range(2 * shift + 1)], axis=0)
    either: NDArray[np.float64] = np.maximum(alike, alike.T)
    return either


def _sums(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Of each `length` neighbours along axis 1."""
    total = np.cumsum(values, axis=1)
    sums = total[:, length - 1 :].copy()
    sums[:, 1:] -= total[:, :-length]
    return sums


def _offsets(
    cleaned: Clean, times: NDArray[np.float64], leads: list[int], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[beats] s, by which each has to move to lie best on their median."""
    shift = round(_SHIFT * cleaned.rate / _FINE)
    windows = cut(cleaned, times, _AROUND + _SHIFT, _AROUND + _SHIFT, _FINE)[:, :, leads] * weight[leads]
    length = windows.shape[1] - 2 * shift
    template = middle(windows[:, shift : shift + length])
    template -= template.mean(axis=0)
    flat, width = np.ascontiguousarray(windows).reshape(len(windows), -1), len(leads)
    fits = [flat[:, start * width : (start + length) * width] @ template.ravel() for start in range(2 * shift + 1)]
    offsets = np.argmax(fits, axis=0)
    usual = int(middle(offsets[:, None].astype(np.float64))[0])
    moved: NDArray[np.float64] = (offsets - usual) * (_FINE / cleaned.rate)
    return moved


def _held(cleaned: Clean, times: NDArray[np.float64], reach: float) -> NDArray[np.bool_]:
    """Whether the recording holds a beat from `reach` s before it to as much after."""
    return (times >= reach) & (times < len(cleaned.signal) / cleaned.rate - reach - 1 / RATE)
