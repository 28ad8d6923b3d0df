"""Our SR against a table of the rows of TID 3700 and of the templates that it includes (tid3700.csv).

No validator knows the template, so the table is ours. Its column `source` says where a row is from:
- PS3.16: read in the text of DICOM PS3.16 2020a (TID 3708), with its requirement types and value sets;
- highdicom: rows, relations, units and what is mandatory as the public extension of highdicom for TID 3700 has them
  (Multi-Modal Dataset Creation, doi:10.1007/978-3-658-44037-4_39), codes and context groups as pydicom's dictionary has
  them, since the standard's own text of these templates was not at hand. Its parser takes heart rate, QT, PR, QRS and
  RR of TID 3713 for mandatory; CID 3230 is the baseline group of findings, which may be extended;
- own: what we add, as an extensible template allows.
`parent` is the code of the item above; NUM stands for any number.
"""

import csv
from io import BytesIO
from pathlib import Path

import pytest

pydicom = pytest.importorskip("pydicom", reason="no pydicom: pip install 'twelvelead[hospital]'")

from pydicom.sr._cid_dict import cid_concepts  # noqa: E402
from pydicom.sr._concepts_dict import concepts  # noqa: E402

from twelvelead.exchange.codes import OURS, SNOMED, snomed_of  # noqa: E402
from twelvelead.exchange.dicom_sr import write  # noqa: E402
from twelvelead.weights.statements import load_statements  # noqa: E402

with Path(__file__).with_name("tid3700.csv").open(newline="") as stream:
    ROWS = list(csv.DictReader(stream))

EXTENDED = {"CID 3230"}
"""Baseline groups: other codes may stand in their place."""


def read(report, original=None):
    return pydicom.dcmread(BytesIO(write(report, original)))


def concept_of(item):
    return item.ConceptNameCodeSequence[0]


def row_of(item, parent):
    """The row that an item follows."""
    name = concept_of(item)
    above = {concept_of(parent).CodeValue, parent.ValueType} if parent is not None else {""}
    found = [
        row for row in ROWS if row["parent"] in above and (row["code"], row["type"]) == (name.CodeValue, item.ValueType)
    ]
    assert len(found) == 1, f"no row for {item.ValueType} {name.CodeMeaning} under {above}"
    return found[0]


def in_group(code, group):
    number = int(group.split()[1])
    keywords = cid_concepts[number].get(code.CodingSchemeDesignator, ())
    return any(code.CodeValue in concepts[code.CodingSchemeDesignator][keyword] for keyword in keywords)


def check(item, parent=None):
    row = row_of(item, parent)
    assert item.get("RelationshipType", "") == row["relation"]
    assert concept_of(item).CodingSchemeDesignator == row["scheme"]
    assert concept_of(item).CodeMeaning.lower() == row["meaning"].lower()
    if item.ValueType == "CODE":
        (value,) = item.ConceptCodeSequence
        if row["value"].startswith("CID"):
            ours = row["value"] in EXTENDED and (value.CodingSchemeDesignator == OURS or value.CodeValue in SNOMED)
            assert ours or in_group(value, row["value"]) or in_group(value, "CID 3677"), value
        else:
            assert value.CodingSchemeDesignator == row["value"]
    if item.ValueType == "NUM":
        if item.MeasuredValueSequence:
            (unit,) = item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence
            allowed = in_group(unit, row["value"]) if row["value"].startswith("CID") else unit.CodeValue == row["value"]
            assert allowed, unit
        else:
            (why,) = item.NumericValueQualifierCodeSequence
            assert in_group(why, "CID 42")
    if item.ValueType == "CONTAINER" and row["template"] != "3700":
        assert item.ContentTemplateSequence[0].TemplateIdentifier == row["template"]
    check_children(item)


