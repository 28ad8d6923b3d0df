"""Drift: found where it is, not where it is not, and false alarms as rarely as promised."""

import numpy as np
import pytest

from twelvelead.evaluation.drift import FEW, LEVEL, SAME, SMALL_DISTANCE, Group, Quantity, changes


def sites(site):
    return [Group("site", str(number), site == number, site != number) for number in np.unique(site)]


def answers(rng, patients):
    """Four numbers, four shares and an angle that no site changes, alike in the ECGs of a patient."""
    own, ecg = rng.normal(size=(2, patients.max() + 1, 4)), rng.normal(size=(len(patients), 9))
    numbers = 2 * own[0][patients] + ecg[:, :4]
    shares = (2 * own[1][patients] + ecg[:, 4:8] > [0, 1, 2, 5]).astype(float)
    return [
        *(Quantity(f"number {n}", "number", values) for n, values in enumerate(numbers.T)),
        *(Quantity(f"share {n}", "share", values) for n, values in enumerate(shares.T)),
        Quantity("angle", "angle", (160 + 40 * numbers[:, 0] + 180) % 360 - 180),
    ]


def shares_of_runs(*, most, known=True, runs=60):
    """Of runs without drift, sites by patient: any uncorrected p at the level, any corrected, any alarm.

    Of 1,500 runs of one ECG a patient 27.7 %, 3.1 % and 3.1 %.
    """
    rng = np.random.default_rng(1)
    counts = np.zeros(3)
    for _ in range(runs):
        patients = np.repeat(np.arange(150), rng.integers(1, most + 1, 150))
        site = rng.integers(2, size=150)[patients]
        found = changes(answers(rng, patients), sites(site)[:1], patients if known else None)
        counts += [
            any(each.p <= LEVEL for each in found),
            any(each.significant for each in found),
            any(each.alarm for each in found),
        ]
    return counts / runs


def test_without_drift_alarms_are_as_rare_as_promised():
    uncorrected, corrected, alarms = shares_of_runs(most=1)
    assert uncorrected > 2 * LEVEL  # so that the correction has something to do
    assert alarms <= corrected <= LEVEL


def test_patients_who_come_again_are_no_drift_where_they_are_known():
    assert shares_of_runs(most=5)[1] <= LEVEL
    assert shares_of_runs(most=5, known=False)[2] > 2 * LEVEL


@pytest.mark.parametrize(
    ("name", "moved", "effect", "difference"),
    [
        ("number 1", lambda values: values + 1.5, 0.29, 1.5),
        ("share 3", lambda values: np.maximum(values, np.arange(len(values)) % 5 == 0), 0.8, 0.2),
        ("angle", lambda values: (values + 90 + 180) % 360 - 180, 0.3, 90),
    ],
)
def test_what_moves_at_one_site_is_found_there_and_nothing_else_is(name, moved, effect, difference):
    rng = np.random.default_rng(1)
    patients, site = np.arange(800), np.arange(800) % 4
    given = answers(rng, patients)
    given = [
        Quantity(
            each.name,
            each.kind,
            np.where(site == 2, moved(each.values), each.values) if each.name == name else each.values,
        )
        for each in given
    ]
    found = changes(given, sites(site), patients)
    assert [(each.value, each.quantity) for each in found if each.alarm and each.value == "2"] == [("2", name)]
    assert {each.quantity for each in found if each.alarm} == {name}
    (change,) = [each for each in found if each.alarm and each.value == "2"]
    assert change.effect == pytest.approx(effect, rel=0.3)
    assert change.difference.low < change.difference.value < change.difference.high
    assert change.difference.value == pytest.approx(difference, rel=0.35)
    assert change.records == (200, 600)


def test_what_is_sure_but_small_raises_no_alarm():
    values = np.random.default_rng(2).normal(size=20000)
    site = np.arange(20000) % 2
    (change,) = changes([Quantity("number", "number", values + 0.1 * site)], sites(site)[1:])
    assert change.significant
    assert 0.02 < change.effect < SMALL_DISTANCE
    assert not change.alarm


def test_too_few_and_what_never_varies_are_named_and_no_tests():
    values = np.random.default_rng(3).normal(size=60)
    site = (np.arange(60) < 19).astype(int)
    known = np.where(np.arange(60) % 2, values, np.nan)
    given = [
        Quantity("all", "number", values),
        Quantity("half", "number", known),
        Quantity("same", "share", 0 * values),
    ]
    found = changes(given, [Group("site", "a", site == 1, site == 0)])
    assert [each.note for each in found] == [FEW] * 3
    halves = [Group("site", "a", values < 0, values >= 0)]
    notes = {each.quantity: (each.note, each.p_adjusted == each.p) for each in changes(given, halves)}
    assert notes == {"all": ("", True), "half": (FEW, False), "same": (SAME, False)}
    few_patients = changes(given[:1], halves, np.arange(60) // 3)
    assert [each.note for each in few_patients] == [FEW]
    assert few_patients[0].sizes[0] < few_patients[0].records[0]


def test_arrays_of_other_records_are_refused():
    with pytest.raises(ValueError, match="all of the same records"):
        changes([Quantity("number", "number", np.zeros(3))], [Group("site", "a", np.ones(4, bool), np.ones(4, bool))])
