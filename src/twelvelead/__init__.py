"""Reads a 12-lead clinical ECG and predicts NORM, MI, STTC, CD and HYP. A decision aid, not a medical device.

ecg = twelvelead.read("recording.dcm")               an ECG in millivolts
interpretation = twelvelead.load().predict(ecg)      calibrated probabilities, decisions, what to mind
interpretation.to_dict()                             what `twelvelead interpret --json` prints, but for the reading
twelvelead.compose(interpretation).text              the reading: what it shows, in words
twelvelead.draw(interpretation, "page.pdf")          the page, to scale; also of an ECG alone
twelvelead.measure(ecg)                              heart rate, intervals, axis
twelvelead.export(twelvelead.Report.of(…), "fhir")   a report for a hospital's systems; also HL7 v2 and DICOM
"""

from typing import TYPE_CHECKING, Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import MissingExtra, Refused, TwelveLeadError, Unreadable
from twelvelead.version import __version__

if TYPE_CHECKING:
    from twelvelead.data.arrays import store
    from twelvelead.ecg.measure import measure
    from twelvelead.exchange.forms import export
    from twelvelead.exchange.report import Report
    from twelvelead.inference.engine import Engine, load
    from twelvelead.inference.failure import describe_error
    from twelvelead.inference.interpretation import Interpretation
    from twelvelead.output.picture import draw
    from twelvelead.readers import read
    from twelvelead.reading.compose import compose
    from twelvelead.reading.reading import Reading

_LATER = {
    "Engine": "twelvelead.inference.engine",
    "Interpretation": "twelvelead.inference.interpretation",
    "Reading": "twelvelead.reading.reading",
    "Report": "twelvelead.exchange.report",
    "compose": "twelvelead.reading.compose",
    "describe_error": "twelvelead.inference.failure",
    "draw": "twelvelead.output.picture",
    "export": "twelvelead.exchange.forms",
    "load": "twelvelead.inference.engine",
    "measure": "twelvelead.ecg.measure",
    "read": "twelvelead.readers",
    "store": "twelvelead.data.arrays",
}

__all__ = [
    "ECG",
    "Engine",
    "Interpretation",
    "MissingExtra",
    "Reading",
    "Refused",
    "Report",
    "TwelveLeadError",
    "Unreadable",
    "__version__",
    "compose",
    "describe_error",
    "draw",
    "export",
    "load",
    "measure",
    "read",
    "store",
]


def __getattr__(name: str) -> Any:
    # What needs more than NumPy is imported when it is first asked for, so that `import twelvelead` stays light.
    if name not in _LATER:
        raise AttributeError(f"module 'twelvelead' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
