import ast
import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import _PAIR, _PLAIN, read_table
from twelvelead.errors import Unreadable

CODES = ("NORM", "IMI", "SR")


@pytest.fixture
def read(tmp_path, write_database):
    def read(*rows, rate=100):
        write_database(tmp_path / "ptbxl_database.csv", rows)
        return read_table(tmp_path / "ptbxl_database.csv", CODES, rate)

    return read


def test_cells_become_columns_in_the_order_of_ecg_id(read):
    table = read(
        {"ecg_id": "9", "patient_id": "15709.0", "age": "300.0", "sex": "0", "scp_codes": "{'SR': 0.0, 'NORM': 80.0}"},
        {"ecg_id": "2", "strat_fold": "10", "age": "", "sex": "", "scp_codes": "{}"},
    )
    assert table.columns["ecg_id"].tolist() == [2, 9]
    assert table.columns["patient_id"].tolist() == [2, 15709]
    assert table.columns["fold"].tolist() == [10, 1]
    np.testing.assert_array_equal(table.columns["age"], [np.nan, 300])
    np.testing.assert_array_equal(table.columns["sex"], [np.nan, 0])
    np.testing.assert_array_equal(table.likelihoods, [[np.nan] * 3, [80, np.nan, 0]])
    assert table.files == ("records100/00000/00002_lr", "records100/00000/00001_lr")


def test_notes_are_columns_where_the_table_holds_any(shared_ptbxl):
    codes = read_statements(shared_ptbxl / "scp_statements.csv").codes
    genuine = read_table(shared_ptbxl / "genuine_rows.csv", codes)
    with (shared_ptbxl / "genuine_rows.csv").open(newline="") as stream:
        rows = {int(row["ecg_id"]): row for row in csv.DictReader(stream)}
    for name in ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems"):
        noted = [bool(rows[number][name].strip()) for number in genuine.columns["ecg_id"].tolist()]
        assert genuine.columns[name].tolist() == noted
        assert any(noted)
    blank = read_table(shared_ptbxl / "ptbxl_database.csv", codes)
    assert set(blank.columns) == {"ecg_id", "patient_id", "fold", "age", "sex"}


def test_the_rate_chooses_the_files(read):
    assert read({}, rate=500).files == ("records500/00000/00001_hr",)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"ecg_id": "one"}, "ecg_id is 'one', not a whole number"),
        ({"ecg_id": "1.5"}, "not a whole number"),
        ({"patient_id": ""}, "patient_id is ''"),
        ({"strat_fold": "11"}, "strat_fold is '11'"),
        ({"strat_fold": "nan"}, "strat_fold is 'nan'"),
        ({"sex": "2"}, "sex is '2'"),
        ({"age": "old"}, "old"),
        ({"age": "-1"}, "age is '-1'"),
        ({"scp_codes": ""}, "scp_codes is ''"),
        ({"scp_codes": "{'NORM': 100.0"}, "scp_codes is"),
        ({"scp_codes": "['NORM']"}, "not a dictionary"),
        ({"scp_codes": "{[]: 1}"}, "scp_codes is"),
        ({"scp_codes": "__import__('os').getcwd()"}, "scp_codes is"),
        ({"scp_codes": "{'XYZ': 100.0}"}, "does not know the statement 'XYZ'"),
        ({"scp_codes": "{'NORM': 'yes'}"}, "likelihood of NORM is 'yes'"),
        ({"scp_codes": "{'NORM': 101}"}, "likelihood of NORM is 101"),
        ({"filename_lr": "../../etc/passwd"}, "does not lie in the folder"),
        ({"filename_lr": "/etc/passwd"}, "does not lie in the folder"),
        ({"filename_lr": ""}, "does not lie in the folder"),
    ],
)
def test_a_row_that_cannot_be_is_named(read, row, fault):
    with pytest.raises(Unreadable, match=r"ptbxl_database\.csv: line 3 \(ecg_id") as caught:
        read({"ecg_id": 7}, {"ecg_id": 8} | row)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


