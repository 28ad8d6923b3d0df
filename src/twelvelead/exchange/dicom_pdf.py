"""The page as a DICOM Encapsulated PDF (PS3.3 section A.45.1), in the study of the recording."""

from twelvelead.errors import TwelveLeadError
from twelvelead.exchange import codes
from twelvelead.exchange.content import content_of
from twelvelead.exchange.dicom import begin, encode, origin_of, recorded
from twelvelead.exchange.ids import version_uid
from twelvelead.exchange.report import Report
from twelvelead.exchange.tree import add_code, referenced

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
KIND = "PDF"


def write(report: Report, original: bytes | None = None) -> bytes:
    """The file of a report's page.

    Args:
        report: with its page.
        original: the bytes of the input, where it is DICOM: its study is this one's, and it is named as the source.

    Raises:
        TwelveLeadError: the report has no page.
    """
    if report.page is None:
        raise TwelveLeadError("the report has no page to encapsulate; draw it as PDF first")
    origin = origin_of(original)
    new = begin(
        report,
        origin,
        sop_class=ENCAPSULATED_PDF,
        instance=version_uid(report, KIND),
        modality="DOC",
        series="ECG page; decision aid, not a medical device",
    )
    new.ConversionType = "WSD"
    new.AcquisitionDateTime = "".join(recorded(report))
    new.BurnedInAnnotation = "NO" if report.identity is None else "YES"
    overall = content_of(report).overall
    said = "" if overall is None else f", {codes.OVERALL[overall].meaning}"
    new.DocumentTitle = f"ECG report, {report.status}{said}; decision aid, not a medical device"
    add_code(new, "ConceptNameCodeSequence", codes.ECG_REPORT)
    new.VerificationFlag = "VERIFIED" if report.signed is not None and report.signed.authenticated else "UNVERIFIED"
    if origin.citable:
        new.SourceInstanceSequence = [referenced(origin.sop_class, origin.instance)]
    new.MIMETypeOfEncapsulatedDocument = "application/pdf"
    new.EncapsulatedDocument = report.page + b"\0" * (len(report.page) % 2)
    new.EncapsulatedDocumentLength = len(report.page)
    return encode(new)
