"""The page of a comparison of groups, block by block."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation.drift import Change, Group
from twelvelead.inference.interpretation import NOTICE
from twelvelead.output.drift.findings import LIMITS, Findings, counted, name_of, rows_of
from twelvelead.output.drift.words import column_title, difference_of, effect_of, title_of, unit_of, values_of
from twelvelead.output.report.document import Block, Document, Heading, Marked, Paragraph, Picture, Table
from twelvelead.plots.distributions import Panel, distributions_figure
from twelvelead.plots.forest import p_text
from twelvelead.plots.style import svg

MOST_PICTURES = 6
"""Groups with a picture, those with most alarms."""

MOST_PANELS = 8
"""Of a picture, the largest differences."""

_ACROSS = 6
"""Groups beside each other in a table of all quantities."""


def document(found: Findings) -> Document:
    """The whole page."""
    by = ", ".join(found.by)
    return Document(
        f"Drift by {by}",
        f"{found.place}: {found.rows:,} rows, {counted(len(found.groups), 'group')} against {found.against}.",
        [
            *(Paragraph(line, "note") for line in (NOTICE, LIMITS[0])),
            *_alarms(found),
            *_pictures(found),
            *_groups(found),
            *_everything(found),
            Heading("How it was tested"),
            *map(Paragraph, (*found.method(), *LIMITS[1:])),
        ],
    )


def _alarms(found: Findings) -> Iterator[Block]:
    alarms = found.alarms
    yield Heading(found.headline.capitalize())
    if not alarms and found.tested:
        yield Paragraph("No quantity of any group differs beyond chance and by more than a small effect.")
        return
    rows = [
        [
            name_of(each),
            column_title(each.quantity, each.kind),
            "{} ({})".format(*values_of(each)),
            Marked(difference_of(each)),
            effect_of(each),
            p_text(each.p_adjusted),
        ]
        for each in alarms
    ]
    yield Table(
        ["group", "quantity", "here (reference)", "difference [95 %]", "effect", "p"],
        rows,
        "Medians of numbers, mean direction of the axis, shares of ECGs. Effect: largest distance of the two "
        "distributions (D; of angles V), of shares Cohen's h. p is after correction. Missing: "
        "the share of answered ECGs without it.",
        names=2,
    )


def _pictures(found: Findings) -> Iterator[Block]:
    alarmed = {id(group): [each for each in found.of(group) if each.alarm] for group in found.groups}
    chosen = sorted((group for group in found.groups if alarmed[id(group)]), key=lambda group: -len(alarmed[id(group)]))
    if not chosen:
        return
    yield Heading("What differs")
    for number, group in enumerate(chosen[:MOST_PICTURES]):
        largest = sorted(alarmed[id(group)], key=lambda each: -each.effect)
        some = f", the {MOST_PANELS} largest" if len(largest) > MOST_PANELS else ""
        yield Paragraph(f"{name_of(group)}: {counted(len(largest), 'alarm')}{some}")
        yield _picture(found, group, largest[:MOST_PANELS], number)
    if len(chosen) > MOST_PICTURES:
        yield Paragraph(f"{len(chosen) - MOST_PICTURES} more groups have alarms and no picture here.")


def _picture(found: Findings, group: Group, alarms: list[Change], number: int) -> Picture:
    values = {quantity.name: quantity.values for quantity in found.quantities}
    panels = [
        Panel(
            title_of(each.quantity),
            unit_of(each.quantity, each.kind),
            each.kind,
            _known(values[each.quantity][group.records]),
            _known(values[each.quantity][group.reference]),
            each.estimates if each.kind == "share" else None,
        )
        for each in alarms
    ]
    name = name_of(group)
    return Picture(
        f"group-{number}.svg",
        svg(distributions_figure(panels)),
        f"Distributions of {name} against {found.against}: {', '.join(panel.title for panel in panels)}",
        f"Orange line: {name}. Grey, filled: {found.against}. Shares with their 95 % interval.",
    )


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known: NDArray[np.float64] = values[~np.isnan(values)]
    return known


def _groups(found: Findings) -> Iterator[Block]:
    yield Heading("Groups")
    rows = []
    for group in found.groups:
        changes = found.of(group)
        tested = sum(not each.note for each in changes)
        alarms = sum(each.alarm for each in changes)
        cells = [f"{count:,}" for count in (*rows_of(group), tested)]
        last = str(alarms) if tested else "not assessed"
        rows.append([name_of(group), *cells, Marked(last) if alarms else last])
    yield Table(["group", "rows", "rows of the reference", "tested", "alarms"], rows)


def _everything(found: Findings) -> Iterator[Block]:
    assessed = [group for group in found.groups if any(not each.note for each in found.of(group))]
    if not assessed:
        return
    yield Heading("All quantities")
    yield Paragraph(
        "Medians, mean direction of the axis and shares of each group, in brackets those of its reference. What raised "
        "an alarm stands out; what has one value in both is left empty."
    )
    for column in found.by:
        of_column = [group for group in assessed if group.column == column]
        for start in range(0, len(of_column), _ACROSS):
            part = of_column[start : start + _ACROSS]
            rows = [
                [column_title(beside[0].quantity, beside[0].kind), *map(_cell, beside)]
                for beside in zip(*map(found.of, part), strict=True)
                if any(each.estimates for each in beside)
            ]
            yield Table(["quantity", *map(name_of, part)], rows)


def _cell(change: Change) -> str:
    if change.estimates is None:
        return ""
    text = "{} ({})".format(*values_of(change))
    return Marked(text) if change.alarm else text
