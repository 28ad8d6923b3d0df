"""Which recording each row of a table means."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath

import numpy as np

from twelvelead.data.recordings import Member, Place, Recordings
from twelvelead.data.table_columns import Columns
from twelvelead.data.text_table import TextTable
from twelvelead.errors import Unreadable
from twelvelead.naming import shown

_OF_WFDB = (".hea", ".dat")
"""Of one recording, which may be named without either."""


@dataclass(frozen=True)
class Located:
    """Rows of a table and their recordings.

    Attributes:
        table: without the rows whose recordings lie in files that are not there or not meant.
        places: of the recording of each row.
        notes: about the rows that were left out.
    """

    table: TextTable
    places: list[Place]
    notes: tuple[str, ...] = ()


def locate(recordings: Recordings, table: TextTable, roles: Columns) -> Located:
    """The recordings that a table means: by a path below the folder, by the name in a file of many, or, where it has a
    row for each recording of one file and names none, by their order.

    Raises:
        Unreadable: a path leads out of the folder, or the file holds no recording of a name.
    """
    cells = {
        role: table.column(roles.of_role[role]) for role in ("file", "container", "member") if role in roles.of_role
    }
    if not recordings.is_one and "container" not in cells:
        return Located(table, _by_path(recordings.source, table, cells["file"]))
    files, notes = _files(recordings, table, cells.get("container"))
    kept = [place for place, file in enumerate(files) if file is not None]
    if not kept:
        raise Unreadable(
            f"{table.path}: names no recording of {shown(recordings.source)} ({'; '.join(notes)}); name the table that "
            "belongs to it"
        )
    by = "member" if "member" in cells else "file"
    is_its_own = recordings.is_one and table.path == recordings.source
    if by not in cells or is_its_own:
        members = _in_order(recordings, table, kept)
    else:
        members = _by_name(recordings, table, roles.of_role[by], [(files[row], cells[by][row], row) for row in kept])
    return Located(replace(table, rows=tuple(table.rows[row] for row in kept)), list(members), notes)


def _by_path(source: Path, table: TextTable, files: list[str]) -> list[Place]:
    found: list[Place] = []
    lines: dict[Path, int] = {}
    for (line, _), file in zip(table.rows, files, strict=True):
        path = _below(source, file, f"{table.path}: line {line}")
        first = lines.setdefault(path.with_suffix("") if path.suffix in _OF_WFDB else path, line)
        if first != line:
            raise Unreadable(
                f"{table.path}: line {line}: {shown(file)} stands in line {first} too; write one line for a recording, "
                "with all of its labels",
                code="ambiguous",
            )
        found.append(path)
    return found


def _below(source: Path, file: str, where: str) -> Path:
    path = PurePath(file) if "\\" not in file else PurePosixPath(file.replace("\\", "/"))
    if path.is_absolute() and path.is_relative_to(source.resolve()):
        path = path.relative_to(source.resolve())
    if not file or path.is_absolute() or ".." in path.parts or "\0" in file:
        raise Unreadable(f"{where}: the path {file!r} does not lie in the folder; mend it")
    return source / path


def _files(
    recordings: Recordings, table: TextTable, cells: list[str] | None
) -> tuple[list[Path | None], tuple[str, ...]]:
    """The file of many that each row means; None where that is another one, or not there."""
    source = recordings.source
    if cells is None:
        return [source] * len(table.rows), ()
    known: dict[str, Path | None] = {}
    for (line, _), cell in zip(table.rows, cells, strict=True):
        if cell in known:
            continue
        if recordings.is_one:
            known[cell] = source if PurePosixPath(cell).name == source.name else None
        else:
            path = _below(source, cell, f"{table.path}: line {line}") if cell else None
            known[cell] = path if path is not None and path.is_file() else None
    others = Counter(cell for cell in cells if known[cell] is None)
    what = "in other files" if recordings.is_one else "in files that are not there"
    few = ", ".join(shown(name) or "(none named)" for name in sorted(others)[:3]) + (", ..." if len(others) > 3 else "")
    notes = (f"{others.total():,} rows left out, {what}: {few}",) if others else ()
    return [known[cell] for cell in cells], notes


def _in_order(recordings: Recordings, table: TextTable, rows: list[int]) -> list[Member]:
    container = recordings.opened(recordings.source) if recordings.is_one else None
    if container is None or len(rows) != len(container):
        held = "" if container is None else f" for the {len(container):,} recordings of {container.name}"
        raise Unreadable(
            f"{table.path}: {len(rows):,} rows{held}, and no column names them; add a column member (or exam_id) with "
            "their names"
        )
    return [Member(recordings.source, member) for member in container]


def _by_name(
    recordings: Recordings, table: TextTable, column: str, named: list[tuple[Path | None, str, int]]
) -> list[Member]:
    found: list[Member] = []
    missing: list[tuple[str, int]] = []
    for file, text, row in named:
        assert file is not None
        member = recordings.opened(file).find(text)
        if member is None:
            missing.append((text, table.rows[row][0]))
        else:
            found.append(Member(file, member))
    if missing:
        first, line = missing[0]
        raise Unreadable(
            f"{table.path}: {len(missing):,} of its {len(named):,} {column} are not in {shown(recordings.source)}, the "
            f"first {shown(first)} (line {line}); take these rows out, or name the table or file that belongs to it",
            code="not-found",
        )
    twice = next((member for member, count in Counter(found).items() if count > 1), None)
    if twice is not None:
        raise Unreadable(f"{table.path}: names {shown(twice.member)} in two rows; take one out", code="ambiguous")
    return found


def in_order_of_files(recordings: Recordings, places: list[Place]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """[record]: the order in which the recordings are read fastest: that in which files of many hold them."""
    order = {member: place for place, member in enumerate(recordings.members)}
    keys = [order[place] if isinstance(place, Member) else row for row, place in enumerate(places)]
    return np.array(sorted(range(len(places)), key=keys.__getitem__), np.int64)
