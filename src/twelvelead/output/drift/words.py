"""Quantities of a comparison of groups, their values and their differences, as people read them."""

from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.evaluation.drift import Change, Kind
from twelvelead.output.report.numbers import number, with_interval

_NAMES = {
    "heart_rate_per_minute": ("heart rate", "/min", 0),
    "pr_ms": ("PR", "ms", 0),
    "qrs_ms": ("QRS", "ms", 0),
    "qt_ms": ("QT", "ms", 0),
    "qtc_bazett_ms": ("QTc (Bazett)", "ms", 0),
    "qtc_fridericia_ms": ("QTc (Fridericia)", "ms", 0),
    "axis_degrees": ("axis", "°", 0),
    "age": ("age", "years", 0),
    "sampling_rate_hz": ("sampling rate", "Hz", 0),
    "duration_s": ("length", "s", 1),
}
"""Column -> what it is called, its unit, its digits."""

_EFFECTS: dict[Kind, str] = {"number": "D", "angle": "V", "share": "h"}


def title_of(quantity: str) -> str:
    """What a quantity is called: "QRS", "probability of MI", "PR missing"."""
    name = quantity.removesuffix(" missing")
    title = f"probability of {name.removeprefix('probability_')}" if name.startswith("probability_") else name
    title = _NAMES[name][0] if name in _NAMES else title
    return title + quantity.removeprefix(name)


def unit_of(quantity: str, kind: Kind) -> str:
    """In which its values are shown."""
    return "%" if kind == "share" else _NAMES.get(quantity, ("", "", 3))[1]


def column_title(quantity: str, kind: Kind) -> str:
    """The title with the unit, for a table whose cells have none: "QRS, ms"."""
    unit = unit_of(quantity, kind)
    return f"{title_of(quantity)}, {unit}" if unit else title_of(quantity)


def values_of(change: Change) -> tuple[str, str]:
    """The medians, mean directions or shares of the group and of the reference; "" where nothing was compared."""
    if change.estimates is None:
        return "", ""
    one, other = change.estimates
    return _number(change, one), _number(change, other)


def difference_of(change: Change) -> str:
    """Group minus reference with its interval, signed; of shares in percentage points."""
    if change.difference is None:
        return change.note
    sign = "+" if change.difference.value > 0 else ""
    text = f"{sign}{_number(change, change.difference, interval=True)}"
    unit = "points" if change.kind == "share" else unit_of(change.quantity, change.kind)
    return f"{text} {unit}".strip()


def effect_of(change: Change) -> str:
    """Its letter and its size."""
    return f"{_EFFECTS[change.kind]} {change.effect:.2f}"


def _number(change: Change, found: Estimate, *, interval: bool = False) -> str:
    scale = 100 if change.kind == "share" else 1
    digits = 1 if change.kind == "share" else _NAMES.get(change.quantity, ("", "", 3))[2]
    value, low, high = (scale * each for each in found)
    return with_interval(value, (low, high), digits) if interval else number(value, digits)
