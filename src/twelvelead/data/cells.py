"""Cells of a CSV table."""

from math import nan


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
