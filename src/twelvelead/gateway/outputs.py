"""Which files a report becomes, for which destination."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from twelvelead.exchange import oru
from twelvelead.exchange.forms import FORMS, export
from twelvelead.exchange.report import Report
from twelvelead.gateway.settings import Destination, DicomDestination, FhirDestination, Hl7Destination


@dataclass(frozen=True)
class Output:
    """One file of a report.

    Attributes:
        destination: name of where it goes.
        form: of `twelvelead.exchange.forms.FORMS`.
        page: whether the page is in it.
        sender, receiver: of a message, MSH-3 to 6.
    """

    destination: str
    form: str
    page: bool
    sender: tuple[str, str] = ("", "")
    receiver: tuple[str, str] = ("", "")

    @property
    def media_type(self) -> str:
        """Of the file."""
        return FORMS[self.form].media_type

    def name(self, label: str) -> str:
        """Of the attachment that it is kept as.

        Args:
            label: of the report's version.
        """
        return f"{self.destination}-{label}.{FORMS[self.form].suffix}"

    def write(self, report: Report, original: bytes) -> bytes:
        """The bytes of the file.

        Args:
            report: with its page, where any output has it.
            original: bytes of the recording's first file.
        """
        shown = report if self.page else replace(report, page=None)
        if self.form == "oru":
            return oru.message(shown, sender=self.sender, receiver=self.receiver)
        return export(shown, self.form, original)


def outputs_for(destinations: Iterable[Destination], *, signed: bool) -> tuple[Output, ...]:
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
                found += [Output(each.name, "dicom-sr", False)] * each.sr
                found += [Output(each.name, "dicom-pdf", True)] * each.pdf
            case FhirDestination():
                found.append(Output(each.name, "fhir", each.pdf))
            case Hl7Destination():
                found.append(Output(each.name, "oru", each.pdf, each.sender, each.receiver))
    return tuple(found)
