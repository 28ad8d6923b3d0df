"""What differs between two answers, and what of it is usual."""

import copy
import math

import pytest

from twelvelead.ecg.measure import QUANTITIES
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.changes import changes, load_repeats, turn
from twelvelead.inference.engine import Engine


@pytest.fixture(scope="module")
def answer():
    """An answer of the shipped weights, as JSON holds it."""
    return Engine("single").predict(synthetic_ecg("normal", sampling_rate=500)).to_dict()


@pytest.fixture
def pair(answer):
    """The same answer twice, to be changed."""
    return copy.deepcopy(answer), copy.deepcopy(answer)


def by_name(pair):
    return {each.name: each for each in changes(*pair)}


def test_of_the_same_answer_twice_nothing_differs_and_nothing_is_beyond(pair):
    found = changes(*pair)
    assert [each.name for each in found][:7] == list(QUANTITIES)
    assert [each.name for each in found][7:12] == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert all(each.difference == 0 and not each.beyond for each in found if each.before is not None)
    assert all(each.usual[0] < 0 < each.usual[1] for each in found[:12])
    said = {name for name, result in pair[0]["statements"].items() if result["decision"] != "absent"} - {"NORM"}
    assert {each.name for each in found[12:]} == said
    assert all(each.usual is None and each.beyond is None for each in found[12:])


def test_a_difference_is_beyond_from_the_limit_of_the_table_on(pair):
    before, now = pair
    high = load_repeats()["measurements"]["pr_ms"]["high"]
    for more, beyond in ((high, False), (high + 0.5, True)):
        now["measurements"]["pr_ms"] = before["measurements"]["pr_ms"] + more
        assert by_name(pair)["pr_ms"].beyond is beyond


def test_of_the_axis_the_shorter_way_round_counts(pair):
    assert (turn(170, -170), turn(-170, 170), turn(0, 180), turn(10, 30)) == (20, -20, -180, 20)
    pair[0]["measurements"]["axis_degrees"], pair[1]["measurements"]["axis_degrees"] = 175.0, -175.0
    assert by_name(pair)["axis_degrees"].difference == 10


def test_the_usual_difference_of_a_probability_is_that_of_its_log_odds(pair):
    before, now = pair
    table = load_repeats()["probabilities"]["MI"]
    widths = []
    for p in (0.01, 0.5):
        before["classes"]["MI"]["probability"] = now["classes"]["MI"]["probability"] = p
        low, high = by_name(pair)["MI"].usual
        assert math.log((p + high) / (1 - p - high)) - math.log(p / (1 - p)) == pytest.approx(table["high"])
        assert math.log((p + low) / (1 - p - low)) - math.log(p / (1 - p)) == pytest.approx(table["low"])
        widths.append(high - low)
    assert widths[1] > 5 * widths[0]
    for p in (0.0, 1.0):
        before["classes"]["MI"]["probability"] = p
        assert all(map(math.isfinite, by_name(pair)["MI"].usual))


def test_what_was_withheld_has_no_difference(pair):
    pair[1]["measurements"]["pr_ms"] = None
    found = by_name(pair)["pr_ms"]
    assert (found.now, found.difference, found.beyond) == (None, None, None)
    pair[0]["measurements"] = None
    assert by_name(pair)["qrs_ms"].before is None


@pytest.mark.parametrize(
    ("key", "value"), [("sha256", "0" * 64), ("name", "reference"), ("as_shipped", False)], ids=["other", "name", "own"]
)
def test_of_other_weights_nothing_is_usual(pair, key, value):
    for each in pair if key != "sha256" else pair[:1]:
        each["model"][key] = value
    found = by_name(pair)
    assert found["MI"].usual is found["MI"].beyond is None
    assert found["MI"].difference == 0
    assert found["qrs_ms"].usual is not None


def test_a_statement_that_only_one_of_them_says_has_a_row(pair):
    for each in pair:
        each["statements"]["AFIB"]["decision"] = "absent"
    assert "AFIB" not in by_name(pair)
    pair[1]["statements"]["AFIB"]["decision"] = "present"
    assert by_name(pair)["AFIB"].before is not None
    del pair[0]["statements"]["AFIB"]
    assert (by_name(pair)["AFIB"].before, by_name(pair)["AFIB"].difference) == (None, None)
