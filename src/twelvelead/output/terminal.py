"""An interpretation as text for a terminal of 80 columns."""

from collections.abc import Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.inference.interpretation import NOTICE, Attribution, ClassResult, Interpretation
from twelvelead.output.names import full

BAR, SHORT_BAR = 10, 4
STYLES = {"present": "bold red", "absent": "dim", "uncertain": "yellow"}


def render(interpretation: Interpretation, label: str = "") -> RenderableType:
    """A table of the classes with probability and decision, what they are worth, and where the model looked.

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
    lines: list[RenderableType] = [head, about, _table(interpretation.classes)]
    lines += [Text(line, style="dim") for line in _meaning(interpretation)]
    if interpretation.abstains:
        lines.append(Text("Among the least certain fifth of recordings: leave it to a reader.", style="yellow"))
    lines += [Text(line) for line in _looked(interpretation)]
    if interpretation.measurements is not None:
        lines += [Text(line) for line in interpretation.measurements.lines()]
    lines += [
        Text(f"warning: {finding.message} [{finding.code}]", style="yellow") for finding in interpretation.findings
    ]
    if interpretation.synthetic:
        lines.append(Text("These weights were trained on synthetic ECGs: the answer means nothing.", style="magenta"))
    return Group(*lines, Text(NOTICE, style="dim"), "")


def _table(classes: tuple[ClassResult, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=True, header_style="dim")
    for name in ("class", "probability", "decision", "from", "sens/spec", "PPV/NPV"):
        table.add_column(name, justify="right" if name == "from" else "left", no_wrap=name != "class")
    for result in classes:
        spread, length = ("", BAR) if result.spread is None else (f" ±{result.spread:.1%}", SHORT_BAR)
        bar = Text(f"{result.probability:6.1%}{spread} ")
        bar.append("█" * round(result.probability * length), style="red" if result.present else "dim")
        table.add_row(
            full(result.name),
            bar,
            Text(result.decision, style=STYLES[result.decision]),
            Text(f"{result.threshold:.0%}", style="dim"),
            Text(
                _pair(result.sensitivity and result.sensitivity.value, result.specificity and result.specificity.value)
            ),
            Text(_pair(result.positive_predictive_value, result.negative_predictive_value)),
        )
    return table


def _pair(one: float | None, other: float | None) -> str:
    return "/".join("-" if share is None else f"{100 * share:.0f}" for share in (one, other)) + " %"


def _meaning(interpretation: Interpretation) -> Iterator[str]:
    """What the columns rest on."""
    if any(result.positive_predictive_value is not None for result in interpretation.classes):
        given = [
            f"{result.name} {result.prevalence:.1%}" for result in interpretation.classes if result.prevalence_given
        ]
        shares = f"prevalence given ({', '.join(given)})" if given else "prevalence of the validation fold"
        yield f"operating point: {interpretation.operating_point}; PPV and NPV: {shares}"
    else:
        yield f"operating point: {interpretation.operating_point}, whose sensitivity and specificity are not known"
    yield f"uncertain: not settled at an error rate of {interpretation.error_rate:.0%}"
    yield f"as a whole, more certain than {interpretation.certainty_rank:.0%} of the validation fold"
    if len(interpretation.pieces) > 1:
        first = interpretation.pieces[0]
        yield f"mean of {len(interpretation.pieces)} overlapping pieces of {first.end - first.start:g} s"


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
