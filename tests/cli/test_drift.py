"""twelvelead drift: what it finds, its page, and what it refuses."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twelvelead.ecg.measure import QUANTITIES

HOSTILE = "<script>alert('x')</script>\x1b[2J\nB"
ROWS = 400


def columns(seed=1):
    """Made-up answers of two sites and four months, in which nothing differs."""
    rng = np.random.default_rng(seed)
    given = {"source": [f"ecg {n}" for n in range(ROWS)], "status": ["ok"] * ROWS, "code": [None] * ROWS}
    given["findings"] = [["powerline"] if hit else [] for hit in rng.random(ROWS) < 0.1]
    given |= {name: rng.normal(100, 10, ROWS) for name in QUANTITIES}
    given |= {"age": rng.normal(60, 10, ROWS), "sex": rng.choice(["male", "female"], ROWS)}
    for name in ("NORM", "MI"):
        given[f"probability_{name}"] = rng.random(ROWS)
        given[f"decision_{name}"] = np.where(given[f"probability_{name}"] > 0.5, "present", "absent")
    given["site"] = np.where(np.arange(ROWS) % 3, "A", "B")
    given["time"] = [f"2026-0{month}-01T08:00" for month in rng.integers(1, 5, ROWS)]
    given["patient_id"] = np.arange(ROWS)
    return given


@pytest.fixture
def table(tmp_path):
    """table(columns) -> the file that holds them."""

    def write(given):
        pq.write_table(pa.table(given), tmp_path / "answers.parquet")
        return tmp_path / "answers.parquet"

    return write


def at_b(given, name, change):
    given[name] = [
        change(value) if site == "B" else value for value, site in zip(given[name], given["site"], strict=True)
    ]
    return given


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.addresses = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_no_drift_is_no_alarm(cli, table):
    result = cli("drift", table(columns()), "--by", "site,month")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].endswith("answers.parquet: no alarm")
    assert "in 5 groups, against all other rows" in result.out  # of two sites the smaller one
    assert "(column patient_id) count as if they were copies" in result.out
    assert "Decision aid, not a medical device" in result.out


def test_what_differs_at_one_site_is_told_on_terminal_page_and_in_json(cli, table, tmp_path):
    given = at_b(columns(), "qrs_ms", lambda value: value + 15)
    given = at_b(given, "findings", lambda codes: ["gain", *codes])
    result = cli("drift", table(given), "--by", "site", "--out", tmp_path / "out")
    assert result.code == 0
    gain = r"^site=B +finding gain, % +100\.0 \(0\.0\) +\+100\.0 \[9\d\.\d, 100\.0\] points"
    assert re.search(gain, result.out, re.M)
    assert re.search(r"^site=B +QRS, ms +\d+ \(\d+\) +\+1\d \[1\d, 1\d\] ms +D 0\.\d\d +\de-\d+", result.out, re.M)
    values = json.loads((tmp_path / "out" / "drift.json").read_text())
    assert values["alarms"] == 2
    assert {each["quantity"] for each in values["changes"] if each["alarm"]} == {"qrs_ms", "finding gain"}
    page = (tmp_path / "out" / "drift.html").read_text()
    tags = Tags(page)
    assert "script" not in tags.found
    assert all(address.startswith("data:image/svg+xml;base64,") for address in tags.addresses)
    assert len(tags.addresses) == 1
    assert "2 alarms in 1 of 1 group" in page
    assert "not who is right and not how accurate" in page
    assert page.index("2 alarms") < page.index("Distributions of site=B") < page.index("All quantities")


def test_the_page_alone_has_the_name_that_was_given(cli, table, tmp_path):
    result = cli("drift", table(columns()), "--by", "site", "--out", tmp_path / "page.html")
    assert result.code == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["answers.parquet", "page.html"]
    assert "<h2>No alarm</h2>" in (tmp_path / "page.html").read_text()


def test_refusals_are_of_all_rows_and_the_rest_of_those_answered(cli, table, tmp_path):
    given = columns()
    refused = np.array(given["site"]) == "B"
    given["status"] = np.where(refused, "refused", "ok")
    given["code"] = [code if hit else None for code, hit in zip(["amplitude"] * ROWS, refused, strict=True)]
    for name in (*QUANTITIES, "probability_NORM", "probability_MI"):
        given[name] = np.where(refused, np.nan, given[name])
    result = cli("drift", table(given), "--by", "site", "--out", tmp_path)
    assert result.code == 0
    changes = {each["quantity"]: each for each in json.loads((tmp_path / "drift.json").read_text())["changes"]}
    assert {name for name, each in changes.items() if each["alarm"]} == {"refused", "code amplitude"}
    assert changes["refused"]["records"] == [134, 266]
    assert changes["qrs_ms"]["note"] == "fewer than 20 ECGs"
    assert re.search("Not assessed, .*: probability of NORM, ", result.out)


def test_measurements_that_are_missing_more_often_are_a_share_of_their_own(cli, table, tmp_path):
    given = at_b(columns(), "pr_ms", lambda value: None if int(value) % 2 else value)
    assert cli("drift", table(given), "--by", "site", "--out", tmp_path).code == 0
    changes = {each["quantity"]: each for each in json.loads((tmp_path / "drift.json").read_text())["changes"]}
    assert [name for name, each in changes.items() if each["alarm"]] == ["pr_ms missing"]
    assert changes["pr_ms missing"]["group"]["value"] == pytest.approx(0.5, abs=0.1)


def test_the_axis_is_compared_as_an_angle(cli, table, tmp_path):
    rng = np.random.default_rng(4)
    given = columns() | {"axis_degrees": (rng.normal(180, 15, ROWS) + 180) % 360 - 180}
    given = at_b(given, "axis_degrees", lambda value: (value + 40 + 180) % 360 - 180)
    assert cli("drift", table(given), "--by", "site", "--out", tmp_path).code == 0
    changes = {each["quantity"]: each for each in json.loads((tmp_path / "drift.json").read_text())["changes"]}
    assert [name for name, each in changes.items() if each["alarm"]] == ["axis_degrees"]
    assert changes["axis_degrees"]["difference"]["value"] == pytest.approx(40, abs=4)


@pytest.mark.parametrize(
    ("reference", "groups"),
    [
        (("--reference", "2026-01"), ["site=A", "site=B", "month=2026-02", "month=2026-03", "month=2026-04"]),
        (("--reference", "2026-01..2026-03-15"), ["site=A", "site=B", "month=2026-04"]),
        (("--reference", "site=A"), ["site=B", "month=2026-01", "month=2026-02", "month=2026-03", "month=2026-04"]),
    ],
)
def test_a_reference_is_a_period_or_a_group_and_its_rows_are_in_no_group(cli, table, tmp_path, reference, groups):
    result = cli("drift", table(columns()), "--by", "site,month", *reference, "--out", tmp_path)
    assert result.code == 0
    assert f"against {reference[1]}" in result.out
    changes = json.loads((tmp_path / "drift.json").read_text())["changes"]
    assert list(dict.fromkeys(f"{each['column']}={each['value']}" for each in changes)) == groups
    rows = {sum(each["records"]) for each in changes if each["quantity"] == "age" and each["column"] == "site"}
    assert max(rows) <= ROWS


def test_rows_without_a_value_are_a_group(cli, table, tmp_path):
    given = at_b(columns(), "site", lambda value: None)
    assert cli("drift", table(given), "--by", "site", "--out", tmp_path).code == 0
    assert json.loads((tmp_path / "drift.json").read_text())["changes"][0]["value"] == "not stated"


def test_names_in_the_table_do_nothing_on_the_page_or_the_terminal(cli, table, tmp_path):
    given = at_b(columns(), "site", lambda value: HOSTILE) | {"decision_$x^": ["present"] * 200 + ["absent"] * 200}
    given["findings"] = [["[red]gain[/red]"] if site == HOSTILE else [] for site in given["site"]]
    result = cli("drift", table(given), "--by", "site", "--out", tmp_path)
    assert result.code == 0
    assert r"site=<script>alert('x')</script>\x1b[2J\x0aB" in result.out
    assert "finding [red]gain[/red]" in result.out
    assert "script" not in Tags((tmp_path / "drift.html").read_text()).found


def test_without_patients_it_says_how_ecgs_count(cli, table):
    given = columns()
    given["who"] = given.pop("patient_id")
    assert "name the column that has them with --patient" in cli("drift", table(given), "--by", "site").out
    assert "(column who)" in cli("drift", table(given), "--by", "site", "--patient", "who").out


def test_a_table_in_which_nothing_is_large_enough_says_so(cli, table):
    given = {name: values[:30] for name, values in columns().items()}
    result = cli("drift", table(given), "--by", "site")
    assert result.code == 0
    assert "nothing could be compared" in result.out
    assert "Not assessed, with fewer than 20 ECGs" in result.out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--by", "room"), "no column room; it has "),
        (("--by", ","), "--by ,: names no column"),
        (("--by", "status"), "column status has one value only, ok; give a --reference, or name another column"),
        (("--by", "source"), "column source has 400 values; name a column with at most 200"),
        (
            ("--by", "site", "--reference", "2027"),
            "no row is of the reference 2027; column time goes from 2026-01-01 to",
        ),
        (("--by", "site", "--reference", "site=Q"), "no row is of the reference site=Q; column site has A, B"),
        (("--by", "site", "--reference", "2026"), "every row is of the reference 2026; there is nothing to compare"),
        (("--by", "site", "--reference", "May"), "neither a period, as in 2025, 2025-03 or 2025-01..2025-06, nor"),
        (("--by", "site", "--patient", "person"), "no column person; it has "),
    ],
)
def test_mistakes_are_one_line(cli, table, tmp_path, arguments, fault):
    result = cli("drift", table(columns()), *arguments, "--out", tmp_path / "out")
    assert result.code == 2
    assert fault in result.fault
    assert not (tmp_path / "out").exists()


def test_a_month_needs_times_and_answers_need_columns(cli, table, tmp_path):
    given = columns()
    del given["time"]
    assert "no column time; score with a manifest" in cli("drift", table(given), "--by", "month").fault
    assert "no column of answers" in cli("drift", table({"site": ["A", "B"]}), "--by", "site").fault
    assert "not there; name what `twelvelead score` wrote" in cli("drift", tmp_path / "none", "--by", "site").fault
