"""What speaks for a statement: asked of a worker once, kept, and never of other weights."""

import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.service import answering

PLACE = "/v1/recordings"


@pytest.fixture
def place(kept, ward, aecg):
    """place(**of aecg) -> where the attribution of a new recording is."""
    return lambda **how: f"{PLACE}/{kept.post(PLACE, content=aecg(**how), headers=ward).json()['id']}/attribution"


def test_shares_of_the_strongest_stretch_by_lead_and_time(kept, ward, place):
    found = kept.get(place(variant="wide_qrs", seed=1), params={"statement": "CD"}, headers=ward).json()
    assert (found["statement"], found["start_s"], found["step_s"]) == ("CD", 0, pytest.approx(0.4))
    assert list(found["leads"]) == list(LEADS)
    assert {len(row) for row in found["leads"].values()} == {25}
    assert max(value for row in found["leads"].values() for value in row) == 1
    assert found["strongest_log_odds"] > 0.05


def test_the_worker_is_asked_once_for_all_statements(kept, ward, place, monkeypatch):
    where, asked = place(seed=2, seconds=5.0), []
    work = kept.app.state.core.work

    async def counted(function, *arguments):
        asked.append(function)
        return await work(function, *arguments)

    monkeypatch.setattr(kept.app.state.core, "work", counted)
    codes = ("NORM", "MI", "SR", "LAO/LAE", "SR")
    found = [kept.get(where, params={"statement": code}, headers=ward).json() for code in codes]
    assert [each["statement"] for each in found] == list(codes)
    assert asked == [answering.explain]
    assert found[2] == found[4] != found[1]
    with kept.app.state.core.ledger.view() as books:
        rows = [row.event for row in books.audit.rows() if row.event.subject in where]
    assert [row.action for row in rows] == ["interpret"] + ["explain"] * 5


def test_what_is_not_answered_for_is_a_problem(kept, ward, place, problem):
    where = place(seed=3)
    for code in ("XYZ", "../..", "x" * 101, ""):
        problem(kept.get(where, params={"statement": code}, headers=ward), 400, "usage")
    problem(kept.get(where, headers=ward), 400, "usage")
    problem(kept.get(where, params={"statement": "MI"}), 401, "denied")


def test_of_a_refused_recording_nothing_is_explained(kept, ward, aecg, problem):
    loose = aecg().replace(b"MDC_ECG_LEAD_V2", b"MDC_ECG_LEAD_X")
    recording = kept.post(PLACE, content=loose, headers=ward).json()
    where = f"{PLACE}/{recording['id']}/attribution"
    problem(kept.get(where, params={"statement": "MI"}, headers=ward), 404, "no-resource")


def test_an_answer_of_other_weights_is_not_explained_by_these(kept, ward, place, problem, monkeypatch):
    where, core = place(seed=4, seconds=5.0), kept.app.state.core
    with monkeypatch.context() as changed:
        changed.setattr(core, "digests", {core.default: ("0" * 64, "0" * 64)})
        problem(kept.get(where, params={"statement": "MI"}, headers=ward), 409, "conflict")
    assert kept.get(where, params={"statement": "MI"}, headers=ward).status_code == 200
