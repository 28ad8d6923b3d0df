"""Recordings in rows that are dictionaries, as the Hugging Face library `datasets` has them, or a list of them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.text_table import TextTable, written_table
from twelvelead.errors import Unreadable

_LONGEST_CELL = 200
"""Numbers of a list of codes; a recording has more."""


def is_rows(signals: Any) -> bool:
    """Whether something has rows that are dictionaries: a data set, or a list of dictionaries."""
    if hasattr(signals, "column_names"):
        return True
    return isinstance(signals, Sequence) and len(signals) > 0 and isinstance(signals[0], Mapping)


class Rows:
    """A data set, or a list of dictionaries.

    Args:
        given: which; one without a length is read into memory.
        signal: the column of recordings; None to tell it by its first cell.
        leads: that a recording has.
        name: what errors call it.

    Attributes:
        signals: the recordings, [samples, leads] each, taken when they are asked for.

    Raises:
        Unreadable: it has no row, holds several data sets, or no or several columns may hold recordings.
    """

    def __init__(self, given: Any, signal: str | None, leads: int, name: str) -> None:
        if isinstance(given, Mapping):
            few = ", ".join(map(str, list(given)[:4]))
            raise Unreadable(f"{name}: holds several data sets ({few}); give one of them")
        self._rows = given if hasattr(given, "__len__") and hasattr(given, "__getitem__") else list(given)
        if not len(self._rows):
            raise Unreadable(f"{name}: holds no recording", code="not-found")
        first, self._name = self._rows[0], name
        self._features = getattr(given, "features", None) or {}
        able = [column for column, cell in first.items() if _is_recording(cell, leads)]
        if signal is not None and signal not in first:
            raise Unreadable(f"{name}: has no column {signal}; its columns are {', '.join(first)}", code="not-found")
        if signal is None and len(able) != 1:
            what = f"{' and '.join(able[:2])} may hold" if able else "no column holds"
            raise Unreadable(
                f"{name}: {what} recordings of {leads} leads; say which by signal=, its columns are {', '.join(first)}",
                code="ambiguous" if able else "not-found",
            )
        self._others = [column for column in first if column != (signal or able[0])]
        self.signals = _Cells(_only(self._rows, [signal or able[0]]), signal or able[0], leads, name)

    def table(self) -> TextTable:
        """The other columns, each cell as a table of text has it; numbers that stand for names as these.

        Raises:
            Unreadable: there is none.
        """
        rows = list(_only(self._rows, self._others))
        return written_table(
            Path(self._name), {column: self._named(column, [row[column] for row in rows]) for column in self._others}
        )

    def _named(self, column: str, cells: list[Any]) -> list[Any]:
        feature = self._features.get(column)
        names = getattr(feature, "names", None) or getattr(getattr(feature, "feature", None), "names", None)
        if not names:
            return [cell.tolist() if hasattr(cell, "tolist") else cell for cell in cells]
        return [_name(cell, names) for cell in cells]


class _Cells(Sequence[Any]):
    def __init__(self, rows: Any, column: str, leads: int, name: str) -> None:
        self._rows, self._column, self._leads, self._name = rows, column, leads, name

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        try:
            cell = np.asarray(self._rows[row][self._column])
        except ValueError:
            raise Unreadable(f"{self._name}[{row}]: its lists have different lengths; mend or leave it out") from None
        if cell.ndim == 1 and cell.size and cell.size % self._leads == 0:
            cell = cell.reshape(-1, self._leads)
        return cell.T if cell.ndim == 2 and cell.shape[0] == self._leads != cell.shape[1] else cell


def _only(rows: Any, columns: list[str]) -> Any:
    return rows.select_columns(columns) if hasattr(rows, "select_columns") else rows


def _is_recording(cell: Any, leads: int) -> bool:
    if isinstance(cell, str | bytes) or not isinstance(cell, Iterable):
        return False
    try:
        array = np.asarray(cell)
    except ValueError:
        return False
    if array.dtype.kind not in "iuf" or array.size <= _LONGEST_CELL:
        return False
    return leads in array.shape if array.ndim == 2 else array.ndim == 1 and array.size % leads == 0


def _name(cell: Any, names: Sequence[str]) -> Any:
    if cell is None:
        return None
    if isinstance(cell, Iterable):
        return [names[int(one)] for one in cell]
    return names[int(cell)] if int(cell) >= 0 else None