CELLS_AS_WRITTEN = ["{}", "{'NORM': 100.0}", "{'NORM': 80.0, 'SR': 0.0}", "{'NORM': 1.0, 'NORM': 2.5}"]


@example("{'NORM': 1.0, 'NORM': 2.5}", [(12, ""), (12, "0")])
@given(st.sampled_from(CELLS_AS_WRITTEN), st.lists(st.tuples(st.integers(0, 30), st.sampled_from([*"{}',: 0.1N", ""]))))
def test_the_short_way_through_scp_codes_is_the_long_one(text, edits):
    for place, character in edits:
        text = text[:place] + character + text[place + 1 :]
    if _PLAIN.fullmatch(text):
        assert {code: float(value) for code, value in _PAIR.findall(text)} == ast.literal_eval(text)
    if not edits:
        assert _PLAIN.fullmatch(text)


def test_an_id_listed_twice(read):
    with pytest.raises(Unreadable, match=r"line 4 \(ecg_id 1\): this ecg_id is listed twice"):
        read({}, {}, {"ecg_id": 1})


def test_a_file_that_is_no_table(tmp_path, read):
    path = tmp_path / "ptbxl_database.csv"
    with pytest.raises(Unreadable, match="cannot be read"):
        read_table(path, CODES)
    with pytest.raises(Unreadable, match="lists no record"):
        read()
    read({}, {})
    text = path.read_text()
    path.write_text(text.replace("strat_fold", "fold"))
    with pytest.raises(Unreadable, match="lacks the column strat_fold"):
        read_table(path, CODES)
    path.write_text(text[:-30])
    with pytest.raises(Unreadable, match=r"line 3 has \d cells of 9, as in a truncated file"):
        read_table(path, CODES)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Unreadable, match="cannot be read"):
        read_table(path, CODES)


CELL = st.text(max_size=12) | st.sampled_from(
    ["1", "1.0", "-1", "1e400", "nan", "inf", "{}", "{'NORM': nan}", "{1: 2}"]
)
CELLS = ["ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold", "filename_lr"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(CELLS), CELL.filter(lambda text: text.isascii() or text.isprintable())))
@example({"ecg_id": "\n"})
def test_any_cells_give_a_table_or_our_error(read, row):
    fault = ""
    try:
        assert len(read(row)) == 1
    except Unreadable as error:
        fault = str(error)
    assert "\n" not in fault


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_our_error(tmp_path, content):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        read_table(path, CODES)
    with pytest.raises(Unreadable):
        read_statements(path)


def test_the_published_table(shared_ptbxl):
    codes = read_statements(shared_ptbxl / "scp_statements.csv").codes
    table = read_table(shared_ptbxl / "ptbxl_database.csv", codes)
    assert len(table) == 19601
    assert len(np.unique(table.columns["patient_id"])) == 16965
    assert (np.diff(table.columns["ecg_id"]) > 0).all()
    assert (table.columns["sex"] == 0).sum() == 10222
    assert not np.isnan(table.columns["age"]).any()


def test_the_genuine_rows(shared_ptbxl):
    codes = read_statements(shared_ptbxl / "scp_statements.csv").codes
    table = read_table(shared_ptbxl / "genuine_rows.csv", codes)
    assert len(table) == 422
    assert table.likelihoods[0, codes.index("NORM")] == 100
    assert table.likelihoods[0, codes.index("SR")] == 0
    assert np.isnan(table.likelihoods[0, codes.index("IMI")])


def test_another_release_is_refused(read, monkeypatch):
    """1.0.0 and 1.0.1 list 21,837 records, 1.0.3 has 21,799."""
    monkeypatch.setattr("twelvelead.data.ptbxl.release.RECORDS_PUBLISHED", 2)
    assert len(read({}, {})) == 2
    with pytest.raises(Unreadable, match=r"lists 3 records, where release 1\.0\.3 has 2; it is another release"):
        read({}, {}, {})
