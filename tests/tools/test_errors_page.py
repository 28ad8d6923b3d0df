"""docs/errors.md is made from the registries of codes, and every code that is raised is in them."""

import ast
from pathlib import Path

import errors_page
import twelvelead
from twelvelead.ecg.finding import CODES, GRAVE
from twelvelead.errors import ERROR_CODES

ROOT = Path(__file__).parents[2]


def test_the_page_is_as_it_would_be_made():
    assert (ROOT / "docs" / errors_page.PAGE).read_text(encoding="utf-8") == errors_page.render()


def test_every_code_is_on_the_page():
    page = errors_page.render()
    assert all(f"| `{code}` |" in page for code in ERROR_CODES | CODES)
    assert CODES.keys() >= GRAVE


def test_every_code_that_is_raised_is_registered_and_every_error_code_is_raised():
    raised = set()
    for path in Path(twelvelead.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                raised.add(node.value.value)
    assert raised - {None} <= ERROR_CODES.keys()
