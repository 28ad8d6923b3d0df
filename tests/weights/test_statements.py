"""Every code of a statement stands in a table at hand."""

import csv
from pathlib import Path

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

import statements as tool
from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.weights.statements import load_statements

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def statements():
    return {one.statement: one for one in load_statements()}


def test_they_are_those_of_ptb_xl_in_its_order(statements, shared_ptbxl):
    published = read_statements(shared_ptbxl / "scp_statements.csv")
    assert tuple(statements) == published.codes
    for kind in ("diagnostic", "form", "rhythm"):
        assert [name for name, one in statements.items() if kind in one.kinds] == list(published.tasks[kind])
    for name, members in published.tasks["superclass"].items():
        assert [code for code, one in statements.items() if one.superclass == name] == members


def test_dicom_codes_are_in_dicoms_own_context_groups(statements):
    groups = {code for group in tool.GROUPS for name in cid_concepts[group]["SCT"] for code in concepts["SCT"][name]}
    found = {one.dicom for one in statements.values()} - {""}
    assert found
    assert found <= groups


def test_snomed_codes_are_those_of_the_challenge(statements, shared_ptbxl):
    path = shared_ptbxl.parent / "codes" / "challenge_snomed.csv"
    if not path.is_file():
        pytest.skip(f"no table of the Challenge's codes at {path}")
    with path.open(newline="", encoding="utf-8") as stream:
        known = {row["snomed_ct"]: row["description"].lower() for row in csv.DictReader(stream)}
    found = {name: one.snomed for name, one in statements.items() if one.snomed}
    assert len(found) > 50
    assert set(found.values()) <= set(known)
    for name, word in (
        ("AFIB", "fibrillation"),
        ("CLBBB", "left bundle"),
        ("IMI", "infarction"),
        ("PVC", "ventricular"),
    ):
        assert word in known[found[name]]


def test_a_code_says_how_exact_it_is(statements):
    for one in statements.values():
        for code, relation in ((one.snomed, one.snomed_relation), (one.dicom, one.dicom_relation)):
            assert (relation in ("same", "wider", "narrower")) == bool(code), one.statement


def test_codes_that_would_say_more_than_is_known_are_left_out(statements):
    for name in ("BIGU", "TRIGU", "VCLVH", "PRC(S)"):
        assert (statements[name].snomed, statements[name].dicom) == ("", "")


def test_the_page_is_made_of_the_table():
    kept = (ROOT / "docs" / "statements.md").read_text(encoding="utf-8")
    assert kept == tool.page(), "run python tools/statements.py"


def test_the_table_is_what_its_sources_give(shared_ptbxl, tmp_path):
    challenge = shared_ptbxl.parent / "codes" / "challenge_snomed.csv"
    if not challenge.is_file():
        pytest.skip(f"no table of the Challenge's codes at {challenge}")
    tool.write_table(shared_ptbxl / "scp_statements.csv", challenge, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == tool.FILE.read_bytes()
