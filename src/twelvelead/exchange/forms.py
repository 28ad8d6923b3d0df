"""The standards by name, for whoever writes or sends a report."""

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from twelvelead.errors import MissingExtra, TwelveLeadError
from twelvelead.exchange.report import Report


class Form(NamedTuple):
    """A standard; its module, which has its name, has `write(report, original)`.

    Attributes:
        suffix: of its files.
        media_type: of its files.
        page: whether it holds the page.
    """

    suffix: str
    media_type: str
    page: bool


FORMS = {
    "dicom-sr": Form("sr.dcm", "application/dicom", False),
    "dicom-pdf": Form("pdf.dcm", "application/dicom", True),
    "fhir": Form("fhir.json", "application/fhir+json", True),
    "oru": Form("oru.hl7", "x-application/hl7-v2+er7", True),
}


def export(report: Report, form: str, original: bytes | None = None) -> bytes:
    """A report in a standard.

    Args:
        report: to write.
        form: one of `FORMS`.
        original: the bytes of the input where it is DICOM, for the DICOM forms: they stand in its study and cite it.

    Raises:
        TwelveLeadError: there is no such form, or an encapsulated PDF is asked for and the report has no page.
        MissingExtra: a DICOM form without the extra [hospital].
    """
    written: bytes = standard(form).write(report, original)
    return written


def standard(form: str) -> ModuleType:
    """The module of a form.

    Raises:
        TwelveLeadError, MissingExtra: see `export`.
    """
    if form not in FORMS:
        raise TwelveLeadError(f"there is no form {form}; choose one of {', '.join(FORMS)}")
    try:
        return import_module(f"twelvelead.exchange.{form.replace('-', '_')}")
    except ModuleNotFoundError:
        raise MissingExtra("Writing DICOM", "hospital") from None
