"""What a caller asks of a reader."""

from dataclasses import dataclass

from twelvelead.ecg.leads import LEADS


@dataclass(frozen=True)
class Request:
    """How a recording is to be read; see `twelvelead.readers.read`, which checks it.

    Attributes:
        leads: which, our spelling, in which order; None for all as stored.
        sampling_rate: in Hz, where the file states none.
        unit: of voltage, where the file states none.
        scale: microvolts a step, in place of whatever the file states.
        identify: whether the patient's identity is wanted.
        variable: the name of the matrix that is meant, where a file holds several.
        time_unit: of the time column of a table that states none, one of `time_column.UNITS`.
    """

    leads: tuple[str, ...] | None = LEADS
    sampling_rate: float | None = None
    unit: str | None = None
    scale: float | None = None
    identify: bool = False
    variable: str | None = None
    time_unit: str | None = None
