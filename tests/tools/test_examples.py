"""docs/examples is as it would be made, and names nobody who exists."""

import json
from io import BytesIO
from pathlib import Path

import pytest

pydicom = pytest.importorskip("pydicom", reason="no pydicom: pip install 'twelvelead[hospital]'")

import examples  # noqa: E402

FOLDER = Path(__file__).parents[2] / "docs" / examples.FOLDER


@pytest.fixture(scope="module")
def made():
    return examples.reports()


def without_page(name, content):
    """What a file says but for the page, whose bytes are those of the installed Matplotlib."""
    if name.endswith(".json"):
        found = json.loads(content)
        (form,) = found["entry"][-1]["resource"]["presentedForm"]
        assert form.pop("data").startswith("JVBERi0")
        del form["size"], form["hash"]
        return found
    if name.endswith(".hl7"):
        before, mark, after = content.partition(b"^application^pdf^Base64^")
        assert mark
        return before, after.partition(b"|")[2]
    found = pydicom.dcmread(BytesIO(content))
    if "EncapsulatedDocument" in found:
        assert found.EncapsulatedDocument.startswith(b"%PDF")
        del found.EncapsulatedDocument, found.EncapsulatedDocumentLength
    return found.to_json_dict(), found.file_meta.to_json_dict()


def test_the_examples_are_as_they_would_be_made(made):
    assert {file.name for file in FOLDER.iterdir()} == set(made)
    for name, content in made.items():
        kept = (FOLDER / name).read_bytes()
        assert without_page(name, kept) == without_page(name, content), "run python tools/examples.py"


def test_a_repeat_is_byte_identical(made):
    assert examples.reports() == made


def test_they_name_nobody_who_exists(made):
    for content in made.values():
        assert b"EXAMPLE-0001" in content
