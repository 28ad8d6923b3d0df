"""Drift that is put into generated ECGs at one site is found, by what it changes; benchmarks/drift.py has real ones."""

import pyarrow as pa
import pytest

from drift import CLEAN, FAULTY, write_wfdb
from twelvelead.archive.answering import Answerer, Task
from twelvelead.archive.columns import Columns
from twelvelead.archive.drift import groups, quantities
from twelvelead.archive.inputs import Input
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.evaluation.drift import changes

RATE, EACH = 100.0, 24


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """answered(site, fault, seeds) -> rows of generated ECGs, answered by `single` from the files of such a site."""
    folder, answerer = tmp_path_factory.mktemp("sites"), Answerer(Task(copied=("site",)))

    def rows(site, fault, seeds):
        inputs = []
        for seed in seeds:
            header = folder / f"{site} {fault} {seed}.hea".replace(" ", "-").replace(",", "")
            signal = synthetic_ecg("normal", seed=seed, sampling_rate=RATE).signal
            write_wfdb(FAULTY[fault].work(signal, RATE), RATE, FAULTY[fault].gain, header)
            inputs.append(Input(header.name, str(header), copied=(site,)))
        return answerer.answer_each(inputs)

    return rows


@pytest.fixture(scope="module")
def unchanged(answered):
    return answered("A", CLEAN, range(EACH))


@pytest.fixture
def alarms(answered, unchanged):
    """alarms(fault) -> what raises an alarm where site B has that fault."""

    def found(fault):
        rows = unchanged + answered("B", fault, range(EACH, 2 * EACH))
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = Columns("answers", pa.table({name: [row.get(name) for row in rows] for name in names}))
        return {each.quantity for each in changes(quantities(columns), groups(columns, ["site"])) if each.alarm}

    return found


def test_none_is_no_alarm(alarms):
    assert alarms(CLEAN) == set()


def test_a_unit_that_the_gate_refuses_is_a_drift_of_refusals(alarms):
    assert alarms("microvolts stated as millivolts") == {"refused", "code amplitude"}


@pytest.mark.parametrize(
    ("fault", "named", "spared"),
    [
        ("gain stated half", {"probability_HYP"}, "axis_degrees"),
        ("arms swapped", {"finding electrodes", "axis_degrees", "probability_NORM"}, "heart_rate_per_minute"),
        ("V1 and V2 swapped", {"finding electrodes"}, "axis_degrees"),
        ("high-pass of 0.5 Hz, one pole", {"probability_CD"}, "heart_rate_per_minute"),
    ],
)
def test_a_fault_at_one_site_is_found_by_what_it_changes(alarms, fault, named, spared):
    found = alarms(fault)
    assert named <= found
    assert spared not in found
