"""What readers say is kept in versions, and nothing is overwritten unseen."""

import pytest

from twelvelead.errors import Conflict
from twelvelead.ledger import NewReading


def draft(text, *, signed=False, measurements=None):
    return NewReading("Dr. Ö", True, ({"code": "AF", "said": "added"},), text, signed, measurements)


def test_each_change_is_a_version(ledger, keep, clock):
    recording = keep(ledger)
    with ledger.begin() as books:
        assert (books.readings.latest(recording.id), books.readings.history(recording.id)) == (None, ())
        first = books.readings.add(recording.id, draft("a", measurements={"qrs_ms": 90}), after=0)
    clock.move(minutes=1)
    with ledger.begin() as books:
        second = books.readings.add(recording.id, draft("b", signed=True), after=1)
    with ledger.view() as books:
        assert books.readings.history(recording.id) == (first, second)
        assert books.readings.latest(recording.id) == second
        assert (books.readings.get(recording.id, 1), books.readings.get(recording.id, 3)) == (first, None)
        now = books.recordings.get(recording.id, "ward")
    assert (first.measurements, first.statements, second.made) == (
        {"qrs_ms": 90},
        ({"code": "AF", "said": "added"},),
        clock.now,
    )
    assert (now.reading_version, now.signed, now.signed_by) == (2, clock.now, "Dr. Ö")
    assert "text" not in repr(second)


@pytest.mark.parametrize("after", [0, 2, -1])
def test_a_change_to_what_is_not_the_newest_is_a_conflict_and_changes_nothing(ledger, keep, after):
    recording = keep(ledger)
    with ledger.begin() as books:
        first = books.readings.add(recording.id, draft("a"), after=0)
    with pytest.raises(Conflict) as error, ledger.begin() as books:
        books.readings.add(recording.id, draft("b"), after=after)
    assert error.value.code == "conflict"
    with ledger.view() as books:
        assert books.readings.history(recording.id) == (first,)


def test_a_change_after_the_signature_has_to_be_signed_again_and_the_signed_one_stays(ledger, keep):
    recording, other = keep(ledger), keep(ledger, b"other", "other ward")
    with ledger.begin() as books:
        signed = books.readings.add(recording.id, draft("a", signed=True), after=0)
        books.readings.add(recording.id, draft("b"), after=1)
        others = books.readings.add(other.id, draft("c", signed=True), after=0)
        books.readings.add(keep_unsigned(books), draft("d"), after=0)
    with ledger.view() as books:
        now = books.recordings.get(recording.id, "ward")
        assert (now.signed, now.signed_by, now.reading_version) == (None, None, 2)
        assert books.readings.latest(recording.id, signed=True) == signed
        assert list(books.readings.signed("ward")) == [signed]
        assert list(books.readings.signed("other ward")) == [others]
        assert {each.recording for each in books.readings.signed(None)} == {recording.id, other.id}


def keep_unsigned(books):
    recording, _ = books.recordings.add("ward", "e" * 64, "DICOM", [])
    return recording.id
