"""The contract: what goes into shipped weights, what comes out, and what both mean. Weights never travel without it."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import replacing

FORMAT = "twelvelead-weights"
VERSION = 1
FILE = "contract.json"


@dataclass(frozen=True)
class Contract:
    """What goes in, what comes out, and where it comes from.

    Attributes:
        name: of the weights.
        architecture, model: registry name and its settings.
        task, classes: what is predicted, in the order of the outputs.
        leads: order of the input's leads.
        sampling_rate: of the input, in Hz.
        unit: of the input; always "mV".
        minimum_samples: the shortest recording that is read.
        window, stride: samples of the overlapping windows, which the files hold inside.
        attention_samples: samples for each value of the attention.
        metadata: what the columns of `features` mean; empty where age and sex take no part.
        calibration: "slope" and "intercept", one number a class each, for the logits of the files' probabilities
            (Platt 1999).
        thresholds: aim -> one threshold a class, for the calibrated probabilities.
        train_folds, validation_folds, protocol: what trained, and what chose the epoch and the thresholds.
        data: name, hash, licence and citation of the data, and whether they are synthetic.
        metrics: on the validation folds, which also chose.
        recipe: the whole recipe.
        files: kind ("onnx", "safetensors", "keras") -> file name and SHA-256.
        versions: of the software that trained.
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
    attention_samples: int
    metadata: tuple[str, ...]
    calibration: dict[str, tuple[float, ...]]
    thresholds: dict[str, tuple[float, ...]]
    train_folds: tuple[int, ...]
    validation_folds: tuple[int, ...]
    protocol: str
    data: dict[str, Any]
    metrics: dict[str, float]
    recipe: dict[str, Any]
    files: dict[str, dict[str, str]]
    versions: dict[str, str]
    unit: str = "mV"
    format: str = FORMAT
    version: int = VERSION

    @property
    def synthetic(self) -> bool:
        """Whether the weights were trained on generated ECGs."""
        return bool(self.data.get("synthetic"))

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

    def threshold(self, aim: str) -> NDArray[np.float64]:
        """One threshold a class, [classes]: of an aim ("accuracy", "f1"), or the same number for all ("0.5").

        Raises:
            TwelveLeadError: neither an aim of this contract nor a number from 0 to 1.
        """
        if aim in self.thresholds:
            return np.array(self.thresholds[aim])
        try:
            value = float(aim)
        except ValueError:
            value = np.nan
        if not 0 <= value <= 1:
            raise TwelveLeadError(
                f"thresholds {aim!r}: give one of {', '.join(self.thresholds)}, or a number from 0 to 1"
            )
        return np.full(len(self.classes), value)

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
            raise Unreadable(f"{folder}: holds no {FILE}, so it is not a folder of weights") from None
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path}: cannot be read ({error}); export the weights again") from None
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise Unreadable(f"{path}: not a contract of twelvelead; export the weights again")
        if values.get("version") != VERSION:
            raise Unreadable(
                f"{path}: contract version {values.get('version')}, but this twelvelead reads version {VERSION}; "
                "export the weights again"
            )
        names = {field.name for field in dataclasses.fields(cls)}
        if values.keys() != names:
            wrong = sorted(values.keys() ^ names)
            raise Unreadable(f"{path}: missing or unknown entries {', '.join(wrong)}; export the weights again")
        for field in dataclasses.fields(cls):
            kind: Any = get_origin(field.type) or field.type
            if not isinstance(values[field.name], list if kind is tuple else kind):
                raise Unreadable(f"{path}: {field.name} is damaged; export the weights again")
            values[field.name] = kind(values[field.name])
        for name in ("thresholds", "calibration"):
            if not all(_one_each(numbers, values["classes"]) for numbers in values[name].values()):
                raise Unreadable(f"{path}: {name} are not one number for each class; export the weights again")
            values[name] = {key: tuple(numbers) for key, numbers in values[name].items()}
        if values["calibration"].keys() != {"slope", "intercept"} or not all(map(_is_file, values["files"].values())):
            raise Unreadable(f"{path}: calibration or files are damaged; export the weights again")
        return cls(**values)


def _one_each(numbers: Any, classes: tuple[str, ...]) -> bool:
    return (
        isinstance(numbers, list)
        and len(numbers) == len(classes)
        and all(isinstance(number, int | float) for number in numbers)
    )


def _is_file(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "sha256"))


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
