"""The contract: what goes into shipped weights, what comes out, and what both mean. Weights never travel without it."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.selective import STEPS
from twelvelead.files import replacing

FORMAT = "twelvelead-weights"
VERSION = 3
FILE = "contract.json"


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
        p = np.clip(np.asarray(probabilities, np.float64), 1e-12, 1 - 1e-12)
        logits = np.log(p) - np.log1p(-p)
        scaled = logits * np.array(self.calibration["slope"]) + np.array(self.calibration["intercept"])
        return np.asarray(np.exp(-np.logaddexp(0, -scaled)))

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """One threshold a class, [classes]: of an operating point ("f1"), or the same number for all ("0.5").

        Raises:
            TwelveLeadError: neither an operating point of this contract nor a number from 0 to 1.
        """
        if operating_point in self.thresholds:
            return np.array(self.thresholds[operating_point])
        try:
            value = float(operating_point)
        except ValueError:
            value = np.nan
        if not 0 <= value <= 1:
            raise TwelveLeadError(
                f"operating point {operating_point!r}: give {', '.join(self.thresholds)}, or a number from 0 to 1"
            )
        return np.full(len(self.classes), value)

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
            Unreadable: there is none, or it is not one of ours, of another version or incomplete.
        """
        path = folder / FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
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
        names = {field.name for field in dataclasses.fields(cls)}
        if values.keys() != names:
            wrong = sorted(values.keys() ^ names)
            raise Unreadable(
                f"{path}: missing or unknown entries {', '.join(wrong)}; export the weights again", code="weights"
            )
        for field in dataclasses.fields(cls):
            kind: Any = get_origin(field.type) or field.type
            given = (int, float) if kind is float else list if kind is tuple else kind
            if not isinstance(values[field.name], given):
                raise Unreadable(f"{path}: {field.name} is damaged; export the weights again", code="weights")
            values[field.name] = _as_tuples(values[field.name]) if kind is tuple else values[field.name]
        for name, fits in _FITS.items():
            if not fits(values[name], len(values["classes"])):
                raise Unreadable(
                    f"{path}: {name} do not fit the classes or are damaged; export the weights again", code="weights"
                )
            values[name] = _as_tuples(values[name])
        if not all(map(_is_file, values["files"].values())):
            raise Unreadable(f"{path}: files are damaged; export the weights again", code="weights")
        return cls(**values)


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, whatever holds them."""
    if isinstance(value, dict):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value


def _numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list | tuple) and len(value) == count and all(isinstance(each, int | float) for each in value)
    )


def _by_name(fits: Callable[[Any, int], bool], *names: str) -> Callable[[Any, int], bool]:
    """A check of a dictionary that has to hold these names, or any, each with what fits."""
    return lambda value, classes: (
        isinstance(value, dict)
        and (not names or value.keys() == set(names))
        and all(fits(each, classes) for each in value.values())
    )


def _estimates(value: Any, classes: int) -> bool:
    return isinstance(value, list) and len(value) == classes and all(_numbers(e, 3) or e == [None] * 3 for e in value)


def _limits(value: Any, classes: int) -> bool:
    if not isinstance(value, dict) or value.keys() != {"error_rates", "present_from", "absent_to"}:
        return False
    rates, *limits = (value[key] for key in ("error_rates", "present_from", "absent_to"))
    return (
        isinstance(rates, list)
        and _numbers(rates, len(rates))
        and all(
            isinstance(rows, list) and len(rows) == len(rates) and all(_numbers(row, classes) for row in rows)
            for rows in limits
        )
    )


_FITS: dict[str, Callable[[Any, int], bool]] = {
    "calibration": _by_name(_numbers, "slope", "intercept"),
    "thresholds": _by_name(_numbers),
    "operating_points": _by_name(_by_name(_estimates, "sensitivity", "specificity")),
    "prevalence": _numbers,
    "conformal": _limits,
    "certainty": lambda value, classes: _numbers(value, STEPS + 1),
    "ages": lambda value, classes: _numbers(value, 2),
    "intervals": _by_name(lambda value, classes: _numbers(value, 2)),
}
"""What the entries that are used without another look have to be, for a number of classes."""


def _is_file(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "sha256"))


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
