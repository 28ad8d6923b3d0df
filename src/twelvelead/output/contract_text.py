"""A whole contract for a reader's eye."""

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.data.tasks import fold_names
from twelvelead.inference.shown import show_class
from twelvelead.output.catalogue import facts, measured_on, megabytes
from twelvelead.output.statement_rows import HEADINGS, POINT, rule, statement_rows
from twelvelead.weights import Contract, find
from twelvelead.weights.head import Head

HASH = 12
"""Characters of a hash that are shown."""


def whole(weights: str) -> RenderableType:
    """Everything that the contract of weights says, in sections; fits 100 columns.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Raises:
        Unreadable: there are no such weights, or a file is missing or not the one that the contract describes.
    """
    folder = find(weights)
    contract = Contract.load(folder)
    about = facts(weights)
    seconds = contract.minimum_samples / contract.sampling_rate
    parts: list[RenderableType] = [
        Text(contract.name, style="bold"),
        *([Text(about["purpose"])] if about["purpose"] else []),
        *_section(
            "Input",
            {
                "leads": ", ".join(contract.leads),
                "signal": f"{contract.unit} at {contract.sampling_rate} Hz, at least {seconds:g} s",
                "features": ", ".join(contract.metadata) or "none",
                "ages of training": f"{contract.ages[0]:g} to {contract.ages[1]:g} years (1st to 99th percentile)",
            },
        ),
        *_section(
            "Network",
            {
                "architecture": contract.architecture,
                **({"members": ", ".join(contract.members)} if contract.members else {}),
                **{f"model.{name}": _plain(value) for name, value in contract.model.items()},
                "windows": f"{contract.window} samples, every {contract.stride}; aggregate {contract.aggregate}",
                "scale of the input": f"{contract.scale:g}",
                "high-pass inside": f"{contract.highpass:g} Hz"
                if contract.highpass
                else "see the members"
                if contract.members
                else "none",
                "embedding": f"{contract.embedding} values" if contract.embedding else "none",
                "a step of the attention": f"{contract.attention_samples} samples",
            },
        ),
        *_heading(f"Output: task {contract.task}; {measured_on(contract)}, protocol {contract.protocol}"),
        _classes(contract),
        *_heading("Thresholds of the calibrated probabilities, with sensitivity / specificity cross-fitted by patient"),
        _thresholds(contract),
        *_heading("Error rates: a class is possible from ... and its absence up to ..."),
        _limits(contract),
        *_section("Metrics", {name: _metric(contract, name) for name in contract.metrics}),
        *_statements(contract.statements),
        *_section(
            "Data",
            {
                "trained on": f"{contract.data.get('name')}, fold {fold_names(contract.train_folds)}",
                "chosen on": f"fold {fold_names(contract.validation_folds)}",
                **{
                    name: _plain(value)
                    for name, value in contract.data.items()
                    if name not in ("name", "initial", "teachers")
                },
                **{
                    f"{how} {step['weights']}": f"{step['sha256'][:HASH]}..., trained on "
                    f"{step['data'].get('name')}, fold {fold_names(step['train_folds'])}"
                    for kind, how in (("initial", "started from"), ("teachers", "taught by"))
                    for step in contract.data.get(kind, [])
                },
            },
        ),
        *_section("Recipe", {name: _plain(value) for name, value in contract.recipe.items() if name != "model"}),
        *_section(
            f"Files in {folder}",
            {
                kind: f"{entry['name']}, {megabytes((folder / entry['name']).stat().st_size)}, SHA-256 "
                f"{entry['sha256'][:HASH]}..."
                for kind, entry in contract.files.items()
            },
        ),
        *_section("Made with", contract.versions),
    ]
    return Group(*parts)


def _heading(text: str) -> tuple[RenderableType, RenderableType]:
    return "", Text(text, style="bold")


def _section(heading: str, lines: dict[str, str]) -> Iterable[RenderableType]:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True, max_width=34)
    grid.add_column()
    for name, value in lines.items():
        grid.add_row(Text(name), Text(value))
    return (*_heading(heading), grid)


def _statements(head: Head | None) -> Iterable[RenderableType]:
    if head is None:
        return ()
    table = _table(*HEADINGS)
    for row in statement_rows(head):
        table.add_row(*row)
    return (*_heading(f"Statements, operating point {POINT}"), Text(rule(head)), table)


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    return table


def _classes(contract: Contract) -> Table:
    table = _table("class", "prevalence", "calibration slope", "intercept")
    slope, intercept = contract.calibration["slope"], contract.calibration["intercept"]
    for name, share, a, b in zip(contract.classes, contract.prevalence, slope, intercept, strict=True):
        table.add_row(show_class(name), f"{share:.1%}", f"{a:.3f}", f"{b:.3f}")
    return table


def _thresholds(contract: Contract) -> Table:
    table = _table("class", *contract.thresholds)
    for row, name in enumerate(contract.classes):
        cells = []
        for name, values in contract.thresholds.items():
            point = contract.operating_points.get(name, {})
            shares = [point[kind][row][0] for kind in ("sensitivity", "specificity") if kind in point]
            known = " / ".join("-" if share is None else f"{share:.0%}" for share in shares)
            cells.append(f"{values[row]:.3f} {known}".strip())
        table.add_row(name, *cells)
    return table


def _limits(contract: Contract) -> Table:
    rates = [rate for rate in (0.01, 0.05, 0.1, 0.2) if rate in contract.conformal["error_rates"]]
    table = _table("class", *(f"{rate:.0%}" for rate in rates))
    for row, name in enumerate(contract.classes):
        pairs = [contract.limits(rate) for rate in rates]
        table.add_row(name, *(f"{present[row]:.3f}, {absent[row]:.3f}" for present, absent in pairs))
    return table


def _metric(contract: Contract, name: str) -> str:
    value, interval = contract.metrics[name], contract.intervals.get(name)
    bounds = "" if interval is None else f" ({interval[0]:.4f} to {interval[1]:.4f})"
    return "not measured" if value is None else f"{value:.4f}{bounds}"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
