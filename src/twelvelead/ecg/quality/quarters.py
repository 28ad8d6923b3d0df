"""The lowest and the highest sample of each lead in each quarter of a second: what several rules ask for, and what
tells cheaply that others need not look closer."""

from typing import NamedTuple

import numpy as np

from twelvelead.ecg.quality.measures import Voltage

_LARGEST = np.float32(1e9)  # mV; the difference of what is larger may be infinite


class Quarters(NamedTuple):
    """Quarters of a second of one recording; a rest at the end goes uncounted.

    Attributes:
        lowest, highest: [leads, quarters] mV, within 1e9.
        samples: of a quarter, two at least where the recording has them.
    """

    lowest: Voltage
    highest: Voltage
    samples: int

    @property
    def spans(self) -> Voltage:
        """[leads, quarters] mV from the lowest to the highest."""
        return self.highest - self.lowest


def quarters_of(voltage: Voltage, rate: float) -> Quarters:
    """The quarters of a second of [leads, samples] mV, one sample at least; what is not finite counts as 0."""
    samples = min(max(2, round(rate / 4)), voltage.shape[1])
    finite = np.isfinite(voltage)
    known = voltage if finite.all() else np.where(finite, voltage, np.float32(0))
    count = voltage.shape[1] // samples
    starts, whole = np.arange(count) * samples, known[:, : count * samples]
    lowest, highest = (extreme.reduceat(whole, starts, axis=1) for extreme in (np.minimum, np.maximum))
    return Quarters(np.maximum(lowest, -_LARGEST), np.minimum(highest, _LARGEST), samples)
