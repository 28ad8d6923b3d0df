"""An archive to a table: resumable, flat in memory, one bad file never stopping the rest."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy

from twelvelead.archive.answering import Task, fields
from twelvelead.archive.dataset import Dataset, Row, writing
from twelvelead.archive.inputs import Input, digest
from twelvelead.archive.local import answers as locally
from twelvelead.archive.places import Place
from twelvelead.archive.sources import Sources
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.progress import Progress, silent
from twelvelead.readers.request import require_possible

Answers = Callable[[Iterator[Input], Task], Iterable[Sequence[Row]]]
"""An engine: inputs, taken when their turn comes, to their rows, in any order, some at a time, and at least every
second, be it none."""


def score(
    sources: Sources, place: Place, task: Task, answers: Answers = locally, *, progress: Progress = silent
) -> Counter[str]:
    """Answers for an archive as a table in a place; `twelvelead.archive.open_scores` reads it.

    A row holds `source` (`twelvelead.naming.path_of` leads back to the path of a file, unless names are hashed),
    `status` ("ok", "unreadable", "refused" or "failed"), `code` and `message` (why not, else null), `sha256` of the
    input, `duration_s`, `sampling_rate_hz`, `age`, `sex`, `device`, `findings` (codes of the reader's and the gate's),
    the groups of columns that the task names, and the columns of a manifest that are copied. Inputs that the table
    already has are passed over, so that an interrupted call goes on where it was; at most the rows of the last 10 s are
    made again.

    Args:
        sources: what is answered, of the shard that is meant.
        place: of the table; this process owns the shard there while it works.
        task: how.
        answers: the engine.
        progress: told the inputs done, and of how many once that is known.

    Returns:
        status -> rows of the shard.

    Raises:
        TwelveLeadError: the task is impossible, the table was begun otherwise, another process is at work on the shard,
            or the place cannot be read or written.
        OSError: a part cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    columns, made_by = _settled(task, sources)
    with writing(place, columns, made_by, sources.shard) as table:
        total = _Total(sources)
        progress("files", table.statuses.total(), total.known)
        for rows in answers(_new(sources, table), task):
            table.add(rows)
            progress("files", table.statuses.total(), total.known)
        progress("files", table.statuses.total(), table.statuses.total())
        return table.statuses


class _Total:
    """How many inputs there are; where nothing says so, they are counted beside the work, which begins at once.

    Attributes:
        known: 0 until it is.
    """

    def __init__(self, sources: Sources) -> None:
        self.known = sources.total or 0
        if sources.total is None and sources.lie_here:  # a list of an object store is paid for
            threading.Thread(target=self._count, args=(copy(sources),), daemon=True).start()

    def _count(self, sources: Sources) -> None:
        with suppress(TwelveLeadError, OSError):  # who goes through them for their answers hears of it
            self.known = sum(1 for _ in sources)


def _settled(task: Task, sources: Sources) -> tuple[dict[str, str], dict[str, object]]:
    """Columns and settings of the table, after a look whether the task is possible."""
    engine = Engine(task.weights, threads=1)
    engine.contract.thresholds_at(task.operating_point)
    require_possible(*(task.reading.get(name) for name in ("sampling_rate", "unit", "scale")))
    if "embedding" in task.columns and not engine.embeds:
        raise TwelveLeadError(f"the weights {engine.contract.name} give no embedding; choose others")
    names = {"hashed_names": sources.naming.key is not None, "name_key": sources.naming.fingerprint}
    return fields(task, engine.contract), task.settings(engine) | names


def _new(sources: Iterable[Input], table: Dataset) -> Iterator[Input]:
    """The inputs that the table has not, each once."""
    for given in sources:
        known = digest(given.source)
        if known not in table.done:
            table.done.add(known)
            yield given
