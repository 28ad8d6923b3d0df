"""Cells of a table as people write them."""

from math import isnan, nan

from twelvelead.readers import patient
from twelvelead.readers.text import number

NOTHING = ("", "nan", "na", "n/a", "null", "none")
"""Cells, in lower case, that say nothing."""

UNKNOWN = ("-1", "-1.0", "?", "unknown")
"""Cells, in lower case, that say that something is not known."""

OLDEST = 300
"""Years; PTB-XL writes it for everyone over 89."""

_YES, _NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no", *NOTHING)
_SEX = {
    **dict.fromkeys(("0", "0.0", "m", "male", "man"), 0.0),
    **dict.fromkeys(("1", "1.0", "f", "female", "woman"), 1.0),
    **dict.fromkeys((*NOTHING, *UNKNOWN, "u", "x", "other"), nan),
}


def whole_number(text: str, name: str, most: int) -> int:
    """A whole number from 1 to `most`, which may be written as PTB-XL does, "15709.0".

    Raises:
        ValueError: it is something else; the text names the column and the cell.
    """
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not (value.is_integer() and 1 <= value <= most):
        raise ValueError(f"{name} is {text!r}, not a whole number from 1" + (f" to {most}" if most <= 100 else ""))
    return int(value)


def is_mark(text: str) -> bool:
    """Whether a cell says of a class that it is there, is not, or is not known."""
    return text.lower() in (*_YES, *_NO, *UNKNOWN)


def mark(text: str, name: str) -> bool | None:
    """Whether a class is there; None where that is not known.

    Raises:
        ValueError: it is neither; the text names the column and the cell.
    """
    if not is_mark(text):
        raise ValueError(f"{name} is {text!r}, neither 1, 0 nor -1 (not known)")
    return None if text.lower() in UNKNOWN else text.lower() in _YES


def age_in_years(text: str, unit: str = "") -> float:
    """An age in years, NaN where it is not known, from "63", "63.5", "018M", "6 months" or ">89".

    Args:
        text: the cell.
        unit: of the column, such as "months"; "" for years.

    Raises:
        ValueError: it is none.
    """
    if text.lower() in (*NOTHING, *UNKNOWN):
        return nan
    bare = text.removeprefix(">").removesuffix("+").strip()
    plain = number(bare) if not unit else None
    age = plain if plain is not None else patient.years(bare, unit)
    if age is None or not 0 <= age <= OLDEST:
        raise ValueError(f"age is {text!r}, not an age; write years, or a unit behind the number (6 months)")
    return age


def is_unit_of_age(text: str) -> bool:
    """Whether ages are counted in it, such as "months"."""
    return patient.years("1", text) is not None


def sex_code(text: str, yes_is_male: bool | None = None) -> float:
    """0 for male, 1 for female, NaN where it is not known.

    Args:
        text: the cell.
        yes_is_male: of a column such as "is_male", what 1 means; None where the cell says the sex.

    Raises:
        ValueError: it is none.
    """
    if yes_is_male is not None and text.lower() not in NOTHING:
        yes = mark(text, "male" if yes_is_male else "female")
        return nan if yes is None else float(yes is not yes_is_male)
    if text.lower() not in _SEX:
        raise ValueError(f"sex is {text!r}; write male or female (M or F, 0 or 1), or leave it empty")
    return _SEX[text.lower()]


def identity(text: str) -> str:
    """A patient's or recording's name, without the ".0" that a table puts behind whole numbers."""
    value = number(text)
    return text if value is None or isnan(value) or not value.is_integer() or "." not in text else str(int(value))
