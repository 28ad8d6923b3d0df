"""Who follows the audit goes on where he was, whatever happened in between."""

import pytest

from twelvelead.ledger import Event


def follow(ledger, name="reports"):
    with ledger.begin() as books:
        rows = list(books.audit.rows(after=books.cursors.get(name) or 0))
        if rows:
            books.cursors.put(name, rows[-1].sequence)
    return [row.event.action for row in rows]


def test_every_row_is_seen_once_and_a_follower_that_fails_sees_it_again(ledger):
    ledger.record(Event("local", "sign"))
    assert follow(ledger) == ["sign"]
    ledger.record(Event("local", "interpret"))

    def fail():
        with ledger.begin() as books:
            books.cursors.put("reports", 2)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert follow(ledger) == ["interpret"]
    assert follow(ledger) == []
    assert follow(ledger, "another") == ["sign", "interpret"]
