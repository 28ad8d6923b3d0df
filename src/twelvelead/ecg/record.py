"""One recording."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, choose_leads

Sex = Literal["male", "female"]


@dataclass(frozen=True, eq=False)
class ECG:
    """One ECG recording: the original signal and what is known of it.

    Attributes:
        signal: [samples, leads] float32, mV; NaN where the file marks a sample as invalid.
        sampling_rate: in Hz.
        leads: names of the columns, our spelling where the lead is one of the twelve.
        age: in years, None where unknown.
        sex: "male", "female", or None where unknown.
        source: the file it came from, for messages.
    """

    signal: NDArray[np.float32]
    sampling_rate: float
    leads: tuple[str, ...] = LEADS
    age: float | None = None
    sex: Sex | None = None
    source: str = "ECG"

    def __post_init__(self) -> None:
        if self.signal.ndim != 2 or self.signal.shape[1] != len(self.leads):
            raise ValueError(
                f"{self.source}: signal has shape {self.signal.shape} for {len(self.leads)} leads; "
                "it has to be [samples, leads]"
            )
        if not (np.isfinite(self.sampling_rate) and self.sampling_rate > 0):
            raise ValueError(f"{self.source}: sampling rate is {self.sampling_rate} Hz; it has to be above 0")

    @property
    def duration(self) -> float:
        """In seconds."""
        return float(self.signal.shape[0] / self.sampling_rate)

    @property
    def features(self) -> NDArray[np.float32]:
        """[2] float32: age in years, sex (0 male, 1 female), NaN where unknown; what the models take."""
        age = np.nan if self.age is None else self.age
        sex = np.nan if self.sex is None else float(self.sex == "female")
        return np.array([age, sex], np.float32)

    def select(self, leads: tuple[str, ...]) -> "ECG":
        """The same recording with these leads in this order; missing limb leads follow from two others.

        Raises:
            Refused: leads are missing that algebra cannot give.
        """
        if leads == self.leads:
            return self
        return replace(self, signal=choose_leads(self.signal, self.leads, leads, self.source), leads=leads)

    def twelve(self) -> "ECG":
        """The same recording with the twelve leads in our order (see `select`)."""
        return self.select(LEADS)

    def resampled(self, sampling_rate: float) -> "ECG":
        """The same recording at another rate, in Hz (see `twelvelead.ecg.resample.resample`)."""
        if sampling_rate == self.sampling_rate:
            return self
        from twelvelead.ecg.resample import resample

        return replace(
            self, signal=resample(self.signal, self.sampling_rate, sampling_rate), sampling_rate=sampling_rate
        )
