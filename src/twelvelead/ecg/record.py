"""One recording."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS, choose_leads

Sex = Literal["male", "female"]


@dataclass(frozen=True)
class Identity:
    """Whose recording it is, as far as the file says.

    Attributes:
        patient_id: as written.
        issuer: who gave the id.
        name: family^given^middle^prefix^suffix, as DICOM writes it; where a file does not tell them apart, as written.
        birth_date: None where unknown.
        order: number of the order or the accession.
        study: DICOM's StudyInstanceUID.
        encounter: number of the visit or the admission.
    """

    patient_id: str | None = None
    issuer: str | None = None
    name: str | None = None
    birth_date: date | None = None
    order: str | None = None
    study: str | None = None
    encounter: str | None = None


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
        findings: what its reader noticed.
        device: what recorded it, maker and model; None where unknown.
        filters: of the acquisition, in words, as in "0.05-150 Hz, notch 50 Hz"; None where unknown.
        recorded: when it was recorded, as local time without a zone or as the file's text where that is no time; None
            where unknown. It may identify a patient: nothing shows it unasked.
        sha256: of the file's bytes, hexadecimal; of a WFDB record over its header and signal files in the header's
            order; None for what came from no file.
        identity: None unless it was asked for.
    """

    signal: NDArray[np.float32]
    sampling_rate: float
    leads: tuple[str, ...] = LEADS
    age: float | None = None
    sex: Sex | None = None
    source: str = "ECG"
    findings: tuple[Finding, ...] = ()
    device: str | None = None
    filters: str | None = None
    recorded: datetime | str | None = field(default=None, repr=False)
    sha256: str | None = None
    identity: Identity | None = field(default=None, repr=False)

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
