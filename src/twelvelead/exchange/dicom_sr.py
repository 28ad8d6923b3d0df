"""DICOM structured report of an ECG by TID 3700 (PS3.16).

An Enhanced SR (PS3.3 section A.35.2): the template needs numbers, codes and a waveform, all by value, which Basic Text
SR cannot hold; nothing in it is by reference, for which a Comprehensive SR would be needed.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from twelvelead.exchange import codes
from twelvelead.exchange.codes import Code
from twelvelead.exchange.content import Content, Finding, Measured, content_of
from twelvelead.exchange.dicom import Origin, begin, clock, encode, name, origin_of, recorded, text
from twelvelead.exchange.ids import STATEMENTS, replaced_uid, uid_of, version_uid
from twelvelead.exchange.report import Report
from twelvelead.exchange.tree import (
    coded,
    container,
    instant,
    number,
    person,
    reference,
    referenced,
    waveform,
    words,
)

ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
KIND = "SR"

BEATS_PER_MINUTE = Code("{H.B.}/min", "UCUM", "BPM")
"""As TID 3713 has it."""

_UNKNOWN = Code("114010", "DCM", "Value unknown")
_FAILED = Code("114006", "DCM", "Measurement failure")
_NOT_TRIED = Code("114007", "DCM", "Measurement not attempted")
_FINDING = Code("271921002", "SCT", "ECG Finding")
_MEANING = Code("121051", "DCM", "Equivalent Meaning of Value")
_OTHER_NAME = Code("121050", "DCM", "Equivalent Meaning of Concept Name")
_PROBABILITY = Code("122157", "DCM", "Probability")
_COMMENT = Code("121106", "DCM", "Comment")
_PERCENT = Code("%", "UCUM", "%")
_SUMMARY = Code("55112-7", "LN", "Summary")
_LANGUAGES = {"en": "English", "de": "German", "es": "Spanish"}


def write(report: Report, original: bytes | None = None) -> bytes:
    """The file of a report.

    Args:
        report: to write.
        original: the bytes of the input, where it is DICOM: its study is this one's, and it is cited as evidence.
    """
    content, origin = content_of(report), origin_of(original)
    new = begin(
        report,
        origin,
        sop_class=ENHANCED_SR,
        instance=version_uid(report, KIND),
        modality="SR",
        series="ECG report; decision aid, not a medical device",
    )
    new.ReferencedPerformedProcedureStepSequence = []
    new.PerformedProcedureCodeSequence = []
    _state(new, report, origin)
    if origin.citable:
        new.CurrentRequestedProcedureEvidenceSequence = [_cited(origin, origin.sop_class, origin.instance)]
    scheme = Dataset()
    scheme.CodingSchemeDesignator, scheme.CodingSchemeUID = codes.OURS, STATEMENTS
    scheme.CodingSchemeName = "SCP-ECG statements as PTB-XL spells them, and terms of twelvelead"
    new.CodingSchemeIdentificationSequence = [scheme]
    root = container(codes.ECG_REPORT, _content(report, content, origin), "3700")
    del root.RelationshipType
    new.update(root)
    return encode(new)


def _state(new: Dataset, report: Report, origin: Origin) -> None:
    """Whether it is complete, preliminary, verified and by whom, and what it replaces."""
    signed = report.signed
    new.CompletionFlag = "COMPLETE"
    new.PreliminaryFlag = "PRELIMINARY" if signed is None else "FINAL"
    new.VerificationFlag = "UNVERIFIED"
    if signed is not None and signed.authenticated:
        new.VerificationFlag = "VERIFIED"
        observer = Dataset()
        observer.VerifyingObserverName = name(signed.author) or "-"
        observer.VerifyingObserverIdentificationCodeSequence = []
        observer.VerifyingOrganization = text(origin.stated.get("InstitutionName", ""), 64) or "not stated"
        observer.VerificationDateTime = clock(signed.at, report)
        new.VerifyingObserverSequence = [observer]
    replaced = replaced_uid(report, KIND)
    if replaced is not None:
        before = Origin(new.StudyInstanceUID, new.SeriesInstanceUID)
        new.PredecessorDocumentsSequence = [_cited(before, ENHANCED_SR, replaced)]


def _cited(where: Origin, sop_class: str, instance: str) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = where.series, [referenced(sop_class, instance)]
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = where.study, [series]
    return study


def _content(report: Report, content: Content, origin: Origin) -> Iterator[Dataset]:
    """Rows of TID 3700."""
    language = Code(content.language, "RFC5646", _LANGUAGES.get(content.language, content.language))
    yield coded(Code("121049", "DCM", "Language of Content Item and Descendants"), language, relation="HAS CONCEPT MOD")
    yield from _observers(report)
    twelve = Code("268400002", "SCT", "12-Lead ECG")
    yield coded(Code("121058", "DCM", "Procedure reported"), twelve, relation="HAS CONCEPT MOD")
    yield container(Code("121118", "DCM", "Patient Characteristics"), _person(report), "3704")
    description = Code("55111-9", "LN", "Current Procedure Descriptions")
    yield container(description, _recording(report, content, origin), "3708")
    measured = container(Code("122158", "DCM", "ECG Global Measurements"), _measurements(content), "3713")
    yield container(Code("122144", "DCM", "Quantitative Analysis"), [measured])
    yield container(Code("122145", "DCM", "Qualitative Analysis"), _findings(content), "3717")
    yield container(_SUMMARY, _summary(content), "3719")


def _observers(report: Report) -> Iterator[Dataset]:
    """TID 1002: the model, and the reader who signed."""
    model, product = report.answer["model"], report.answer["product"]
    kind = Code("121005", "DCM", "Observer Type")
    yield coded(kind, Code("121007", "DCM", "Device"), relation="HAS OBS CONTEXT")
    device = uid_of("device", product["version"], model["sha256"], model["contract_sha256"])
    yield reference(Code("121012", "DCM", "Device Observer UID"), device)
    for concept, value in (
        (Code("121013", "DCM", "Device Observer Name"), f"{product['name']} {product['version']}"),
        (Code("121014", "DCM", "Device Observer Manufacturer"), product["name"]),
        (Code("121015", "DCM", "Device Observer Model Name"), model["name"]),
    ):
        yield words(concept, value, "HAS OBS CONTEXT")
    if report.signed is not None:
        yield coded(kind, Code("121006", "DCM", "Person"), relation="HAS OBS CONTEXT")
        yield person(Code("121008", "DCM", "Person Observer Name"), report.signed.author)


def _person(report: Report) -> Iterator[Dataset]:
    """Rows of TID 3704: age and sex, as the model was told them."""
    age, sex = report.answer.get("age"), report.answer.get("sex")
    known = {"male": Code("M", "DCM", "Male"), "female": Code("F", "DCM", "Female")}
    yield number(Code("121033", "DCM", "Subject Age"), age, Code("a", "UCUM", "year"), missing=_UNKNOWN)
    yield coded(Code("121032", "DCM", "Subject Sex"), known.get(sex or "", Code("U", "DCM", "Unknown sex")))


def _recording(report: Report, content: Content, origin: Origin) -> Iterator[Dataset]:
    """Rows of TID 3708: what was interpreted, by which algorithm; and its quality."""
    if origin.citable:
        yield waveform(Code("121112", "DCM", "Source of Measurement"), origin.sop_class, origin.instance)
    if report.answer.get("device"):
        yield words(Code("122142", "DCM", "Acquisition Device Type"), report.answer["device"])
    yield _when(report)
    rate = report.answer.get("sampling_rate_hz")
    if rate is not None:
        yield number(Code("10:11393", "MDC", "Sample rate"), rate, Code("Hz", "UCUM", "Hz"))
    model, product = report.answer["model"], report.answer["product"]
    yield words(Code("111001", "DCM", "Algorithm Name"), f"{product['name']} {model['name']}")
    yield words(Code("111003", "DCM", "Algorithm Version"), product["version"])
    parameters = [f"weights SHA-256 {model['sha256']}", f"contract SHA-256 {model['contract_sha256']}"]
    if "operating_point" in report.answer:
        parameters.append(f"operating point {report.answer['operating_point']}")
    if report.answer.get("source_sha256"):
        parameters.append(f"input SHA-256 {report.answer['source_sha256']}")
    for parameter in parameters:
        yield words(Code("111002", "DCM", "Algorithm Parameters"), parameter)
    for line in content.quality:
        yield words(codes.QUALITY, line)


def _when(report: Report) -> Dataset:
    """The time of the recording is mandatory; where nobody told it, that of the interpretation stands there and says
    so."""
    concept = Code("122146", "DCM", "Procedure DateTime")
    told = "".join(recorded(report))
    if told:
        return instant(concept, told)
    first = clock(report.replaces or report.made, report)
    return instant(concept, first, words(_OTHER_NAME, "Time of interpretation", "HAS CONCEPT MOD"))


def _measurements(content: Content) -> Iterator[Dataset]:
    """Rows of TID 3713, in their order. What is mandatory and was not measured has no value, and says why."""
    found = {measured.quantity: measured for measured in content.measured}
    missing = _FAILED if content.measured else _NOT_TRIED
    unknown = Measured("", None)

    def row(quantity: str, concept: Code, unit: Code, *children: Dataset, mandatory: bool = True) -> Iterator[Dataset]:
        measured = found.get(quantity, unknown)
        if measured.value is not None:
            yield number(concept, round(measured.value, 1), unit, *children)
        elif mandatory:
            why = [words(_COMMENT, measured.why, "HAS PROPERTIES")] if measured.why else []
            yield number(concept, None, unit, *children, *why, missing=missing)

    rate = found.get("heart_rate_per_minute", unknown)
    if rate.value:
        found["rr"] = Measured("rr", 60000 / rate.value)
    of = codes.QUANTITIES
    algorithm = Code("122732", "DCM", "Fridericia QTc Algorithm")
    by = coded(Code("111001", "DCM", "Algorithm Name"), algorithm, relation="HAS PROPERTIES")
    qtc, rr = Code("2:15876", "MDC", "QTc interval global"), Code("2:16168", "MDC", "RR interval global")
    yield from row("heart_rate_per_minute", of["heart_rate_per_minute"].mdc, BEATS_PER_MINUTE)
    yield from row("qt_ms", of["qt_ms"].mdc, codes.MILLISECOND)
    yield from row("qtc_fridericia_ms", qtc, codes.MILLISECOND, by, mandatory=False)
    yield from row("pr_ms", of["pr_ms"].mdc, codes.MILLISECOND)
    yield from row("qrs_ms", of["qrs_ms"].mdc, codes.MILLISECOND)
    yield from row("rr", rr, codes.MILLISECOND)
    yield from row("axis_degrees", of["axis_degrees"].mdc, codes.DEGREE, mandatory=False)
    yield from row("qtc_bazett_ms", of["qtc_bazett_ms"].mdc, codes.MILLISECOND, mandatory=False)


def _findings(content: Content) -> Iterator[Dataset]:
    """Rows of TID 3717: the findings as prose and coded."""
    yield words(_FINDING, content.words or content.conclusion)
    for finding in content.findings:
        yield coded(_FINDING, _value(finding), *_details(finding))


def _value(finding: Finding) -> Code:
    if not finding.certain:
        return codes.EQUIVOCAL
    return codes.snomed_of(finding.key) or Code(finding.key, codes.OURS, finding.name)


def _details(finding: Finding) -> Iterator[Dataset]:
    """Of the machine's findings the short name: dsr2html puts what has more than 40 characters into an annex, and the
    prose above has all of it."""
    if finding.probability is None:
        yield words(_MEANING, finding.text, "HAS CONCEPT MOD")
    else:
        yield words(_MEANING, finding.name, "HAS CONCEPT MOD")
        yield number(_PROBABILITY, 100 * finding.probability, _PERCENT, relation="HAS PROPERTIES")


def _summary(content: Content) -> Iterator[Dataset]:
    """Rows of TID 3719; what to mind, and what the report is."""
    yield words(_SUMMARY, content.conclusion)
    if content.overall is not None:
        yield coded(codes.OVERALL_FINDING, codes.OVERALL[content.overall])
    for caution in content.cautions:
        yield words(codes.CAUTION, caution)
    yield words(codes.NOTICE, content.notice)
