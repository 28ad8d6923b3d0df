"""The table of what repeated records differ by: its pairs, its figures, its page."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")

import repeats
from twelvelead.ecg.measure import QUANTITIES, Measurements
from twelvelead.inference.changes import load_repeats

PAGE = Path(__file__).parents[2] / "docs" / repeats.PAGE


class FakeStore:
    """Six records of three patients with two statements."""

    sampling_rate = 100.0
    data_hash = "0" * 64

    def __init__(self):
        self.likelihoods = np.array([[100, np.nan], [0, np.nan], [0, 50], [np.nan, 0], [np.nan, 0], [np.nan, 0]])
        self.columns = {
            "ecg_id": np.array([3, 1, 2, 10, 11, 12]),
            "patient_id": np.array([7, 7, 7, 8, 8, 9]),
            "fold": np.array([1, 1, 1, 8, 8, 9]),
        }

    def column(self, name):
        return self.columns[name]


def test_a_pair_follows_one_another_with_the_same_statements_whatever_their_likelihood():
    first, second = repeats.pairs(FakeStore(), range(1, 9))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(3, 4)]  # 1, 2, 3 of patient 7 differ in turn
    store = FakeStore()
    store.likelihoods = np.zeros((6, 2))
    first, second = repeats.pairs(store, range(1, 9))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(1, 2), (2, 0), (3, 4)]
    assert len(repeats.pairs(store, [9])[0]) == 0


def test_differences_are_of_pairs_that_have_both():
    measured = {0: Measurements(pr_ms=160.0, axis_degrees=175.0), 1: Measurements(pr_ms=170.0, axis_degrees=-175.0)}
    measured[2] = Measurements()
    rows = np.array([0, 0]), np.array([1, 2])
    assert repeats.differences("pr_ms", measured, *rows).tolist() == [10.0]
    assert repeats.differences("axis_degrees", measured, *rows).tolist() == [10.0]


def test_the_table_that_ships_has_every_quantity_with_its_pairs():
    table = load_repeats()
    assert list(table["measurements"]) == list(QUANTITIES)
    assert list(table["probabilities"]) == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert (table["pairs"], table["patients"]) == (655, 533)
    for of in (*table["measurements"].values(), *table["probabilities"].values()):
        assert of["low"] < 0 < of["high"]
        assert of["low"] < of["median"] < of["high"]
        assert 500 < of["pairs"] <= table["pairs"]


def test_the_page_is_as_it_would_be_made():
    page = PAGE.read_text(encoding="utf-8")
    assert page == repeats.fill(page), "run python tools/repeats.py STORE"
