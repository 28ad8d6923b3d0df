"""Whatever is done to the audit's rows is found, up to a head that was kept elsewhere."""

import contextlib
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import Audit, Event, Head, Ledger, schema

ROWS = 6
FIELDS = [column.name for column in schema.audit.columns if column.name != "sequence"]


def events(number):
    return [
        Event(f"ward {each}", "interpret", "ok" if each % 2 else "flat", f"id-{each}", f"r{each}", f"{each:064x}")
        for each in range(number)
    ]


def fill(ledger, number=ROWS):
    for event in events(number):
        with ledger.begin() as books:
            books.audit.append(event)


def verify(ledger, kept=None):
    with ledger.view() as books:
        return books.audit.verify(kept)


def head(ledger):
    with ledger.view() as books:
        return books.audit.head()


def test_rows_come_back_and_the_chain_is_whole(ledger, clock):
    assert verify(ledger, head(ledger)).faults == ()
    fill(ledger)
    with ledger.view() as books:
        rows = list(books.audit.rows())
        assert [row.sequence for row in books.audit.rows(after=2, limit=3)] == [3, 4, 5]
    assert [row.event for row in rows] == events(ROWS)
    assert [row.sequence for row in rows] == list(range(1, ROWS + 1))
    assert {row.time for row in rows} == {clock.now}
    kept = head(ledger)
    assert (kept.sequence, kept.hash) == (ROWS, rows[-1].hash)
    assert (verify(ledger, kept).head, verify(ledger, kept).faults) == (kept, ())
    fill(ledger, 1)
    assert verify(ledger, kept).faults == ()


def test_a_row_can_be_checked_by_hand(ledger):
    import hashlib

    with ledger.begin() as books:
        books.audit.append(Event("ward", "interpret", subject="id", input_sha256="a" * 64))
    start = "0" * 64
    values = (
        f'[1,"2026-01-31T12:00:00.000000Z","ward","interpret","ok","id",null,"{"a" * 64}",null,null,null,"{start}"]'
    )
    assert head(ledger).hash == hashlib.sha256(values.encode()).hexdigest()


def test_a_head_is_written_and_read():
    kept = Head(12, "ab" * 32)
    assert Head.parse(f" {kept}\n") == kept
    for text_ in ("", "12", "12:ab", f"x:{'ab' * 32}", f"-1:{'ab' * 32}"):
        with pytest.raises(TwelveLeadError, match="head of the audit"):
            Head.parse(text_)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", ""),
        ("actor", "a\nb"),
        ("actor", "x" * 65),
        ("action", "Interpret"),
        ("action", "sign for Doe"),
        ("outcome", "patient Doe, 1990"),
        ("subject", "a/b"),
        ("request_id", "Doe, Jane"),
        ("input_sha256", "f" * 63),
        ("weights_sha256", "F" * 64),
        ("settings_sha256", "ok\n"),
    ],
)
def test_what_is_no_name_no_code_and_no_hash_does_not_get_in(ledger, field, value):
    with pytest.raises(ValueError, match=field), ledger.begin() as books:
        books.audit.append(Event(**asdict(Event("ward", "interpret")) | {field: value}))
    assert head(ledger).sequence == 0


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE sequence = 2"])
def test_the_database_itself_refuses_changes(ledger, statement):
    fill(ledger)
    kept = head(ledger)
    with pytest.raises(Exception, match="not changed"), ledger._database.begin() as connection:
        connection.execute(text(statement))
    assert verify(ledger, kept) == verify(ledger)


@contextlib.contextmanager
def tampering(ledger):
    """A connection that may do anything; undone at the end."""
    with ledger._database.engine.connect() as bare:
        connection = bare.execution_options(writes=True)
        with connection.begin() as transaction:
            for trigger in ("audit_no_update", "audit_no_delete"):
                connection.execute(text(f"DROP TRIGGER {trigger}"))
            yield connection
            transaction.rollback()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    with Ledger.open(tmp_path_factory.mktemp("audit") / "ledger") as ledger:
        fill(ledger)
        yield ledger


def faults(ledger, kept, *statements):
    with tampering(ledger) as connection:
        for statement, values in statements:
            connection.execute(text(statement), values)
        return Audit(connection, None).verify(kept).faults


@settings(deadline=None, max_examples=60)
@given(row=st.integers(1, ROWS), field=st.sampled_from(FIELDS), seed=st.integers(1, 1 << 16))
def test_any_single_edit_is_found(filled, row, field, seed):
    new = f"2025-01-01T00:00:00.{seed:06d}Z" if field == "time" else f"{seed:064x}"
    found = faults(filled, None, (f"UPDATE audit SET {field} = :new WHERE sequence = :row", {"new": new, "row": row}))
    assert found
    assert any(str(row) in re.findall(r"row (\d+)", each) for each in found)


