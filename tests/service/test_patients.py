"""Whose recording it is, given by hand, and the earlier ones of the same patient."""

import pytest

PLACE = "/v1/recordings"


@pytest.fixture
def ward(kept, key_of, request):
    """The headers of a key with a worklist of its own."""
    return key_of(kept, request.node.name[-60:])


@pytest.fixture
def keep(kept, ward, aecg):
    """keep(**of aecg) -> the id of a recording that is kept."""
    return lambda **how: kept.post(PLACE, content=aecg(**how), headers=ward).json()["id"]


@pytest.fixture
def earlier(kept, ward):
    """earlier(id) -> ids of the earlier recordings."""
    return lambda of: [each["id"] for each in kept.get(f"{PLACE}/{of}/earlier", headers=ward).json()]


def test_earlier_are_those_of_the_same_id_made_before_whenever_they_came(keep, earlier):
    last = keep(seed=1, recorded="20260301120000")
    first = keep(seed=2, recorded="20240101120000")
    middle = keep(seed=3, recorded="20250101120000")
    other = keep(seed=4, patient="DEMO-10", recorded="20240101120000")
    unknown = keep(seed=5, patient="", recorded="20240101120000")
    assert earlier(last) == [middle, first]
    assert earlier(middle) == [first]
    assert earlier(first) == earlier(other) == earlier(unknown) == []


def test_without_a_time_in_the_file_the_arrival_counts(keep, earlier):
    first, second = keep(seed=1, recorded=""), keep(seed=2, recorded="20200101")
    assert (earlier(second), earlier(first)) == ([first], [])


def test_an_id_given_by_hand_counts_exactly_and_the_files_own_stays(kept, ward, keep, earlier, problem):
    first, second = keep(seed=1, recorded="20240101120000"), keep(seed=2, patient="X", recorded="20250101120000")
    place = f"{PLACE}/{second}/patient"
    for body in ({"id": " DEMO-1"}, {"id": ""}, {"id": "a\nb"}, {"id": "DEMO-1", "issuer": ""}, {"id": "1", "more": 1}):
        problem(kept.put(place, json=body, headers=ward), 400, "usage")
    stated = kept.put(place, json={"id": "DEMO-1", "issuer": "SYNTHETIC"}, headers=ward).json()
    assert (stated["patient"]["patient_id"], stated["patient"]["stated_by"]) == ("DEMO-1", ward_name(kept, ward))
    assert stated["identity"]["patient_id"] == "X"
    assert earlier(second) == [first]
    for body in ({"id": "DEMO-1"}, {"id": "DEMO-1", "issuer": "other"}, {"id": "demo-1", "issuer": "SYNTHETIC"}):
        kept.put(place, json=body, headers=ward)
        assert earlier(second) == []
    kept.delete(place, headers=ward)
    assert kept.get(f"{PLACE}/{second}", headers=ward).json()["patient"] is None


def ward_name(kept, ward):
    return kept.get("/v1/me", headers=ward).json()["name"]


def test_another_owners_recordings_are_never_among_them(kept, key_of, keep, aecg, problem, ward):
    other = key_of(kept, "elsewhere")
    theirs = kept.post(PLACE, content=aecg(seed=1, recorded="20200101120000"), headers=other).json()["id"]
    ours = keep(seed=2)
    assert kept.get(f"{PLACE}/{ours}/earlier", headers=ward).json() == []
    problem(kept.get(f"{PLACE}/{theirs}/earlier", headers=ward), 404, "not-found")
    problem(kept.put(f"{PLACE}/{theirs}/patient", json={"id": "1"}, headers=ward), 404, "not-found")
    reads = key_of(kept, "only reads", "read", owner="elsewhere")
    problem(kept.put(f"{PLACE}/{theirs}/patient", json={"id": "1"}, headers=reads), 403, "denied")


def test_the_audit_says_who_and_never_which_patient(kept, ward, keep):
    recording = keep(seed=1)
    kept.put(f"{PLACE}/{recording}/patient", json={"id": "SECRET-9"}, headers=ward)
    kept.get(f"{PLACE}/{recording}/earlier", headers=ward)
    with kept.app.state.core.ledger.view() as books:
        rows = [row.event for row in books.audit.rows() if row.event.subject == recording]
        assert [row.action for row in rows] == ["interpret", "patient", "earlier"]
        assert "SECRET" not in str(list(books.audit.rows()))


def test_a_comparison_has_rows_with_their_usual_differences_and_what_to_mind(kept, ward, keep, aecg, problem):
    first, second = keep(seed=1, recorded="20250101120000"), keep(variant="wide_qrs", seed=2, recorded="20260101120000")
    place = f"{PLACE}/{second}/comparison"
    found = kept.get(place, params={"earlier": first}, headers=ward).json()
    assert (found["days"], found["notes"]) == (365, [])
    assert (found["before"]["id"], found["now"]["made"]) == (first, "2026-01-01T12:00:00")
    rows = {row["name"]: row for row in found["rows"]}
    answers = [kept.get(f"{PLACE}/{each}/interpretation", headers=ward).json() for each in (first, second)]
    qrs = [each["measurements"]["qrs_ms"] for each in answers]
    assert (rows["qrs_ms"]["before"], rows["qrs_ms"]["now"], rows["qrs_ms"]["beyond"]) == (*qrs, True)
    assert rows["CD"]["difference"] == pytest.approx(
        answers[1]["classes"]["CD"]["probability"] - answers[0]["classes"]["CD"]["probability"]
    )
    assert rows["CD"]["beyond"] is True
    back = kept.get(f"{PLACE}/{first}/comparison", params={"earlier": second}, headers=ward).json()
    assert (back["days"], back["notes"]) == (-365, ["not-earlier"])
    kept.put(f"{PLACE}/{first}/patient", json={"id": "another"}, headers=ward)
    assert kept.get(place, params={"earlier": first}, headers=ward).json()["notes"] == ["other-patient"]
    problem(kept.get(place, params={"earlier": second}, headers=ward), 400, "usage")
    problem(kept.get(place, headers=ward), 400, "usage")
    problem(kept.get(place, params={"earlier": first[::-1]}, headers=ward), 404, "not-found")


def test_a_refused_recording_can_be_laid_beside_but_has_no_rows(kept, ward, keep, aecg):
    loose = aecg(patient="", recorded="20200101120000").replace(b"MDC_ECG_LEAD_V2", b"MDC_ECG_LEAD_X")
    sent = kept.post(PLACE, content=loose, headers=ward).json()
    assert sent["state"] == "refused"
    found = kept.get(f"{PLACE}/{keep()}/comparison", params={"earlier": sent["id"]}, headers=ward).json()
    assert (found["rows"], found["notes"]) == ([], ["refused", "patient-unknown"])


def test_an_earlier_one_of_another_owner_cannot_be_compared(kept, ward, keep, key_of, aecg, problem):
    theirs = kept.post(PLACE, content=aecg(seed=3), headers=key_of(kept, "far away")).json()["id"]
    problem(kept.get(f"{PLACE}/{keep()}/comparison", params={"earlier": theirs}, headers=ward), 404, "not-found")
