"""A comparison in words: tables for a terminal and for Markdown, and what to mind."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.data.tasks import fold_names
from twelvelead.evaluation.comparison import FEWEST_PATIENTS, Difference, rare_classes
from twelvelead.output.comparison import Comparison, subject
from twelvelead.plots.forest import p_text

FEW_PATIENTS = 100
"""Fewer, and the intervals are called too narrow."""


def tables(result: Comparison) -> RenderableType:
    """One table for each model against the baseline, and what to mind."""
    parts: list[RenderableType] = []
    for model in result.models:
        table = Table(title=f"{model} against {result.baseline}", title_justify="left", title_style="bold", box=None)
        header = _header(result, model)
        for name in header:
            words = name in (header[0], header[-1])
            table.add_column(Text(name, overflow="fold"), justify="left" if words else "right", no_wrap=not words)
        for label, difference in result.shown(model):
            table.add_row(*map(Text, _row(result, label, difference)))
        parts += [table, ""]
    return Group(*parts, *(Text(line, style="dim") for line in (subject(result), *notes(result))))


def markdown(result: Comparison) -> str:
    """The page `comparison.md`."""
    lines = [f"# {', '.join(result.models)} against {result.baseline}", "", subject(result) + ".", ""]
    for model in result.models:
        rows = [_header(result, model), ["---"] * len(_header(result, model))]
        rows += [_row(result, label, difference) for label, difference in result.shown(model)]
        lines += [f"## {model}", "", *("| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in rows), ""]
    lines += ["![Differences with their intervals](forest.png)", "", "## How to read it", ""]
    lines += [f"- {line}" for line in notes(result)]
    lines += ["", "`comparison.json` holds every metric, and the SHA-256 of the predictions compared.", ""]
    files = " ".join(f'"{path}"' if " " in str(path) else str(path) for path in result.files.values())
    options = f"--operating-point {result.operating_point} --resamples {result.resamples}"
    command = f"twelvelead compare {files} {options} --out FOLDER"
    return "\n".join([*lines, f"Made by `{command}`.", ""])


def notes(result: Comparison) -> list[str]:
    """What the reader has to know beside the figures."""
    one = result.predictions[result.baseline]
    found = [_roles(result)] if one.folds else []
    lacking = [name for name, p in result.predictions.items() if not p.thresholds]
    if lacking and len(lacking) < len(result.predictions):
        found.append(
            f"{', '.join(lacking)}: no thresholds of its own, so that all are decided at {result.operating_point}."
        )
    rare = rare_classes(one.labels, one.patient_id, one.classes, one.known)
    if rare:
        found.append(
            f"Not compared alone, since fewer than {FEWEST_PATIENTS} patients have the class or lack it: "
            f"{', '.join(rare)}."
        )
    patients = len(set(one.patient_id.tolist()))
    if patients < FEW_PATIENTS:
        found.append(f"Of only {patients} patients: the intervals are too narrow, and the p-values too small.")
    found.append(
        "Difference: model - baseline. 95 % interval and two-sided p-value by a paired bootstrap of the patients; the "
        "thresholds are taken as given."
    )
    if len(result.models) > 1:
        found.append(f"Verdicts follow the adjusted p: Holm over the {len(result.models)} models, for each metric.")
    found.append(
        "Each metric is a test of its own: of twenty that do not differ, about one is told apart by chance. Decide "
        "beforehand which one counts. Not told apart does not mean equal: the interval says how far apart they may be."
    )
    return found


def _roles(result: Comparison) -> str:
    folds = result.predictions[result.baseline].folds
    by_role: dict[str, list[str]] = {}
    for name, p in result.predictions.items():
        by_role.setdefault(p.role or "not stated", []).append(name)
    said = "; ".join(f"{', '.join(names)}: {role}" for role, names in by_role.items())
    flattered = [role for role in by_role if role != "held out"]
    return f"What fold {fold_names(folds)} was to the models - {said}." + (
        " A fold that trained or chose for a model flatters it." if flattered else ""
    )


def _header(result: Comparison, model: str) -> list[str]:
    adjusted = ["adjusted p"] if len(result.models) > 1 else []
    return ["metric", result.baseline, model, "difference", "95 % interval", "p", *adjusted, "verdict"]


def _row(result: Comparison, label: str, difference: Difference) -> list[str]:
    d = difference
    adjusted = [p_text(d.p_adjusted)] if len(result.models) > 1 else []
    return [
        label,
        f"{d.baseline:.4f}",
        f"{d.value:.4f}",
        f"{d.difference:+.4f}",
        f"{d.low:+.4f} to {d.high:+.4f}",
        p_text(d.p),
        *adjusted,
        result.verdict(d),
    ]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
