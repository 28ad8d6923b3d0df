"""The labels of recordings, wherever they stand: in a table, or in codes that come with the recordings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from twelvelead.data.label_codes import labelled_by_codes
from twelvelead.data.label_table import labelled_by_table
from twelvelead.data.labelled import Labelled
from twelvelead.data.mapping_file import find_mapping, is_mapping, shipped_mappings
from twelvelead.data.recordings import Recordings
from twelvelead.errors import TwelveLeadError, Unreadable

CODES = "codes"
"""In the place of a table: the codes that come with the recordings are the labels."""


def label(
    source: Recordings | Path,
    labels: Path | str,
    *,
    rate: float = 100,
    task: str | None = None,
    mapping: Path | str | None = None,
    separator: str | None = None,
    columns: Sequence[str] | None = None,
    min_count: int = 0,
) -> Labelled:
    """The recordings of a folder or file with their labels, which may be doubtful (`Labelled.doubts`).

    Args:
        source: the folder, or the file of many.
        labels: a table; `CODES`; or a mapping, by which the codes that come with the recordings are read.
        rate: of the store, in Hz.
        task: what the labels are called; None for "labels".
        mapping: what the names in a table, or the codes, stand for: a file, or the name of a mapping that ships.
        separator: what separates names in a cell of a table; None to read it off the cells.
        columns: of a table, those that hold labels; None to tell them by their names and cells.
        min_count: classes in fewer recordings are left out.

    Raises:
        Unreadable: the table or mapping is missing, or something in it cannot be understood.
        TwelveLeadError: options that do not go together, or no class is in enough recordings.
    """
    recordings = source if isinstance(source, Recordings) else Recordings(source)
    by_codes = str(labels) == CODES and not Path(labels).exists()
    if not by_codes and is_mapping(labels):
        if mapping is not None:
            raise TwelveLeadError(f"{labels}: is a mapping, and {mapping} is a second one; name one of them")
        by_codes, mapping = True, labels
    found = None if mapping is None else find_mapping(mapping)
    if by_codes:
        if separator is not None or columns is not None:
            raise TwelveLeadError(f"{labels}: --separator and --columns are about tables; leave them out")
        if recordings.is_one:
            raise TwelveLeadError(
                f"{recordings.source}: codes are read from the recordings of a folder; unpack it, or name a table"
            )
        listed = labelled_by_codes(recordings.source, found, task, rate)
    else:
        if not Path(labels).exists():
            raise Unreadable(
                f"{labels}: no such table or mapping; name a CSV, the word {CODES} for the codes that come with the "
                f"recordings, or a mapping that ships: {', '.join(shipped_mappings())}",
                code="not-found",
            )
        listed = labelled_by_table(
            recordings, Path(labels), task, rate=rate, mapping=found, separator=separator, columns=columns
        )
    if not listed.present.any():
        listed = replace(listed, doubts=(*listed.doubts, _without_labels(listed, mapping)))
    try:
        return listed.without_rare(min_count)
    except ValueError as error:
        raise TwelveLeadError(f"{labels}: {error}; choose a smaller --min-count") from None


def _without_labels(listed: Labelled, mapping: Path | str | None) -> str:
    if mapping is None or not listed.unlisted_codes:
        return "no recording has any of these labels; check what says that one is there"
    codes = ", ".join(code for code, _ in listed.unlisted_codes.most_common(3))
    return f"{mapping} lists none of the codes that the recordings have, such as {codes}; write what these stand for"
