"""Columns as columns: datasets and tables, Parquet and CSV, and what is wrong with them."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twelvelead.archive.columns import read_columns
from twelvelead.archive.dataset import writing
from twelvelead.archive.places import Place
from twelvelead.errors import Unreadable

ROWS = {
    "source": ["a", "b", "c"],
    "findings": [["gain", "powerline"], None, ["gain"]],
    "age": [63.0, None, 41.0],
    "site": ["B", "A", ""],
    "time": ["2026-03-01T10:30", "2026-03-02", None],
    "private": ["x", "y", "z"],
}
FIELDS = dict.fromkeys(ROWS, "string") | {"findings": "list<string>", "age": "float32"}
CSV = """source,findings,age,site,time
a,gain;powerline,63,B,2026-03-01T10:30
b,,,A,2026-03-02
c,['gain'],41,,
"""


def everything(name):
    return True


def answers(place, wanted=everything, as_text=("site",)):
    return read_columns(str(place), wanted, as_text)


def committed(place, columns, fields):
    """A table as `score` leaves it, in two parts."""
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for some in (rows[:1], rows[1:]):
        with writing(Place.of(place), {"status": "string"} | fields, {}) as table:
            table.add({"status": "ok"} | row for row in some)
    return place


@pytest.fixture(params=["committed", "url", "table", "csv", "semicolons"])
def place(request, tmp_path):
    if request.param == "committed":
        return committed(tmp_path / "table", ROWS, FIELDS)
    if request.param == "url":
        pytest.importorskip("fsspec")
        return committed(f"memory://{tmp_path}/table", ROWS, FIELDS)
    if request.param == "table":
        pq.write_table(pa.table(ROWS), tmp_path / "answers.parquet")
        return tmp_path / "answers.parquet"
    text = CSV if request.param == "csv" else CSV.replace("gain;powerline", "'gain' 'powerline'").replace(",", ";")
    (tmp_path / "answers.csv").write_text(text)
    return tmp_path / "answers.csv"


def test_columns_are_the_same_in_every_form(place):
    found = answers(place)
    assert len(found) == 3
    assert found.numbers("age") == pytest.approx([63, np.nan, 41], nan_ok=True)
    rows, sites = found.texts("site")
    assert (rows.tolist(), sites) == ([1, 0, -1], ("A", "B"))
    assert {code: there.tolist() for code, there in found.codes("findings")} == {
        "gain": [True, False, True],
        "powerline": [True, False, False],
    }
    assert "month" in found
    rows, months = found.texts("month")
    assert (rows.tolist(), months) == ([0, 0, -1], ("2026-03",))


def test_only_what_is_wanted_is_read(tmp_path):
    pq.write_table(pa.table(ROWS), tmp_path / "answers.parquet")
    for place in (tmp_path / "answers.parquet", committed(tmp_path / "table", ROWS, FIELDS)):
        assert "private" not in answers(place, lambda name: name != "private")
    found = answers(place, lambda name: name != "private")
    with pytest.raises(Unreadable, match=r"no column room; it has .*source, .*private$"):
        found.texts("room")


def test_times_are_taken_as_they_are_written(tmp_path):
    evening = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    columns = {"time": [evening, None], "text": ["2026-02-28T23:30:00-05:00", "2026-03"]}
    pq.write_table(pa.table(columns), tmp_path / "answers.parquet")
    assert answers(tmp_path / "answers.parquet").days[1] == ("2026-02-28",)
    pq.write_table(pa.table({"time": columns["text"]}), tmp_path / "answers.parquet")
    assert answers(tmp_path / "answers.parquet").texts("month")[1] == ("2026-02", "2026-03")


@pytest.mark.parametrize(
    ("columns", "ask", "fault"),
    [
        ({"age": ["old"]}, lambda found: found.numbers("age"), "column age holds string, not numbers"),
        ({"age": [1.0]}, lambda found: found.days, "no column time; score with a manifest"),
        ({"time": ["yesterday"]}, lambda found: found.days, "time 'yesterday' is no date; write ISO 8601"),
        ({"site": [["A"]]}, lambda found: found.texts("site"), r"column site holds list.*, not text"),
    ],
)
def test_columns_that_hold_something_else_are_named(tmp_path, columns, ask, fault):
    pq.write_table(pa.table(columns), tmp_path / "answers.parquet")
    with pytest.raises(Unreadable, match=fault):
        ask(answers(tmp_path / "answers.parquet"))


def test_places_that_hold_no_answers_are_named(tmp_path):
    with pytest.raises(Unreadable, match="not there; name what `twelvelead score` wrote"):
        answers(tmp_path / "nothing")
    with pytest.raises(Unreadable, match="no table of answers; make one with twelvelead score"):
        answers(tmp_path)
    pq.write_table(pa.table(ROWS), tmp_path / "part-0001-of-0001-abc.parquet")
    with pytest.raises(Unreadable, match="no table of answers"):  # a part that nobody committed
        answers(tmp_path)
    (tmp_path / "answers.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(Unreadable, match=r"answers\.parquet: cannot be read \(.+\); give a Parquet or CSV table"):
        answers(tmp_path / "answers.parquet")
    (tmp_path / "torn.csv").write_text("source,age\na,1\nb\n")
    with pytest.raises(Unreadable, match=r"torn\.csv: cannot be read"):
        answers(tmp_path / "torn.csv")
    with writing(Place.of(tmp_path / "table"), {"source": "string"}, {}):
        pass
    with pytest.raises(Unreadable, match="table: holds no answers"):
        answers(tmp_path / "table")
