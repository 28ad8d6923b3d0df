import ast
import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.data.store import write_store
from twelvelead.data.tasks import fold_names, labels, select
from twelvelead.errors import TwelveLeadError

ABSENT = np.nan
SCORED = {"all": 19601, "diagnostic": 19230, "subclass": 19230, "superclass": 19230, "form": 8098, "rhythm": 18932}
"""Records of folds 1-9 with at least one label of each task."""


@pytest.fixture
def store(tmp_path, store_arguments):
    """Six records in the folds 1-3, two in each; statements NORM, IMI, AMI (both MI), SR."""
    signals, arguments = store_arguments()
    likelihoods = [
        [100, ABSENT, ABSENT, 0],
        [ABSENT, 50, 35, ABSENT],
        [ABSENT, 0, 0, 100],
        [ABSENT, ABSENT, ABSENT, 100],
        [49.9, ABSENT, 80, ABSENT],
        [ABSENT, ABSENT, ABSENT, ABSENT],
    ]
    arguments["likelihoods"] = np.array(likelihoods, np.float32)
    return write_store(tmp_path / "store", iter(signals), **arguments)


@pytest.mark.parametrize(
    ("protocol", "values", "scored"),
    [
        ("drop", ["NORM", "MI", "MI", "", "NORM MI", ""], [1, 1, 1, 0, 1, 0]),
        ("keep", ["NORM", "MI", "MI", "", "NORM MI", ""], [1, 1, 1, 1, 1, 1]),
        ("likely", ["NORM", "MI", "", "", "MI", ""], [1, 1, 0, 0, 1, 0]),
    ],
)
def test_protocols(store, protocol, values, scored):
    found = labels(store, "superclass", protocol)
    assert found.classes == ("NORM", "MI")
    assert found.values.tolist() == [[name in row.split() for name in found.classes] for row in values]
    assert found.scored.tolist() == [bool(one) for one in scored]
    assert found.values.dtype == found.scored.dtype == bool
    assert (found.task, found.protocol) == ("superclass", protocol)


def test_another_task_has_its_own_classes_and_records(store):
    found = labels(store, "rhythm")
    assert found.classes == ("SR",)
    assert found.values[:, 0].tolist() == found.scored.tolist() == [True, False, True, True, False, False]


def test_likely_without_likelihoods_says_why(tmp_path, store_arguments):
    signals, arguments = store_arguments()
    arguments["likelihoods"] = np.where(np.isnan(arguments["likelihoods"]), np.nan, 0)
    store = write_store(tmp_path / "store", iter(signals), **arguments)
    assert labels(store).values.any()
    with pytest.raises(TwelveLeadError, match="likely is not available: this copy states no likelihoods"):
        labels(store, protocol="likely")


def test_what_there_is_not_is_named(store):
    with pytest.raises(TwelveLeadError, match=r"no task form; it has superclass, rhythm"):
        labels(store, "form")
    with pytest.raises(TwelveLeadError, match=r"no protocol any; choose one of drop, keep, likely"):
        labels(store, protocol="any")


def test_select(store):
    found = labels(store)
    assert select(store, 2).tolist() == [2, 3]
    assert select(store, [3, 1, 3]).tolist() == [0, 1, 4, 5]
    assert select(store, (1, 2, 3), found).tolist() == [0, 1, 2, 4]
    with pytest.raises(TwelveLeadError, match=r"no fold 10; it holds 1-3"):
        select(store, 10)
    with pytest.raises(TwelveLeadError, match=r"no fold 4-5; it holds 1-3"):
        select(store, range(1, 6))


def test_selecting_nothing_is_an_error(tmp_path, store_arguments):
    signals, arguments = store_arguments()
    arguments["likelihoods"][:] = np.nan
    store = write_store(tmp_path / "store", iter(signals), **arguments)
    with pytest.raises(TwelveLeadError, match="protocol keep"):
        select(store, 1, labels(store))
    assert len(select(store, 1, labels(store, protocol="keep"))) == 2


@given(st.sets(st.integers(1, 30), min_size=1))
def test_fold_names_say_each_fold_once(folds):
    said = []
    for run in fold_names(folds).split(", "):
        first, _, last = run.partition("-")
        said += range(int(first), int(last or first) + 1)
    assert said == sorted(folds)


def test_published_counts(published_table):
    dropped, kept = labels(published_table), labels(published_table, protocol="keep")
    assert dropped.classes == ("NORM", "MI", "STTC", "CD", "HYP")
    for folds, records, labelled, classes in (
        (range(1, 9), 17418, 17084, [7596, 4379, 4186, 3907, 2119]),
        (9, 2183, 2146, [955, 540, 528, 495, 268]),
    ):
        assert len(select(published_table, folds, kept)) == records
        rows = select(published_table, folds, dropped)
        assert len(rows) == labelled
        assert dropped.values[rows].sum(axis=0).tolist() == classes
        assert kept.values[select(published_table, folds, kept)].sum(axis=0).tolist() == classes
    with pytest.raises(TwelveLeadError, match="no fold 10; it holds 1-9"):
        select(published_table, 10)
    with pytest.raises(TwelveLeadError, match="likely is not available"):
        labels(published_table, protocol="likely")


