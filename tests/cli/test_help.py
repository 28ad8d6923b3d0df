"""Every help text is a sentence that can stand alone, and names nothing that there is not."""

import re
from importlib import resources
from typing import get_args

import pytest
import typer

from twelvelead.cli import ecg
from twelvelead.cli.main import app
from twelvelead.ecg.paper import FORMATS, LAYOUTS
from twelvelead.weights import Contract, find, shipped

VERBS = """
    Add Answer Average Begin Call Check Choose Compare Count Decide Download Draw End Export Fetch Find Fit Go
    Interpret Keep Lay List Listen Make Measure Name Print Purge Put Reads Require Restore Revoke Run Score Search Seed
    Share Show State Store Take Tell Test Train Try Verify Work Write
"""
TASKS = {"superclass", "all", "diagnostic", "subclass", "form", "rhythm"}


def commands(command, path="twelvelead"):
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(app)))
TEXTS = {path: command.help or "" for path, command in COMMANDS.items()} | {
    f"{path} {parameter.name}": parameter.help or ""
    for path, command in COMMANDS.items()
    for parameter in command.params
    if hasattr(parameter, "help") and parameter.name not in ("install_completion", "show_completion")  # Typer's own
}


def named(package, suffix):
    return {path.name.removesuffix(suffix) for path in resources.files(package).iterdir() if path.name.endswith(suffix)}


def test_every_command_option_and_argument_has_a_text():
    assert len(TEXTS) > 100
    assert [where for where, text in TEXTS.items() if not text and where != "twelvelead version"] == []


@pytest.mark.parametrize("where", TEXTS)
def test_it_is_a_whole_sentence(where):
    text = " ".join(TEXTS[where].split())
    assert text.endswith("."), text
    assert text.split()[0].rstrip(",:") in VERBS.split(), text
    assert not re.search(r"\.\.\.|\s[.,;]|  ", text), text


@pytest.mark.parametrize("where", TEXTS)
def test_no_bracket_is_eaten_as_markup(where):
    assert not re.search(r"\[/?[a-z]", TEXTS[where])


def test_recipes_spaces_tasks_formats_and_layouts_that_are_named_exist():
    recipes = {"reference", *named("twelvelead.training", ".toml"), *named("twelvelead.training.recipes", ".toml")}
    for where in ("twelvelead train recipe", "twelvelead tune recipe"):
        (said,) = re.findall(r"a built-in one such as ([\w-]+(?: or [\w-]+)?)", TEXTS[where])
        assert set(said.split(" or ")) <= recipes
    (said,) = re.findall(r"this space: (.+) or a TOML file", TEXTS["twelvelead tune space"])
    assert set(said.split(", ")) == named("twelvelead.tuning.spaces", ".toml")
    (said,) = re.findall(r"this task: (.+)\.", TEXTS["twelvelead ptbxl info task"])
    assert set(re.split(", | or ", said)) == TASKS
    form, layout = (get_args(get_args(option)[0]) for option in (ecg.Form, ecg.Layout))
    assert [f".{choice}" for choice in form] == list(FORMATS)
    assert list(layout) == list(LAYOUTS)


def test_operating_points_and_error_rates_that_are_named_are_in_the_shipped_contracts():
    rates = re.findall(r"0\.\d+", TEXTS["twelvelead interpret error_rate"])
    for name in shipped():
        contract = Contract.load(find(name))
        assert {"accuracy", "f1"} <= set(contract.operating_points)
        for rate in rates:
            contract.limits(float(rate))


def test_what_is_printed_is_what_was_written(cli):
    for path in COMMANDS:
        printed = " ".join(re.sub("[│╭╮╰╯─]", " ", cli(*path.split()[1:], "--help").out).split())
        first = TEXTS[path].split("\n\n")[0]
        assert " ".join(first.split()) in printed
