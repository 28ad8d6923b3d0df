"""An interpretation as text for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.inference.interpretation import NOTICE, Interpretation
from twelvelead.output.names import full

BAR = 20


def render(interpretation: Interpretation, label: str = "") -> RenderableType:
    """A table of the classes with probability and decision, and where the attention lies.

    Args:
        interpretation: what to show.
        label: put behind the name of the recording, such as "SYNTHETIC ECG".
    """
    ecg = interpretation.ecg
    person = [f"{ecg.age:g} years" if ecg.age is not None else "age unknown", ecg.sex or "sex unknown"]
    head = Text(ecg.source, style="bold")
    head.append(f"  {ecg.duration:.1f} s at {ecg.sampling_rate:g} Hz, {', '.join(person)}", style="dim")
    if label:
        head.append(f"  {label}", style="bold magenta")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    table.add_column("class")
    table.add_column("probability", justify="right")
    table.add_column("")
    table.add_column("decision")
    table.add_column("from", justify="right")
    for result in interpretation.classes:
        table.add_row(
            full(result.name),
            f"{result.probability:.1%}",
            Text("█" * round(result.probability * BAR), style="red" if result.present else "dim"),
            Text("present", style="bold") if result.present else Text("absent", style="dim"),
            Text(f"{result.threshold:.1%}", style="dim"),
        )
    spans = ", ".join(f"{start:.1f}-{end:.1f} s ({share:.0%})" for start, end, share in interpretation.looked_at())
    lines: list[RenderableType] = [head, table, Text(f"attention mostly at {spans}")]
    lines += [Text(f"warning: {warning}", style="yellow") for warning in interpretation.warnings]
    if interpretation.synthetic:
        lines.append(Text("These weights were trained on synthetic ECGs: the answer means nothing.", style="magenta"))
    return Group(*lines, Text(NOTICE, style="dim"), "")
