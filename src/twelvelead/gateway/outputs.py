"""Which files a report becomes, for which destination."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from twelvelead.exchange import dicom_pdf, dicom_sr, fhir, oru
from twelvelead.exchange.report import Report
from twelvelead.gateway.settings import DicomDestination, FhirDestination, Hl7Destination


@dataclass(frozen=True)
class Output:
    """One file of a report.

    Attributes:
        destination: name of where it goes.
        suffix: of its name: "sr.dcm", "pdf.dcm", "fhir.json" or "oru.hl7".
        pdf: whether the page is in it.
        sender, receiver: of a message, MSH-3 to 6.
    """

    destination: str
    suffix: str
    pdf: bool
    sender: tuple[str, str] = ("", "")
    receiver: tuple[str, str] = ("", "")

    @property
    def media_type(self) -> str:
        return _MEDIA[self.suffix]

    def without_page(self) -> "Output":
        """The same without the page."""
        return replace(self, pdf=False)

    def name(self, label: str) -> str:
        """Of the attachment that it is kept as.

        Args:
            label: of the report's version.
        """
        return f"{self.destination}-{label}.{self.suffix}"


_MEDIA = {
    "sr.dcm": "application/dicom",
    "pdf.dcm": "application/dicom",
    "fhir.json": "application/fhir+json",
    "oru.hl7": "application/hl7-v2",
}


def outputs_for(destinations: Iterable[Any], *, signed: bool) -> tuple[Output, ...]:
    """The files of a report, in the order in which they go.

    Args:
        destinations: of the settings.
        signed: whether a reader has signed it.
    """
    found: list[Output] = []
    for each in destinations:
        if each.only_signed and not signed:
            continue
        match each:
            case DicomDestination():
                found += [Output(each.name, "sr.dcm", False)] * each.sr
                found += [Output(each.name, "pdf.dcm", True)] * each.pdf
            case FhirDestination():
                found.append(Output(each.name, "fhir.json", each.pdf))
            case Hl7Destination():
                found.append(Output(each.name, "oru.hl7", each.pdf, each.sender, each.receiver))
    return tuple(found)


def write(output: Output, report: Report, original: bytes) -> bytes:
    """The bytes of a file.

    Args:
        output: which.
        report: with its page, where any output has it.
        original: bytes of the recording's first file.
    """
    shown = report if output.pdf else replace(report, page=None)
    return _WRITERS[output.suffix](output, shown, original)


_WRITERS: dict[str, Callable[[Output, Report, bytes], bytes]] = {
    "sr.dcm": lambda output, report, original: dicom_sr.write(report, original),
    "pdf.dcm": lambda output, report, original: dicom_pdf.write(report, original),
    "fhir.json": lambda output, report, original: json.dumps(fhir.bundle(report), ensure_ascii=False).encode(),
    "oru.hl7": lambda output, report, original: oru.message(report, sender=output.sender, receiver=output.receiver),
}
