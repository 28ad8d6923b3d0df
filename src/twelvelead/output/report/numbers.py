"""Numbers as a report writes them."""

from collections.abc import Sequence

MINUS = "\u2212"
UNDEFINED = "undefined"


def number(value: float | None, digits: int = 3) -> str:
    """With a true minus, never a negative zero; `UNDEFINED` for None."""
    if value is None:
        return UNDEFINED
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def with_interval(value: float | None, bounds: Sequence[float | None] | None, digits: int = 3) -> str:
    """The number and its interval in brackets, which is left out where there is none."""
    if value is None or bounds is None or None in bounds:
        return number(value, digits)
    return f"{number(value, digits)} [{number(bounds[0], digits)}, {number(bounds[1], digits)}]"
