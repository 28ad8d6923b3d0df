"""Many files to one table: all cores, flat memory, resumable, one bad file never stopping the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from twelvelead.ecg.measure import QUANTITIES
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.files import owning
from twelvelead.inference.dataset import Dataset, Row
from twelvelead.inference.engine import Engine
from twelvelead.inference.workers import Job, results, usable_cores
from twelvelead.naming import Naming
from twelvelead.progress import Progress, silent
from twelvelead.readers import read
from twelvelead.readers.request import require_possible
from twelvelead.weights import DEFAULT


@dataclass(frozen=True)
class Task:
    """How each file is read and answered.

    Attributes:
        weights, operating_point: see `Engine`.
        reading: options of `twelvelead.read`.
        naming: what each file is called in the dataset.
        measure: whether heart rate, intervals and axis are measured.
    """

    weights: str = DEFAULT
    operating_point: str = "accuracy"
    reading: dict[str, Any] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)
    measure: bool = True


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
    "unreadable", "refused" or "failed"), `code` and `message` (why not, else null), `sha256` of the input,
    `duration_s`, `sampling_rate_hz`, `age`, `sex`, `device`, `findings` (codes of the reader's and the gate's), the
    quantities of `twelvelead.ecg.measure.QUANTITIES`, and for each class `probability_NAME` and `decision_NAME`
    ("present", "absent" or "uncertain"). The metadata of each part name the weights and the settings. Files that the
    dataset already holds are passed over, so that an interrupted call goes on where it was; at most the rows of the
    last 10 s are made again.

    Args:
        files: any number; each is read once.
        out: folder of the dataset; this process owns it while it works.
        task: how.
        processes: one answers one file at a time on one core; None for one a core.
        progress: told the files done.

    Returns:
        status -> rows in the dataset.

    Raises:
        TwelveLeadError: another process is at work in the folder, the dataset was begun with other weights or settings,
            or the task is impossible.
        OSError: a part cannot be written.
        MissingExtra: pyarrow is not installed.
    """
    engine = Engine(task.weights, threads=1)
    contract = engine.contract
    contract.thresholds_at(task.operating_point)
    require_possible(*(task.reading.get(name) for name in ("sampling_rate", "unit", "scale")))
    if out.is_file():
        raise TwelveLeadError(f"{out}: a file; name a folder, which receives the parts of the table")
    made_by = {
        "weights": contract.name,
        "sha256": engine.sha256,
        "contract_sha256": engine.contract_sha256,
        "operating_point": task.operating_point,
        "reading": {name: value for name, value in task.reading.items() if value is not None},
        "hashed_names": task.naming.key is not None,
        "measure": task.measure,
    }
    job = Job(_begin, (task,), _answer, partial(_died, task.naming))
    with owning(out):
        table = Dataset(out, _fields(contract.classes), made_by)
        todo = [file for file in dict.fromkeys(files) if task.naming(file) not in table.done]
        total = len(todo) + len(table.done)
        progress("files", len(table.done), total)
        try:
            for rows in results(todo, job, processes or usable_cores()):
                table.add(rows)
                progress("files", table.statuses.total(), total)
        finally:
            table.close_part()
        return table.statuses


def _fields(classes: Sequence[str]) -> dict[str, str]:
    fields = dict.fromkeys(("source", "status", "code", "message", "sha256"), "string")
    fields |= dict.fromkeys(("duration_s", "sampling_rate_hz", "age"), "float32")
    fields |= {"sex": "string", "device": "string", "findings": "list<string>"}
    fields |= dict.fromkeys(QUANTITIES, "float32")
    fields |= {f"probability_{name}": "float32" for name in classes}
    return fields | {f"decision_{name}": "string" for name in classes}


_engine: Engine
_task: Task


def _begin(task: Task) -> None:
    global _engine, _task
    _engine, _task = Engine(task.weights, threads=1), task


def _answer(file: Path) -> Row:
    name = _task.naming(file)
    row: Row = {"source": name}
    try:
        ecg = read(file, name=name, **_task.reading)
        row |= {
            "sha256": ecg.sha256,
            "duration_s": ecg.duration,
            "sampling_rate_hz": ecg.sampling_rate,
            "age": ecg.age,
            "sex": ecg.sex,
            "device": ecg.device,
        }
        answer = _engine.predict(ecg, _task.operating_point, measure=_task.measure)
    except Refused as error:
        codes = [finding.code for finding in error.findings]
        return row | {"status": "refused", "code": error.code, "message": str(error), "findings": codes}
    except TwelveLeadError as error:
        return row | {"status": "unreadable", "code": error.code, "message": str(error)}
    except Exception as error:  # a fault of ours in one file of many must not lose the others' answers
        return row | {"status": "failed", "message": f"{name}: {type(error).__name__}: {error}"}
    return row | {
        "status": "ok",
        "findings": [finding.code for finding in answer.findings],
        **{name: getattr(answer.measurements, name, None) for name in QUANTITIES},
        **{f"probability_{found.name}": found.probability for found in answer.classes},
        **{f"decision_{found.name}": found.decision for found in answer.classes},
    }


def _died(naming: Naming, file: Path) -> Row:
    name = naming(file)
    message = f"{name}: the process that read it died; the file is damaged or needs too much memory"
    return {"source": name, "status": "unreadable", "code": "unreadable", "message": message}
