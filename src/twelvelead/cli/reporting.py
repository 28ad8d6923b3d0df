"""What `interpret --format dicom-sr|dicom-pdf|fhir|oru` writes or prints in the place of a picture."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.ecg.record import ECG
    from twelvelead.inference.interpretation import Interpretation

PRINTED = ("fhir", "oru")
"""What goes to standard output where no folder is named; DICOM goes into the current one."""

_BEGINNING = 1024


def suffix_of(form: str, *, unplaced: bool) -> str | None:
    """Of the report's file; None for the form of a picture.

    Args:
        form: of `interpret`.
        unplaced: whether the answer is printed as JSON and no folder is named.

    Raises:
        MissingExtra: the form needs an extra.
        TwelveLeadError: a report would have no place.
    """
    from twelvelead.exchange.forms import FORMS, standard

    if form not in FORMS:
        return None
    standard(form)
    if unplaced:
        raise TwelveLeadError(f"--json prints the answer; name a folder for the reports of --format {form} with --out")
    return FORMS[form].suffix


def original_of(content: Path | BinaryIO) -> tuple[Path | bytes, bytes | None]:
    """What is read, a stream as its bytes; and the bytes of what is DICOM, whose study a report stands in."""
    from twelvelead.readers.dicom_elements import looks_like

    if not isinstance(content, Path):
        held = content.read()
        return held, held if looks_like(held[:_BEGINNING]) else None
    try:
        with content.open("rb") as stream:
            start = stream.read(_BEGINNING)
            return content, start + stream.read() if looks_like(start) else None
    except OSError:
        return content, None  # the reader says what is wrong with it


def report(
    answer: dict[str, Any],
    what: "Interpretation | ECG",
    form: str,
    place: Path | None,
    original: bytes | None,
    **how: Any,
) -> str | None:
    """Write the preliminary report of an answer, made now, or print it.

    Args:
        answer: as `twelvelead interpret --json` prints it.
        what: the interpretation, or the ECG that was refused.
        form: of `twelvelead.exchange.forms.FORMS`.
        place: the file; None for standard output.
        original: see `original_of`.
        how: the page is drawn; see `twelvelead.output.picture.render`.

    Returns:
        The file.
    """
    from twelvelead.exchange.forms import FORMS, export
    from twelvelead.exchange.report import Identity, Report
    from twelvelead.files import replacing
    from twelvelead.inference.interpretation import Interpretation, describe_recording
    from twelvelead.output.picture import render

    ecg = what.ecg if isinstance(what, Interpretation) else what
    page = render(what, "pdf", **how) if FORMS[form].page else None
    made = datetime.now().astimezone()
    content = export(
        Report(describe_recording(ecg) | answer, made, identity=Identity.of(ecg), page=page), form, original
    )
    if place is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as partial:
        partial.write_bytes(content)
    return str(place)
