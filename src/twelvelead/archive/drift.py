"""What is compared in a table of answers, and which of its rows with which."""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from twelvelead.archive.columns import TIME, Columns
from twelvelead.ecg.measure import QUANTITIES
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.drift import Group, Kind, Quantity
from twelvelead.naming import shown

MOST = 200
"""Values of a column that divides the rows."""

NOT_STATED = "not stated"
"""The group of rows without a value."""

_PERIOD = r"\d{4}(?:-\d{2}(?:-\d{2})?)?"
_PREFIXES = ("probability_", "decision_")
_ABOUT = ("age", "sampling_rate_hz", "duration_s")
_READ = ("status", "code", "findings", "sex", *_ABOUT, *QUANTITIES)


def wanted(*more: str) -> Callable[[str], bool]:
    """Whether a column is read, by its name: those of the answers, `TIME`, and more."""
    names = {*_READ, TIME, *more}
    return lambda name: name in names or name.startswith(_PREFIXES)


def quantities(answers: Columns) -> list[Quantity]:
    """Everything that is compared: of all rows the shares of those refused and not read and of each code; of those
    answered the probabilities, the decisions "present", the measurements, the findings, age, sex, rate and length, and
    of what may be missing the share that is.

    Raises:
        Unreadable: the table has none of it, or a column holds something else.
    """
    found = [*_of_all_rows(answers), *_of_answered(answers, _answered(answers))]
    if not found:
        raise Unreadable(f"{answers.place}: no column of answers, such as status or probability_MI; give score's table")
    return found


def _answered(answers: Columns) -> NDArray[np.bool_]:
    if "status" not in answers:
        return np.ones(len(answers), bool)
    return _is(answers, "status", "ok")


def _is(answers: Columns, column: str, *texts: str) -> NDArray[np.bool_]:
    rows, there = answers.texts(column)
    return np.isin(rows, [number for number, text in enumerate(there) if text in texts])


def _of_all_rows(answers: Columns) -> Iterator[Quantity]:
    if "status" in answers:
        yield _share("refused", _is(answers, "status", "refused"))
        yield _share("not read", _is(answers, "status", "unreadable", "failed"))
    if "code" in answers:
        rows, codes = answers.texts("code")
        for number, code in enumerate(codes):
            yield _share(f"code {code}", rows == number)


def _of_answered(answers: Columns, answered: NDArray[np.bool_]) -> Iterator[Quantity]:
    for name in answers.names:
        if name.startswith("probability_"):
            yield from _measured(answers, name, answered)
    for name in answers.names:
        if name.startswith("decision_"):
            yield _share(f"{name.removeprefix('decision_')} present", _is(answers, name, "present"), answered)
    for name in (*QUANTITIES, *_ABOUT):
        if name in answers:
            yield from _measured(answers, name, answered, "angle" if name == "axis_degrees" else "number")
    if "sex" in answers:
        female, male = _is(answers, "sex", "female"), _is(answers, "sex", "male")
        yield _share("female", female, answered & (female | male))
        yield _share("sex missing", ~(female | male), answered)
    if "findings" in answers:
        for code, there in answers.codes("findings"):
            yield _share(f"finding {code}", there, answered)


def _measured(answers: Columns, name: str, answered: NDArray[np.bool_], kind: Kind = "number") -> Iterator[Quantity]:
    values = np.where(answered, answers.numbers(name), np.nan)
    yield Quantity(shown(name), kind, values)
    yield _share(f"{name} missing", np.isnan(values), answered)


def _share(name: str, there: NDArray[np.bool_], of: NDArray[np.bool_] | None = None) -> Quantity:
    values = there.astype(np.float64)
    return Quantity(shown(name), "share", values if of is None else np.where(of, values, np.nan))


def groups(answers: Columns, by: Sequence[str], reference: str | None = None) -> list[Group]:
    """Each value of each column against the reference, or against all other rows. A column of two values gives one
    group then, the smaller one: the other would say the same again.

    Args:
        answers: with the columns; month follows from `TIME`.
        by: names of columns.
        reference: a period of `TIME` (2025, 2025-03, 2025-01..2025-06) or COLUMN=VALUE. Its rows are in no group.

    Raises:
        TwelveLeadError: a column has too many values or one only, the reference holds nothing or everything.
        Unreadable: there is no such column, or a time is none.
    """
    against = None if reference is None else _reference(answers, reference)
    return [group for column in by for group in _groups_of(answers, column, against)]


def _groups_of(answers: Columns, column: str, against: NDArray[np.bool_] | None) -> Iterator[Group]:
    rows, values = answers.texts(column)
    if len(values) > MOST:
        raise TwelveLeadError(
            f"{answers.place}: column {column} has {len(values):,} values; name a column with at most {MOST}"
        )
    parts = [(value, rows == number) for number, value in enumerate(values)]
    if (rows < 0).any():
        parts.append((NOT_STATED, rows < 0))
    if against is not None:
        parts = [(value, part & ~against) for value, part in parts]
        for value, part in parts:
            if part.any():
                yield Group(column, value, part, against)
        return
    if len(parts) < 2:
        raise TwelveLeadError(
            f"{answers.place}: column {column} has one value only, {parts[0][0]}; give a --reference, or name another "
            "column"
        )
    if len(parts) == 2:
        parts = [min(parts, key=lambda part: int(part[1].sum()))]
    for value, part in parts:
        yield Group(column, value, part, ~part)


def _reference(answers: Columns, text: str) -> NDArray[np.bool_]:
    if "=" in text:
        column, _, value = (part.strip() for part in text.partition("="))
        rows, values = answers.texts(column)
        found = rows == values.index(shown(value)) if shown(value) in values else np.zeros(len(answers), bool)
        known = f"column {column} has {', '.join(values[:8])}{', and others' * (len(values) > 8)}"
    else:
        period = re.fullmatch(rf"({_PERIOD})(?:\.\.({_PERIOD}))?", text.strip())
        if period is None:
            raise TwelveLeadError(
                f"reference {text!r}: neither a period, as in 2025, 2025-03 or 2025-01..2025-06, nor COLUMN=VALUE"
            )
        first, last = period[1], period[2] or period[1]
        rows, days = answers.days
        within = [number for number, day in enumerate(days) if first <= day[: len(first)] and day[: len(last)] <= last]
        found = np.isin(rows, within)
        known = f"column {TIME} goes from {days[0]} to {days[-1]}" if days else f"column {TIME} is empty"
    if not found.any():
        raise TwelveLeadError(f"{answers.place}: no row is of the reference {text}; {known}")
    if found.all():
        raise TwelveLeadError(
            f"{answers.place}: every row is of the reference {text}; there is nothing to compare with it"
        )
    return found


def patients(answers: Columns, column: str) -> NDArray[np.int64]:
    """Whose recording each row is, [rows]; a row without a patient is of one of its own.

    Raises:
        Unreadable: there is no such column.
    """
    rows, _ = answers.texts(column)
    return np.where(rows < 0, -1 - np.arange(len(rows)), rows)
