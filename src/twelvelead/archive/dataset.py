"""A table in a place: Parquet parts that count once they are committed.

    _manifest.json                 what the rows are made with; made by whoever comes first, and agreed to by all others
    _committed-0001-of-0004.json   of a shard, its parts that count
    part-0001-of-0004-HASH.parquet named by its shard and its first input

Each file is whole or not there. A process that dies leaves a part without its commit at most, which nobody reads and
the next owner of the shard removes.
"""

import io
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from twelvelead.archive.claims import Claim
from twelvelead.archive.inputs import WHOLE, Shard, digest
from twelvelead.archive.places import Place
from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable

if TYPE_CHECKING:
    import pyarrow

ROWS = 16_384
"""Of a part, at most."""

SECONDS = 10.0
"""After which a part is closed, however few its rows; what the death of the process can lose."""

FORMAT = 3
"""Of the rows; a table of another format is not gone on with."""

MANIFEST = "_manifest.json"

_PACKED = 512
"""Rows that wait as they came; more are packed, and take a tenth of the memory."""

Row = dict[str, Any]


class Part(NamedTuple):
    """A file of a table, committed.

    Attributes:
        name: of the file.
        statuses: status -> rows.
    """

    name: str
    statuses: Counter[str]


class Dataset:
    """A shard of a table: what it holds, and rows that are added to it. See `writing`, which opens it.

    Attributes:
        done: `digest` of the sources of the rows that it held when it was opened; who adds rows keeps it.
        statuses: status -> rows.
    """

    def __init__(self, place: Place, schema: "pyarrow.Schema", shard: Shard, claim: Claim) -> None:
        self._place, self._schema, self._shard, self._claim = place, schema, shard, claim
        self._parts = committed(place, shard.name)
        self.done: set[int] = set()
        self.statuses: Counter[str] = Counter()
        for part in self._parts:
            self.done.update(map(digest, read_part(place, part.name, ["source"]).column("source").to_pylist()))
            self.statuses += part.statuses
        names = {part.name for part in self._parts}
        for leftover in place.names(f"part-{shard.name}-"):
            if leftover not in names:
                place.remove(leftover)
        self._open: tuple[list[pyarrow.RecordBatch], list[Row]] = ([], [])
        self._begun = time.monotonic()

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows, and close the open part if it is full or old; to be called every second, also without any.

        Raises:
            OSError, TwelveLeadError: the part cannot be written.
            Conflict: another process has taken the shard over.
        """
        import pyarrow as pa

        packed, held = self._open
        if not packed and not held:
            self._begun = time.monotonic()
        for row in rows:
            held.append(row)
            self.statuses[row["status"]] += 1
        if len(held) >= _PACKED:
            # one assignment, so that an interruption neither loses rows nor doubles them
            self._open = ([*packed, pa.RecordBatch.from_pylist(held, schema=self._schema)], [])
        waiting = sum(batch.num_rows for batch in self._open[0]) + len(self._open[1])
        if waiting >= ROWS or time.monotonic() - self._begun >= SECONDS:
            self.close_part()
        else:
            self._claim.renew()

    def close_part(self) -> None:
        """Write and commit what is added and not written yet. May be repeated after an interruption at any place.

        Raises:
            OSError, TwelveLeadError: it cannot be written.
            Conflict: another process has taken the shard over.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        packed, held = self._open
        batches = [*packed, pa.RecordBatch.from_pylist(held, schema=self._schema)] if held else packed
        if batches:
            table = pa.Table.from_batches(batches)
            first = digest(table.column("source")[0].as_py()) >> 64
            part = Part(f"part-{self._shard.name}-{first:016x}.parquet", Counter(table.column("status").to_pylist()))
            content = io.BytesIO()
            pq.write_table(table, content)
            self._claim.renew()
            self._place.write(part.name, content.getvalue())
            self._claim.renew()
            parts = [*(each for each in self._parts if each.name != part.name), part]
            self._place.write(commit_of(self._shard.name), _dumped({"parts": [each._asdict() for each in parts]}))
            self._parts, self._open = parts, ([], [])
        self._claim.renew()


