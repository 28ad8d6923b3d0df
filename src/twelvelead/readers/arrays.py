"""Recordings as arrays, as people hold them in Python: what an array cannot say has to be given."""

from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import canonical_leads
from twelvelead.ecg.quality.quarters import quarters_of
from twelvelead.ecg.quality.refusals import USUAL_MILLIVOLTS, usual_span
from twelvelead.ecg.record import ECG, Sex
from twelvelead.errors import Unreadable
from twelvelead.readers.patient import sex as sex_from
from twelvelead.readers.recording import BadFile, check_rate
from twelvelead.readers.units import units_per_millivolt

_LOOKED_AT = 32
"""Recordings that the unit is judged by, spread over all."""

_OLDEST = 300.0
"""Years; PTB-XL writes 300 for "over 89"."""


class Arrays(Sequence[ECG]):
    """Recordings in arrays, each an `ECG` in millivolts when it is asked for; the arrays are not copied.

    Args:
        signals: [n, samples, leads] real numbers, or a sequence of [samples, leads] whose lengths may differ.
        sampling_rate: in Hz, of all.
        leads: names of the last axis, in any case and by the usual aliases.
        unit: of voltage, such as "mV", "uV" or "V".
        step: units of one step of the numbers.
        age: in years; one for all, or one for each recording, None or NaN where unknown.
        sex: "male" or "female", or 0 or 1; likewise.
        name: what errors call the signals.

    Attributes:
        name: as given.
        leads: in our spelling.
        sampling_rate: in Hz.

    Raises:
        Unreadable: the shape, the rate, a lead or the unit cannot be, or the voltages are off by so much that the unit
            is another one.
    """

    def __init__(
        self,
        signals: Any,
        *,
        sampling_rate: float,
        leads: Sequence[str],
        unit: str,
        step: float = 1.0,
        age: Any = None,
        sex: Any = None,
        name: str = "signals",
    ) -> None:
        self.name = name
        self.leads = _leads(leads, name)
        try:
            self.sampling_rate = check_rate(float(sampling_rate))
        except (BadFile, TypeError, ValueError) as error:
            raise Unreadable(f"{name}: {error}; give it in Hz", code="rate-missing") from None
        factor = units_per_millivolt(unit) if isinstance(unit, str) else None
        if factor is None:
            raise Unreadable(
                f"{name}: {unit!r} is no unit of voltage; give mV, uV or V, and multiply raw counts by the size of a "
                "step first",
                code="unit-missing",
            )
        self._millivolts = step / factor
        is_rows = len(getattr(signals, "shape", ())) > 1 or isinstance(signals, Sequence)
        self._signals = signals if is_rows else list(signals)
        self._require_shape()
        self._ages = _one_each(age, len(self), "age", _age, name)
        self._sexes = _one_each(sex, len(self), "sex", _sex, name)
        self._require_unit(unit)

    def __len__(self) -> int:
        return len(self._signals)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        return ECG(
            self._voltage(row),
            self.sampling_rate,
            self.leads,
            self._ages[row],
            self._sexes[row],
            f"{self.name}[{row}]",
        )

    def __iter__(self) -> Iterator[ECG]:
        return (self[row] for row in range(len(self)))

    @property
    def features(self) -> NDArray[np.float32]:
        """[n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown."""
        rows = zip(self._ages, self._sexes, strict=True)
        return np.array(
            [(nan if age is None else age, nan if sex is None else float(sex == "female")) for age, sex in rows],
            np.float32,
        )

    def _voltage(self, row: int) -> NDArray[np.float32]:
        """[samples, leads] float32 mV."""
        stored = np.asarray(self._signals[row])
        if stored.dtype.kind not in "iuf" or stored.ndim != 2:
            raise Unreadable(
                f"{self.name}[{row}]: {stored.dtype} of shape {stored.shape}; a recording is [samples, leads], real "
                "numbers",
                code="unsupported",
            )
        self._require_leads(stored.shape, row)
        if stored.dtype == np.float32 and self._millivolts == 1:
            return stored
        with np.errstate(over="ignore"):
            return (stored.astype(np.float64) * self._millivolts).astype(np.float32)

    def _require_shape(self) -> None:
        if not len(self._signals):
            raise Unreadable(f"{self.name}: holds no recording", code="not-found")
        shape = getattr(self._signals, "shape", None)
        if shape is None:
            return
        if len(shape) != 3:
            raise Unreadable(
                f"{self.name}: shape {tuple(shape)}; it has to be [n, samples, leads] (of one recording, signal[None])",
                code="unsupported",
            )
        self._require_leads(shape[1:], None)

    def _require_leads(self, shape: Sequence[int], row: int | None) -> None:
        samples, columns = shape
        if columns == len(self.leads):
            return
        where = self.name if row is None else f"{self.name}[{row}]"
        turned = samples == len(self.leads)
        remedy = "turn its last two axes round" if turned else "name each column of the last axis"
        raise Unreadable(
            f"{where}: {columns} columns for {len(self.leads)} leads; {remedy}",
            code="contradiction",
        )

    def _require_unit(self, unit: str) -> None:
        """Refuse an array whose usual recording cannot be an ECG in this unit."""
        rows = np.unique(np.linspace(0, len(self) - 1, _LOOKED_AT).astype(int)).tolist()
        spans: list[float] = []
        faults: list[Unreadable] = []
        for row in rows:
            try:
                voltage = np.ascontiguousarray(self._voltage(row).T)
            except Unreadable as fault:
                faults.append(fault)
                continue
            if voltage.shape[1] > 1:
                spans.append(usual_span(quarters_of(voltage, self.sampling_rate)))
        if len(faults) == len(rows):
            raise faults[0]
        known = [span for span in spans if not isnan(span)]
        span = float(np.median(known)) if known else nan
        low, high = USUAL_MILLIVOLTS
        if not (span < low or span > high):
            return
        fits = [other for other in ("V", "mV", "uV") if low <= span / self._millivolts / _per(other) <= high]
        remedy = f"the unit is probably {fits[0]}" if fits else "look the unit up, and the size of a step"
        raise Unreadable(
            f"{self.name}: a lead usually spans {span:,.2g} mV in a second where the unit is {unit} ({low:g} to "
            f"{high:g} mV are plausible); {remedy}",
            code="contradiction",
        )


