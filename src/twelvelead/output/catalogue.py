"""What ships, for those who choose: the facts of weights as plain values and as a table."""

from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.data.tasks import fold_names
from twelvelead.weights import Contract, file, find, shipped
from twelvelead.weights.contract import FILE

PURPOSES = {
    "reference": "The published design in every form, HDF5 for Keras among them: to teach, compare and rebuild.",
    "single": "One network, the best of those tried: fast answers, and the start of fine-tuning.",
    "ensemble": "Several networks that answer together, and how far they disagree: the best figures, at several "
    "times the work of one.",
}
"""Shipped name -> what it is for."""

MOST = 6
"""Classes that are named; of more, their number is told."""


def facts(weights: str | Path) -> dict[str, Any]:
    """What one has to know of weights to choose them.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Returns:
        Plain values. `macro_auroc`, its interval and `hardware` are None where the contract does not hold them; `bytes`
        is the size of all forms and the contract.

    Raises:
        Unreadable: there are no such weights, or a file is missing or not the one that the contract describes.
    """
    folder = find(weights)
    contract = Contract.load(folder)
    interval = contract.intervals.get("macro_auroc")
    return {
        "name": contract.name,
        "architecture": contract.architecture,
        "members": list(contract.members),
        "purpose": PURPOSES.get(str(weights), ""),
        "task": contract.task,
        "classes": list(contract.classes),
        "macro_auroc": contract.metrics.get("macro_auroc"),
        "macro_auroc_interval": None if interval is None else list(interval),
        "measured_on": measured_on(contract),
        "protocol": contract.protocol,
        "data": contract.data.get("name"),
        "synthetic": contract.synthetic,
        "train_folds": list(contract.train_folds),
        "validation_folds": list(contract.validation_folds),
        "licence": contract.data.get("licence"),
        "citation": contract.data.get("citation"),
        "hardware": contract.versions.get("device"),
        "files": {kind: entry["name"] for kind, entry in contract.files.items()},
        "bytes": sum(
            path.stat().st_size for path in (folder / FILE, *(file(weights, kind) for kind in contract.files))
        ),
        "folder": str(folder),
    }


def measured_on(contract: Contract) -> str:
    """What the figures of a contract were measured on: "fold 9, which also chose"."""
    return f"fold {fold_names(contract.validation_folds)}, which also chose"


def catalogue() -> list[dict[str, Any]]:
    """`facts` of all that ships."""
    return [facts(name) for name in shipped()]


def table(entries: list[dict[str, Any]]) -> RenderableType:
    """Weights side by side, with what they are for below; fits 100 columns.

    Args:
        entries: of `facts`.
    """
    columns = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("name", "architecture", "task", "macro AUROC (95 %)", "size"):
        columns.add_column(heading, justify="right" if heading == "size" else "left", no_wrap=heading != "task")
    lines: list[RenderableType] = [columns]
    for entry in entries:
        columns.add_row(
            Text(entry["name"], style="bold"),
            _architecture(entry),
            f"{entry['task']}: {_classes(entry['classes'])}",
            auroc(entry),
            megabytes(entry["bytes"]),
        )
        lines += [
            "",
            Text(f"{entry['name']}: {entry['purpose'] or 'no shipped weights.'}"),
            Text(_origin(entry), "dim"),
        ]
    return Group(*lines)


def auroc(entry: dict[str, Any]) -> str:
    """Macro AUROC with its interval."""
    if entry["macro_auroc"] is None:
        return "not measured"
    interval = entry["macro_auroc_interval"]
    bounds = "" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})"
    return f"{entry['macro_auroc']:.3f}{bounds}"


def megabytes(size: int) -> str:
    """Bytes as decimal megabytes."""
    return f"{size / 1e6:.1f} MB"


def _architecture(entry: dict[str, Any]) -> str:
    count = len(entry["members"])
    return f"{entry['architecture']} of {count}" if count else str(entry["architecture"])


def _classes(classes: list[str]) -> str:
    return ", ".join(classes) if len(classes) <= MOST else f"{len(classes)} classes"


def _origin(entry: dict[str, Any]) -> str:
    licence = entry["licence"] or "licence not stated"
    synthetic = ", synthetic ECGs: the answers mean nothing" if entry["synthetic"] else ""
    return (
        f"Trained on {entry['data'] or 'data that it does not name'} ({licence}{synthetic}), folds "
        f"{fold_names(entry['train_folds'])}; hardware: {entry['hardware'] or 'not recorded'}. Measured on "
        f"{entry['measured_on']}, protocol {entry['protocol']}."
    )
