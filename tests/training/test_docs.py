"""docs/training.md says of every setting what it is, with its default, range and choices."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from twelvelead.training import recipe as recipes
from twelvelead.training.recipe import Recipe

TEXT = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
ROWS = {name: cells.split(" | ", 2) for name, cells in re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE)}
DEFAULTS = Recipe().to_dict()


def test_every_setting_has_its_row():
    assert ROWS.keys() == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() - {"model"}))
def test_the_default_is_the_stated_one(name):
    assert json.loads(ROWS[name][0]) == DEFAULTS[name]


@pytest.mark.parametrize("name", recipes._CHOICES)
def test_the_choices_are_the_stated_ones(name):
    assert tuple(ROWS[name][1].split(", ")) == recipes._CHOICES[name]


def test_the_ranges_are_the_stated_ones():
    for name, low, high in recipes._RANGES:
        stated = ROWS[name][1].removeprefix("0, or ").removesuffix(", in mV").split(",")[0]
        if stated.startswith("from"):
            assert float(stated.split()[1]) == low
            continue
        bounds = re.fullmatch(r"([\d.]+(?:e-\d+)?)-([\d.]+)", stated)
        least = recipes.LEAST_MIXUP if name == "mixup" else low
        assert (float(bounds[1]), float(bounds[2])) == (least, high), name
