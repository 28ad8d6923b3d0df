"""A WFDB tree by its list RECORDS, as PhysioNet publishes it: nothing has to be searched."""

import os
from collections.abc import Iterator
from pathlib import Path

from twelvelead.data.ptbxl.release import read_apart
from twelvelead.errors import Unreadable
from twelvelead.naming import shown

NAME = "RECORDS"


def is_records(name: str) -> bool:
    """Whether a file is such a list."""
    return os.path.basename(name) == NAME and Path(name).is_file()  # noqa: PTH119


def records(path: Path) -> Iterator[Path]:
    """The headers that a list names, in its order. A line that ends in "/" names a folder with a list of its own. Two
    paths on one line, as in PTB-XL's list, are read apart, unless there is a record of the whole name.

    Args:
        path: of the list.

    Raises:
        Unreadable: it cannot be read, leads out of its folder, or back to itself.
    """
    try:
        lines = path.open(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise Unreadable(f"{shown(path)}: cannot be read ({error.strerror}); check the path") from None
    with lines:
        for number, line in enumerate(lines, start=1):
            name = line.strip()
            if not name:
                continue
            if name.startswith("/") or ".." in name.split("/"):
                raise Unreadable(f"{shown(path)}: line {number} leads out of its folder; mend it")
            if name.endswith("/"):
                if Path(name) == Path():
                    raise Unreadable(f"{shown(path)}: line {number} names its own folder; mend it")
                yield from records(path.parent / name / NAME)
                continue
            whole = path.parent / f"{name}.hea"
            parts = read_apart(name)
            if len(parts) < 2 or whole.exists():
                yield whole
            else:
                yield from (path.parent / f"{part}.hea" for part in parts)