@contextmanager
def writing(
    place: Place,
    fields: Mapping[str, str],
    made_by: Mapping[str, Any],
    shard: Shard = WHOLE,
) -> Iterator[Dataset]:
    """A shard of the table in a place, which this process owns while the block runs; what is added stays, also where
    the block ends by an error.

    Args:
        place: where the table is, or is begun.
        fields: column -> its Arrow type, as `pyarrow.type_for_alias` takes it, or "list<string>" or "list<float>". The
            columns `source` and `status` are among them.
        made_by: setting -> value, what the rows are made with.
        shard: which.

    Raises:
        TwelveLeadError: the table was begun with other settings, columns or shards, another process owns the shard, or
            the place cannot be written.
        Unreadable: a committed part is not there, or damaged.
        OSError: the folder cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    schema = schema_of(fields, {"format": FORMAT, **made_by})
    _agree(place, {"format": FORMAT, "shards": shard.total, "columns": dict(fields), **made_by})
    with place.owning(shard.name) as claim:
        table = Dataset(place, schema, shard, claim)
        try:
            yield table
        finally:
            table.close_part()


def schema_of(fields: Mapping[str, str], made_by: Mapping[str, Any]) -> "pyarrow.Schema":
    """The columns as Arrow has them; see `writing`.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtra("Parquet", "parquet") from None
    lists = {"list<string>": pa.list_(pa.string()), "list<float>": pa.list_(pa.float32())}
    return pa.schema(
        {name: lists.get(kind) or pa.type_for_alias(kind) for name, kind in fields.items()},
        {"twelvelead": json.dumps(made_by)},
    )


def _agree(place: Place, settings: Mapping[str, Any]) -> None:
    """See that the table is made with these settings; it is from now on, if there was none.

    Raises:
        TwelveLeadError: it is made with others.
    """
    begun = manifest(place)
    if begun is None:
        if place.names("part-"):
            raise TwelveLeadError(f"{place.shown}: begun by another version of twelvelead; name another folder")
        place.create(MANIFEST, _dumped(settings))
        begun = manifest(place) or {}
    if begun.get("format") != settings["format"]:
        raise TwelveLeadError(f"{place.shown}: begun by another version of twelvelead; name another folder")
    for name, value in settings.items():
        if begun.get(name) == value:
            continue
        if name == "columns":
            differ = sorted(dict(begun.get(name, {})).items() ^ value.items())
            more = f", such as {differ[0][0]}" if differ else ", in another order"
            raise TwelveLeadError(f"{place.shown}: begun with other columns{more}; name another folder")
        was, now = (json.dumps(each) for each in (begun.get(name), value))
        raise TwelveLeadError(f"{place.shown}: begun with {name} {was}, not {now}; name another folder")


def manifest(place: Place) -> dict[str, Any] | None:
    """What the rows of a table are made with: `format`, `shards`, `columns`, and the settings; None where no table is.

    Raises:
        Unreadable: there is something else in its place.
    """
    return _loaded(place, MANIFEST)


def commit_of(shard: str) -> str:
    """The file in which a shard commits its parts."""
    return f"_committed-{shard}.json"


def committed(place: Place, shard: str) -> list[Part]:
    """The parts of a shard that count.

    Raises:
        Unreadable: its commit is damaged.
    """
    found = _loaded(place, commit_of(shard)) or {"parts": []}
    return [Part(part["name"], Counter(part["statuses"])) for part in found["parts"]]


def read_part(place: Place, name: str, columns: list[str] | None = None) -> "pyarrow.Table":
    """A part, or some columns of it.

    Raises:
        Unreadable: it is not there, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = place.read(name)
    if content is None:
        raise Unreadable(f"{place.shown}/{name}: committed, but not there; restore it, or begin in another folder")
    try:
        return pq.read_table(pa.BufferReader(content), columns=columns)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"{place.shown}/{name}: damaged ({reason}); restore it, or begin in another folder") from None


def _dumped(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _loaded(place: Place, name: str) -> dict[str, Any] | None:
    content = place.read(name)
    if content is None:
        return None
    try:
        found = json.loads(content)
        if not isinstance(found, dict):
            raise ValueError
    except ValueError:
        raise Unreadable(f"{place.shown}/{name}: damaged; restore it, or begin in another folder") from None
    return found
