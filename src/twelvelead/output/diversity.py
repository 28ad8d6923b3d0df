"""An ensemble beside its members as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def tables(values: Mapping[str, Any]) -> RenderableType:
    """Each member's weight and worth, how alike the members are, and how the weights were chosen.

    Args:
        values: what `diversity.json` holds.
    """
    kind = "SYNTHETIC ECGs, " if values["synthetic"] else ""
    title = (
        f"{values['name']}: {kind}fold {values['fold']} ({values['role']}), protocol {values['protocol']}, "
        f"{values['records']:,} records"
    )
    worth = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    worth.add_column("macro AUROC [95 % interval]", overflow="fold")
    for heading in ("architecture", "weight", "alone", "ensemble is better by", "it adds"):
        worth.add_column(heading, justify="left" if heading == "architecture" else "right")
    for member in values["members"]:
        worth.add_row(
            Text(member["name"]),
            member["architecture"],
            f"{member['weight']:.3f}",
            _interval(member["alone"]),
            _interval(member["gain"], "+"),
            _interval(member["effect"], "+"),
        )
    worth.add_row("ensemble", "", "1.000", _interval(values["ensemble"]["macro_auroc"]), "", "", style="bold")
    errors, logits = (np.array(values["correlation"][name]) for name in ("errors", "logits"))
    alike = Table(box=None, padding=(0, 2, 0, 0))
    names = [member["name"] for member in values["members"]]
    alike.add_column("", overflow="fold")
    for place in range(1, len(names) + 1):
        alike.add_column(str(place), justify="right")
    for row, name in enumerate(names):
        cells = [
            "" if row == column else f"{errors[row, column]:.3f} ({logits[row, column]:.3f})"
            for column in range(len(names))
        ]
        alike.add_row(Text(f"{row + 1} {name}"), *cells)
    subtitle = Text("How alike the members are: correlation of errors (of logits)", style="bold")
    return Group(worth, "", subtitle, alike, "", *(Text(line, style="dim") for line in notes(values)))


def notes(values: Mapping[str, Any]) -> list[str]:
    """How the weights were chosen, and what to mind."""
    scores = values["weights"]["scores"]
    said = {kind: f"{each['macro_auroc']:.4f} (log loss {each['log_loss']:.4f})" for kind, each in scores.items()}
    verdict = (
        "Fitted weights are used: cross-fitted by patient they are better than equal ones in both."
        if values["weights"]["used"] == "fitted"
        else "Equal weights are used: cross-fitted by patient, fitted ones are not better in both."
    )
    return [
        f"Macro AUROC with equal weights {said['equal']}, with fitted ones {said['crossfitted']} cross-fitted and "
        f"{said['fitted']} on the patients that fitted them.",
        verdict,
        "It adds: macro AUROC of the ensemble less that of the others without it. Intervals by paired bootstrap of the "
        f"patients. The best member, {values['best']}, is the best on this fold.",
    ]


def _interval(estimate: Mapping[str, float], sign: str = "") -> str:
    value, low, high = (f"{estimate[key]:{sign}z.4f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
