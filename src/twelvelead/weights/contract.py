"""The contract: what goes into shipped weights, what comes out, and what both mean. Weights never travel without it."""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.calibration import apply_platt
from twelvelead.evaluation.thresholds import thresholds_at
from twelvelead.files import replacing
from twelvelead.weights.schema import find_fault, load_schema

FORMAT = "twelvelead-weights"
VERSION = 3
FILE = "contract.json"
SCHEMA = Path(__file__).with_name("contract.schema.json")

_HOLD_TUPLES = ("calibration", "thresholds", "operating_points", "conformal", "intervals")
"""Entries that are no tuples and hold such."""


@dataclass(frozen=True)
class Contract:
    """What goes in, what comes out, and where it comes from.

    Attributes:
        name: of the weights.
        architecture, model: registry name and its settings; of an ensemble "ensemble", and under "members" for each
            network its name, weight, architecture, settings, windows and calibration.
        task, classes: what is predicted, in the order of the outputs.
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
        metadata: what the columns of `features` mean; empty where age and sex take no part.
        calibration: "slope" and "intercept", one number a class each, for the logits of the files' probabilities
            (Platt 1999). It is what is applied.
        temperature: the one number that would divide all logits (Guo et al. 2017), for comparison: where it was
            measured, the calibration of each class left a smaller error.
        thresholds: operating point -> one threshold a class, for the calibrated probabilities.
        operating_points: name -> "sensitivity" and "specificity" of each class as (value, low, high), cross-fitted by
            patient; (None, None, None) where the class is too rare for that.
        prevalence: share of the validation folds' records with each class; 0 or 1 says that nothing was measured of it,
            and that its calibration and thresholds come from its share in training (`twelvelead.weights.fit.fitted`).
        conformal: "error_rates", and for each of them "present_from" and "absent_to", one limit a class
            (`twelvelead.evaluation.conformal`).
        certainty: quantiles of the certainty over the validation folds (`twelvelead.evaluation.selective`).
        ages: (low, high) of training, in years.
        members: names of the networks of an ensemble; empty for a single network.
        train_folds, validation_folds, protocol: what trained, and what chose the epoch and the thresholds.
        data: name, hash, licence and citation of the data, and whether they are synthetic. Where the training started
            from other weights, "initial" lists these, and those that they came from in turn: weights, SHA-256,
            train_folds and data of each. "teachers" lists those that softened its labels, likewise.
        metrics: on the validation folds, which also chose.
        intervals: 95 % intervals of the metrics, (low, high); a metric without one is absent.
        recipe: the whole recipe.
        files: kind ("onnx", "safetensors", "keras") -> file name and SHA-256.
        versions: of the software that trained, and the device.
    """

    name: str
    architecture: str
    model: dict[str, Any]
    task: str
    classes: tuple[str, ...]
    leads: tuple[str, ...]
    sampling_rate: int
    minimum_samples: int
    window: int
    stride: int
    aggregate: str
    scale: float
    attention_samples: int
    metadata: tuple[str, ...]
    calibration: dict[str, tuple[float, ...]]
    temperature: float
    thresholds: dict[str, tuple[float, ...]]
    operating_points: dict[str, dict[str, tuple[tuple[float | None, ...], ...]]]
    prevalence: tuple[float, ...]
    conformal: dict[str, Any]
    certainty: tuple[float, ...]
    ages: tuple[float, float]
    train_folds: tuple[int, ...]
    validation_folds: tuple[int, ...]
    protocol: str
    data: dict[str, Any]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, ...]]
    recipe: dict[str, Any]
    files: dict[str, dict[str, str]]
    versions: dict[str, str]
    members: tuple[str, ...] = ()
    unit: str = "mV"
    format: str = FORMAT
    version: int = VERSION

    @property
    def synthetic(self) -> bool:
        """Whether the weights were trained on generated ECGs."""
        return bool(self.data.get("synthetic"))

    @property
    def ancestors(self) -> list[dict[str, Any]]:
        """The weights that these came from: where their training started, and their teachers."""
        return [*self.data.get("initial", []), *self.data.get("teachers", [])]

    @property
    def classes_left_out(self) -> tuple[str, ...]:
        """Classes that the validation folds show in none or all of their records; no macro mean holds them."""
        return tuple(name for name, share in zip(self.classes, self.prevalence, strict=True) if share in (0, 1))

    def calibrated(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Calibrated probabilities; the order of a class's probabilities, and so its AUROC, stays.

        Args:
            probabilities: [..., classes] as the files give them.

        Returns:
            [..., classes] float64.
        """
        return apply_platt(probabilities, self.calibration["slope"], self.calibration["intercept"])

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """One threshold a class, [classes]: of an operating point ("f1"), or the same number for all ("0.5").

        Raises:
            TwelveLeadError: neither an operating point of this contract nor a number from 0 to 1.
        """
        return thresholds_at(operating_point, self.thresholds, len(self.classes), f"the weights {self.name}")

    def limits(self, error_rate: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The limits of the conformal rule, one a class: "present" stays possible from, "absent" to.

        Raises:
            TwelveLeadError: the contract does not hold this error rate.
        """
        rates = self.conformal["error_rates"]
        if error_rate not in rates:
            raise TwelveLeadError(f"error rate {error_rate:g}: give one of {', '.join(f'{rate:g}' for rate in rates)}")
        row = rates.index(error_rate)
        return self.conformal["present_from"][row], self.conformal["absent_to"][row]

    def save(self, folder: Path) -> None:
        """Write `contract.json` into the folder, atomically."""
        text = json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"
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
        for field in dataclasses.fields(cls):
            if (get_origin(field.type) or field.type) is tuple or field.name in _HOLD_TUPLES:
                values[field.name] = _as_tuples(values[field.name])
        return cls(**values)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, whatever holds them."""
    if isinstance(value, dict):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value


def _contradiction(values: Mapping[str, Any]) -> str | None:
    """What of a contract that satisfies the schema does not belong together; None where all does."""
    classes, conformal = len(values["classes"]), values["conformal"]
    one_each: dict[str, Any] = {f"calibration.{name}": each for name, each in values["calibration"].items()}
    one_each |= {f"thresholds.{name}": each for name, each in values["thresholds"].items()}
    for name, point in values["operating_points"].items():
        one_each |= {f"operating_points.{name}.{kind}": each for kind, each in point.items()}
    one_each["prevalence"] = values["prevalence"]
    for kind in ("present_from", "absent_to"):
        if len(conformal[kind]) != len(conformal["error_rates"]):
            return f"conformal.{kind} has {len(conformal[kind])} rows for {len(conformal['error_rates'])} error rates"
        one_each |= {f"conformal.{kind}[{row}]": each for row, each in enumerate(conformal[kind])}
    for member in values["model"].get("members", []) if values["members"] else []:
        one_each |= {f"calibration.{kind} of {member['name']}": each for kind, each in member["calibration"].items()}
    for name, each in one_each.items():
        if len(each) != classes:
            return f"{name} has {len(each)} entries for {classes} classes"
    rising = {"ages": values["ages"], "certainty": values["certainty"]}
    rising |= {f"intervals.{name}": each for name, each in values["intervals"].items()}
    for name, each in rising.items():
        if any(high < low for low, high in itertools.pairwise(each)):
            return f"{name} falls where it has to rise"
    if values["members"] and [one["name"] for one in values["model"]["members"]] != values["members"]:
        return "members are not those of the model"
    return None


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
