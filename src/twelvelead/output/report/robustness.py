"""The robustness of the weights, where it was measured into the same folder."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twelvelead.output.report.document import Block, Heading, Marked, Paragraph, Picture, Table
from twelvelead.output.report.numbers import with_interval


def robustness_blocks(folder: Path, values: Mapping[str, Any]) -> list[Block]:
    """The section on robustness; empty where the folder holds no robustness.json, and a word where it is of others.

    Args:
        folder: of the report.
        values: of the evaluation.
    """
    path = folder / "robustness.json"
    if not path.is_file():
        return []
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        same = (stored["weights"]["sha256"], stored["data_hash"], stored["fold"])
        mine = (values["weights"].get("sha256"), values["data_hash"], values["fold"])
        told = list(_told(stored, folder)) if same == mine else [_left_out("is of other weights, data or fold")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        told = [_left_out("cannot be read")]
    return [Heading("Robustness"), *told]


def _left_out(why: str) -> Block:
    return Paragraph(f"robustness.json in this folder {why}; measure it anew with twelvelead robustness.")


def _told(stored: Mapping[str, Any], folder: Path) -> Iterator[Block]:
    clean = stored["clean"]
    yield Paragraph(
        "How far the macro AUROC falls when the recording goes wrong. Clean: "
        f"{with_interval(clean['value'], (clean['low'], clean['high']))}, {stored['records']:,} records, protocol "
        f"{stored['protocol']}."
    )
    rows = []
    for fault in stored["faults"]:
        worst = max(fault["severities"], key=lambda case: case["fall"]["value"])
        fall = worst["fall"]
        shown = with_interval(fall["value"], (fall["low"], fall["high"]))
        degree = f"{worst['severity']:g} {fault['unit']}" if fault["graded"] else worst["severity"]
        cell = Marked(shown) if fall["low"] > 0 else shown
        rows.append([fault["name"].replace("_", " "), degree, f"{worst['macro_auroc']:.3f}", cell])
    yield Table(
        ["fault", "worst at", "macro AUROC", "fall"],
        rows,
        "The severity of each fault with the largest fall, and its 95 % interval (paired bootstrap by patient); one "
        "that excludes 0 stands out. robustness.md has all severities.",
        names=2,
    )
    picture = folder / "robustness.png"
    if picture.is_file():
        yield Picture(
            "robustness.png",
            picture.read_bytes(),
            "Fall in macro AUROC under each fault and severity",
            "Fall in macro AUROC under each fault, from mild to severe.",
        )
