"""Stored predictions: what a model said about which records."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.prediction_csv import read_csv
from twelvelead.evaluation.prediction_files import LABEL, read_npz, read_parquet, write_npz, write_parquet
from twelvelead.evaluation.thresholds import thresholds_at
from twelvelead.files import replacing

_NPZ, _PARQUET = b"PK\x03\x04", b"PAR1"
_WANTED = "write a CSV with the columns ecg_id and one for each class, probabilities from 0 to 1"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels and probabilities of some records.

    Attributes:
        ecg_id: [records] int64, each once.
        patient_id: [records] int64.
        labels: [records, classes] bool.
        probabilities: [records, classes] float32, 0-1.
        classes: names of the columns, each once.
        folds: of the records; empty where unknown.
        protocol: by which records and labels were chosen: `drop`, `keep` or `likely`; "" where unknown.
        data_hash: of the store that the records came from; "" where unknown.
        thresholds: operating point -> one threshold a class, as the weights' contract holds them; empty where unknown.
        role: what the folds were to the model, such as "held out" or "which also chose"; "" where unknown.
        known: [records, classes] bool, which labels are known; None where all are. The others count in no metric.
    """

    ecg_id: NDArray[np.int64]
    patient_id: NDArray[np.int64]
    labels: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    folds: tuple[int, ...]
    protocol: str
    data_hash: str = ""
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    role: str = ""
    known: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault:
            raise ValueError(f"predictions: {fault}")

    def _fault(self) -> str | None:
        records = self.ecg_id.shape
        shape = (*records, len(self.classes))
        if len(records) != 1 or self.patient_id.shape != records:
            return f"ecg_id {records} and patient_id {self.patient_id.shape} have to be [records]"
        if self.labels.shape != shape or self.probabilities.shape != shape:
            return f"labels {self.labels.shape} and probabilities {self.probabilities.shape} have to be {shape}"
        if self.known is not None and self.known.shape != shape:
            return f"known {self.known.shape} has to be {shape}"
        if len(set(self.classes)) != len(self.classes):
            return f"a class is named twice in {', '.join(self.classes)}"
        taken = {"ecg_id", "patient_id", *(name + LABEL for name in self.classes)} & set(self.classes)
        if taken:
            return f"no class can be called {', '.join(sorted(taken))}: a column of that name means something else"
        ids, first, count = np.unique(self.ecg_id, return_index=True, return_counts=True)
        if len(ids) != len(self.ecg_id):
            return f"record {ids[count > 1][first[count > 1].argmin()]} (ecg_id) is there twice"
        wrong = ~((self.probabilities >= 0) & (self.probabilities <= 1))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            value = f"{self.probabilities[row, column]:g}"
            return f"record {self.ecg_id[row]}, class {self.classes[column]}: {value} is NaN or outside 0-1"
        for name, cuts in self.thresholds.items():
            if len(cuts) != len(self.classes) or not np.isfinite(cuts).all():
                return f"thresholds {name} have to be one number for each of {', '.join(self.classes)}"
        return None

    def thresholds_at(self, operating_point: str) -> NDArray[np.float64]:
        """One threshold a class, [classes]: of a stored operating point ("f1"), or the same number for all ("0.5").

        Raises:
            TwelveLeadError: neither a stored operating point nor a number from 0 to 1.
        """
        return thresholds_at(operating_point, self.thresholds, self.classes, "these predictions")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one file, whole or not at all: NPZ, or Parquet where the name ends in `.parquet`.

        NPZ: the keys are the attributes' names, without pickle; `fold` is one number or several, `thresholds` is
        [operating points, classes], and `operating_points` names its rows; `known` is there only where some labels are
        not. Parquet: one row a record, the columns `ecg_id`, `patient_id`, for each class its probability under its
        name and its label under `NAME_label`, null where it is not known; the rest is JSON in the file's metadata,
        under the key `twelvelead`.

        Raises:
            TwelveLeadError: the name ends in neither `.npz` nor `.parquet`.
            MissingExtra: Parquet without pyarrow.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in (".npz", ".parquet"):
            raise TwelveLeadError(f"{path}: predictions are written as .npz or .parquet; choose one of them")
        write = write_npz if suffix == ".npz" else write_parquet
        with replacing(path) as temporary:
            write(temporary, vars(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str], reference: "Predictions | None" = None) -> "Predictions":
        """Read what `save` wrote, or a CSV of anybody's model; the format is recognised by content.

        A CSV holds `ecg_id` and a column of probabilities for each class, and may hold `patient_id` and the labels as
        `NAME_label`, 0, 1 or -1 (not known). What it does not hold comes from the reference; other columns are ignored.

        Args:
            path: of the file.
            reference: predictions of the same records, matched by `ecg_id`. Without it a CSV has to hold the labels,
                which name the classes, and the patients; fold, protocol and data hash are then unknown.

        Raises:
            Unreadable: there is no such file, it is torn, something else, or its contents do not belong together.
            MissingExtra: Parquet without pyarrow.
        """
        name = Path(path)
        if not name.is_file():
            raise Unreadable(f"{name}: there is no such file; `twelvelead evaluate` writes predictions.npz")
        begin = _begin(name)
        if begin.startswith(b"\x93NUMPY"):
            raise Unreadable(f"{name}: an array does not say which records and classes it is about; {_WANTED}")
        if begin.startswith(_NPZ):
            values, remedy = read_npz(name), "write it anew with `twelvelead evaluate`"
        elif begin.startswith(_PARQUET):
            values, remedy = read_parquet(name), "write it anew with `Predictions.save`"
        else:
            values, remedy = read_csv(name, None if reference is None else vars(reference)), "mend the CSV"
        try:
            return cls(**_typed(values))
        except (ValueError, TypeError, OverflowError) as error:
            text = str(error).removeprefix("predictions: ").splitlines()[0]
            raise Unreadable(f"{name}: {text}; {remedy}") from error


def is_complete(path: Path) -> bool:
    """Whether the file is NPZ or Parquet by its content, and so holds what a CSV may lack."""
    return path.is_file() and _begin(path).startswith((_NPZ, _PARQUET))


def _begin(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(6)


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as `Predictions` states them, from what a file holds."""
    for key in ("ecg_id", "patient_id"):
        if np.asarray(values[key]).dtype.kind not in "iu":
            raise ValueError(f"some {key} are not whole numbers")
    raw = np.asarray(values["labels"])
    labels = raw.astype(np.bool_)
    if not np.array_equal(labels, raw):
        raise ValueError("some labels are neither 0 nor 1")
    return {
        "ecg_id": np.asarray(values["ecg_id"]).astype(np.int64),
        "patient_id": np.asarray(values["patient_id"]).astype(np.int64),
        "labels": labels,
        "probabilities": np.asarray(values["probabilities"]).astype(np.float32),
        "classes": tuple(str(name) for name in values["classes"]),
        "folds": tuple(int(fold) for fold in np.atleast_1d(np.asarray(values["fold"], np.int64)) if fold),
        "protocol": str(values["protocol"]),
        "data_hash": str(values["data_hash"]),
        "thresholds": {name: tuple(float(cut) for cut in cuts) for name, cuts in values["thresholds"].items()},
        "role": str(values["role"]),
        "known": None if values["known"] is None else np.asarray(values["known"]).astype(np.bool_),
    }
