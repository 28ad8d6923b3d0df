"""An input becomes a row: what every engine does, in whatever process or on whatever machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twelvelead.archive.addresses import Beside, fetched
from twelvelead.archive.containers import Containers
from twelvelead.archive.dataset import Row
from twelvelead.archive.inputs import Input
from twelvelead.archive.person import with_person
from twelvelead.ecg.measure import QUANTITIES
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.inference.interpretation import Interpretation
from twelvelead.inference.together import Asked, predict_each
from twelvelead.naming import is_url
from twelvelead.readers import read
from twelvelead.weights import DEFAULT, Contract

COLUMNS = {
    "classes": "probability and decision of each class",
    "measurements": "heart rate, intervals and axis",
    "statements": "probability and decision of each assessed statement",
    "embedding": "what the network's last layer reads, as sensitive as the ECG",
}
"""Groups of columns that can be chosen -> what they hold."""

DEFAULT_COLUMNS = ("classes", "measurements")

_TOGETHER = 1 << 18
"""Samples of the recordings that are answered together, after which no more are taken in."""

_OF_THE_FILE = {
    **dict.fromkeys(("source", "status", "code", "message", "sha256"), "string"),
    **dict.fromkeys(("duration_s", "sampling_rate_hz", "age"), "float32"),
    **{"sex": "string", "device": "string", "findings": "list<string>"},
}


@dataclass(frozen=True)
class Task:
    """How each input is read and answered. It goes to other processes and machines as it is.

    Attributes:
        weights, operating_point: see `Engine`.
        reading: options of `twelvelead.read`.
        columns: groups of `COLUMNS`.
        copied: columns of a manifest that stand in the rows, in the order of `Input.copied`.
        leads: of the last axis of arrays in files of many recordings, where they do not state them.
    """

    weights: str = DEFAULT
    operating_point: str = "accuracy"
    reading: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    copied: tuple[str, ...] = ()
    leads: tuple[str, ...] | None = None

    @property
    def opening(self) -> dict[str, Any]:
        """Options of `twelvelead.data.containers.open_container`."""
        return {**self.reading, "leads": self.leads}

    def settings(self, engine: Engine) -> dict[str, Any]:
        """Setting -> value, of all that decides what stands in a row.

        Args:
            engine: of the weights.
        """
        reading = {**self.reading, "leads": self.leads and ",".join(self.leads)}
        return {
            "weights": engine.contract.name,
            "sha256": engine.sha256,
            "contract_sha256": engine.contract_sha256,
            "operating_point": self.operating_point,
            "reading": {name: value for name, value in reading.items() if value is not None},
        }


def columns_from(text: str) -> tuple[str, ...]:
    """Groups of columns from "classes,embedding".

    Raises:
        TwelveLeadError: there is no such group.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in COLUMNS:
            raise TwelveLeadError(f"--columns {name[:40]}: choose from {', '.join(COLUMNS)}")
    return names


def fields(task: Task, contract: Contract) -> dict[str, str]:
    """Column -> its type, as `twelvelead.archive.dataset.writing` takes them.

    Raises:
        TwelveLeadError: a copied column has the name of one of ours, or the weights answer no statements.
    """
    found = dict(_OF_THE_FILE)
    if "measurements" in task.columns:
        found |= dict.fromkeys(QUANTITIES, "float32")
    if "classes" in task.columns:
        found |= {f"probability_{name}": "float32" for name in contract.classes}
        found |= {f"decision_{name}": "string" for name in contract.classes}
    if "statements" in task.columns:
        head = contract.statements
        if head is None:
            raise TwelveLeadError(f"the weights {contract.name} answer no statements; choose others, such as {DEFAULT}")
        names = [name for name, assessed in zip(head.classes, head.assessed, strict=True) if assessed]
        found |= {f"statement_probability_{name}": "float32" for name in names}
        found |= {f"statement_decision_{name}": "string" for name in names}
    if "embedding" in task.columns:
        found["embedding"] = "list<float>"
    for name in task.copied:
        if name in found and name != "device":
            raise TwelveLeadError(f"--copy {name}: the table has a column of that name already; rename the manifest's")
    return found | dict.fromkeys(task.copied, "string")