@settings(deadline=None, max_examples=30)
@given(row=st.integers(1, ROWS))
def test_an_edit_that_mends_its_own_hash_is_found_with_the_last_head(filled, row):
    kept = head(filled)
    with tampering(filled) as connection:
        connection.execute(text("UPDATE audit SET actor = 'x' WHERE sequence = :row"), {"row": row})
        audit = Audit(connection, None)
        (edited,) = audit.rows(after=row - 1, limit=1)
        mended = {"hash": edited.right_hash(), "row": row}
        connection.execute(text("UPDATE audit SET hash = :hash WHERE sequence = :row"), mended)
        assert len(audit.verify(kept).faults) == 1


@settings(deadline=None, max_examples=30)
@given(row=st.integers(1, ROWS), kept_at=st.integers(1, ROWS))
def test_any_deletion_is_found_with_the_last_head(filled, row, kept_at):
    kept = head(filled)
    assert faults(filled, kept, ("DELETE FROM audit WHERE sequence = :row", {"row": row}))
    cut = faults(filled, kept, ("DELETE FROM audit WHERE sequence >= :row", {"row": kept_at}))
    assert cut == (f"the audit ends at row {kept_at - 1}, and there was a row {ROWS}: it was cut off",)


@settings(deadline=None, max_examples=30)
@given(rows=st.lists(st.integers(1, ROWS), min_size=2, max_size=2, unique=True))
def test_any_swap_is_found(filled, rows):
    one, two = rows
    move = "UPDATE audit SET sequence = :new WHERE sequence = :old"
    steps = [(one, -1), (two, one), (-1, two)]
    assert faults(filled, None, *((move, {"old": old, "new": new}) for old, new in steps))


def test_a_chain_written_anew_looks_whole_and_is_found_by_the_head(filled):
    kept = head(filled)
    with tampering(filled) as connection:
        connection.execute(text("DELETE FROM audit WHERE sequence > 2"))
        audit = Audit(connection, filled._clock())
        for event in events(ROWS):
            audit.append(event)
        assert audit.verify().faults == ()
        assert audit.verify(kept).faults == (
            f"row {ROWS} is not the one that was the last then: the audit was written anew",
        )


def test_a_row_of_another_place_before_the_first_is_found(filled):
    row = "INSERT INTO audit SELECT 0, " + ", ".join(FIELDS) + " FROM audit WHERE sequence = 1"
    assert faults(filled, None, (row, {}))


def test_many_writers_make_one_chain(tmp_path, url):
    with Ledger.open(tmp_path / "ledger", url) as ledger, Ledger.open(tmp_path / "ledger", url) as other:
        with ThreadPoolExecutor(4) as workers:
            list(workers.map(lambda each: fill(each, 10), [ledger, other] * 2))
        assert verify(ledger, head(ledger)).faults == ()
        assert head(ledger).sequence == 40


def test_rows_of_many_threads_share_transactions_and_each_is_there_when_it_returns(ledger):
    barrier = threading.Barrier(8)

    def record(number):
        barrier.wait()
        row = ledger.record(events(number + 1)[number])
        with ledger.view() as books:
            assert next(books.audit.rows(after=row.sequence - 1)) == row
        return row

    with ThreadPoolExecutor(8) as threads:
        rows = sorted(threads.map(record, range(8)), key=lambda row: row.sequence)
    assert sorted(row.event.actor for row in rows) == [each.actor for each in events(8)]
    assert [row.sequence for row in rows] == list(range(1, 9))
    assert verify(ledger).faults == ()


def test_what_cannot_be_written_is_told_to_each_thread_and_the_next_goes_on(ledger, monkeypatch):
    def refuse(audit, events):
        raise TwelveLeadError("full", code="ledger")

    with pytest.raises(ValueError, match="actor"):
        ledger.record(Event("no\nname", "interpret"))
    monkeypatch.setattr(Audit, "extend", refuse)
    with ThreadPoolExecutor(4) as threads:
        told = [threads.submit(ledger.record, each).exception() for each in events(4)]
    assert [each.code for each in told] == ["ledger"] * 4
    monkeypatch.undo()
    assert ledger.record(events(1)[0]).sequence == 1


def test_writers_in_several_processes_make_one_chain(tmp_path, url):
    code = (
        "import sys; from pathlib import Path; from twelvelead.ledger import Event, Ledger\n"
        "with Ledger.open(Path(sys.argv[1]), sys.argv[2] or None) as ledger:\n"
        "    for _ in range(20):\n"
        "        with ledger.begin() as books: books.audit.append(Event('ward', 'interpret'))\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "ledger", url or ""]
    source = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    running = [subprocess.Popen(command, env=source) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    with Ledger.open(tmp_path / "ledger", url) as ledger:
        assert verify(ledger).faults == ()
        assert head(ledger).sequence == 40
