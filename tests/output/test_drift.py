"""The page of a comparison of groups: what it leaves out, it says; numbers as people write them."""

from importlib import import_module

import numpy as np
import pytest

from twelvelead.evaluation.drift import Group, Quantity, changes
from twelvelead.output.drift.document import MOST_PANELS, MOST_PICTURES, document
from twelvelead.output.drift.findings import Findings
from twelvelead.output.drift.words import column_title, difference_of, effect_of, title_of, values_of
from twelvelead.output.report.document import Paragraph, Picture, Table


def findings(values, site, kind="number", name="qrs_ms"):
    groups = [Group("site", f"s{number}", site == number, site != number) for number in np.unique(site)]
    quantities = [Quantity(f"{name}{n or ''}", kind, column) for n, column in enumerate(values.T)]
    return Findings("answers", ("site",), None, None, len(site), quantities, groups, changes(quantities, groups))


def test_many_alarms_are_all_in_the_table_and_the_largest_in_pictures(monkeypatch):
    drawn, page_of = [], import_module("twelvelead.output.drift.document")
    monkeypatch.setattr(page_of, "distributions_figure", lambda panels: drawn.append(len(panels)))
    monkeypatch.setattr(page_of, "svg", lambda figure: b"")
    site = np.repeat(np.arange(10), 30)
    values = np.random.default_rng(0).normal(size=(300, 12)) + 20 * site[:, None]
    found = findings(values, site)
    page = document(found)
    pictures = [block for block in page.blocks if isinstance(block, Picture)]
    first, *others = [block for block in page.blocks if isinstance(block, Table)]
    assert len(first.rows) == len(found.alarms) > 100
    assert len(pictures) == MOST_PICTURES
    assert drawn == [MOST_PANELS] * MOST_PICTURES
    told = [block.text for block in page.blocks if isinstance(block, Paragraph)]
    assert sum(text.endswith(f": 12 alarms, the {MOST_PANELS} largest") for text in told) == MOST_PICTURES
    assert "4 more groups have alarms and no picture here." in told
    assert [len(table.head) for table in others] == [5, 7, 5]  # groups, then all quantities six groups at a time


@pytest.mark.parametrize(
    ("name", "kind", "values", "shown"),
    [
        ("probability_MI", "number", (0.25, 0.5), ("probability of MI", "0.250", "0.500", "−0.250 [−0.250, −0.250]")),
        ("qtc_bazett_ms", "number", (420, 400), ("QTc (Bazett), ms", "420", "400", "+20 [20, 20] ms")),
        ("axis_degrees", "angle", (170, -170), ("axis, °", "170", "−170", "−20 [−20, −20] °")),
        ("pr_ms missing", "share", (1, 0), ("PR missing, %", "100.0", "0.0", "+100.0 [94.8, 100.0] points")),
    ],
)
def test_numbers_are_written_with_their_unit_and_sign(name, kind, values, shown):
    site = np.repeat([0, 1], 100)
    (change,) = [
        each
        for each in findings(np.array(values, float)[site][:, None], site, kind, name).changes
        if each.value == "s0"
    ]
    assert (column_title(name, kind), *values_of(change), difference_of(change)) == shown
    assert effect_of(change).split()[0] == {"number": "D", "angle": "V", "share": "h"}[kind]
    assert title_of(name) in shown[0]
