"""Section 1 of SCP-ECG: whose recording it is, what recorded it, when, and through which filters."""

from datetime import date
from struct import unpack_from

from twelvelead.ecg.record import Identity, Sex
from twelvelead.readers import patient
from twelvelead.readers.recording import Recording
from twelvelead.readers.text import filters, joined, name_of, printable

_LAST_NAME, _FIRST_NAME, _ID, _AGE, _BORN, _SEX = 0, 1, 2, 4, 5, 8
_DEVICE, _DAY, _TIME, _BASELINE, _LOW_PASS, _FILTERS = 14, 25, 26, 27, 28, 29
_UNITS_OF_AGE = {1: "years", 2: "months", 3: "weeks", 4: "days", 5: "hours"}
_SEXES: dict[bytes, Sex] = {b"\1": "male", b"\2": "female"}
_NOTCHES = {1: "60", 2: "50"}
"""Bit of the filters -> Hz."""


def about(section: bytes) -> Recording:
    """A recording without channels and rate. A section that breaks off costs no more than what it would have said."""
    tags = _tags(section)
    stated = None
    if len(tags.get(_AGE, b"")) >= 3:
        value, unit = unpack_from("<HB", tags[_AGE])
        stated = patient.years(str(value), _UNITS_OF_AGE[unit]) if value and unit in _UNITS_OF_AGE else None
    born, day = _day(tags.get(_BORN)), _day(tags.get(_DAY))
    clock = tags.get(_TIME, b"")
    return Recording(
        [],
        None,
        patient.age(born, day, stated),
        _SEXES.get(tags.get(_SEX, b"")[:1]),
        patient.disagreement(born, day, stated),
        _device(tags.get(_DEVICE, b"")),
        _filters(tags),
        patient.moment(day.isoformat(), "{:02}:{:02}:{:02}".format(*clock) if len(clock) == 3 else "") if day else None,
        Identity(
            patient_id=_words(tags.get(_ID)),
            name=name_of(*(_words(tags.get(tag)) or "" for tag in (_LAST_NAME, _FIRST_NAME))),
            birth_date=born,
        ),
    )


def _tags(section: bytes) -> dict[int, bytes]:
    """The first of each."""
    place = 0
    tags: dict[int, bytes] = {}
    while place + 3 <= len(section) and section[place] != 255:
        size = unpack_from("<H", section, place + 1)[0]
        tags.setdefault(section[place], section[place + 3 : place + 3 + size])
        place += 3 + size
    return tags


def _day(value: bytes | None) -> date | None:
    return patient.calendar_day(*unpack_from("<HBB", value)) if value and len(value) >= 4 else None


def _words(value: bytes | None) -> str | None:
    return printable((value or b"").partition(b"\0")[0].decode("latin-1"))


def _device(value: bytes) -> str | None:
    """Maker and model: a model of 6 bytes, and behind 36 bytes five texts of which the last names the maker."""
    texts = value[36:].split(b"\0")
    maker = _words(texts[4]) if len(texts) > 4 else None
    return joined(maker or "", _words(value[8:14]) or "")


def _filters(tags: dict[int, bytes]) -> str | None:
    baseline, low_pass = (tags.get(tag, b"") for tag in (_BASELINE, _LOW_PASS))
    bits = tags.get(_FILTERS, b"\0")[:1] or b"\0"
    return filters(
        unpack_from("<H", baseline)[0] / 100 if len(baseline) >= 2 else None,
        float(unpack_from("<H", low_pass)[0]) if len(low_pass) >= 2 else None,
        " and ".join(hertz for bit, hertz in _NOTCHES.items() if bits[0] & bit),
    )