def _per(unit: str) -> float:
    return units_per_millivolt(unit) or nan


def _leads(names: Sequence[str], where: str) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise Unreadable(f"{where}: leads are {names!r}; give a sequence of names, such as ['I', 'II', ...]")
    leads = canonical_leads(list(names))
    twice = next((lead for place, lead in enumerate(leads) if lead in leads[:place]), None)
    if twice is not None:
        raise Unreadable(f"{where}: lead {twice} is named twice; name each column once", code="ambiguous")
    return leads


def _one_each(given: Any, count: int, what: str, convert: Any, where: str) -> list[Any]:
    """One value for each recording, of one for all or of a sequence."""
    if given is None or isinstance(given, str) or np.ndim(given) == 0:
        values = [given] * count
    else:
        values = list(given)
        if len(values) != count:
            raise Unreadable(f"{where}: {len(values)} values of {what} for {count} recordings; give one each, or one")
    try:
        return [convert(value) for value in values]
    except ValueError as error:
        raise Unreadable(f"{where}: {what} is {error}") from None


def _unknown(value: Any) -> bool:
    # pandas.NA is equal to nothing, itself included, and has no truth value
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and isnan(value))


def _age(value: Any) -> float | None:
    if _unknown(value):
        return None
    try:
        years = float(value)
    except (TypeError, ValueError):
        years = -1.0
    if isnan(years):
        return None
    if not 0 <= years <= _OLDEST:
        raise ValueError(f"{value!r}; give years, and None or NaN where it is not known")
    return years


def _sex(value: Any) -> Sex | None:
    if _unknown(value):
        return None
    if isinstance(value, str):
        found = sex_from(value)
        if found is not None:
            return found
    else:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        if isnan(number):
            return None
        if number in (0, 1):
            return "female" if number else "male"
    raise ValueError(f"{value!r}; give male or female, or 0 or 1, and None or NaN where it is not known")
