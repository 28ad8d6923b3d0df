"""Codes of what a report says, with the tables that they stand in. docs/exchange.md lists them."""

from typing import Literal, NamedTuple

from twelvelead.weights.statements import Statement, load_statements


class Code(NamedTuple):
    """A code of a scheme, by DICOM's designator: "SCT", "LN", "MDC", "DCM", "UCUM", or ours, `OURS`."""

    value: str
    scheme: str
    meaning: str


OURS = "99TWELVELEAD"
"""Designator of our scheme: 99 marks a private one (PS3.16 section 8; HL7 table 0396)."""

Overall = Literal["normal", "borderline", "abnormal", "equivocal", "not readable"]

OVERALL: dict[Overall, Code] = {
    "normal": Code("164854000", "SCT", "Normal ECG"),
    "borderline": Code("251135002", "SCT", "Borderline normal ECG"),
    "abnormal": Code("102594003", "SCT", "Abnormal ECG"),
    "equivocal": Code("370359005", "SCT", "ECG equivocal"),
    "not readable": Code("122753", "DCM", "Non-diagnostic ECG"),
}
"""CID 3677 "Summary Codes, ECG"."""

EQUIVOCAL = OVERALL["equivocal"]

ECG_STUDY = Code("11524-6", "LN", "EKG study")
ECG_REPORT = Code("28010-7", "LN", "ECG report")
IMPRESSION = Code("8601-7", "LN", "EKG impression")
OVERALL_FINDING = Code("18810-2", "LN", "ECG overall finding")
"""As TID 3719 has it."""

QUALITY = Code("quality", OURS, "Quality of the recording")
CAUTION = Code("caution", OURS, "Caution")
NOTICE = Code("notice", OURS, "What this report is")

MILLISECOND = Code("ms", "UCUM", "ms")
PER_MINUTE = Code("/min", "UCUM", "per minute")
DEGREE = Code("deg", "UCUM", "degree")


class Quantity(NamedTuple):
    """How a measurement of `twelvelead.ecg.measure.QUANTITIES` is coded.

    Attributes:
        loinc: in FHIR and HL7 v2.
        mdc: ISO/IEEE 11073-10102, as DICOM writes it: its partition and its code there.
        unit: that of the value.
    """

    loinc: Code
    mdc: Code
    unit: Code


QUANTITIES: dict[str, Quantity] = {
    "heart_rate_per_minute": Quantity(
        Code("8867-4", "LN", "Heart rate"), Code("2:16016", "MDC", "Ventricular Heart Rate"), PER_MINUTE
    ),
    "pr_ms": Quantity(Code("8625-6", "LN", "P-R interval"), Code("2:15872", "MDC", "PR interval global"), MILLISECOND),
    "qrs_ms": Quantity(
        Code("8633-0", "LN", "QRS duration"), Code("2:16156", "MDC", "QRS duration global"), MILLISECOND
    ),
    "qt_ms": Quantity(Code("8634-8", "LN", "Q-T interval"), Code("2:16160", "MDC", "QT interval global"), MILLISECOND),
    "qtc_bazett_ms": Quantity(
        Code("76635-2", "LN", "Q-T interval corrected based on Bazett formula"),
        Code("2:15880", "MDC", "QTc global using Bazett formula"),
        MILLISECOND,
    ),
    "qtc_fridericia_ms": Quantity(
        Code("76634-5", "LN", "Q-T interval corrected based on Fridericia formula"),
        Code("2:15892", "MDC", "QTc global using Fredericia formula"),
        MILLISECOND,
    ),
    "axis_degrees": Quantity(Code("8632-2", "LN", "QRS axis"), Code("2:16132", "MDC", "QRS axis"), DEGREE),
}

SNOMED = {
    "6456007": "Supraventricular tachycardia",
    "10370003": "Pacing rhythm",
    "27885002": "Third degree atrioventricular block",
    "37760005": "Left anterior fascicular block",
    "49436004": "Atrial fibrillation",
    "59931005": "T wave inversion",
    "62026008": "Left posterior fascicular block",
    "63467002": "Left bundle branch block",
    "67198005": "Paroxysmal supraventricular tachycardia",
    "74390002": "Wolff Parkinson White pattern",
    "76388001": "ST elevation",
    "89792004": "Right ventricular hypertrophy",
    "111975006": "Prolonged QT interval",
    "164854000": "Normal ECG",
    "164861001": "Myocardial ischemia",
    "164865005": "Myocardial infarction",
    "164873001": "Left ventricular hypertrophy",
    "164890007": "Atrial flutter",
    "164934002": "T wave abnormal",
    "164947007": "Prolonged PR interval",
    "164951009": "ECG: QRS complex abnormal",
    "195042002": "Second degree atrioventricular block",
    "251120003": "Incomplete left bundle branch block",
    "251124007": "Incomplete right bundle branch block",
    "251146004": "Low QRS voltages",
    "251175005": "Ventricular premature contraction",
    "253339007": "Right atrial abnormality",
    "26141007": "ST depression",
    "266249003": "Ventricular hypertrophy",
    "270492004": "First degree atrioventricular block",
    "284470004": "Atrial premature contraction",
    "425419005": "Inferior ischaemia",
    "425623009": "Lateral ischaemia",
    "426177001": "Sinus bradycardia",
    "426434006": "Anterior ischemia",
    "426783006": "Sinus rhythm",
    "427084000": "Sinus tachycardia",
    "427393009": "Sinus arrhythmia",
    "428750005": "Nonspecific ST-T abnormality",
    "67741000119109": "Left atrial enlargement",
    "698247007": "Cardiac arrhythmia",
    "713427006": "Complete right bundle branch block",
    "698252002": "Nonspecific intraventricular conduction disorder",
}
"""SNOMED CT code that a statement is sent as -> what it means in the table that it is from (docs/statements.md)."""


def snomed_of(statement: str) -> Code | None:
    """SNOMED CT code of a statement, DICOM's before the Challenges', one of the same meaning before a wider one; None
    where there is none, or only one that would say more than the statement does."""
    one = _statements().get(statement)
    if one is None:
        return None
    choices = ((one.dicom, one.dicom_relation), (one.snomed, one.snomed_relation))
    found = next((code for wanted in ("same", "wider") for code, relation in choices if relation == wanted), None)
    return None if found is None else Code(found, "SCT", SNOMED[found])


def _statements() -> dict[str, Statement]:
    return {one.statement: one for one in load_statements()}