def check_children(item):
    children = item.get("ContentSequence") or []
    above = {concept_of(item).CodeValue, item.ValueType}
    rows = [row for row in ROWS if row["parent"] in above]
    met = [ROWS.index(row_of(child, item)) for child in children]
    for row in rows:
        count = met.count(ROWS.index(row))
        # Comment, the other name and properties stand under what they belong to, if at all
        assert count or row["required"] != "M", f"{row['meaning']} is mandatory under {concept_of(item).CodeMeaning}"
        assert count <= 1 or row["vm"] == "1-n", row["meaning"]
    if item.ValueType == "CONTAINER":
        repeated = {index for index in met if ROWS[index]["template"] in ("1002", "1003", "1004")}
        once = [index for index in met if index not in repeated]
        assert once == sorted(once), "the order of the rows is significant"
    for child in children:
        check(child, item)


@pytest.fixture(scope="module")
def reports(a_report, a_refused, signed_of):
    return {
        "ordinary": a_report(("SR", "IMI", "DIG"), ("LVH", "AFLT")),
        "rivals": a_report(("SR", "AFIB"), (), classes={"MI": 0.8}),
        "nothing measured": a_report(
            **dict.fromkeys(("heart_rate_per_minute", "pr_ms", "qrs_ms", "qt_ms", "axis_degrees"), None),
            qtc_bazett_ms=None,
            qtc_fridericia_ms=None,
            withheld={"pr_ms": "no P wave found"},
        ),
        "of nobody": a_report(identity=None),
        "in German": a_report(("AFIB", "CLBBB", "IMI"), language="de"),
        "refused": a_refused(),
        "signed": a_report(status="final", signed=signed_of("AFIB", "IMI", text="Atrial fibrillation.")),
    }


@pytest.mark.parametrize(
    "kind", ["ordinary", "rivals", "nothing measured", "of nobody", "in German", "refused", "signed"]
)
def test_the_report_follows_the_template(reports, kind):
    document = read(reports[kind])
    check(document)
    assert document.ContentTemplateSequence[0].TemplateIdentifier == "3700"


def test_the_check_finds_what_is_missing_or_wrong(reports):
    for spoil in (
        lambda root: root.ContentSequence.pop(-4),  # the waveform's information
        lambda root: root.ContentSequence.append(root.ContentSequence[0]),
        lambda root: root.ContentSequence[0].ConceptCodeSequence[0].__setattr__("CodingSchemeDesignator", "DCM"),
        lambda root: measurements(root).pop(0),
        lambda root: (
            measurements(root)[0]
            .MeasuredValueSequence[0]
            .MeasurementUnitsCodeSequence[0]
            .__setattr__("CodeValue", "bpm")
        ),
        lambda root: measurements(root)[0].__setattr__("RelationshipType", "HAS PROPERTIES"),
    ):
        root = read(reports["ordinary"])
        check(root)
        spoil(root)
        with pytest.raises(AssertionError):
            check(root)


def measurements(root):
    (quantitative,) = [item for item in root.ContentSequence if concept_of(item).CodeValue == "122144"]
    return quantitative.ContentSequence[0].ContentSequence


def test_codes_of_the_table_are_those_of_the_dictionary():
    known = {
        (scheme, code): meaning
        for scheme, entries in concepts.items()
        for entry in entries.values()
        for code, (meaning, _) in entry.items()
    }
    missing = [row for row in ROWS if row["scheme"] != OURS and (row["scheme"], row["code"]) not in known]
    # these three stand in the templates alone, not in a context group
    assert {row["code"] for row in missing} <= {"2:16016", "28010-7", "18810-2", "10:11345"}


def test_meanings_of_snomed_codes_are_those_of_their_tables():
    import statements as tool

    challenge = {one.challenge.lower() for one in tool.MAPPED.values()}
    for code, meaning in SNOMED.items():
        dictionary = {entry[code][0].lower() for entry in concepts["SCT"].values() if code in entry}
        assert meaning.lower() in challenge or meaning.lower().removesuffix(" ecg") in dictionary, code


def test_every_statement_has_a_meaning_with_its_code():
    for one in load_statements():
        code = snomed_of(one.statement)
        assert code is None or code.meaning
    assert snomed_of("QWAVE") is None  # the only code at hand says more than the statement
