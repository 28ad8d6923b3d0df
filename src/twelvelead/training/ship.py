"""Weights copied out whole, with the HDF5 file for Keras where it can be made."""

import dataclasses
import shutil
from pathlib import Path

from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing
from twelvelead.weights import Contract, file, find, sha256

KERAS_FILE = "Final-ECG-Model.h5"


def export(weights: str | Path, folder: Path) -> tuple[Path, ...]:
    """Write the forms of the weights and their contract into a folder.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.
        folder: made where it is not there.

    Returns:
        The files written: safetensors, ONNX, HDF5 for the reference architecture, and the contract last.

    Raises:
        MissingExtra: the HDF5 file has to be made and Keras is not installed.
        TwelveLeadError: the folder is that of the weights themselves.
    """
    from twelvelead.keras import write_h5

    source = find(weights)
    contract = Contract.load(source)
    if folder.resolve() == source.resolve():
        raise TwelveLeadError(f"{folder}: holds these weights already; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in ("safetensors", "onnx"):
        origin = file(weights, kind)
        with replacing(folder / origin.name) as partial:
            shutil.copyfile(origin, partial)
        written.append(folder / origin.name)
    files = {kind: contract.files[kind] for kind in ("safetensors", "onnx")}
    if contract.architecture == "reference":
        write_h5(source, folder / KERAS_FILE)
        written.append(folder / KERAS_FILE)
        files["keras"] = {"name": KERAS_FILE, "sha256": sha256(folder / KERAS_FILE)}
    dataclasses.replace(contract, files=files).save(folder)
    return (*written, folder / "contract.json")
