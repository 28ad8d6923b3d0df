"""What a worker process does: the page of a kept recording, from what is kept of it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twelvelead.ecg.record import ECG, Identity
from twelvelead.inference.restore import restore, restore_refused
from twelvelead.ledger import Patient, Reading
from twelvelead.output.overread import Overread
from twelvelead.reading.languages import ENGLISH, load_texts
from twelvelead.reading.restore import restore as restore_reading
from twelvelead.service.answering import read_sent
from twelvelead.service.uploads import Upload


@dataclass(frozen=True)
class Sheet:
    """What a page shows.

    Attributes:
        upload: the recording as it was sent.
        told: the options that it was sent with.
        content: what the machine said of it, or why it was refused, as it is kept.
        overread: what a reader says; None as long as nobody has said anything.
        patient: given by hand; None where nobody gave one.
    """

    upload: Upload
    told: Mapping[str, Any] = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    overread: Overread | None = field(repr=False)
    patient: Patient | None


def overread_of(history: Iterable[Reading]) -> Overread | None:
    """The newest version, with the newest one before it that was signed."""
    found = None
    for each in history:
        found = Overread(
            author=each.author,
            authenticated=each.authenticated,
            made=each.made,
            version=each.version,
            signed=each.signed,
            statements=each.statements,
            text=each.text,
            measurements=each.measurements,
            signed_before=found if found is None or found.signed else found.signed_before,
        )
    return found


def draw(sheet: Sheet) -> bytes:
    """The page as PDF: nothing is asked of any weights again, and no word is written anew.

    Raises:
        TwelveLeadError: the recording cannot be read any more.
    """
    from twelvelead.output.picture import render

    reading = sheet.content.get("reading")
    language = reading["language"] if reading else ENGLISH
    ecg = _named(read_sent(sheet.upload, dict(sheet.told)), sheet.patient, language)
    written = restore_reading(reading) if reading else None
    how: dict[str, Any] = {"overread": sheet.overread, "language": language, "reading": written}
    if "error" in sheet.content:
        return render(ecg, "pdf", refused=restore_refused(sheet.content), **how)
    return render(restore(sheet.content, ecg), "pdf", **how)


def _named(ecg: ECG, patient: Patient | None, language: str) -> ECG:
    """With the patient that was given by hand, said to be so."""
    if patient is None:
        return ecg
    by_hand = load_texts(language)("overread", "by_hand")
    identity = replace(
        ecg.identity or Identity(), patient_id=f"{patient.patient_id} ({by_hand})", issuer=patient.issuer
    )
    return replace(ecg, identity=identity)
