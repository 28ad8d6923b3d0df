"""The contract: what goes into shipped weights, what comes out, and what both mean. Weights never travel without it."""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.thresholds import own_thresholds
from twelvelead.files import replacing
from twelvelead.weights.head import Head, contradiction, typed
from twelvelead.weights.lead_sets import LeadSet
from twelvelead.weights.schema import find_fault, load_schema
from twelvelead.weights.statements import KINDS, of_kind

FORMAT = "twelvelead-weights"
VERSION = 4
FILE = "contract.json"
SCHEMA = Path(__file__).with_name("contract.schema.json")


@dataclass(frozen=True, kw_only=True)
class Contract(Head):
    """What goes in, what comes out, and where it comes from.

    Attributes:
        name: of the weights.
        architecture, model: registry name and its settings; of an ensemble "ensemble", and under "members" for each
            network its name, weight, architecture, settings, windows and calibration.
        leads: order of the input's leads.
        sampling_rate: of the input, in Hz.
        unit: of the input; always "mV".
        minimum_samples: the shortest recording that is read.
        window, stride: samples of the overlapping windows, which the files hold inside; of an ensemble the longest of
            its members.
        aggregate: what stands for a recording (`twelvelead.models.windows`), also inside the files; of an ensemble,
            what of its members is averaged.
        scale: multiplies the input inside the files; 1 for an ensemble, whose members have their own.
        attention_samples: samples for each value of the attention.
        highpass: Hz below which the files take the baseline away (`twelvelead.models.highpass`); 0 for none.
        embedding: length of the vector that the files give beside the answers; 0 where they give none.
        statements: what is answered beside the classes; None for weights without statements.
        subclasses: PTB-XL's, each read off its statements (`twelvelead.weights.statements.read_off`); None where the
            statements are not PTB-XL's.
        lead_sets: what the outputs mean where a recording shows fewer leads; empty for weights that need all. Leads
            that are not shown are NaN in the input.
        metadata: what the columns of `features` mean; empty where age and sex take no part.
        ages: (low, high) of training, in years.
        members: names of the networks of an ensemble; empty for a single network.
        train_folds, validation_folds, protocol: what trained, and what chose the epoch and the thresholds.
        data: name, hash, licence and citation of the data, and whether they are synthetic. Where the training started
            from other weights, "initial" lists these, and those that they came from in turn: weights, SHA-256,
            train_folds and data of each. "teachers" lists those that softened its labels, likewise.
        recipe: the whole recipe.
        files: kind ("onnx", "safetensors", "keras") -> file name and SHA-256.
        versions: of the software that trained, and the device.
    """

    name: str
    architecture: str
    model: dict[str, Any]
    leads: tuple[str, ...]
    sampling_rate: int
    minimum_samples: int
    window: int
    stride: int
    aggregate: str
    scale: float
    highpass: float
    attention_samples: int
    embedding: int
    statements: Head | None
    subclasses: Head | None
    metadata: tuple[str, ...]
    ages: tuple[float, float]
    train_folds: tuple[int, ...]
    validation_folds: tuple[int, ...]
    protocol: str
    data: dict[str, Any]
    recipe: dict[str, Any]
    files: dict[str, dict[str, str]]
    versions: dict[str, str]
    lead_sets: tuple[LeadSet, ...] = ()
    members: tuple[str, ...] = ()
    unit: str = "mV"
    format: str = FORMAT
    version: int = VERSION

    @property
    def holder(self) -> str:
        """What errors call it."""
        return f"the weights {self.name}"

    @property
    def synthetic(self) -> bool:
        """Whether the weights were trained on generated ECGs."""
        return bool(self.data.get("synthetic"))

    @property
    def ancestors(self) -> list[dict[str, Any]]:
        """The weights that these came from: where their training started, and their teachers."""
        return [*self.data.get("initial", []), *self.data.get("teachers", [])]

    @property
    def heads(self) -> tuple[Head, ...]:
        """What the outputs of the files mean, in their order: the classes, then the statements."""
        return (self,) if self.statements is None else (self, self.statements)

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """As `Head.thresholds_at`; a class of single thresholds has to be one that the weights answer.

        Raises:
            TwelveLeadError: as there, or no output is of that name.
        """
        found = super().thresholds_at(operating_point)
        if operating_point not in self.thresholds and "," in operating_point:
            heads = [head for head in (self, self.statements, self.subclasses) if head is not None]
            names = {name for head in heads for name in head.classes}
            for name in own_thresholds(operating_point.partition(",")[2]):
                if name not in names:
                    raise TwelveLeadError(
                        f"thresholds: {self.holder} decide no {name} here; name of {_few(self.classes)}"
                    )
        return found

    def calibrated_outputs(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """All outputs calibrated, [..., classes and statements] float64, from the same as the files give them."""
        ends = np.cumsum([len(head.classes) for head in self.heads])[:-1]
        parts = np.split(outputs, ends, axis=-1)
        return np.concatenate([head.calibrated(part) for head, part in zip(self.heads, parts, strict=True)], axis=-1)

    def of_task(self, task: str) -> "Contract":
        """The contract as if the weights answered this task alone.

        Args:
            task: that of the classes; with PTB-XL's statements also all, diagnostic, form, rhythm and subclass.

        Raises:
            TwelveLeadError: the weights answer no such task.
        """
        if task == self.task:
            return self
        heads = self.by_task
        if task not in heads:
            raise TwelveLeadError(
                f"task {task}: the weights {self.name} answer {', '.join(heads)}; choose one of these, or other weights"
            )
        return self.answering(heads[task])

    @property
    def by_task(self) -> dict[str, Head]:
        """Every task that the weights answer, with what its outputs mean; their own first."""
        heads = {head.task: head for head in (self, self.statements, self.subclasses) if head is not None}
        if self.statements is not None and self.subclasses is not None:
            heads |= {kind: self.statements.only(kind, of_kind(kind)) for kind in KINDS}
        return heads

    def answering(self, head: Head) -> "Contract":
        """The contract as if the weights answered this head alone."""
        own = {field.name: getattr(head, field.name) for field in dataclasses.fields(Head)}
        return dataclasses.replace(self, **own, statements=None, subclasses=None, lead_sets=())

    def for_leads(self, there: Collection[str]) -> tuple["Contract", tuple[str, ...]]:
        """The contract as if the weights had been made for the leads that a recording shows, and the leads to look at:
        all, or those of the largest set that it shows.

        Raises:
            ValueError: it shows neither all leads nor a set of `lead_sets`.
        """
        if set(self.leads) <= set(there):
            return self, self.leads
        shown = [each for each in self.lead_sets if set(each.leads) <= set(there)]
        if not shown:
            raise ValueError("none of the sets of leads")
        best = max(shown, key=lambda each: len(each.leads))
        own = {field.name: getattr(best.classes, field.name) for field in dataclasses.fields(Head)}
        alone = dataclasses.replace(self, **own, statements=best.statements, subclasses=best.subclasses, lead_sets=())
        return alone, best.leads

    def save(self, folder: Path) -> None:
        """Write `contract.json` into the folder, atomically."""
        values = dataclasses.asdict(self)
        first = {
            name: values[name] for name in ("format", "version", "name", "architecture")
        }  # what a person looks for
        text = json.dumps(first | values, indent=2, ensure_ascii=False) + "\n"
        with replacing(folder / FILE) as partial:
            partial.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Contract":
        """The contract in a folder of weights.

        Raises:
            Unreadable: there is none, it is not one of ours or of another version, breaks its schema, or contradicts
                itself.
        """
        path = folder / FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        except FileNotFoundError:
            raise Unreadable(f"{folder}: holds no {FILE}, so it is not a folder of weights", code="weights") from None
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path}: cannot be read ({error}); export the weights again", code="weights") from None
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise Unreadable(f"{path}: not a contract of twelvelead; export the weights again", code="weights")
        if values.get("version") != VERSION:
            raise Unreadable(
                f"{path}: contract version {values.get('version')}, but this twelvelead reads version {VERSION}; "
                "update twelvelead, or fit the contract anew with twelvelead refit WEIGHTS STORE",
                code="weights",
            )
        fault = find_fault(values, load_schema(SCHEMA)) or _contradiction(values)
        if fault:
            raise Unreadable(f"{path}: {fault}; export the weights again", code="weights")
        for part in ("statements", "subclasses"):
            if values[part] is not None:
                values[part] = Head(**typed(Head, values[part]))
        values["lead_sets"] = [_lead_set(each) for each in values.get("lead_sets", [])]
        return cls(**typed(cls, values))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _lead_set(values: Mapping[str, Any]) -> LeadSet:
    heads: dict[str, Any] = {
        name: None if head is None else Head(**typed(Head, head)) for name, head in values.items() if name != "leads"
    }
    return LeadSet(leads=tuple(values["leads"]), **heads)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _contradiction(values: Mapping[str, Any]) -> str | None:
    """What of a contract that satisfies the schema does not belong together; None where all does."""
    statements = values["statements"]
    sets = [each[name] for each in values.get("lead_sets", ()) for name in ("classes", "statements", "subclasses")]
    for head in (values, statements, values["subclasses"], *sets):
        fault = contradiction(head) if head else None
        if fault:
            return fault
    outputs = len(values["classes"]) + (len(statements["classes"]) if statements else 0)
    for member in values["model"].get("members", []) if values["members"] else []:
        for kind, each in member["calibration"].items():
            if len(each) != outputs:
                return f"calibration.{kind} of {member['name']} has {len(each)} entries for {outputs} outputs"
    if any(high < low for low, high in itertools.pairwise(values["ages"])):
        return "ages falls where it has to rise"
    if values["members"] and [one["name"] for one in values["model"]["members"]] != values["members"]:
        return "members are not those of the model"
    return None


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