class Answerer:
    """Answers inputs, one thread of one process; made once in each.

    Args:
        task: how.

    Raises:
        Unreadable: the weights cannot be read.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._engine = Engine(task.weights, threads=1)
        self._containers = Containers(task.opening)

    def answer(self, given: Input) -> Row:
        """The row of an input, whatever is wrong with it."""
        return self.answer_each([given])[0]

    def answer_each(self, inputs: Sequence[Input]) -> list[Row]:
        """The rows of inputs, in their order; the same as one by one, but the network runs once for several."""
        rows: list[Row] = [{"source": given.source, **self._copied(given)} for given in inputs]
        held: dict[int, ECG] = {}
        for place, given in enumerate(inputs):
            try:
                held[place] = with_person(self._recording(given), given)
            except Exception as error:
                rows[place] |= _why_not(given, error)
                continue
            rows[place] |= _of_the_file(held[place], rows[place])
            if sum(len(ecg.signal) for ecg in held.values()) >= _TOGETHER:
                self._fill(rows, held, inputs)
                held = {}
        self._fill(rows, held, inputs)
        return rows

    def _copied(self, given: Input) -> Row:
        return dict(zip(self._task.copied, given.copied, strict=True))

    def _recording(self, given: Input) -> ECG:
        url, name = given.address, given.source
        if given.member is not None:
            return self._containers.read(given)
        if is_url(url):
            return read(fetched(url, name), name=name, beside=Beside(url, name), **self._task.reading)
        return read(url, name=name, **self._task.reading)

    def _fill(self, rows: list[Row], held: Mapping[int, ECG], inputs: Sequence[Input]) -> None:
        """Puts what the network says into the rows of recordings."""
        groups, point = self._task.columns, self._task.operating_point
        wanted: Any = {
            "measure": "measurements" in groups,
            "statements": "statements" in groups,
            "embed": "embedding" in groups,
        }
        asked = [Asked(ecg, point, **wanted) for ecg in held.values()]
        try:
            answers = predict_each(self._engine, asked)
        except Exception as error:  # a fault of ours in one of many must not lose the others' answers
            if len(held) == 1:
                (place,) = held
                rows[place] |= _why_not(inputs[place], error)
            else:
                for place, ecg in held.items():
                    self._fill(rows, {place: ecg}, inputs)
            return
        for place, answer in zip(held, answers, strict=True):
            if isinstance(answer, TwelveLeadError):
                rows[place] |= _why_not(inputs[place], answer)
            else:
                rows[place] |= _said(answer, groups)


def _of_the_file(ecg: ECG, row: Row) -> Row:
    return {
        "sha256": ecg.sha256,
        "duration_s": ecg.duration,
        "sampling_rate_hz": ecg.sampling_rate,
        "age": ecg.age,
        "sex": ecg.sex,
        "device": row.get("device") or ecg.device,
    }


def _said(answer: Interpretation, groups: Sequence[str]) -> Row:
    row: Row = {"status": "ok", "findings": [finding.code for finding in answer.findings]}
    if "measurements" in groups:
        row |= {name: getattr(answer.measurements, name, None) for name in QUANTITIES}
    for group, prefix, results in (("classes", "", answer.classes), ("statements", "statement_", answer.statements)):
        if group in groups:
            row |= {f"{prefix}probability_{found.name}": found.probability for found in results}
            row |= {f"{prefix}decision_{found.name}": found.decision for found in results}
    if answer.embedding is not None:
        row["embedding"] = answer.embedding
    return row


def _why_not(given: Input, error: Exception) -> Row:
    if isinstance(error, Refused):
        codes = [finding.code for finding in error.findings]
        return {"status": "refused", "code": error.code, "message": str(error), "findings": codes}
    if isinstance(error, TwelveLeadError):
        return {"status": "unreadable", "code": error.code, "message": str(error)}
    # a fault of ours; its text might quote an address that lets in who reads it
    said = "" if given.address in str(error) else f": {error}"
    return {"status": "failed", "message": f"{given.source}: {type(error).__name__}{said}"}


def died(given: Input, copied: Sequence[str] = ()) -> Row:
    """The row of an input at which the process that answered it died; `copied` of the task."""
    return _lost(given, copied, "the process that read it died; the file is damaged or needs too much memory")


def timed_out(given: Input, copied: Sequence[str] = ()) -> Row:
    """The row of an input that took longer than its time; `copied` of the task."""
    return _lost(
        given, copied, "it took longer than an input may take; export a shorter recording, or look at the file"
    )


def _lost(given: Input, copied: Sequence[str], why: str) -> Row:
    row: Row = {"source": given.source, **dict(zip(copied, given.copied, strict=False))}
    return row | {"status": "unreadable", "code": "unreadable", "message": f"{given.source}: {why}"}
