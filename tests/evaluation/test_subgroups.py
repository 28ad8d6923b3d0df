import csv

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import patient_weights
from twelvelead.evaluation.subgroups import Group, by_age, by_number_of_classes, by_sex, subgroups

CLASSES = ("A", "B")


def made(records=600, seed=0, spoil=None):
    """Labels, probabilities that know them, two records a patient; those in `spoil` get noise."""
    rng = np.random.default_rng(seed)
    y = rng.random((records, 2)) < 0.4
    p = np.clip(0.5 + 0.25 * (y - 0.5) + rng.normal(0, 0.15, y.shape), 0, 1)
    if spoil is not None:
        p[spoil] = rng.random((spoil.sum(), 2))
    return y, p, np.arange(records) // 2


def half(records=600):
    return np.arange(records) < records // 2


def test_a_subgroups_figures_are_those_of_its_records():
    y, p, patients = made()
    (found,) = subgroups(y, p, [0.5, 0.4], patients, CLASSES, [Group("side", "left", half())], resamples=200)
    part = half()
    value, low, high = found.metrics["macro_auroc"]
    assert value == pytest.approx(roc_auc_score(y[part], p[part]))
    assert low < value < high
    right = ((p >= [0.5, 0.4]) == y).all(axis=1)
    assert found.metrics["subset_accuracy"][0] == pytest.approx(right[part].mean())
    difference = found.differences["macro_auroc"][0]
    assert difference == pytest.approx(roc_auc_score(y[part], p[part]) - roc_auc_score(y[~part], p[~part]))
    assert (found.family, found.name, found.records, found.patients, found.note) == ("side", "left", 300, 150, "")


def test_the_interval_is_that_of_resampled_patients():
    y, p, patients = made(200)
    part = half(200)
    (found,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("side", "left", part)], resamples=100, seed=3)
    values = []
    for weights in patient_weights(patients, 100, 3):
        one = [roc_auc_score(y[part, c], p[part, c], sample_weight=weights[part]) for c in range(2)]
        values.append(np.mean(one))
    np.testing.assert_allclose(found.metrics["macro_auroc"][1:], np.quantile(values, [0.025, 0.975]))


def test_a_gap_is_found_and_no_gap_is_not():
    same = subgroups(*arguments(None), [Group("side", "left", half()), Group("side", "right", ~half())])
    assert [group.gaps for group in same] == [(), ()]
    left, right = subgroups(*arguments(half()), [Group("side", "left", half()), Group("side", "right", ~half())])
    assert "macro_auroc" in left.gaps
    assert "macro_auroc" in right.gaps
    assert left.differences["macro_auroc"][2] < 0 < right.differences["macro_auroc"][1]


def arguments(spoil):
    y, p, patients = made(spoil=spoil)
    return y, p, 0.5, patients, CLASSES


def test_many_subgroups_widen_the_intervals_and_twins_do_not():
    rng = np.random.default_rng(1)
    one = [Group("any", "0", half())]
    twins = [*one, Group("any", "0 again", half()), Group("any", "rest", ~half())]
    many = [*one, *(Group("any", str(n), rng.random(600) < 0.5) for n in range(1, 30))]

    def width(groups):
        _, low, high = subgroups(*arguments(None), groups, resamples=400)[0].differences["macro_auroc"]
        return high - low

    assert width(twins) == pytest.approx(width(one))
    assert width(many) > 1.2 * width(one)


def test_simultaneous_intervals_rarely_find_a_gap_where_there_is_none():
    found = 0
    for seed in range(60):
        y, p, patients = made(240, seed)
        rng = np.random.default_rng([seed, 1])
        groups = [Group("any", str(n), rng.integers(4, size=120).repeat(2) == n) for n in range(4)]
        found += any(group.gaps for group in subgroups(y, p, 0.5, patients, CLASSES, groups, resamples=200))
    assert found <= 8  # 5 % of 60 is 3