def test_no_patient_is_in_two_folds(published_table):
    pairs = np.stack([published_table.column("patient_id"), published_table.column("fold")], axis=1)
    assert len(np.unique(pairs[:, 0])) == len(np.unique(pairs, axis=0)) == 16965


def test_sizes_of_the_published_tasks(published_table):
    sizes = {task: len(labels(published_table, task).classes) for task in published_table.tasks}
    assert sizes == {"all": 71, "diagnostic": 44, "subclass": 23, "superclass": 5, "form": 19, "rhythm": 12}


def test_likely_on_genuine_likelihoods(genuine_table):
    found = labels(genuine_table, protocol="likely")
    assert len(genuine_table) == 422
    assert found.scored.sum() == 401
    counts = dict(zip(found.classes, found.values.sum(axis=0).tolist(), strict=True))
    assert counts == {"NORM": 257, "MI": 40, "STTC": 74, "CD": 65, "HYP": 29}


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("any", ["NORM", "MI", "MI", "", "NORM MI", ""]),
        ("soft", ["NORM", "MI", "MI", "", "NORM MI", ""]),
        (50, ["NORM", "MI", "", "", "MI", ""]),
        ("35", ["NORM", "MI", "", "", "NORM MI", ""]),
        (100.0, ["NORM", "", "", "", "", ""]),
    ],
)
def test_likelihood_rules(store, rule, values):
    found = labels(store, "superclass", "keep", rule)
    assert found.values.tolist() == [[name in row.split() for name in found.classes] for row in values]
    assert found.scored.all()
    dropped = labels(store, "superclass", "drop", rule)
    assert dropped.scored.tolist() == [bool(row) for row in values]


def test_soft_targets_and_likelihoods_of_classes(store):
    found = labels(store, "superclass", "keep", "soft")
    np.testing.assert_array_equal(
        found.likelihoods,
        np.array(
            [[100, ABSENT], [ABSENT, 50], [ABSENT, 0], [ABSENT, ABSENT], [49.9, 80], [ABSENT, ABSENT]], np.float32
        ),
    )
    np.testing.assert_allclose(found.targets, [[1, 0], [0, 0.5], [0, 1], [0, 0], [0.499, 0.8], [0, 0]])
    assert found.targets.dtype == np.float32
    hard = labels(store, "superclass", "keep")
    np.testing.assert_array_equal(hard.targets, hard.values)


def test_a_rule_that_is_none_or_not_available(store, tmp_path, store_arguments):
    for rule in ("some", 0, -1, 101, "nan", None):
        with pytest.raises(TwelveLeadError, match="no likelihood rule"):
            labels(store, likelihood=rule)
    with pytest.raises(TwelveLeadError, match="with soft choose drop or keep"):
        labels(store, protocol="likely", likelihood="soft")
    signals, arguments = store_arguments()
    arguments["likelihoods"] = np.where(np.isnan(arguments["likelihoods"]), np.nan, 0)
    without = write_store(tmp_path / "without", iter(signals), **arguments)
    assert labels(without).likelihoods is None
    for rule in (50, "soft"):
        with pytest.raises(TwelveLeadError, match=r"likelihood rule .* is not available: this copy states no"):
            labels(without, likelihood=rule)


def test_counts_of_every_task_on_the_real_data(published_table, shared_ptbxl):
    """A plain count in the two CSV files is the referee."""
    with (shared_ptbxl / "scp_statements.csv").open(newline="") as stream:
        statements = list(csv.DictReader(stream))
    with (shared_ptbxl / "ptbxl_database.csv").open(newline="") as stream:
        records = [set(ast.literal_eval(row["scp_codes"])) for row in csv.DictReader(stream)]
    kind = {
        "all": lambda row: row[""],
        "diagnostic": lambda row: row[""] if row["diagnostic"] else "",
        "subclass": lambda row: row["diagnostic_subclass"] if row["diagnostic"] else "",
        "superclass": lambda row: row["diagnostic_class"] if row["diagnostic"] else "",
        "form": lambda row: row[""] if row["form"] else "",
        "rhythm": lambda row: row[""] if row["rhythm"] else "",
    }
    scored = {}
    for task, name in kind.items():
        of = {row[""]: name(row) for row in statements if name(row)}
        counts = Counter(one for codes in records for one in {of[code] for code in codes if code in of})
        found = labels(published_table, task)
        assert dict(zip(found.classes, found.values.sum(axis=0).tolist(), strict=True)) == {
            one: counts[one] for one in found.classes
        }
        assert set(counts) <= set(found.classes)
        scored[task] = int(found.scored.sum())
    assert scored == SCORED


def test_likelihood_rules_on_genuine_rows(genuine_table):
    everything = labels(genuine_table, likelihood="any")
    assert everything.scored.sum() >= labels(genuine_table, likelihood=50).scored.sum() == 401
    soft = labels(genuine_table, likelihood="soft")
    assert ((soft.targets > 0) == everything.values).all()
    assert np.isin(np.unique(soft.targets), np.float32([0, 0.15, 0.35, 0.5, 0.8, 1])).all()
