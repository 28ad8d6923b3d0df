"""Identifiers made from what a report is about, so that a repeat has the same."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid5

from twelvelead.exchange.report import Report

_NAMESPACE = UUID("5d4c0c50-2f5b-4f2b-9b0e-6f6a3b0f9c12")
"""Ours, drawn once: UUIDs of version 5 under it are nobody else's (RFC 9562)."""


_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+", re.ASCII)


def is_oid(text: str) -> bool:
    """Whether a text is an object identifier of a length that DICOM takes as UID (PS3.5 section 9)."""
    return len(text) <= 64 and _OID.fullmatch(text) is not None


def uuid_of(*parts: str) -> UUID:
    """The same UUID for the same parts."""
    return uuid5(_NAMESPACE, "\n".join(parts))


def uid_of(*parts: str) -> str:
    """The same as a DICOM UID: under 2.25, as PS3.5 annex B.2 makes them of UUIDs."""
    return f"2.25.{uuid_of(*parts).int}"


def version_uid(report: Report, kind: str) -> str:
    """Of what this version of a report is in a standard: a DICOM object, a message."""
    return uid_of(report.id, kind, _instant(report.made))


def replaced_uid(report: Report, kind: str) -> str | None:
    """Of what it replaces; None where it replaces nothing."""
    return None if report.replaces is None else uid_of(report.id, kind, _instant(report.replaces))


def study_uid(report: Report) -> str:
    """That of the input, if it is one, else one made from the input's hash."""
    return stated_study(report) or uid_of(report.answer.get("source_sha256") or report.id, "study")


def stated_study(report: Report) -> str:
    """StudyInstanceUID of the input; "" where none is told that can be one."""
    stated = report.identity.study if report.identity is not None else None
    return stated if stated and is_oid(stated) else ""


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


STATEMENTS = uid_of("statements")
"""Our coding scheme: the acronyms of SCP-ECG as PTB-XL spells them, PTB-XL's superclasses, and our own terms."""
