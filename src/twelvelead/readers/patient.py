"""Age and sex, the only things about a patient that leave a file unasked, and the dates that they follow from."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.record import Sex

OLDEST = 120
"""Years; what is stated beyond stands for something else, as PTB-XL's 300 does for "over 89"."""

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
    (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
    (r"(?P<d>\d{1,2})-(?P<m>[A-Za-z]{3})-(?P<y>\d{4})"),  # EDF+
)
_CLOCK = re.compile(r"(\d\d?):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?(?:[+-]\d{4}|Z)?")

_FIRST_YEAR = 1850
_NO_DAY = {date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(9999, 12, 31)}
"""What programs write where they know no date; so is anything before 1850, as the year 1."""

_NO_RECORDING = {date(1970, 1, 1), date(1980, 1, 1)}
"""What a clock shows that was never set."""

DISAGREEMENT = 2.0
"""Years by which a stated age and one counted from dates may differ."""


def day(text: str | None) -> date | None:
    """The date that a text starts with; None where it is none, or stands for none."""
    for layout in _LAYOUTS:
        found = re.fullmatch(layout, (text or "").strip(), re.DOTALL)
        if found:
            month = found["m"].lower()
            number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month) if month.isdecimal() else 0
            numbers = number, int(found["d"])
            # where the month cannot be one, the day was written first
            return calendar_day(int(found["y"]), *(numbers if number <= 12 else numbers[::-1]))
    return None


def calendar_day(year: int, month: int, day: int) -> date | None:
    """A date; None where there is no such day, or it stands for none."""
    with suppress(ValueError):
        found = date(year, month, day)
        return None if found in _NO_DAY or year < _FIRST_YEAR else found
    return None


def moment(date_text: str | None, time_text: str | None = None) -> datetime | str | None:
    """When a recording was made.

    Args:
        date_text: its date, with or without the time behind it, as in "20240131101500".
        time_text: its time, as in "10:15:00" or "101500"; None where it stands behind the date.

    Returns:
        Local time without a zone; the date alone, as in "2024-01-31", where no time is known; None without a date.
    """
    found = day(date_text)
    if found is None:
        return None
    written = (
        time_text if time_text is not None else re.sub(r"^(\d{8}|\d{4}-\d\d-\d\d)[T ]?", "", (date_text or "").strip())
    )
    clock = _CLOCK.fullmatch(written.strip())
    with suppress(ValueError):
        if clock:
            return datetime(found.year, found.month, found.day, int(clock[1]), int(clock[2]), int(clock[3] or 0))
    return found.isoformat()


def age(born: date | None, recorded: date | None, stated: float | None = None) -> float | None:
    """Age in years at the recording: what the file states, else completed years from both dates; None where neither
    gives one from 0 to 120. A stated 0 that the dates contradict stands for an age that is not known."""
    by_dates = _completed_years(born, recorded)
    counted = by_dates if by_dates is not None and 0 <= by_dates <= OLDEST else None
    if stated is None or not 0 <= stated <= OLDEST:
        return counted
    return counted if stated == 0 and counted is not None else stated


def disagreement(born: date | None, recorded: date | None, stated: float | None = None) -> tuple[Finding, ...]:
    """That a plausible stated age is more than two years from what the dates give, if it is."""
    by_dates = _completed_years(born, recorded)
    if stated is None or by_dates is None or not 0 <= stated <= OLDEST or abs(by_dates - stated) <= DISAGREEMENT:
        return ()
    message = (
        f"the file states an age of {stated:.3g} years, its dates of birth and recording give {by_dates:g}; "
        f"{age(born, recorded, stated):.3g} is taken, so check which is right"
    )
    return (Finding("age-disagrees", "warn", message, {"stated": stated, "by dates": by_dates}),)


def _completed_years(born: date | None, recorded: date | None) -> float | None:
    if born is None or recorded is None or recorded in _NO_RECORDING:
        return None
    return float(recorded.year - born.year - ((recorded.month, recorded.day) < (born.month, born.day)))


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
