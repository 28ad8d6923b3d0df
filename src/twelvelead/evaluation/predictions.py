"""Stored predictions: what a model said about which records."""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import Unreadable
from twelvelead.files import replacing

_KEYS = ("ecg_id", "patient_id", "labels", "probabilities", "classes", "fold", "protocol", "data_hash")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels and probabilities of some records.

    Attributes:
        ecg_id: [records] int64, each once.
        patient_id: [records] int64.
        labels: [records, classes] bool.
        probabilities: [records, classes] float32, 0-1.
        classes: names of the columns, each once.
        fold: of the records.
        protocol: by which records and labels were chosen: `drop`, `keep` or `likely`.
        data_hash: of the store that the records came from; "" where unknown.
    """

    ecg_id: NDArray[np.int64]
    patient_id: NDArray[np.int64]
    labels: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    fold: int
    protocol: str
    data_hash: str = ""

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
        if len(set(self.classes)) != len(self.classes):
            return f"a class is named twice in {', '.join(self.classes)}"
        if len(np.unique(self.ecg_id)) != len(self.ecg_id):
            return "a record (ecg_id) is there twice"
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            return "some probabilities are NaN or outside 0-1"
        return None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one NPZ file, whole or not at all; its keys are the attributes' names, without pickle."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                ecg_id=self.ecg_id.astype(np.int64),
                patient_id=self.patient_id.astype(np.int64),
                labels=self.labels.astype(np.bool_),
                probabilities=self.probabilities.astype(np.float32),
                classes=np.array(self.classes, np.str_),
                fold=np.int64(self.fold),
                protocol=np.str_(self.protocol),
                data_hash=np.str_(self.data_hash),
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read what `save` wrote.

        Raises:
            Unreadable: there is no such file, it is torn, something else, or its arrays do not belong together.
        """
        name = Path(path)
        if not name.is_file():
            raise Unreadable(f"{name}: there is no such file; `twelvelead evaluate` writes predictions.npz")
        try:
            with np.load(name, allow_pickle=False) as file:
                stored = {key: file[key] for key in _KEYS if key in file}
        except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable(
                f"{name}: this is not a readable predictions file; write it anew with `twelvelead evaluate`"
            ) from error
        missing = [key for key in _KEYS if key not in stored]
        if missing:
            raise Unreadable(f"{name}: {', '.join(missing)} missing; write it anew with `twelvelead evaluate`")
        try:
            return cls(
                ecg_id=stored["ecg_id"].astype(np.int64),
                patient_id=stored["patient_id"].astype(np.int64),
                labels=stored["labels"].astype(np.bool_),
                probabilities=stored["probabilities"].astype(np.float32),
                classes=tuple(str(label) for label in stored["classes"]),
                fold=int(stored["fold"]),
                protocol=str(stored["protocol"]),
                data_hash=str(stored["data_hash"]),
            )
        except (ValueError, TypeError) as error:
            text = str(error).removeprefix("predictions: ").splitlines()[0]
            raise Unreadable(f"{name}: {text}; write it anew with `twelvelead evaluate`") from error
