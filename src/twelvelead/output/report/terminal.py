"""The headline of an evaluation for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from twelvelead.data.tasks import PROTOCOLS
from twelvelead.inference.shown import show_class
from twelvelead.output.report.numbers import with_interval
from twelvelead.output.report.values import folds_of

HEADLINE = (
    "macro_auroc",
    "macro_average_precision",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "subset_accuracy",
    "hamming_loss",
    "calibration_error",
)


def table(values: Mapping[str, Any]) -> Table:
    """The headline figures and each class's AUROC with their intervals, under every protocol.

    Args:
        values: what `metrics.json` holds.
    """
    kind = "SYNTHETIC ECGs, " if values["synthetic"] else ""
    heading = (
        f"{values['weights']['name']}: {kind}fold {folds_of(values)} ({values['role']}), protocol "
        f"{values['protocol']}, {values['records']} records, operating point {values['operating_point']}"
    )
    shown = Table(title=heading, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    shown.add_column("metric [95 % interval]")
    under = values["protocols"]
    available = [name for name in PROTOCOLS if under[name]["available"]]
    for name in available:
        shown.add_column(f"{name}, {under[name]['records']:,} records", justify="right")
    for metric in HEADLINE:
        shown.add_row(metric.replace("_", " "), *(_cell(under[name], metric) for name in available))
    for name in values["classes"]:
        shown.add_row(
            f"AUROC {show_class(name) if name.isdigit() else name}",
            *(_cell(under[protocol], "auroc", name) for protocol in available),
        )
    missing = [f"{name}: not available" for name in PROTOCOLS if name not in available]
    if missing:
        shown.caption = "; ".join(missing)
        shown.caption_justify = "left"
    return shown


def _cell(under: Mapping[str, Any], metric: str, name: str | None = None) -> str:
    metrics = under["metrics"] if name is None else under["metrics"]["classes"][name]
    key = metric if name is None else f"classes.{name}.{metric}"
    return with_interval(metrics[metric], under["intervals"].get(key), 4)
