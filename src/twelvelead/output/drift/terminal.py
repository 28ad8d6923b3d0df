"""Alarms of a comparison of groups for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twelvelead.inference.interpretation import NOTICE
from twelvelead.output.drift.findings import Findings, name_of
from twelvelead.output.drift.words import column_title, difference_of, effect_of, values_of
from twelvelead.plots.forest import p_text

MOST = 30
"""Alarms in the table."""

_WORDS = 12
"""Columns of the screen, at least, for the words at the left."""


def table(found: Findings) -> RenderableType:
    """The alarms, the surest first, then what was tested and what it does not say."""
    alarms = found.alarms
    heading = Text(f"{found.place}: {found.headline}", style="bold red" if alarms else "bold")
    lines: list[RenderableType] = [heading]
    if alarms:
        shown = Table(box=None, padding=(0, 1, 0, 0))
        for name in ("group", "quantity"):
            shown.add_column(name, overflow="fold", min_width=_WORDS)
        for name in ("here (ref.)", "difference [95 %]", "effect", "p"):
            shown.add_column(name, justify="right", overflow="fold")
        for each in alarms[:MOST]:
            named = name_of(each), column_title(each.quantity, each.kind)
            tested = difference_of(each), effect_of(each), p_text(each.p_adjusted)
            shown.add_row(*map(Text, (*named, "{} ({})".format(*values_of(each)), *tested)))
        lines.append(shown)
        if len(alarms) > MOST:
            lines.append(Text(f"and {len(alarms) - MOST:,} more; --out writes them all"))
    lines += [Text(line, style="dim") for line in (*found.method(), NOTICE)]
    return Group(*lines)
