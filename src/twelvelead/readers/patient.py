"""Age and sex, the only things about a patient that leave a file."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from twelvelead.ecg.record import Sex

OLDEST = 120
"""Years; what is stated beyond stands for something else, as PTB-XL's 300 does for "over 89"."""

YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "hour": 1 / 8766}
"""Units of age in years."""

_UNITS = {
    **dict.fromkeys(("", "y", "a", "yr", "year"), 1.0),
    **dict.fromkeys(("m", "mo", "mon", "mth", "month"), 1 / 12),
    **dict.fromkeys(("w", "wk", "week"), 7 / 365.25),
    **dict.fromkeys(("d", "day"), 1 / 365.25),
    **dict.fromkeys(("h", "hr", "hour"), 1 / 8766),
}
_AGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]*)\.?")
_WORDS = re.compile(r"<?\b(age|sex|gender)>?\s*[:=]\s*([^\s<;,]+(?:\s+[a-z]+\b(?!\s*[:=]))?)")
"""A key, and a value of one or two words, of which the second is no key."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAYOUTS = (
    (r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d{1,2}$).*"),  # 20240131, with or without a time
    (r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})\b.*"),
    (r"(?P<m>\d{1,2})[-/](?P<d>\d{1,2})[-/](?P<y>\d{4})"),  # as MUSE and Philips write it, month first
    (r"(?P<d>\d{1,2})-(?P<m>[A-Za-z]{3})-(?P<y>\d{4})"),  # EDF+
)


def day(text: str | None) -> date | None:
    """The date that a text starts with; None where it is none."""
    for layout in _LAYOUTS:
        found = re.fullmatch(layout, (text or "").strip(), re.DOTALL)
        if found:
            month = found["m"].lower()
            number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month) if month.isdecimal() else 0
            return calendar_day(int(found["y"]), number, int(found["d"]))
    return None


def calendar_day(year: int, month: int, day: int) -> date | None:
    """A date; None where there is no such day."""
    with suppress(ValueError):
        return date(year, month, day)
    return None


def age(born: date | None, recorded: date | None, stated: float | None = None) -> float | None:
    """Age in years at the recording: completed years from both dates, else what the file states; None where neither
    gives one from 0 to 120."""
    if born and recorded:
        years = recorded.year - born.year - ((recorded.month, recorded.day) < (born.month, born.day))
        if 0 <= years <= OLDEST:
            return float(years)
    return stated if stated is not None and 0 <= stated <= OLDEST else None


def sex(text: str | None) -> Sex | None:
    """Sex from "M", "male", "F", "female" in any case."""
    word = (text or "").strip().lower()
    return "male" if word in ("m", "male") else "female" if word in ("f", "female") else None


def years(text: str, unit: str = "") -> float | None:
    """An age in years from "63", "063Y", "63 years", "18 mo", "6 weeks" or "3D"; None where it is none or beyond 120.

    Args:
        text: the number, with or without its unit behind it.
        unit: where the text has none; none at all stands for years.
    """
    found = _AGE.fullmatch(text.strip().lower())
    if not found:
        return None
    written = found[2] or unit.strip().lower().rstrip(".")
    factor = _UNITS.get(written, _UNITS.get(written.removesuffix("s")))
    value = None if factor is None else float(found[1].replace(",", ".")) * factor
    return value if value is not None and value <= OLDEST else None


def from_words(lines: Iterable[str]) -> tuple[float | None, Sex | None]:
    """Age in years and sex from remarks such as "Age: 63 years", "Gender: Male" or "<age>: 65 <sex>: F <diagnoses>".

    A remark is looked at only where it begins with one of these keys; the first value of each counts.
    """
    found_age: float | None = None
    found_sex: Sex | None = None
    for line in map(str.lower, lines):
        if not _WORDS.match(line.strip()):
            continue
        for key, value in _WORDS.findall(line):
            first = value.split()[0]
            if key != "age":
                found_sex = found_sex or sex(first)
            elif found_age is None:
                found_age = years(value) if years(value) is not None else years(first)
    return found_age, found_sex
