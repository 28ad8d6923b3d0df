"""A manifest: a table that lists recordings, one a row, with what is known of them besides."""

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path

from twelvelead.archive.addresses import called, meant, whole
from twelvelead.archive.inputs import Input, Shard, digest, source_of
from twelvelead.archive.tables import Table
from twelvelead.data import cells
from twelvelead.data.text_table import normalised
from twelvelead.ecg.record import Sex
from twelvelead.errors import Unreadable
from twelvelead.naming import Naming, is_url

LARGEST = 1 << 28
"""Bytes of a manifest behind a URL, which is held in memory."""

_SEX: dict[float, Sex] = {0.0: "male", 1.0: "female"}


class Manifest:
    """A manifest whose heading has been read.

    Args:
        address: of a CSV or a Parquet file (`twelvelead.archive.tables.Table`). A cell of its column `member` names a
            recording in the file of many at `path`. One behind a URL is fetched once, and no row of it may lead to a
            file of this machine.
        naming: what its recordings are called: by `id`, where it has that column, else by their paths.
        copied: names of columns that go into the rows.

    Raises:
        Unreadable: it cannot be read, is too large, names a column twice, or lacks `path` or a copied column.
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, address: str, naming: Naming, copied: Sequence[str] = ()) -> None:
        self.name = called(address)
        self._address, self._naming = address, naming
        self._table = Table(self.name, whole(address, self.name, LARGEST) if is_url(address) else Path(address))
        heading = self._table.heading
        written: dict[str, str] = {}
        for name in heading:
            if normalised(name) in written:
                raise Unreadable(f"{self.name}: names the column {name} twice; rename one")
            written[normalised(name)] = name
        if "path" not in written:
            raise Unreadable(f"{self.name}: a manifest without a column path, which names the recordings; add it")
        for name in copied:
            if normalised(name) not in written:
                raise Unreadable(f"{self.name}: has no column {name} to copy; its columns are {', '.join(heading)}")
        self._copied = [normalised(name) for name in copied]
        self._columns = {
            name: written[name] for name in ("path", "member", "id", "age", "sex", *self._copied) if name in written
        }

    def count(self, shard: Shard) -> int:
        """See that each row can become an input of its own, and count those of a shard. Each shard sees to its share of
        the ids and of the paths, so that all together see to all.

        Raises:
            Unreadable: an id or a path comes twice, or a row cannot be understood.
        """
        ids: set[int] = set()
        paths: set[int] = set()
        for number, row in self._rows():
            source, address, member = self._names(number, row)
            own, place = digest(source), digest(address if member is None else f"{address}#{member}")
            if own in ids or place in paths:
                what = "id" if "id" in row and own in ids else "path"
                raise self._bad(number, f"has the {what} of an earlier row; each needs its own")
            if shard.holds(own):
                ids.add(own)
                self._input(number, row, source, address, member)
            if shard.holds(place):
                paths.add(place)
        return len(ids)

    def inputs(self, shard: Shard) -> Iterator[Input]:
        """The inputs of a shard, in the order of the rows.

        Raises:
            Unreadable: a row cannot be understood.
        """
        for number, row in self._rows():
            source, address, member = self._names(number, row)
            if shard.holds(digest(source)):
                yield self._input(number, row, source, address, member)

    def _names(self, number: int, row: dict[str, str]) -> tuple[str, str, str | None]:
        """What the recording of a row is called, where it lies, and its name there in a file of many."""
        address = self._place(number, row["path"])
        member = row.get("member") or None
        if "id" in row:
            if not row["id"]:
                raise self._bad(number, "has no id")
            return self._naming.identifier(row["id"]), address, member
        return source_of(self._naming, address, member), address, member

    def _place(self, number: int, path: str) -> str:
        if not path or "\0" in path:
            raise self._bad(number, "names no path")
        if not is_url(self._address):
            return path if is_url(path) else str(Path(self._address).parent / path)
        url = meant(self._address, path)
        if url is None:
            raise self._bad(
                number,
                "leads to this machine, or out of its own store; behind a URL, name URLs, or paths from its folder",
            )
        return url

    def _input(self, number: int, row: dict[str, str], source: str, address: str, member: str | None) -> Input:
        try:
            age, sex = cells.age_in_years(row.get("age", "")), cells.sex_code(row.get("sex", ""))
        except ValueError as error:
            raise self._bad(number, f"cannot be understood: {error}") from None
        copied = tuple(row[name] or None for name in self._copied)
        return Input(source, address, member, None if isnan(age) else age, _SEX.get(sex), copied)

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The number of each row, the first below the heading being 1, and its cells by the names of `normalised`."""
        for number, values in enumerate(self._table.rows(list(self._columns.values())), start=1):
            yield number, dict(zip(self._columns, values, strict=True))

    def _bad(self, number: int, what: str) -> Unreadable:
        return Unreadable(f"{self.name}: row {number} {what}")
