"""What a caller asks of a reader."""

from dataclasses import dataclass
from math import isfinite

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError
from twelvelead.readers.units import units_per_millivolt


@dataclass(frozen=True)
class Request:
    """How recordings are to be read; see `twelvelead.readers.read`.

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

    def find_fault(self) -> str | None:
        """What no recording could be read with, as a clause; None where there is nothing."""
        if self.sampling_rate is not None and not 0 < self.sampling_rate < float("inf"):
            return f"a sampling rate of {self.sampling_rate:g} Hz cannot be; give it in Hz, as in --sampling-rate 500"
        if self.scale is not None and not (isfinite(self.scale) and self.scale > 0):
            return f"a scale of {self.scale:g} cannot be; give the microvolts of one step, as in --scale 4.88"
        if self.unit is not None and units_per_millivolt(self.unit) is None:
            return f"{self.unit[:20]!r} is no unit of voltage; give mV, uV or V, as in --unit mV"
        return None


def require_possible(sampling_rate: float | None, unit: str | None, scale: float | None) -> None:
    """See that recordings can be read with these, before many are.

    Raises:
        TwelveLeadError: none can.
    """
    fault = Request(sampling_rate=sampling_rate, unit=unit, scale=scale).find_fault()
    if fault:
        raise TwelveLeadError(fault)
