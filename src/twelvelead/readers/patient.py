"""Age and sex, the only things about a patient that leave a file."""

import re
from contextlib import suppress
from datetime import date

from twelvelead.ecg.record import Sex

OLDEST = 120
"""Years; what is stated beyond stands for something else, as PTB-XL's 300 does for "over 89"."""

YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "hour": 1 / 8766}
"""Units of age in years."""

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
