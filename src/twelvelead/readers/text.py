"""Numbers as files write them."""

from math import isfinite


def number(written: str) -> float | None:
    """A finite number; None where the text is none."""
    try:
        value = float(written)
    except ValueError:
        return None
    return value if isfinite(value) else None
