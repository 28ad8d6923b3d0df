"""What is purged is gone, to the last byte; what is not is whole, and the audit says what went."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.files import owning
from twelvelead.ledger import Event, File, Identity, NewAnswer, NewReading, Patient

DAY = timedelta(days=1)
MARK = b"Oetzi-the-patient"


def enter_all(ledger, keep, number, **how):
    """A recording with all that can be known of it, each with the mark and the number."""
    mark = MARK.decode() + str(number) * 50
    page = b"%PDF" + mark.encode()
    recording = keep(ledger, b"DICM" + mark.encode(), identity=Identity(mark, mark, mark, more={"a": mark}), **how)
    with ledger.begin(page) as books:
        said = NewAnswer("interpreted", {"identity": mark}, findings=({"message": mark},), conclusion=mark)
        books.recordings.answer(recording.id, said)
        books.recordings.attach(recording.id, "page.pdf", "application/pdf", hashlib.sha256(page).hexdigest())
        books.recordings.mark_seen(recording.id, mark)
        books.recordings.state_patient(recording.id, Patient(mark, mark, mark, recording.received))
        books.readings.add(recording.id, NewReading(mark, False, ({"code": mark},), mark), after=0)
        books.audit.append(Event("ward", "receive", subject=recording.id, input_sha256=recording.source_sha256))
        books.jobs.enqueue("deliver", {"mark": mark}, lane=mark, once=mark, recording=recording.id)
    with ledger.begin() as books:
        books.jobs.complete(books.jobs.claim("deliver", DAY))
    return recording


def holding(folder, mark=MARK):
    """The files below a folder with the mark in their name or bytes."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.name for path in files if mark in path.read_bytes() or mark in bytes(path)}


def data_folder(ledger):
    """Where the database keeps its files."""
    if ledger._database.is_sqlite:
        return ledger.folder
    with ledger._database.engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        database = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    return folder / "base" / str(database)


def test_the_bytes_of_what_is_purged_are_gone_from_every_file(ledger, keep, clock):
    recordings = [enter_all(ledger, keep, number) for number in range(20)]
    assert holding(data_folder(ledger))
    clock.move(days=2)
    stays = keep(ledger, b"stays")
    purged = ledger.purge(DAY, actor="admin", request_id="r1")
    assert (purged.recordings, purged.objects, purged.waiting) == (20, 40, 0)
    assert holding(ledger.folder) == holding(data_folder(ledger)) == set()
    if ledger._database.is_sqlite:
        assert (ledger.folder / "ledger.sqlite-wal").stat().st_size == 0
    with ledger.view() as books:
        assert [each.id for each in books.recordings.list(None).recordings] == [stays.id]
        events = [row.event for row in books.audit.rows(after=20)]
        assert books.audit.verify().faults == ()
    assert {(each.actor, each.action, each.request_id) for each in events} == {("admin", "purge", "r1")}
    assert {(each.subject, each.input_sha256) for each in events} == {(r.id, r.source_sha256) for r in recordings}
    assert ledger.content(stays.source_sha256) == b"stays"


def test_bytes_that_another_recording_has_too_stay(ledger, keep, clock):
    old = keep(ledger, b"same")
    keep(ledger, b"alone")
    clock.move(days=2)
    new = keep(ledger, b"same", "other ward")
    purged = ledger.purge(DAY, actor="admin")
    assert (purged.recordings, purged.objects) == (2, 1)
    assert ledger.content(new.source_sha256) == b"same"
    with ledger.view() as books, pytest.raises(TwelveLeadError, match="no such recording"):
        books.recordings.get(old.id, None)


def test_what_is_not_signed_stays_when_only_signed_ones_go(ledger, keep, clock):
    signed, unsigned = keep(ledger, b"1"), keep(ledger, b"2")
    with ledger.begin() as books:
        books.readings.add(signed.id, NewReading("dr", True, (), signed=True), after=0)
        books.readings.add(unsigned.id, NewReading("dr", True, ()), after=0)
    clock.move(days=2)
    assert ledger.purge(DAY, actor="admin", signed_only=True).recordings == 1
    with ledger.view() as books:
        assert [each.id for each in books.recordings.list(None).recordings] == [unsigned.id]


def test_what_still_has_to_be_delivered_waits(ledger, keep, clock):
    recording = keep(ledger)
    with ledger.begin() as books:
        books.jobs.enqueue("deliver", {}, recording=recording.id)
    clock.move(days=2)
    purged = ledger.purge(DAY, actor="admin")
    assert (purged.recordings, purged.waiting) == (0, 1)
    with ledger.begin() as books:
        books.jobs.fail(books.jobs.claim("deliver", DAY), "unreachable", again=None)
    purged = ledger.purge(DAY, actor="admin")
    assert (purged.recordings, purged.waiting) == (1, 0)


def test_many_go_in_several_transactions(ledger, keep, clock):
    with ledger.begin(b"same") as books:
        sha256 = hashlib.sha256(b"same").hexdigest()
        for _ in range(401):
            books.recordings.add("ward", sha256, "DICOM", [File("a", sha256)])
    clock.move(days=2)
    purged = ledger.purge(DAY, actor="admin")
    assert (purged.recordings, purged.objects) == (401, 1)
    assert ledger.metrics().audit == 401


def test_done_jobs_that_belong_to_no_recording_go_too(ledger, clock):
    with ledger.begin() as books:
        for lane in ("done", "dead", "queued"):
            books.jobs.enqueue("deliver", {}, lane=lane)
        books.jobs.complete(books.jobs.claim("deliver", DAY))
        books.jobs.fail(books.jobs.claim("deliver", DAY), "unreachable", again=None)
    clock.move(days=2)
    ledger.purge(DAY, actor="admin")
    with ledger.view() as books:
        assert [job.lane for job in books.jobs.list()] == ["dead", "queued"]


def test_one_upkeep_at_a_time(ledger, keep, tmp_path):
    with owning(ledger.folder / "upkeep"):
        for work in (lambda: ledger.purge(DAY, actor="admin"), lambda: ledger.backup(tmp_path / "backup.tar")):
            with pytest.raises(TwelveLeadError, match="is at work there"):
                work()


def test_a_purge_that_fails_takes_nothing(ledger, keep, clock, monkeypatch):
    recording = keep(ledger, b"bytes")
    clock.move(days=2)
    with pytest.raises(ValueError, match="actor"):
        ledger.purge(DAY, actor="no\nname")
    take_out = ledger._objects.take_out

    def fail(sha256):
        take_out(sha256)
        raise OSError("the disk")

    monkeypatch.setattr(ledger._objects, "take_out", fail)
    with pytest.raises(OSError, match="the disk"):
        ledger.purge(DAY, actor="admin")
    monkeypatch.undo()
    with ledger.view() as books:
        assert books.recordings.get(recording.id, None) == recording
        assert books.audit.head().sequence == 0
