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
        The files written: the forms that the weights have, HDF5 where the architecture has a twin in Keras, and the
        contract last.

    Raises:
        MissingExtra: the HDF5 file has to be made and Keras is not installed.
        Unreadable: there are no such weights, or a file that is not what the contract describes; nothing is written.
        TwelveLeadError: the folder is that of the weights themselves, or a file.
    """
    source = find(weights)
    contract = Contract.load(source)
    if folder.resolve() == source.resolve():
        raise TwelveLeadError(f"{folder}: holds these weights already; name another folder")
    if folder.exists() and not folder.is_dir():
        raise TwelveLeadError(f"{folder}: is a file; name a folder to write the weights into")
    origins = {kind: file(weights, kind) for kind in contract.files}
    makes_twin = "keras" not in origins and has_twin(contract)
    if makes_twin:
        from twelvelead.keras import write_h5
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for origin in origins.values():
        with replacing(folder / origin.name) as partial:
            shutil.copyfile(origin, partial)
        written.append(folder / origin.name)
    files = dict(contract.files)
    if makes_twin:
        write_h5(source, folder / KERAS_FILE)
        written.append(folder / KERAS_FILE)
        files["keras"] = {"name": KERAS_FILE, "sha256": sha256(folder / KERAS_FILE)}
    dataclasses.replace(contract, files=files).save(folder)
    return (*written, folder / "contract.json")


def has_twin(contract: Contract) -> bool:
    """Whether Keras has a twin of the architecture."""
    return contract.architecture == "reference"
