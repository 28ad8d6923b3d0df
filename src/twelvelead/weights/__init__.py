"""Weights that ship with the package, and how any weights are found: a name, a run, a folder or a file."""

import json
from pathlib import Path

from twelvelead.errors import Unreadable
from twelvelead.weights.contract import FILE, Contract, sha256

SHIPPED = Path(__file__).parent
"""The folder that holds a folder for each shipped name."""

DEFAULT = "single"
"""What answers where nobody names weights."""


DIGESTS = SHIPPED / "shipped.json"
"""SHA-256 of each shipped ONNX file -> that of the contract it shipped with; made by `tools/stamp.py`."""


def shipped() -> tuple[str, ...]:
    """Names of the weights that ship with the package."""
    return tuple(sorted(path.parent.name for path in SHIPPED.glob(f"*/{FILE}")))


def differs_from_shipped(folder: Path, contract: Contract) -> bool | None:
    """Whether weights that shipped have another contract than they shipped with; None for weights of one's own.

    Args:
        folder: of the weights.
        contract: in it.
    """
    digest = json.loads(DIGESTS.read_text(encoding="utf-8")).get(contract.files.get("onnx", {}).get("sha256"))
    if digest is None:
        return True if folder.parent == SHIPPED else None
    return bool(sha256(folder / FILE) != digest)


def find(weights: str | Path) -> Path:
    """The folder of weights, with its contract.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Raises:
        Unreadable: there are no weights of that name or in that place.
    """
    if str(weights) in shipped():
        return SHIPPED / str(weights)
    path = Path(weights)
    folder = path.parent if path.is_file() else path
    for candidate in (folder, folder / "weights"):
        if (candidate / FILE).is_file():
            return candidate
    if (folder / "recipe.toml").is_file():
        raise Unreadable(
            f"{weights}: the training in this folder has not finished; go on with the same train command",
            code="weights",
        )
    raise Unreadable(
        f"{weights}: neither shipped weights ({', '.join(shipped()) or 'none'}) nor a run folder or file with "
        f"a {FILE} beside it",
        code="weights",
    )


def file(weights: str | Path, kind: str, contract: Contract | None = None) -> Path:
    """One form of the weights, checked against its contract.

    Args:
        weights: as in `find`.
        kind: "onnx", "safetensors" or "keras".
        contract: of these weights, where it is loaded already.

    Raises:
        Unreadable: the form is not there, or is not the file that the contract describes.
    """
    folder = find(weights)
    contract = contract or Contract.load(folder)
    if kind not in contract.files:
        raise Unreadable(f"{folder}: holds no {kind} form; make it with twelvelead export", code="weights")
    named = Path(weights)
    known = {entry["name"] for entry in contract.files.values()} | {FILE}
    if named.is_file() and named.name not in known:
        raise Unreadable(
            f"{named}: not one of the files that the contract beside it describes ({', '.join(sorted(known))})",
            code="weights",
        )
    for checked in {kind} | {k for k, entry in contract.files.items() if entry["name"] == named.name}:
        entry = contract.files[checked]
        path = folder / entry["name"]
        if not path.is_file():
            raise Unreadable(f"{path}: missing, though the contract names it; export the weights again", code="weights")
        if sha256(path) != entry["sha256"]:
            raise Unreadable(
                f"{path}: not the file that its contract describes (SHA-256 differs); export it again", code="weights"
            )
    return folder / contract.files[kind]["name"]


__all__ = ["SHIPPED", "Contract", "differs_from_shipped", "file", "find", "sha256", "shipped"]
