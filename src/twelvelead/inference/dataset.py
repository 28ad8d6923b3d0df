"""A table as a folder of Parquet files, each written whole or not at all."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.files import replacing

if TYPE_CHECKING:
    import pyarrow

ROWS = 2048
"""Of a part, at most."""

SECONDS = 10.0
"""After which a part is closed, however few its rows; what the death of the process can lose."""

FORMAT = 2
"""Of the rows; a table of another format is not gone on with."""

Row = dict[str, Any]


class Dataset:
    """The table in a folder: what it holds, and rows that are added to it.

    Args:
        folder: that this process owns; see `twelvelead.files.owning`.
        fields: column -> its Arrow type, as `pyarrow.type_for_alias` takes it, or "list<string>". The columns `source`
            and `status` are among them.
        made_by: setting -> value, what the rows are made with; stands in the metadata of each part.

    Attributes:
        done: the sources of its rows.
        statuses: status -> rows.

    Raises:
        TwelveLeadError: the table was begun with other settings.
        Unreadable: a file in the place of a part is none.
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, folder: Path, fields: Mapping[str, str], made_by: Mapping[str, Any]) -> None:
        try:
            import pyarrow as pa
        except ModuleNotFoundError:
            raise MissingExtra("Parquet", "parquet") from None
        made_by = {"format": FORMAT, **made_by}
        types = {"list<string>": pa.list_(pa.string())}
        self._schema = pa.schema(
            {name: types.get(kind) or pa.type_for_alias(kind) for name, kind in fields.items()},
            {"twelvelead": json.dumps(made_by)},
        )
        self._folder = folder
        self.done: set[str] = set()
        self.statuses: Counter[str] = Counter()
        for leftover in folder.glob(".part-*.part"):  # of a process that was killed while it wrote
            leftover.unlink(missing_ok=True)
        parts = sorted(folder.glob("part-*.parquet"))
        for part in parts:
            found = _columns(part)
            before = json.loads((found.schema.metadata or {}).get(b"twelvelead", b"{}"))
            if before.get("format") != FORMAT:
                raise TwelveLeadError(f"{folder}: begun by another version of twelvelead; name another folder")
            for name, value in made_by.items():
                if before.get(name) != value:
                    was, now = (json.dumps(each) for each in (before.get(name), value))
                    raise TwelveLeadError(f"{folder}: begun with {name} {was}, not {now}; name another folder")
            self.done.update(found.column("source").to_pylist())
            self.statuses.update(found.column("status").to_pylist())
        number = 1 + max((int(part.stem.removeprefix("part-")) for part in parts), default=-1)
        self._open: tuple[int, list[Row]] = (number, [])
        self._begun = 0.0

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows, and close the open part if it is full or old; to be called now and then without any, too.

        Raises:
            OSError: the part cannot be written.
        """
        held = self._open[1]
        if not held:
            self._begun = time.monotonic()
        for row in rows:
            held.append(row)
            self.statuses[row["status"]] += 1
        if len(held) >= ROWS or time.monotonic() - self._begun >= SECONDS:
            self.close_part()

    def close_part(self) -> None:
        """Write what is added and not written yet. May be repeated after an interruption at any place.

        Raises:
            OSError: it cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        number, rows = self._open
        if rows:
            with replacing(self._folder / f"part-{number:05}.parquet") as partial:
                pq.write_table(pa.Table.from_pylist(rows, schema=self._schema), partial)
            self._open = (number + 1, [])


def _columns(part: Path) -> "pyarrow.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(part, columns=["source", "status"])
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"{part}: not a part of such a table ({reason}); delete it, then run it again") from None
