"""The machine-made parts of docs/external.md."""

import json
from pathlib import Path

import numpy as np
import pytest

import external
from external_tables import Report, mapping_table, statement_tables
from twelvelead.data.create import create
from twelvelead.data.mapping_file import read_mapping
from twelvelead.evaluation import evaluate, intervals
from twelvelead.evaluation.predictions import Predictions

PAGE = Path(__file__).parents[2] / "docs" / "external.md"


def part(text, name):
    _, _, rest = text.partition(f"<!-- {name}: made by `python tools/external.py LUDB`; do not edit -->\n")
    return rest.partition("<!-- end -->")[0].splitlines()


def test_the_kept_table_is_the_mapping_that_ships(shared_ludb):
    lines = list(mapping_table(read_mapping("ludb"), external.phrases(shared_ludb)))
    kept = PAGE.read_text(encoding="utf-8")
    assert part(kept, "mapping") == lines, "run python tools/external.py LUDB --mapping-only"
    assert external.put(kept, "mapping", lines) == kept


def test_a_part_is_replaced_and_the_rest_stays():
    text = "before\n<!-- figures: made by `python tools/external.py LUDB`; do not edit -->\nold\n<!-- end -->\nafter\n"
    made = external.put(text, "figures", ["| a |", "word " * 40])
    assert made.startswith("before\n<!-- figures")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "old" not in made
    assert "| a |\n" in made
    assert max(map(len, made.splitlines())) <= 120
    with pytest.raises(ValueError, match="no part mapping"):
        external.put(text, "mapping", [])


@pytest.fixture
def answers(problem, tmp_path):
    """answers(name) -> what `twelvelead evaluate --task all` writes of weights, so far as the tables use it."""
    classes = ("AFIB", "CLBBB", "WPW")
    y = np.zeros((60, 3), bool)
    y[:12, 0] = y[10:14, 1] = True

    def make(name):
        rng = np.random.default_rng(len(name))
        p = np.clip(y * 0.3 + rng.random(y.shape) * 0.7, 0, 1).astype(np.float32)
        ids = np.arange(1, 61)
        predictions = Predictions(ids, ids, y, p, classes, (1,), "keep", thresholds={"accuracy": (0.5, 0.5, 0.5)})
        bounds = {key: list(pair) for key, pair in intervals(y, p, p >= 0.5, ids, classes).items()}
        values = evaluate(y, p, 0.5, classes) | {"records": 60, "intervals": bounds, "classes_not_in_labels": ["DIG"]}
        return Report(name, values, predictions, tmp_path / "predictions.npz")

    return make


def test_statements_are_listed_by_how_many_have_them_and_what_cannot_be_stated_is_named(answers):
    reports = [answers("single"), answers("ensemble")]
    text = list(statement_tables(reports))
    assert "can state 3; of these no record has `WPW`. 1 cannot be stated: `DIG`." in text[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text if line.startswith("|")]
    assert rows[0][:4] == ["", "records", "`single`", "`ensemble`"]
    assert rows[2][0] == "macro"
    assert rows[3][0] == "macro over the 1 with at least 5 records"
    assert [row[:2] for row in rows[4:]] == [["`AFIB`", "12"], ["`CLBBB`", "4"]]
    for column, report in enumerate(reports, start=2):
        afib = report.values["classes"]["AFIB"]["auroc"]
        assert rows[3][column].startswith(f"{afib:.3f} [")
        assert rows[4][column].startswith(f"{afib:.3f}")


@pytest.mark.usefixtures("unpictured")
def test_the_figures_of_weights_are_those_of_their_report(shared_ludb, tiny_run, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for number in range(1, 81, 2):
        for suffix in (".hea", ".dat"):
            (few / f"{number}{suffix}").symlink_to(shared_ludb / f"{number}{suffix}")
    store = create(few, "ludb", tmp_path / "store", rate=100, scale=1).store
    lines = list(external.figures([str(tiny_run)], store, tmp_path))
    (file,) = tmp_path.glob("*-superclass/metrics.json")
    values = json.loads(file.read_text())
    (row,) = [line for line in lines if line.startswith("| `tiny` | ") and f"{values['macro_auroc']:.3f} [" in line]
    assert f"{values['macro_average_precision']:.3f} [" in row
    assert any(line.startswith("| by age alone |") for line in lines)
    assert any(line.startswith("| sex: female |") for line in lines)
    assert any(line.startswith("**Voltage.** Of the ") for line in lines)
    assert sum(line.startswith("| `tiny` | ") for line in lines) == 1 + 5
