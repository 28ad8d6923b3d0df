"""An evaluation as files: metrics.json, predictions.npz, a picture a class, and the report as HTML and as Markdown."""

import json
import re
from pathlib import Path

from twelvelead.files import replacing
from twelvelead.output.report.document import Picture
from twelvelead.output.report.html import html
from twelvelead.output.report.markdown import markdown
from twelvelead.output.report.robustness import robustness_blocks
from twelvelead.output.report.sections import document
from twelvelead.output.report.terminal import table
from twelvelead.output.report.values import Evaluation, evaluation, folds_of
from twelvelead.plots.confusion import confusion_png

PICTURES = "pictures"
"""The folder with the pictures of the Markdown report."""


def write(found: Evaluation, folder: Path) -> None:
    """Write `metrics.json`, `predictions.npz`, `confusion_CLASS.png`, `report.html` and `report.md` with its pictures.

    Args:
        found: the evaluation.
        folder: made where it is not there.
    """
    values, of = found.values, found.predictions
    folder.mkdir(parents=True, exist_ok=True)
    of.save(folder / "predictions.npz")
    _write(folder / "metrics.json", (json.dumps(values, indent=2) + "\n").encode())
    note = f"fold {folds_of(values)}, {of.protocol}" + (", SYNTHETIC" if values["synthetic"] else "")
    for column, name in enumerate(of.classes):
        known = found.known(column)
        confusion_png(
            of.labels[known, column],
            found.predicted[known, column],
            name,
            folder / f"confusion_{re.sub(r'[^A-Za-z0-9_+-]', '_', name)}.png",
            threshold=float(found.thresholds[column]),
            note=note,
        )
    report = document(found, robustness_blocks(folder, values))
    _write(folder / "report.html", html(report).encode())
    for block in report.blocks:
        if isinstance(block, Picture):
            _write(folder / PICTURES / block.name, block.content)
    _write(folder / "report.md", markdown(report, PICTURES).encode())


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as partial:
        partial.write_bytes(content)


__all__ = ["PICTURES", "Evaluation", "evaluation", "table", "write"]
