"""Recordings and their labels, from a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data import cells
from twelvelead.data.containers import kind_of
from twelvelead.data.containers.parquet import columns_beside, is_parquet, signal_column_of
from twelvelead.data.joining import Mapping, joined
from twelvelead.data.label_cells import LISTS, SPACE, WHOLE, read_cells, require_separator
from twelvelead.data.label_literals import Said
from twelvelead.data.labelled import Labelled
from twelvelead.data.locating import Located, in_order_of_files, locate
from twelvelead.data.recordings import Recordings
from twelvelead.data.table_columns import OF_MANY, PTBXL, ROLES, Columns, columns_of
from twelvelead.data.text_table import TextTable, normalised, read_text_table, written_table
from twelvelead.errors import Unreadable


@dataclass(frozen=True)
class _Read:
    """What the label columns say."""

    said: list[Said | None]
    written: list[str]
    names: tuple[str, ...]
    how: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def labelled_by_table(
    recordings: Recordings,
    table: Path,
    task: str | None,
    *,
    rate: float = 100,
    mapping: Mapping | None = None,
    separator: str | None = None,
    columns: Sequence[str] | None = None,
) -> Labelled:
    """The recordings that a table lists, in its order, or in that of files of many; see `twelvelead.data.create.create`
    for its columns.

    Args:
        recordings: the folder that its paths start from, or the file of many recordings.
        table: a table of text or Parquet; a Parquet file of recordings may be its own.
        task: what its labels are called; None for "labels".
        rate: in Hz; which files of PTB-XL's table are meant.
        mapping: what the names in its labels stand for; None where they are the classes.
        separator, columns: what settles a doubt: see `read_cells`; and the names of the columns that hold labels.

    Raises:
        Unreadable: the table is missing, or a row of it cannot be understood.
    """
    found = _table(recordings, table)
    roles = columns_of(found, rate, columns, is_of_one_file=recordings.is_one)
    located = locate(recordings, found, roles)
    listed = labelled(located, roles, task, mapping=mapping, separator=separator)
    return listed.taken(in_order_of_files(recordings, located.places)) if recordings.containers else listed


def labelled(
    located: Located, roles: Columns, task: str | None, *, mapping: Mapping | None = None, separator: str | None = None
) -> Labelled:
    """What the rows of a table say of recordings that have been found; see `labelled_by_table`.

    Raises:
        Unreadable: a row of it cannot be understood.
    """
    found = located.table
    try:
        known = _known(found, roles)
        sign = None if separator is None else require_separator(separator)
        read = _by_classes(found, roles) if roles.classes else _by_names(found, roles, sign)
    except _BadLine as error:
        raise Unreadable(f"{found.path}: {error}; mend it") from None
    except ValueError as error:
        raise Unreadable(f"{found.path}: {error}") from None
    notes = [*found.notes, *located.notes, *read.notes]
    if roles.unread:
        notes.append(f"columns not read: {', '.join(name or '(without a name)' for name in roles.unread)}")
    ptbxl = {normalised(name) for name in found.names} >= PTBXL
    labels = joined(read.said, read.names, mapping, task)
    return Labelled(
        files=located.places,
        columns={name: np.array(values) for name, values in known.items()},
        labels=labels.names,
        likelihoods=labels.likelihoods,
        tasks=labels.tasks,
        source=f"PTB-XL, labels of {found.path.name}" if ptbxl else found.path.name,
        how=read.how,
        written=read.written,
        notes=tuple(notes),
        doubts=() if mapping is not None else read.doubts,
        unlisted_codes=labels.unlisted,
        not_mapped=labels.not_mapped,
    )


def _table(recordings: Recordings, table: Path) -> TextTable:
    if recordings.is_one and table == recordings.source:
        if kind_of(table) != "parquet":
            raise Unreadable(f"{table}: holds no columns of labels; name a table of them")
        return written_table(table, columns_beside(table, signal_column_of(table, recordings.variable)))
    if is_parquet(table):
        return written_table(table, columns_beside(table))
    return read_text_table(table, [name for role in ("file", *OF_MANY) for name in ROLES[role]])


class _BadLine(ValueError):
    """A line that cannot be understood; the text begins with its number."""


def _known(table: TextTable, roles: Columns) -> dict[str, Any]:
    """Columns of a store, [record] each."""
    found: dict[str, list[Any]] = {name: [] for name in ("ecg_id", "patient_id", "fold", "age", "sex")}
    place = {role: table.names.index(name) for role, name in roles.of_role.items()}
    patients: dict[str, int] = {}
    ids: dict[int, int] = {}
    for number, (line, row) in enumerate(table.rows, start=1):
        cell = {role: row[at] for role, at in place.items()}
        try:
            ecg_id = cells.whole_number(cell.get("ecg_id", str(number)), "ecg_id", 2**53)
            if ids.setdefault(ecg_id, line) != line:
                raise ValueError(f"ecg_id {ecg_id} is listed twice, first in line {ids[ecg_id]}")
            found["ecg_id"].append(ecg_id)
            patient = cells.identity(cell.get("patient_id", str(number)))
            if not patient:
                raise ValueError("patient_id is empty")
            found["patient_id"].append(patients.setdefault(patient, len(patients) + 1))
            found["fold"].append(cells.whole_number(cell.get("fold", "1"), "fold", 100))
            found["age"].append(cells.age_in_years(cell.get("age", ""), roles.unit_of_age))
            found["sex"].append(cells.sex_code(cell.get("sex", ""), roles.yes_is_male))
        except ValueError as error:
            raise _BadLine(f"line {line}: {error}") from None
    if all(name.isascii() and name.isdigit() and 0 < int(name) < 2**53 for name in patients):
        by_number = {number: int(name) for name, number in patients.items()}
        found["patient_id"] = [by_number[number] for number in found["patient_id"]]
    if "fold" not in place:
        del found["fold"]
    return found


def _by_classes(table: TextTable, roles: Columns) -> _Read:
    said: list[Said | None] = []
    places = [(name, table.names.index(name)) for name in roles.classes]
    empty: Counter[str] = Counter()
    for line, row in table.rows:
        one: dict[str, float] = {}
        for name, place in places:
            try:
                there = cells.mark(row[place], name)
            except ValueError as error:
                raise _BadLine(f"line {line}: {error}") from None
            empty[name] += row[place].lower() in cells.NOTHING
            if there is not False:
                one[name] = -1.0 if there is None else 0.0
        said.append(one)
    written = ["; ".join(f"{name}={row[place]}" for name, place in places if row[place]) for _, row in table.rows]
    count = len(places)
    how = f"{count} columns of 0 and 1" if count > 1 else f"the column {roles.classes[0]} of 0 and 1"
    notes = (
        [f"{empty.total():,} empty cells of these count as 0; write -1 where it is not known"] if empty.total() else []
    )
    return _Read(said, written, roles.classes, how, tuple(notes))


def _by_names(table: TextTable, roles: Columns, separator: str | None) -> _Read:
    column = roles.of_role["labels"]
    written = table.column(column)
    try:
        read = read_cells(written, [line for line, _ in table.rows], separator)
    except ValueError as error:
        raise _BadLine(f"{error} (column {column})") from None
    names = tuple(sorted({name for one in read.said if one for name in one}))
    if not names:
        raise ValueError(f"its column {column} names no class; fill it, or name other columns by --columns")
    doubts = []
    if read.doubts:
        quoted = read.separator if read.separator in (SPACE, WHOLE, LISTS) else f"'{read.separator}'"
        quoted = {"\t": "tab"}.get(read.separator, quoted)
        doubts = [
            f"column {column} may be meant otherwise: {'; '.join(read.doubts)}; say --separator {quoted} if it was "
            "read rightly, else another (none where a cell is one class), or by --columns which columns hold 0 and 1"
        ]
    unknown = sum(one is None for one in read.said)
    notes = [f"{unknown:,} recordings of which nothing is known"] if unknown else []
    return _Read(read.said, written, names, f"column {column}, {read.how}", tuple(notes), tuple(doubts))
