"""An interpretation as text for a terminal: made for 80 columns, readable from 30 on."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from twelvelead.inference.interpretation import NOTICE, Attribution, ClassResult, Interpretation
from twelvelead.inference.shown import show_class, show_probability, show_spread
from twelvelead.output.words import LEAVE, say_meaning

BAR, SHORT_BAR = 10, 4
STYLES = {"present": "bold red", "absent": "dim", "uncertain": "yellow"}
_WIDE, _MIDDLE = 70, 50
"""Columns from which a table has all its figures, or all but what a decision is worth."""


def render(interpretation: Interpretation, label: str = "") -> RenderableType:
    """What is grave, a table of the classes with probability and decision, what they are worth, and where the model
    looked.

    Args:
        interpretation: what to show.
        label: put behind the name of the recording, such as "SYNTHETIC ECG".
    """
    ecg = interpretation.ecg
    person = [f"{ecg.age:g} years" if ecg.age is not None else "age unknown", ecg.sex or "sex unknown"]
    head = Text(ecg.source, style="bold")
    if label:
        head.append(f"  {label}", style="bold magenta")
    about = Text(f"{ecg.duration:.1f} s at {ecg.sampling_rate:g} Hz, {', '.join(person)}", style="dim")
    lines: list[RenderableType] = [head, about]
    for finding in interpretation.findings:
        if finding.grave:
            lines.append(Text(f"WARNING: {finding.message} [{finding.code}]", style="bold red"))
    if interpretation.synthetic:
        lines.append(Text("These weights were trained on synthetic ECGs: the answer means nothing.", style="magenta"))
    lines.append(_Classes(interpretation.classes))
    if interpretation.abstains:
        lines.append(Text(LEAVE, style="yellow"))
    measured = interpretation.measurements.lines() if interpretation.measurements is not None else ()
    lines += [Text(line) for line in measured]
    for finding in interpretation.findings:
        if not finding.grave:
            lines.append(Text(f"warning: {finding.message} [{finding.code}]", style="yellow"))
    lines += [Text(line, style="dim") for line in _looked(interpretation)]
    lines.append(Text(" ".join(say_meaning(interpretation)), style="dim"))
    return Group(*lines, Text(NOTICE, style="dim"), "")


class _Classes:
    """The table, with as many columns as find room: the classes' names are kept whole."""

    def __init__(self, classes: Sequence[ClassResult]) -> None:
        self.classes = classes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _tabulate(self.classes, options.max_width)


def _tabulate(classes: Sequence[ClassResult], width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=True, header_style="dim")
    names = [show_class(result.name) if width >= _WIDE else result.name for result in classes]
    table.add_column("class", no_wrap=True, min_width=max(map(len, names)))
    titles = ["probability" if width >= _MIDDLE else "prob.", "decision"]
    titles += ["from"] if width >= _MIDDLE else []
    titles += ["sens/spec", "PPV/NPV"] if width >= _WIDE else []
    for title in titles:
        table.add_column(title, no_wrap=True, justify="right" if title == "from" else "left")
    for name, result in zip(names, classes, strict=True):
        cells = [_probability(result, bar=width >= _MIDDLE), Text(result.decision, style=STYLES[result.decision])]
        cells.append(Text(f"{result.threshold:.2f}", style="dim"))
        sensitivity, specificity = result.sensitivity, result.specificity
        cells.append(Text(_pair(sensitivity and sensitivity.value, specificity and specificity.value)))
        cells.append(Text(_pair(result.positive_predictive_value, result.negative_predictive_value)))
        table.add_row(Text(name), *cells[: len(titles)])
    return table


def _probability(result: ClassResult, bar: bool) -> Text:
    spread, length = ("", BAR) if result.spread is None else (f" {show_spread(result.spread)}", SHORT_BAR)
    text = Text(f"{show_probability(result.probability):>5}{spread}")
    if bar:
        text.append(f" {'█' * round(result.probability * length)}", style="red" if result.present else "dim")
    return text


def _pair(one: float | None, other: float | None) -> str:
    return "/".join("-" if share is None else f"{100 * share:.0f}" for share in (one, other)) + " %"


def _looked(interpretation: Interpretation) -> Iterator[str]:
    spans = ", ".join(f"{start:.1f}-{end:.1f} s ({share:.0%})" for start, end, share in interpretation.looked_at())
    if spans:
        yield f"attention mostly at {spans}"
    if interpretation.attribution is not None:
        for name in interpretation.shown:
            yield f"{name} mostly from {', '.join(_cells(interpretation.attribution, name))}"


def _cells(attribution: Attribution, name: str, count: int = 3) -> Iterator[str]:
    """The cells that speak most for a class."""
    values = attribution.values[name]
    for place in np.argsort(-values, axis=None)[:count]:
        lead, cell = np.unravel_index(place, values.shape)
        yield f"{attribution.leads[lead]} {attribution.edges[cell]:.1f}-{attribution.edges[cell + 1]:.1f} s"
