"""One table of labels, written in every way that people write it, is read alike."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from twelvelead.data.labelling import label
from twelvelead.errors import TwelveLeadError

CELLS = {
    ";": ";".join,
    "; ": "; ".join,
    ",": ",".join,
    "|": "|".join,
    "tab": "\t".join,
    "line break": "\n".join,
    "space": " ".join,
    "Python list": lambda names: str(list(names)),
    "Python tuple": lambda names: str(tuple(names)),
    "JSON list": lambda names: json.dumps(list(names)),
    "NumPy array": lambda names: str(np.array(names, object)),
    "bare list": lambda names: "[" + ", ".join(names) + "]",
    "PTB-XL's dictionary": lambda names: str(dict.fromkeys(names, 0.0)),
    "JSON dictionary of 1": lambda names: json.dumps(dict.fromkeys(names, 1)),
}
SIGNS = {"; ": ";", "line break": "\n", "space": "space", "tab": "tab", "bare list": ","}
MARKS = {
    "0 and 1": ("0", "1"),
    "0.0 and 1.0": ("0.0", "1.0"),
    "true and false": ("False", "True"),
    "yes and nothing": ("", "yes"),
}
TABLES = {
    "commas": (",", "utf-8"),
    "semicolons, with a mark": (";", "utf-8-sig"),
    "tabs, UTF-16": ("\t", "utf-16"),
    "bars": ("|", "utf-8"),
}


def write(path, head, rows, layout):
    delimiter, encoding = TABLES[layout]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([head, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def read(path, **options):
    """What decides a store beside the signals: classes, likelihoods and columns."""
    found = label(path.parent, path, **options)
    columns = {name: np.nan_to_num(values, nan=-2).tolist() for name, values in found.columns.items()}
    return found.labels, np.nan_to_num(found.likelihoods, nan=-2).tolist(), found.tasks, columns, found.files


def agrees(path, expected, way, **options):
    """Where nothing settles it, a reading is either the same or doubtful."""
    assert read(path, **options) == expected, way
    doubts = label(path.parent, path).doubts
    assert doubts or read(path) == expected, way
    assert all("--separator" in doubt and "--columns" in doubt for doubt in doubts)


codes = st.from_regex(r"\A[A-Z][A-Z0-9_]{1,4}\Z") | st.from_regex(r"\A[1-9][0-9]{5,8}\Z")
sets = st.integers(1, 90).flatmap(lambda n: st.lists(st.sets(st.integers(0, 3), max_size=4), min_size=n, max_size=n))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(codes, min_size=4, max_size=4, unique_by=str.casefold), sets, st.sampled_from(sorted(TABLES)))
def test_every_way_of_writing_is_read_alike_or_asked_about(tmp_path, names, rows, layout):
    assume(any(rows) and not {"NA", "NAN", "NONE", "NULL"} & set(names))
    said = [[names[one] for one in sorted(row)] for row in rows]
    classes = sorted({name for one in said for name in one})
    files = [f"{number}.hea" for number in range(len(rows))]
    path = tmp_path / "labels.csv"
    marks = [["1" if name in one else "0" for name in classes] for one in said]
    write(path, ["file", *classes], [[file, *one] for file, one in zip(files, marks, strict=True)], "commas")
    expected = read(path)
    for way, (no, yes) in MARKS.items():
        marks = [[yes if name in one else no for name in classes] for one in said]
        write(path, ["path", *classes], [[file, *one] for file, one in zip(files, marks, strict=True)], layout)
        assert read(path) == read(path, columns=classes) == expected, way
    for way, joined in CELLS.items():
        cells = [joined(one) if one else "" for one in said]
        write(path, ["File", "label"], [list(row) for row in zip(files, cells, strict=True)], layout)
        agrees(path, expected, way, separator=SIGNS.get(way, way if len(way) == 1 else "list"))


def test_a_class_may_be_called_as_a_column_of_names_is(tmp_path):
    path = write(tmp_path / "labels.csv", ["file", "A0", "DX"], [["0.hea", "1", "0"], ["1.hea", "0", "1"]], "commas")
    assert label(tmp_path, path).labels == ("A0", "DX")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.lists(st.text("AFafb12,;|[]{}()'\": \n-.", max_size=12), min_size=1, max_size=6), st.booleans())
def test_any_cells_give_labels_or_one_line(tmp_path, cells, settled):
    path = write(tmp_path / "labels.csv", ["file", "label"], [[f"{n}.hea", c] for n, c in enumerate(cells)], "commas")
    said = ""
    try:
        assert label(tmp_path, path, separator=";" if settled else None).labels
    except TwelveLeadError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("cells", "separator", "classes", "doubt"),
    [
        (["AF;LBBB", "AF"], None, ["AF", "LBBB"], ""),
        (["sinus rhythm", "atrial fibrillation"], None, ["atrial fibrillation", "sinus rhythm"], ""),
        (["sinus rhythm; AF", "AF"], None, ["AF", "sinus rhythm"], ""),
        (["AF;LBBB", "AF,SB"], None, None, "line 2 holds semicolons and line 3 holds commas"),
        (["AF;LBBB", "AF,SB"], ";", ["AF", "AF,SB", "LBBB"], ""),
        (["AF LBBB", "SR"], None, None, "AF and LBBB stand in the same cells only"),
        (["sinus rhythm", "rhythm"], None, None, "may be one class or several, since rhythm stands alone too"),
        (["sinus rhythm", "rhythm"], "none", ["rhythm", "sinus rhythm"], ""),
        (["sinus rhythm", "rhythm"], "space", ["rhythm", "sinus"], ""),
        (["AF/LBBB", "AF"], None, None, "the class 'AF/LBBB' holds the class 'AF'"),
        (["AF+SB", "SB"], None, None, "the class 'AF+SB' holds the class 'SB'"),
        (["['AF,LBBB']", "['AF']"], None, None, "the class 'AF,LBBB' holds commas"),
        (["AF LBBB;SB", "SB"], None, None, "the class 'AF LBBB' holds spaces"),
        (["AF", "af"], None, None, "the classes AF and af differ in capitals alone"),
        (["0", "1"], None, None, "all names are 0 or 1"),
        (["59118001.0", "426783006.0"], None, ["426783006", "59118001"], ""),
        (["unknown", "AF"], None, ["AF"], ""),
    ],
)
def test_what_is_doubtful_and_what_settles_it(tmp_path, cells, separator, classes, doubt):
    rows = [[f"{number}.hea", cell] for number, cell in enumerate(cells * 40)]
    found = label(tmp_path, write(tmp_path / "t.csv", ["file", "label"], rows, "commas"), separator=separator)
    if doubt:
        assert doubt in found.doubts[0]
    else:
        assert (found.doubts, list(found.labels)) == ((), classes)


def test_more_classes_than_a_twentieth_of_the_records_are_doubtful(tmp_path):
    for records, doubtful in ((39, True), (40, False)):
        rows = [[f"{number}.hea", "AB"[number % 2]] for number in range(records)]
        found = label(tmp_path, write(tmp_path / "t.csv", ["file", "label"], rows, "commas"))
        assert bool(found.doubts) == doubtful
    assert label(tmp_path, tmp_path / "t.csv", min_count=20).doubts == ()


@pytest.mark.parametrize(
    ("head", "cells", "sex"),
    [
        ("is_male", ["True", "False", "-1"], [0, 1, None]),
        ("Female", ["0", "1", ""], [0, 1, None]),
        ("gender", ["M", "female", "unknown"], [0, 1, None]),
    ],
)
def test_a_column_that_says_the_sex_is_no_class(tmp_path, head, cells, sex):
    rows = [[f"{number}.hea", "1", "0", cell] for number, cell in enumerate(cells)]
    found = label(tmp_path, write(tmp_path / "t.csv", ["file", "AF", "LBBB", head], rows, "commas"))
    assert found.labels == ("AF", "LBBB")
    assert [None if np.isnan(one) else one for one in found.columns["sex"].tolist()] == sex


def test_a_recording_of_several_lines_and_two_columns_of_names_are_named(tmp_path):
    write(tmp_path / "t.csv", ["file", "label"], [["1", "AF"], ["2", "SR"], ["1.hea", "LBBB"]], "commas")
    with pytest.raises(TwelveLeadError, match=r"line 4: 1\.hea stands in line 2 too; write one line for a recording"):
        label(tmp_path, tmp_path / "t.csv")
    write(tmp_path / "t.csv", ["file", "label", "labels"], [["1", "AF", "SR"]], "commas")
    with pytest.raises(TwelveLeadError, match="labels and label may each be the column labels; say which by --columns"):
        label(tmp_path, tmp_path / "t.csv")


def test_labels_that_no_recording_has_are_doubtful(tmp_path):
    table = write(tmp_path / "t.csv", ["file", "label"], [[f"{n}.hea", "VHF"] for n in range(40)], "commas")
    (tmp_path / "m.toml").write_text('"afib" = "AF"')
    (doubt,) = label(tmp_path, table, mapping=tmp_path / "m.toml").doubts
    assert doubt.endswith(
        "m.toml lists none of the codes that the recordings have, such as VHF; write what these stand for"
    )
    marks = write(tmp_path / "t.csv", ["file", "AF"], [[f"{n}.hea", "0"] for n in range(40)], "commas")
    assert "no recording has any of these labels" in label(tmp_path, marks).doubts[0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["{'A': 100.0, 'B': 0.0}"], {"A": 100, "B": 0}),
        (["{'A': 0.0}", "{'B': 0.0}"], {"A": 0}),
        (["{'A': 1, 'B': 0}", "{'B': 1}"], {"A": 0}),
        (['{"A": 0.8, "B": 0}', "{'B': 1}"], {"A": 80}),
        (["{'A': 35, 'B': -1}"], {"A": 35, "B": -1}),
    ],
)
def test_what_the_numbers_of_dictionaries_mean(tmp_path, cells, expected):
    rows = [[f"{number}.hea", cell] for number, cell in enumerate(cells * 40)]
    found = label(tmp_path, write(tmp_path / "t.csv", ["file", "label"], rows, "commas"))
    there = dict(zip(found.labels, found.likelihoods[0].tolist(), strict=True))
    assert {name: value for name, value in there.items() if not np.isnan(value)} == pytest.approx(expected)


def test_a_column_of_0_and_1_called_label_is_settled_by_columns(tmp_path):
    rows = [[f"{number}.hea", str(number % 2)] for number in range(80)]
    table = write(tmp_path / "t.csv", ["file", "label"], rows, "commas")
    assert label(tmp_path, table, columns=["label"]).labels == ("label",)
    assert label(tmp_path, table, separator="none").labels == ("0", "1")
