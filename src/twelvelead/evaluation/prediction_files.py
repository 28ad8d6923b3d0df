"""The two files that hold predictions whole, NPZ and Parquet, as a mapping of the attributes of `Predictions`."""

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from twelvelead.errors import MissingExtra, Unreadable

LABEL = "_label"
"""Ends the name of the column that holds the labels of a class."""

_KEYS = ("ecg_id", "patient_id", "labels", "probabilities", "classes", "fold", "protocol", "data_hash")
_LATER = {"operating_points": np.array([], np.str_), "thresholds": np.empty((0, 0)), "role": np.str_(""), "known": None}
"""Keys that files of version 0.1.0, or of predictions whose labels are all known, do not have, with what stands for
them."""

_ABOUT = ("classes", "fold", "protocol", "data_hash", "thresholds", "role")
"""In the metadata of Parquet; `fold` is a number, or a list of several."""

_METADATA = b"twelvelead"


def fold_entry(folds: Sequence[int]) -> int | list[int]:
    """Folds as files have them: the number of one, a list of several, 0 for unknown ones."""
    return folds[0] if len(folds) == 1 else list(folds) or 0


def write_npz(path: Path, values: Mapping[str, Any]) -> None:
    """Write the attributes as arrays, without pickle."""
    values = _stored(values)
    plain: dict[str, Any] = {key: np.asarray(value) for key, value in values.items() if key != "thresholds"}
    thresholds: Mapping[str, tuple[float, ...]] = values["thresholds"]
    cuts = np.array(list(thresholds.values()), np.float64).reshape(len(thresholds), len(values["classes"]))
    with path.open("wb") as file:
        np.savez_compressed(file, **plain, operating_points=np.array(list(thresholds), np.str_), thresholds=cuts)


def read_npz(path: Path) -> dict[str, Any]:
    """The attributes in an NPZ file, their types not yet checked.

    Raises:
        Unreadable: it is torn, something else, or lacks a key.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {key: file[key] for key in (*_KEYS, *_LATER) if key in file}
    except (OSError, ValueError, EOFError, TypeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path) from error
    missing = [key for key in _KEYS if key not in stored]
    if missing:
        raise Unreadable(f"{path}: {', '.join(missing)} missing; write it anew with `twelvelead evaluate`")
    stored = _LATER | stored
    names, cuts = stored.pop("operating_points"), stored["thresholds"]
    if names.ndim != 1 or cuts.ndim != 2 or len(names) != len(cuts):
        raise Unreadable(
            f"{path}: operating points and thresholds do not match; write it anew with `twelvelead evaluate`"
        )
    return stored | {"thresholds": dict(zip(names.tolist(), cuts, strict=True))}


def write_parquet(path: Path, values: Mapping[str, Any]) -> None:
    """Write one row a record, and what concerns all of them as JSON in the metadata.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    columns = {"ecg_id": values["ecg_id"], "patient_id": values["patient_id"]}
    columns |= dict(zip(values["classes"], values["probabilities"].T, strict=True))
    about = json.dumps({key: _stored(values)[key] for key in _ABOUT}, ensure_ascii=False)
    arrays = {name: pyarrow.array(np.ascontiguousarray(column)) for name, column in columns.items()}
    for place, name in enumerate(values["classes"]):
        missing = None if values["known"] is None else ~np.ascontiguousarray(values["known"][:, place])
        arrays[name + LABEL] = pyarrow.array(np.ascontiguousarray(values["labels"][:, place]), mask=missing)
    table = pyarrow.table(arrays)
    with path.open("wb") as file:
        parquet.write_table(table.replace_schema_metadata({_METADATA: about.encode()}), file)


def read_parquet(path: Path) -> dict[str, Any]:
    """The attributes in a Parquet file, their types not yet checked.

    Raises:
        Unreadable: it is torn, lacks a column, or was not written by `Predictions.save`.
        MissingExtra: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    try:
        with path.open("rb") as file:
            table = parquet.ParquetFile(file).read()
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise _unreadable(path) from error
    try:
        about = json.loads((table.schema.metadata or {})[_METADATA])
        about = {key: about[key] for key in _ABOUT}
        classes = list(about["classes"])
        about["thresholds"] = dict(about["thresholds"])
    except (KeyError, ValueError, TypeError):
        raise Unreadable(
            f"{path}: nothing in it says which columns are classes; write it with `Predictions.save`, or as a CSV"
        ) from None
    needed = ["ecg_id", "patient_id", *classes, *(name + LABEL for name in classes)]
    missing = [name for name in needed if table.column_names.count(name) != 1]
    if missing:
        raise Unreadable(f"{path}: column {missing[0]} missing or there twice; write it anew with `Predictions.save`")
    labels = [table.column(name + LABEL) for name in classes]
    known = np.stack([label.is_valid().to_numpy() for label in labels], axis=1)
    return about | {
        "ecg_id": table.column("ecg_id").to_numpy(),
        "patient_id": table.column("patient_id").to_numpy(),
        "probabilities": np.stack([table.column(name).to_numpy() for name in classes], axis=1),
        "labels": np.stack([label.fill_null(False).to_numpy() for label in labels], axis=1),
        "known": None if known.all() else known,
    }


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes by the keys of a file: `fold` for `folds`, and `known` only where some labels are not."""
    plain = {key: value for key, value in values.items() if key != "folds" and not (key == "known" and value is None)}
    return plain | {"fold": fold_entry(values["folds"])}


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtra("Parquet", "parquet") from None
    return pyarrow, parquet


def _unreadable(path: Path) -> Unreadable:
    return Unreadable(f"{path}: this is not a readable predictions file; write it anew with `twelvelead evaluate`")
