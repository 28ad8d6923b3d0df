"""The table of an archive's answers, for whoever reads it: committed parts only, of all shards."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from twelvelead.archive.dataset import commit_of, committed, manifest, read_part, schema_of
from twelvelead.archive.places import Place
from twelvelead.errors import MissingExtra, Unreadable

if TYPE_CHECKING:
    import pyarrow


class Scores:
    """A table as it stands when it is opened; parts that are committed later are not seen.

    Args:
        place: of the table.

    Attributes:
        settings: what the rows are made with: `weights`, `operating_point`, ..., `shards`.
        columns: name -> type, as `twelvelead.archive.answering.fields` has them.
        statuses: status -> rows.

    Raises:
        Unreadable: there is no table, or it is damaged.
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, place: Place) -> None:
        try:
            import pyarrow  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtra("Parquet", "parquet") from None
        found = manifest(place)
        if found is None:
            raise Unreadable(f"{place.shown}: no table of answers; make one with twelvelead score", code="not-found")
        self._place = place
        self.columns: dict[str, str] = found.pop("columns")
        self.settings: dict[str, Any] = found
        head, tail = commit_of("").split(".")
        commits = [name for name in place.names(head) if name.endswith(f".{tail}")]
        shards = [name.removeprefix(head).removesuffix(f".{tail}") for name in commits]
        self._parts = [part for shard in shards for part in committed(place, shard)]
        self.statuses: Counter[str] = sum((part.statuses for part in self._parts), Counter())

    def __len__(self) -> int:
        return self.statuses.total()

    def parts(self, columns: Sequence[str] | None = None) -> "Iterator[pyarrow.Table]":
        """The rows, a part at a time, so that memory stays flat.

        Args:
            columns: which; None for all.

        Raises:
            Unreadable: a committed part is not there, or damaged.
        """
        for part in self._parts:
            yield read_part(self._place, part.name, None if columns is None else list(columns))

    def table(self, columns: Sequence[str] | None = None) -> "pyarrow.Table":
        """All rows at once; see `parts`."""
        import pyarrow as pa

        if not self._parts:
            return schema_of(self.columns, {}).empty_table().select(list(columns or self.columns))
        return pa.concat_tables(self.parts(columns))


def open_scores(place: str | os.PathLike[str] | Place) -> Scores:
    """The table of answers in a folder or behind a URL; see `Scores`."""
    return Scores(Place.of(place))
