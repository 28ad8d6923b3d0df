"""Many files to one table: all cores, flat memory, resumable, one bad file never stopping the rest."""

import json
import os
import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.inference.engine import Engine
from twelvelead.naming import Naming
from twelvelead.progress import Progress, silent
from twelvelead.readers import read
from twelvelead.weights import DEFAULT

if TYPE_CHECKING:
    import pyarrow

CHUNK = 16
"""Files that a process takes at a time."""

PART = 2048
"""Rows of a file of the table; what an interruption can lose is less than this."""

METHOD = "spawn"
"""How processes start: afresh, since threads of the runtime do not survive a fork."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """How each file is read and answered.

    Attributes:
        weights, operating_point: see `Engine`.
        reading: options of `twelvelead.read`.
        naming: what each file is called in the dataset.
    """

    weights: str = DEFAULT
    operating_point: str = "accuracy"
    reading: dict[str, Any] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)


def score(
    files: Sequence[Path],
    out: Path,
    task: Task,
    *,
    processes: int | None = None,
    progress: Progress = silent,
) -> Counter[str]:
    """Answers for all files as a Parquet dataset: a folder of part files, each written whole or not at all.

    A row holds `source` (`twelvelead.naming.path_of` leads back to the path, unless names are hashed), `status` ("ok",
    "unreadable", "refused" or "failed"), `message` (why not, else null), `duration_s`, `sampling_rate_hz`, `age`,
    `sex`, `findings` (codes of the gate's warnings), and for each class `probability_NAME` and `decision_NAME`
    ("present", "absent" or "uncertain"). The metadata of each part name the weights. Files that the dataset already
    holds are passed over, so that an interrupted call goes on where it was.

    Args:
        files: any number; each is read once.
        out: folder of the dataset.
        task: how.
        processes: one answers one file at a time on one core; None for one a core.
        progress: told the files done.

    Returns:
        status -> rows in the dataset.

    Raises:
        TwelveLeadError: the dataset was begun with other weights or at another operating point, or the task is
            impossible.
        MissingExtra: pyarrow is not installed.
    """
    engine = Engine(task.weights, threads=1)
    engine.contract.thresholds_at(task.operating_point)
    table = _Table(out, engine, task)
    counts = table.statuses
    todo = [file for file in dict.fromkeys(files) if task.naming(file) not in table.done]
    total = len(todo) + len(table.done)
    progress("files", len(table.done), total)
    rows: list[Row] = []
    try:
        for found in _answers(todo, task, processes or os.cpu_count() or 1):
            rows += found
            counts.update(row["status"] for row in found)
            progress("files", counts.total(), total)
            if len(rows) >= PART:
                table.append(rows)
                rows = []
    finally:
        if rows:
            table.append(rows)
    return counts


class _Table:
    """The dataset in a folder: what it holds, and one more part at a time."""

    def __init__(self, folder: Path, engine: Engine, task: Task) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ModuleNotFoundError:
            raise MissingExtra("Parquet", "parquet") from None
        self.folder = folder
        made_by = {"weights": engine.contract.name, "sha256": engine.sha256, "operating_point": task.operating_point}
        self.schema = _schema(engine.contract.classes).with_metadata({"twelvelead": json.dumps(made_by)})
        self.done: set[str] = set()
        self.statuses: Counter[str] = Counter()
        if folder.is_file():
            raise TwelveLeadError(f"{folder}: a file; name a folder, which receives the parts of the table")
        self.parts = sorted(folder.glob("part-*.parquet"))
        for part in self.parts:
            try:
                found = pq.read_table(part, columns=["source", "status"])
            except (OSError, pa.ArrowException) as error:
                raise Unreadable(
                    f"{part}: not a part of such a table ({error}); delete it, then run it again"
                ) from None
            if json.loads((found.schema.metadata or {}).get(b"twelvelead", b"{}")) != made_by:
                raise TwelveLeadError(
                    f"{folder}: begun with other weights or at another operating point; name another folder"
                )
            self.done.update(found.column("source").to_pylist())
            self.statuses.update(found.column("status").to_pylist())

    def append(self, rows: list[Row]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(part.stem.removeprefix("part-")) for part in self.parts), default=-1)
        path = self.folder / f"part-{number:05}.parquet"
        with replacing(path) as partial:
            pq.write_table(pa.Table.from_pylist(rows, schema=self.schema), partial)
        self.parts.append(path)


def _schema(classes: Sequence[str]) -> "pyarrow.Schema":
    import pyarrow as pa

    fields = [("source", pa.string()), ("status", pa.string()), ("message", pa.string())]
    fields += [("duration_s", pa.float32()), ("sampling_rate_hz", pa.float32())]
    fields += [("age", pa.float32()), ("sex", pa.string()), ("findings", pa.list_(pa.string()))]
    fields += [(f"probability_{name}", pa.float32()) for name in classes]
    fields += [(f"decision_{name}", pa.string()) for name in classes]
    return pa.schema(fields)


def _answers(files: list[Path], task: Task, processes: int) -> Iterator[list[Row]]:
    """Rows in any order. A file that kills the process that reads it gets a row that says so."""
    chunks = deque(files[start : start + CHUNK] for start in range(0, len(files), CHUNK))
    processes = min(processes, len(chunks))
    while chunks:
        running: dict[Future[list[Row]], list[Path]] = {}
        with _pool(processes, task) as pool:
            try:
                while chunks or running:
                    while chunks and len(running) < 2 * processes:
                        chunk = chunks.popleft()
                        running[pool.submit(_work, chunk)] = chunk
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        rows = future.result()
                        del running[future]
                        yield rows
            except BrokenProcessPool:
                suspects = [file for chunk in running.values() for file in chunk]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            else:
                return
        yield from _one_by_one(suspects, task)


def _one_by_one(files: list[Path], task: Task) -> Iterator[list[Row]]:
    while files:
        with _pool(1, task) as pool:
            while files:
                file = files.pop()
                try:
                    yield pool.submit(_work, [file]).result()
                except BrokenProcessPool:
                    name = task.naming(file)
                    message = f"{name}: the process that read it died; the file is damaged or needs too much memory"
                    yield [_row(name, "unreadable", message)]
                    break


_engine: Engine
_task: Task


def _pool(processes: int, task: Task) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, get_context(METHOD), _begin, (task,))


def _begin(task: Task) -> None:
    global _engine, _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the work
    _engine, _task = Engine(task.weights, threads=1), task


def _work(files: list[Path]) -> list[Row]:
    return [_answer(file) for file in files]


def _answer(file: Path) -> Row:
    name = _task.naming(file)
    try:
        answer = _engine.predict(read(file, name=name, **_task.reading), _task.operating_point)
    except TwelveLeadError as error:
        return _row(name, "refused" if error.exit_code == 3 else "unreadable", str(error))
    except Exception as error:  # a fault of ours in one file of many must not lose the others' answers
        return _row(name, "failed", f"{name}: {type(error).__name__}: {error}")
    ecg = answer.ecg
    return _row(name, "ok", None) | {
        "duration_s": ecg.duration,
        "sampling_rate_hz": ecg.sampling_rate,
        "age": ecg.age,
        "sex": ecg.sex,
        "findings": [finding.code for finding in answer.findings],
        **{f"probability_{found.name}": found.probability for found in answer.classes},
        **{f"decision_{found.name}": found.decision for found in answer.classes},
    }


def _row(name: str, status: str, message: str | None) -> Row:
    return {"source": name, "status": status, "message": message}
