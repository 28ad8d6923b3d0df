"""FHIR R4: a transaction of DiagnosticReport, Observations and Device.

Every resource is put under an identifier of its own (conditional update), so that sending a bundle again changes
nothing, and sending a later version replaces the earlier one. Plain JSON; no library.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hashlib import sha1
from typing import Any, TypeGuard

from twelvelead.exchange import codes
from twelvelead.exchange.codes import Code
from twelvelead.exchange.content import Content, Finding, Measured, content_of
from twelvelead.exchange.ids import STATEMENTS, is_oid, stated_study, uuid_of
from twelvelead.exchange.report import Identity, Report

Json = dict[str, Any]

_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "MDC": "urn:iso:std:iso:11073:10101",
    codes.OURS: f"urn:oid:{STATEMENTS}",
}
_UCUM = "http://unitsofmeasure.org"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")


def bundle(report: Report) -> Json:
    """The transaction bundle of a report.

    The patient, the encounter and the order are references by identifier; none of them is created. There is no
    subject where the identity has no patient id.

    Returns:
        Plain values, as JSON holds them.
    """
    content = content_of(report)
    about = _about(report)
    device = _device(report)
    observations = list(_observations(report, content, about | {"device": {"reference": device["fullUrl"]}}))
    results = [{"reference": one["fullUrl"]} for one in observations if one["resource"]["status"] != "cancelled"]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [device, *observations, _diagnostic_report(report, content, about, results)],
    }


def write(report: Report, original: bytes | None = None) -> bytes:
    """The bytes of `bundle`.

    Args:
        report: to write.
        original: see `twelvelead.exchange.forms.export`; not used.
    """
    return json.dumps(bundle(report), ensure_ascii=False, indent=1).encode() + b"\n"


def _diagnostic_report(report: Report, content: Content, about: Json, results: list[Json]) -> Json:
    identity = report.identity or Identity()
    resource: Json = {"status": report.status, "category": [_concept((("EC", _SECTIONS, "Electrocardiac"),))]}
    resource |= {"code": _concept(_coded(codes.ECG_STUDY)), **about, "issued": _instant(report.made)}
    if _is_text(identity.order):
        reference: Json = {"type": "ServiceRequest", "identifier": {"value": identity.order}}
        resource["basedOn"] = [reference]
    if study := stated_study(report):
        uid = {"system": "urn:dicom:uid", "value": f"urn:oid:{study}"}
        resource["imagingStudy"] = [{"type": "ImagingStudy", "identifier": uid}]
    if report.signed is not None:
        resource["resultsInterpreter"] = [{"type": "Practitioner", "display": _text(report.signed.author)}]
    resource["result"] = results
    lines = (content.conclusion, content.words, *content.cautions, content.notice)
    resource["conclusion"] = "\n".join(_text(line) for line in lines if line.strip())
    if content.overall is not None:
        resource["conclusionCode"] = [_concept(_coded(codes.OVERALL[content.overall]))]
    if report.page is not None:
        resource["presentedForm"] = [_attachment(report, report.page)]
    return _entry(report, "DiagnosticReport", "report", resource)


def _observations(report: Report, content: Content, about: Json) -> Iterator[Json]:
    for measured in content.measured:
        yield _entry(report, "Observation", measured.quantity, _measurement(report, measured) | about)
    for finding in content.findings:
        yield _entry(report, "Observation", f"finding {finding.key}", _finding(report, finding) | about)
    for key in content.withdrawn:
        note = [{"text": "not upheld by the reader"}]
        resource = {"status": "cancelled", "code": _concept(_coded(codes.IMPRESSION)), "note": note}
        yield _entry(report, "Observation", f"finding {key}", _categorised(resource) | about)
    if content.quality:
        words = "\n".join(map(_text, content.quality))
        resource = {"status": report.status, "code": _concept(_coded(codes.QUALITY)), "valueString": words}
        yield _entry(report, "Observation", "quality", _categorised(resource) | about)


def _measurement(report: Report, measured: Measured) -> Json:
    quantity = codes.QUANTITIES[measured.quantity]
    resource: Json = {"status": report.status, "code": _concept((*_coded(quantity.loinc), *_coded(quantity.mdc)))}
    if measured.value is None:
        unknown = _concept((("unknown", _ABSENT, "Unknown"),))
        resource["dataAbsentReason"] = unknown | {"text": _text(measured.why)} if measured.why else unknown
    else:
        unit = {"unit": quantity.unit.value, "system": _UCUM, "code": quantity.unit.value}
        resource["valueQuantity"] = {"value": measured.value, **unit}
    if measured.moved:
        resource["note"] = [{"text": "measured by the reader"}]
    return _categorised(resource)


def _finding(report: Report, finding: Finding) -> Json:
    value = {"text": _text(finding.text)}
    if not finding.certain:
        value = _concept(_coded(codes.EQUIVOCAL)) | value
    else:
        snomed = codes.snomed_of(finding.key)
        own = Code(finding.key, codes.OURS, finding.name)
        value = _concept((*(_coded(snomed) if snomed else ()), *_coded(own))) | value
    resource: Json = {"status": report.status, "code": _concept(_coded(codes.IMPRESSION))}
    resource["valueCodeableConcept"] = value
    if finding.probability is not None:
        resource["note"] = [{"text": f"probability {finding.probability:.2f}, of a model"}]
    return _categorised(resource)


def _categorised(resource: Json) -> Json:
    return resource | {"category": [_concept((("procedure", _CATEGORIES, "Procedure"),))]}


def _device(report: Report) -> Json:
    model, product = report.answer["model"], report.answer["product"]
    resource = {
        "status": "active",
        "manufacturer": product["name"],
        "deviceName": [{"name": f"{product['name']} {model['name']}", "type": "model-name"}],
        "type": {"text": "ECG interpretation software"},
        "version": [
            {"type": {"text": "software"}, "value": product["version"]},
            {"type": {"text": "weights, SHA-256"}, "value": model["sha256"]},
            {"type": {"text": "contract, SHA-256"}, "value": model["contract_sha256"]},
        ],
        "note": [{"text": report.answer["notice"]}],
    }
    uuid = uuid_of("device", product["version"], model["sha256"], model["contract_sha256"])
    return _put("Device", f"urn:uuid:{uuid}", resource)


def _about(report: Report) -> Json:
    """What all resources share: the patient, the visit, the time of the recording."""
    identity = report.identity or Identity()
    about: Json = {}
    if _is_text(identity.patient_id):
        about["subject"] = {"type": "Patient", "identifier": _identifier(identity.patient_id, identity.issuer)}
        if identity.name:
            about["subject"]["display"] = _text(" ".join(re.split(r"[\^=]+", identity.name)))
    if _is_text(identity.encounter):
        about["encounter"] = {"type": "Encounter", "identifier": {"value": identity.encounter}}
    recorded = _recorded(identity.recorded)
    return about | ({"effectiveDateTime": recorded} if recorded else {})


def _identifier(value: str, issuer: str | None) -> Json:
    """An id with who gave it: an OID or URI is a system, any other text the name of an assigner."""
    found: Json = {"value": value}
    if issuer and is_oid(issuer):
        found["system"] = f"urn:oid:{issuer}"
    elif issuer and _URI.fullmatch(issuer):
        found["system"] = issuer
    elif _is_text(issuer):
        found["assigner"] = {"display": issuer}
    return found


def _recorded(text: str | None) -> str | None:
    """FHIR has no time without its zone, so of a local time only the date is told."""
    with suppress(ValueError):
        time = datetime.fromisoformat(text or "")
        return time.date().isoformat() if time.utcoffset() is None else _instant(time)
    return None


def _attachment(report: Report, page: bytes) -> Json:
    recorded = report.identity.recorded if report.identity is not None else None
    when = f" of {recorded}" if recorded else ""
    return {
        "contentType": "application/pdf",
        "language": report.answer["reading"]["language"],
        "data": b64encode(page).decode(),
        "size": len(page),
        "hash": b64encode(sha1(page, usedforsecurity=False).digest()).decode(),
        "title": _text(f"12-lead ECG{when}, {report.status}; decision aid, not a medical device"),
        "creation": _instant(report.made),
    }


def _entry(report: Report, kind: str, name: str, resource: Json) -> Json:
    return _put(kind, f"urn:uuid:{uuid_of(report.id, 'FHIR', name)}", resource)


def _put(kind: str, urn: str, resource: Json) -> Json:
    identifier = {"system": "urn:ietf:rfc:3986", "value": urn}
    query = f"{kind}?identifier=urn:ietf:rfc:3986%7C{urn}"
    return {
        "fullUrl": urn,
        "resource": {"resourceType": kind, "identifier": [identifier], **resource},
        "request": {"method": "PUT", "url": query},
    }


def _coded(code: Code) -> tuple[tuple[str, str, str], ...]:
    """As `_concept` takes it; MDC's partition and code are one number, as IEEE 11073-10101 has them in context-free
    form."""
    value = code.value
    if code.scheme == "MDC":
        partition, _, within = value.partition(":")
        value = str((int(partition) << 16) + int(within))
    return ((_code_text(value), _SYSTEMS[code.scheme], code.meaning),)


def _concept(coded: tuple[tuple[str, str, str], ...]) -> Json:
    return {
        "coding": [{"system": system, "code": value, "display": _text(display)} for value, system, display in coded]
    }


def _code_text(value: str) -> str:
    """FHIR's code: no white space but single blanks within."""
    return " ".join(_text(value).split())


def _text(text: str) -> str:
    """FHIR's string: no control characters and no white space but line feeds, tabs and blanks, nothing that UTF-8
    cannot hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(" " if (ord(one) < 32 or one.isspace()) and one not in "\n\t" else one for one in lines)
    return kept.encode("utf-8", "replace").decode() or " "


def _is_text(value: str | None) -> TypeGuard[str]:
    """Whether an id can be told as it is; else it is left out."""
    return bool(value) and _text(value or "") == value


def _instant(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