def test_other_inputs_of_the_same_records_are_compared_pairwise():
    y, p, patients = made()
    everyone = np.ones(600, bool)
    lower = np.clip(p - 0.001 * y, 0, 1)
    (paired,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("metadata", "hidden", everyone, lower)])
    estimate, low, high = paired.differences["macro_auroc"]
    assert estimate == pytest.approx(roc_auc_score(y, lower) - roc_auc_score(y, p))
    assert high - low < 0.01  # pairs: only what the inputs change varies
    (none,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("metadata", "hidden", everyone, p)])
    assert set(none.differences.values()) == {(0.0, 0.0, 0.0)}
    assert (none.gaps, none.note) == ((), "")
    (given,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("metadata", "given", everyone)])
    assert (given.differences, given.note) == ({}, "all records: nothing to compare with")


def test_an_empty_subgroup_has_a_name_and_no_number():
    empty, few = subgroups(
        *arguments(None), [Group("age", "unknown", np.zeros(600, bool)), Group("age", "old", np.arange(600) < 10)]
    )
    assert (empty.name, empty.records, empty.metrics, empty.differences, empty.note) == (
        "unknown",
        0,
        {},
        {},
        "no records",
    )
    assert few.metrics["subset_accuracy"]
    assert few.differences == {}
    assert few.note.startswith("not compared: fewer than 20 patients")


def test_a_class_that_a_subgroup_lacks_is_named_and_left_out_of_both_sides():
    y, p, patients = made()
    y[half(), 1] = False
    (left,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("side", "left", half())])
    assert left.classes_left_out == ("B",)
    assert left.metrics["macro_auroc"][0] == pytest.approx(roc_auc_score(y[half(), 0], p[half(), 0]))
    expected = roc_auc_score(y[half(), 0], p[half(), 0]) - roc_auc_score(y[~half(), 0], p[~half(), 0])
    assert left.differences["macro_auroc"][0] == pytest.approx(expected)


def test_sides_without_a_common_class_are_compared_in_subset_accuracy_alone(recwarn):
    y, p, patients = made()
    y[half(), 1], y[~half(), 0] = False, False
    (left,) = subgroups(y, p, 0.5, patients, CLASSES, [Group("side", "left", half())])
    assert left.metrics.keys() == {"macro_auroc", "subset_accuracy"}
    assert left.differences.keys() == {"subset_accuracy"}
    assert [str(warning.message) for warning in recwarn] == []


def test_what_does_not_belong_together_is_refused():
    y, p, patients = made()
    with pytest.raises(ValueError, match="have to be"):
        subgroups(y, p, 0.5, patients, CLASSES, [Group("side", "left", np.ones(3, bool))])
    with pytest.raises(Unreadable, match="NaN or outside"):
        subgroups(y, np.where(half()[:, None], np.nan, p), 0.5, patients, CLASSES, [])


def test_the_usual_groups_take_every_record_once():
    age, sex = np.array([3, 17.9, 18, 59, 60, 80, 300, np.nan]), np.array([0, 1, np.nan, 0, 1, 0, 1, 0])
    y = np.arange(8)[:, None] > np.arange(6)
    for groups in (by_age(age), by_sex(sex), by_number_of_classes(y)):
        assert np.sum([group.records for group in groups], axis=0).tolist() == [1] * 8
    ages = {group.name: np.flatnonzero(group.records).tolist() for group in by_age(age)}
    assert ages == {
        "under 18": [0, 1],
        "18-39": [2],
        "40-59": [3],
        "60-79": [4],
        "80 and over": [5, 6],
        "unknown": [7],
    }
    assert [group.name for group in by_number_of_classes(y)] == ["0", "1", "2", "3", "4 or more"]
    assert [group.name for group in by_number_of_classes(y[:, :2])] == ["0", "1", "2"]


def test_genuine_signal_quality_notes(shared_ptbxl):
    with (shared_ptbxl / "genuine_rows.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    rng = np.random.default_rng(0)
    y = rng.random((len(rows), 2)) < 0.3
    noisy = np.array([bool(row["static_noise"].strip()) for row in rows])
    patients = [row["patient_id"] for row in rows]
    (found,) = subgroups(y, rng.random(y.shape), 0.5, patients, CLASSES, [Group("notes", "static noise", noisy)])
    assert found.records == sum(row["static_noise"].strip() != "" for row in rows)
    assert found.metrics.keys() == {"macro_auroc", "subset_accuracy"}
