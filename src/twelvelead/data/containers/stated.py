"""What is said of recordings that do not say it themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import Unreadable
from twelvelead.readers.units import units_per_millivolt

NO_UNIT = "states no unit; give it, as in --unit uV, or the microvolts of a step, as in --scale 4.88"


class Stated(NamedTuple):
    """What a caller says; see `twelvelead.data.containers.open_container`."""

    sampling_rate: float | None = None
    leads: tuple[str, ...] | None = None
    unit: str | None = None
    scale: float | None = None
    variable: str | None = None
    time_unit: str | None = None


class Layout(NamedTuple):
    """What is known of arrays of recordings.

    Attributes:
        sampling_rate: in Hz.
        leads: names of the last axis.
        unit: of voltage.
        step: units of one step.
    """

    sampling_rate: float
    leads: tuple[str, ...]
    unit: str
    step: float


def settle(where: str, held: Mapping[str, Any], given: Stated, *, no_unit: str = NO_UNIT) -> Layout:
    """What holds of arrays, of what their file states and what the caller says.

    Args:
        where: what errors call the file.
        held: `sampling_rate`, `leads` and `unit`, as far as the file states them.
        given: what the caller says; leads that the file states itself are believed.
        no_unit: why there is no unit and what to do, as a clause.

    Raises:
        Unreadable: something is stated nowhere, cannot be, or rate or unit are stated twice and differently.
    """
    rate = _number(where, held.get("sampling_rate"))
    if rate is not None and given.sampling_rate not in (None, rate):
        raise Unreadable(
            f"{where}: states {rate:g} Hz, not {given.sampling_rate:g} Hz; leave the rate out", code="contradiction"
        )
    rate = given.sampling_rate if rate is None else rate
    if rate is None:
        raise Unreadable(f"{where}: states no sampling rate; give it, as in --sampling-rate 500", code="rate-missing")
    leads = _names(held.get("leads")) or given.leads
    if leads is None:
        raise Unreadable(
            f"{where}: does not say which leads its columns are; name them in their order, as in --leads "
            f"{','.join(LEADS)}",
            code="unsupported",
        )
    if given.scale is not None:
        return Layout(rate, leads, "uV", given.scale)
    unit = _text(held.get("unit"))
    if unit is not None and given.unit is not None and units_per_millivolt(unit) != units_per_millivolt(given.unit):
        raise Unreadable(f"{where}: states {unit}, not {given.unit}; leave the unit out", code="contradiction")
    unit = given.unit if unit is None else unit
    if unit is None:
        raise Unreadable(f"{where}: {no_unit}", code="unit-missing")
    return Layout(rate, leads, unit, 1.0)


def _number(where: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(_text(value) or "")
    except ValueError:
        raise Unreadable(f"{where}: its sampling rate is no number; write it again", code="damaged") from None


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)


def _names(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str | bytes):
        return tuple(name.strip() for name in (_text(value) or "").split(","))
    return (
        tuple(_text(name) or "" for name in value) if isinstance(value, Sequence) or hasattr(value, "shape") else None
    )
