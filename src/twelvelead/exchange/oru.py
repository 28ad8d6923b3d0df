r"""HL7 v2.5.1: an unsolicited result, ORU^R01, in UTF-8.

Every text that is not ours is escaped: separators as \F\ \S\ \T\ \R\ \E\, line ends of formatted text as \.br\, other
control characters as \Xhh\ (chapter 2, section 2.7), so that no text can begin a field or a segment.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime

from twelvelead.exchange import codes
from twelvelead.exchange.codes import Code
from twelvelead.exchange.content import Content, Finding, content_of
from twelvelead.exchange.ids import is_oid, stated_study, uuid_of, version_uid
from twelvelead.exchange.report import Identity, Report

_STATUS = {"preliminary": "P", "final": "F", "corrected": "C"}
"""OBR-25 (table 0123) and OBX-11 (table 0085)."""

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_NOT_PLAIN = re.compile("[\\\\|^&~\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Separators, and all that some program takes for the end of a line."""

_STUDY_UID = Code("110180", "DCM", "Study Instance UID")


def message(
    report: Report, *, sender: tuple[str, str] = ("TWELVELEAD", ""), receiver: tuple[str, str] = ("", "")
) -> bytes:
    """The message of a report, without the frame of MLLP.

    Args:
        report: to send.
        sender: application and facility, MSH-3 and 4.
        receiver: of the same, MSH-5 and 6.
    """
    content = content_of(report)
    segments = [_msh(report, sender, receiver), *_patient(report), _obr(report)]
    segments += _numbered(_results(report, content))
    return "".join(f"{segment}\r" for segment in segments).encode("utf-8", "replace")


def write(report: Report, original: bytes | None = None) -> bytes:
    """`message` from nobody in particular to nobody in particular.

    Args:
        report: to write.
        original: see `twelvelead.exchange.forms.export`; not used.
    """
    return message(report)


def escape(text: str) -> str:
    """A text as a value of any type; unescaped, it is the same again."""
    return _NOT_PLAIN.sub(lambda found: _ESCAPES.get(found[0]) or _hexadecimal(found[0]), text)


def _formatted(text: str) -> str:
    """A text of several lines as a value of type FT."""
    return "\\.br\\".join(map(escape, text.splitlines()))


def _hexadecimal(character: str) -> str:
    return f"\\X{character.encode().hex().upper()}\\"


def _msh(report: Report, sender: tuple[str, str], receiver: tuple[str, str]) -> str:
    fields = [*map(escape, (*sender, *receiver)), _time(report.made), "", "ORU^R01^ORU_R01"]
    fields += [version_uid(report, "ORU")[-20:], "P", "2.5.1", "", "", "AL", "NE", ""]
    return _segment("MSH", "^~\\&", *fields, "UNICODE UTF-8", _language(report))


def _patient(report: Report) -> Iterator[str]:
    """PID, and PV1 where the visit is known; neither where it is not known who it is."""
    identity = report.identity
    if identity is None:
        return
    number = escape(identity.patient_id or "")
    if number and identity.issuer:
        number += f"^^^{f'&{identity.issuer}&ISO' if is_oid(identity.issuer) else escape(identity.issuer)}"
    sex = {"male": "M", "female": "F"}.get(identity.sex or report.answer.get("sex") or "", "")
    yield _segment("PID", "1", "", number, "", _name(identity.name), "", _day(identity.birth_date), sex)
    if identity.encounter:
        yield _segment("PV1", "1", "U", *[""] * 16, escape(identity.encounter))


def _name(name: str | None) -> str:
    """XPN of DICOM's PN: prefix and suffix change places. An unknown name has the type U, unspecified (table 0200)."""
    family, given, middle, prefix, suffix = [*(name or "").split("=")[0].split("^"), *[""] * 5][:5]
    return "^".join(map(escape, (family, given, middle, suffix, prefix))).rstrip("^") or "^^^^^^U"


def _obr(report: Report) -> str:
    identity = report.identity or Identity()
    filler = f"{uuid_of(report.id, 'HL7 order')}^TWELVELEAD"
    fields = ["1", escape(identity.order or ""), filler, _coded(codes.ECG_STUDY), "", "", _local(identity.recorded)]
    fields += [*[""] * 14, _time(report.made), "", "EC", _STATUS[report.status]]
    if report.signed is not None:
        fields += [*[""] * 6, f"&{escape(report.signed.author)}"]
    return _segment("OBR", *fields)


def _results(report: Report, content: Content) -> Iterator[tuple[str, ...]]:
    """Fields of each OBX but its number: type, observation, value, unit, probability, status, method."""
    status = _STATUS[report.status]
    if content.overall is not None:
        yield "CWE", _coded(codes.OVERALL_FINDING), _coded(codes.OVERALL[content.overall]), "", "", status
    for line in filter(None, (content.conclusion, content.words)):
        yield "FT", _coded(codes.IMPRESSION), _formatted(line), "", "", status
    for finding in content.findings:
        probability = "" if finding.probability is None else f"{finding.probability:.2f}"
        yield "CWE", _coded(codes.IMPRESSION), _finding(finding), "", probability, status
    for measured in content.measured:
        quantity = codes.QUANTITIES[measured.quantity]
        if measured.value is None:
            yield "NM", _coded(quantity.loinc), "", _coded(quantity.unit), "", "X"
        else:
            yield "NM", _coded(quantity.loinc), f"{measured.value:g}", _coded(quantity.unit), "", status
    for code, lines in ((codes.CAUTION, content.cautions), (codes.QUALITY, content.quality)):
        for line in lines:
            yield "FT", _coded(code), _formatted(line), "", "", status
    yield "ST", _coded(codes.NOTICE), escape(content.notice), "", "", status
    if study := stated_study(report):
        yield "ST", _coded(_STUDY_UID), study, "", "", status
    if report.page is not None:
        pdf = b64encode(report.page).decode()
        yield "ED", _coded(codes.ECG_REPORT), f"^application^pdf^Base64^{pdf}", "", "", status


def _numbered(results: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """OBX segments; results of one observation are told apart by their sub-ids."""
    seen: dict[str, int] = {}
    for number, (kind, observation, value, unit, probability, status) in enumerate(results, 1):
        seen[observation] = seen.get(observation, 0) + 1
        fields = [str(number), kind, observation, str(seen[observation]), value, unit, "", "", probability, "", status]
        yield _segment("OBX", *fields)


def _finding(finding: Finding) -> str:
    """CWE; the finding's own code only where it is asserted."""
    if not finding.certain:
        return f"{_coded(codes.EQUIVOCAL)}^^^^^^{escape(finding.text)}"
    own = Code(finding.key, codes.OURS, finding.name)
    snomed = codes.snomed_of(finding.key)
    both = "^".join(map(_coded, (snomed, own))) if snomed else f"{_coded(own)}^^^"
    return f"{both}^^^{escape(finding.text)}"


def _coded(code: Code) -> str:
    return "^".join(map(escape, (code.value, code.meaning, code.scheme)))


def _language(report: Report) -> str:
    return str(report.answer["reading"]["language"])


def _segment(*fields: str) -> str:
    return "|".join(fields).rstrip("|")


def _time(time: datetime) -> str:
    return f"{time:%Y%m%d%H%M%S%z}"


def _local(text: str | None) -> str:
    with suppress(ValueError):
        time = datetime.fromisoformat(text or "")
        return f"{time:%Y%m%d}" if len(text or "") <= 10 else _time(time)
    return ""


def _day(text: str | None) -> str:
    with suppress(ValueError):
        return f"{date.fromisoformat(text or ''):%Y%m%d}"
    return ""
