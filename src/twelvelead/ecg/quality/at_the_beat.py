"""What the beats show: that there are none, a gain that is wrong, and a recording that is misread."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.beats import NO_QRS, beats_of
from twelvelead.ecg.finding import Finding
from twelvelead.ecg.quality.electrodes import on_the_right_leg
from twelvelead.ecg.quality.fitted import FITTED
from twelvelead.ecg.quality.measures import Measures
from twelvelead.ecg.quality.misreadings import CENTRE, misread
from twelvelead.ecg.record import ECG

QRS = slice(CENTRE - 12, CENTRE + 13)
"""Samples of the median beat, at 100 Hz, within 0.12 s of its centre."""

_COARSE = 5  # samples of the beats' 500 Hz
_SMALLEST = 2  # leads that do not count
_FLOOR = 0.02  # mV, added to a lead's size


def at_the_beat(ecg: ECG, measures: Measures) -> Iterator[Finding]:
    """What the beats of twelve leads in our order show."""
    beat = median_beat(ecg)
    if beat is None:
        yield Finding("no-qrs", "warn", NO_QRS)
        return
    for finding in (gain(beat), on_the_right_leg(measures) or misread(beat)):
        if finding:
            yield finding


def median_beat(ecg: ECG) -> NDArray[np.float64] | None:
    """[12, 2 CENTRE + 1] mV at 100 Hz, of twelve leads in our order; None where no beat is found."""
    beat = beats_of(ecg).median_beat(CENTRE / 100, CENTRE / 100, _COARSE)
    return None if beat is None else beat.T


def gain(beat: NDArray[np.float64]) -> Finding | None:
    """A QRS complex far smaller or larger than PTB-XL has it.

    Args:
        beat: [12, samples] mV, at 100 Hz.
    """
    size = qrs_size(beat)
    low, high = FITTED["qrs_mv"]
    if low <= size <= high:
        return None
    message = (
        f"QRS complexes of {size:.2g} mV (geometric mean over leads; {low:.2g} to {high:.2g} mV are usual): the "
        "gain or the unit is probably wrong; check it before anything else"
    )
    return Finding("gain", "warn", message, {"qrs": size, "low": float(low), "high": float(high)})


def qrs_size(beat: NDArray[np.float64]) -> float:
    """Geometric mean of what the ten largest leads span in the QRS complex of [12, samples] mV, at 100 Hz: a limb lead
    may well be flat, and two are where an electrode is on the wrong leg."""
    size = np.log(np.ptp(beat[:, QRS], axis=1) + _FLOOR)
    return float(np.exp(np.sort(size)[_SMALLEST:].mean()))
