"""What stands over the ECG: the first line for the reader, the scale, what is known of the patient."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twelvelead.ecg.paper.layout import LEFT, RIGHT, TOP
from twelvelead.ecg.paper.text import ALERT, GREY, INK, Line, fill, points, shorten, width_of, write
from twelvelead.ecg.record import ECG, Identity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIDDLE = 184.0
"""Where the scale begins, right of the headline, mm."""
_PATIENT = TOP - 2.6
"""Height of the line about the patient."""
_HAND = (("Name", 128.0, 190.0), ("Id", 193.0, 232.0), ("Recorded", 235.0, RIGHT))


def write_header(axes: "Axes", ecg: ECG, headline: Sequence[Line], scale: str, remarks: Sequence[Line]) -> None:
    """The headline at the left, at the right the scale and remarks on the drawing, a line about the patient below.

    Args:
        axes: of the page, mm.
        ecg: that is drawn.
        headline: for the physician, most important first.
        scale: of the paper, as in "25 mm/s   10 mm/mV".
        remarks: on the drawing.
    """
    fill(axes, headline, (LEFT, _MIDDLE - 6, 4.0, TOP - 6), (12, 11, 10, 9, 8, 7, 6.5, 6), more="… more in the JSON")
    write(axes, RIGHT, 8.5, scale, 10.5, weight="bold", ha="right")
    fill(axes, remarks, (_MIDDLE, RIGHT, 9.6, TOP - 6), (7, 6.5, 6, 5.5, 5), ha="right")
    person = _person(ecg)
    by_hand = ecg.identity is None
    room = (_HAND[0][1] if by_hand else RIGHT) - LEFT - 4
    write(axes, LEFT, _PATIENT, person, 8.0)
    at = LEFT + width_of(f"{person}   ", 8.0)
    if ecg.identity is not None:
        text = shorten_end(_identity(ecg.identity, ecg.recorded), RIGHT - at - 62, 8.0)
        write(axes, at, _PATIENT, text, 8.0, weight="bold")
        write(axes, RIGHT, _PATIENT, shorten(Path(ecg.source).name, 58, 7.0), 7.0, color=GREY, ha="right")
        return
    write(axes, at, _PATIENT, shorten(Path(ecg.source).name, LEFT + room - at, 7.0), 7.0, color=GREY)
    for words, x, end in _HAND:
        write(axes, x, _PATIENT, words, 7.0, color=GREY)
        start = x + width_of(f"{words} ", 7.0)
        axes.plot([start, end], [_PATIENT + 0.5] * 2, color=INK, linewidth=points(0.2))


def say_whose(ecg: ECG) -> str:
    """Whose it is, as far as it was read: sex, age, and the identity where that was asked for."""
    return _person(ecg) if ecg.identity is None else f"{_person(ecg)} · {_identity(ecg.identity, ecg.recorded)}"


def describe_filters(ecg: ECG) -> str:
    """How the signal was filtered before and in the drawing."""
    acquired = f"acquired with {ecg.filters}" if ecg.filters else "acquisition filters not stated"
    return f"drawn without a filter; {acquired}"


def warn(text: str) -> Line:
    """What must not be overlooked."""
    return Line(text, "bold", ALERT)


def shorten_end(text: str, width: float, size: float) -> str:
    """The text, with its end left out where it is wider than `width`, mm."""
    shown = text
    while width_of(shown, size, "bold") > width and len(text) > 1:
        text = text[:-1]
        shown = f"{text}…"
    return shown


def _person(ecg: ECG) -> str:
    known = [ecg.sex or "", _age(ecg.age)]
    return " · ".join(part for part in known if part) or "age and sex unknown"


def _identity(identity: Identity, recorded: datetime | str | None) -> str:
    when = f"{recorded:%Y-%m-%d %H:%M}" if isinstance(recorded, datetime) else recorded
    parts = {
        "": identity.name and _name(identity.name),
        "id ": identity.patient_id,
        "of ": identity.issuer if identity.patient_id else None,
        "born ": identity.birth_date and f"{identity.birth_date:%Y-%m-%d}",
        "order ": identity.order,
        "recorded ": when,
    }
    return " · ".join(f"{word}{value}" for word, value in parts.items() if value) or "the file names nobody"


def _name(name: str) -> str:
    """As a person reads it: "Doe, Jane"."""
    family, *others = [part.strip() for part in name.split("=")[0].split("^")]
    return ", ".join(part for part in (family, " ".join(filter(None, others))) if part)


def _age(age: float | None) -> str:
    """In words; PTB-XL writes 300 for "over 89"."""
    if age is None or not np.isfinite(age):
        return ""
    if age < 2:
        return f"{12 * age:.0f} months"
    return f"{age:.0f} years" if age <= 120 else "over 89 years"
