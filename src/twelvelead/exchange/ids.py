"""Identifiers made from what a report is about, so that a repeat has the same."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from twelvelead.exchange.report import Report

_NAMESPACE = UUID("5d4c0c50-2f5b-4f2b-9b0e-6f6a3b0f9c12")
"""Ours, drawn once: UUIDs of version 5 under it are nobody else's (RFC 9562)."""


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
    """Of the input, or made from its hash where it has none."""
    stated = report.identity.study if report.identity is not None else None
    return stated or uid_of(report.answer.get("source_sha256") or report.id, "study")


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


STATEMENTS = uid_of("statements")
"""Our coding scheme: the acronyms of SCP-ECG as PTB-XL spells them, PTB-XL's superclasses, and our own terms."""
