"""An interpretation and its reading as text for a terminal: made for 80 columns, readable from 30 on."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from twelvelead.inference.interpretation import NOTICE, Attribution, ClassResult, Interpretation
from twelvelead.inference.shown import show_class, show_probability, show_spread
from twelvelead.output.words import LEAVE, say_meaning
from twelvelead.reading.languages import Texts, load_texts
from twelvelead.reading.reading import Reading

BAR, SHORT_BAR = 10, 4
STYLES = {"present": "bold red", "absent": "dim", "uncertain": "yellow"}
CONCLUSIONS = {"normal": "bold green", "borderline": "bold yellow", "abnormal": "bold red", "not readable": "bold"}
URGENCIES = {"critical": "bold red", "urgent": "bold red", "routine": "bold", "normal": "bold", "not readable": "bold"}
_WIDE, _MIDDLE = 70, 50
"""Columns from which a table has all its figures, or all but what a decision is worth."""


def render(interpretation: Interpretation, reading: Reading, label: str = "", *, table: bool = False) -> RenderableType:
    """What is grave, the reading, what to mind; on demand the tables of classes and statements, what they are worth,
    the measurements, and where the model looked.

    Args:
        interpretation: what to show.
        reading: of it.
        label: put behind the name of the recording, such as "SYNTHETIC ECG".
        table: whether the tables are shown, and what belongs to them.
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
    lines += _read(reading)
    if interpretation.abstains:
        lines.append(Text(LEAVE, style="yellow"))
    for finding in interpretation.findings:
        if not finding.grave:
            lines.append(Text(f"warning: {finding.message} [{finding.code}]", style="yellow"))
    if table:
        lines += _tables(interpretation, reading)
    if reading.note:
        lines.append(Text(reading.note, style="dim"))
    return Group(*lines, Text(NOTICE, style="dim"), "")


def _read(reading: Reading) -> Iterator[RenderableType]:
    """A line for each section, probabilities dim behind each sentence; then conclusion, urgency and cautions."""
    for section in reading.sections:
        line = Text()
        for sentence in section.sentences:
            line.append(f"{' ' if line else ''}{sentence.text}")
            rests = {} if sentence.decision is None else sentence.statements
            figures = ", ".join(f"{name} {show_probability(value)}" for name, value in rests.items())
            line.append(f" {figures}" if figures else "", style="dim")
        yield line
    yield Text(reading.conclusion.text, style=CONCLUSIONS[reading.level]).append(
        f" {reading.urgency.text}", style=URGENCIES[reading.urgency.level]
    )
    for caution in reading.cautions:
        yield Text(f"! {caution.text}", style="yellow")


def _tables(interpretation: Interpretation, reading: Reading) -> Iterator[RenderableType]:
    """What the reading rests on."""
    yield _Classes(interpretation.classes)
    if interpretation.statements:
        yield _Statements(interpretation.statements, load_texts(reading.language))
    yield from (Text(mark.text, style="yellow") for mark in reading.marks)
    if reading.not_assessed_text:
        yield Text(reading.not_assessed_text)
    if interpretation.measurements is not None:
        yield from (Text(line) for line in interpretation.measurements.lines())
    yield from (Text(line, style="dim") for line in _looked(interpretation))
    yield Text(" ".join(say_meaning(interpretation)), style="dim")


class _Statements:
    """The table of statements, the most probable first; names where there is room."""

    def __init__(self, statements: Sequence[ClassResult], texts: Texts) -> None:
        self.statements = sorted(statements, key=lambda result: -result.probability)
        self.texts = texts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _MIDDLE
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=True, header_style="dim")
        for title in ("statement", "prob.", "decision"):
            table.add_column(title, no_wrap=True)
        if wide:
            table.add_column("from", no_wrap=True, justify="right")
            table.add_column("")  # alone gives way
        for result in self.statements:
            cells = [Text(result.name), _probability(result, bar=False)]
            cells.append(Text(result.decision, style=STYLES[result.decision]))
            if wide:
                name = Text(self.texts("statements", result.name), style="dim", no_wrap=True, overflow="ellipsis")
                cells += [Text(f"{result.threshold:.2f}", style="dim"), name]
            table.add_row(*cells)
        yield table


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
