"""A backup holds all of one moment, and either database is made from it."""

import hashlib
import io
import json
import tarfile
import threading
from datetime import timedelta

import pytest

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.ledger import Event, Identity, Ledger, NewAnswer, NewReading, Patient, restore

MINUTE = timedelta(minutes=1)


def fill(ledger, keep):
    recording = keep(ledger, b"original", identity=Identity("Ö", "12", more={"a": [1, None]}), once="uid")
    keep(ledger, b"original", "other ward")
    page = b"%PDF"
    with ledger.begin(page) as books:
        books.recordings.answer(recording.id, NewAnswer("interpreted", {"p": 0.1}, statements=("MI",), duration_s=10.0))
        books.recordings.attach(recording.id, "page.pdf", "application/pdf", hashlib.sha256(page).hexdigest())
        books.readings.add(recording.id, NewReading("dr", True, ({"code": "MI"},), "text", signed=True), after=0)
        books.recordings.mark_seen(recording.id, "dr")
        books.recordings.state_patient(recording.id, Patient("12", "a", "dr", recording.received))
        books.settings.keep("a = 1\n")
        key, secret = books.keys.add("dr", "write")
        books.sessions.open(key, MINUTE)
        for number in range(3):
            books.jobs.enqueue("deliver", {"number": number}, recording=recording.id)
            books.audit.append(Event("ward", "receive", subject=recording.id))
    return recording, secret


def all_of(ledger):
    """All that a ledger can be asked for."""
    with ledger.view() as books:
        recordings = books.recordings.list(None, reader="dr").recordings
        return [
            recordings,
            [books.recordings.files(each.id) for each in recordings],
            [books.recordings.answered(each.id) for each in recordings],
            [[ledger.content(a.sha256) for a in books.recordings.attachments(each.id)] for each in recordings],
            [ledger.content(each.source_sha256) for each in recordings],
            [books.readings.history(each.id) for each in recordings],
            books.jobs.list(),
            list(books.audit.rows()),
            books.keys.list(),
            books.settings.get(hashlib.sha256(b"a = 1\n").hexdigest()),
        ]


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_restored_ledger_is_the_same_in_either_database(ledger, keep, tmp_path, request, clock, into):
    recording, secret = fill(ledger, keep)
    ledger.backup(tmp_path / "backup.tar")
    url = None if into == "sqlite" else request.getfixturevalue("new_postgresql")()
    restore(tmp_path / "backup.tar", tmp_path / "restored", url)
    with Ledger.open(tmp_path / "restored", url, clock=clock) as restored:
        assert all_of(restored) == all_of(ledger)
        assert restored.authenticate(secret).name == "dr"
        with restored.begin() as books:
            assert books.jobs.enqueue("deliver", {})[0].id == 4
            books.audit.append(Event("ward", "receive"))
            assert books.audit.verify().faults == ()
            assert books.recordings.add("ward", recording.source_sha256, "DICOM", [], once="uid")[0].id == recording.id


def test_a_backup_while_others_write_is_of_one_moment(ledger, keep, tmp_path):
    stop = threading.Event()
    number = 0

    def write():
        nonlocal number
        while not stop.is_set():
            number += 1
            recording = keep(ledger, str(number).encode())
            with ledger.begin() as books:
                books.audit.append(Event("ward", "receive", subject=recording.id))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for each in range(3):
            ledger.backup(tmp_path / f"{each}.tar")
    finally:
        stop.set()
        writer.join()
    for each in range(3):
        restore(tmp_path / f"{each}.tar", tmp_path / str(each))
        with Ledger.open(tmp_path / str(each)) as restored, restored.view() as books:
            recordings = books.recordings.list(None, limit=10_000).recordings
            assert len(recordings) - books.audit.head().sequence in (0, 1)
            assert all(restored.content(each.source_sha256) for each in recordings)


def test_a_ledger_that_is_there_is_not_overwritten(ledger, keep, tmp_path, url):
    fill(ledger, keep)
    ledger.backup(tmp_path / "backup.tar")
    before = all_of(ledger)
    with pytest.raises(TwelveLeadError, match="there is a ledger already"):
        restore(tmp_path / "backup.tar", ledger.folder, url)
    assert all_of(ledger) == before


def members(path):
    with tarfile.open(path) as tar:
        return [(each.name, tar.extractfile(each).read()) for each in tar]


def write(path, contents):
    with tarfile.open(path, "w") as tar:
        for name, content in contents:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def changed(contents, which, change):
    return [(name, change(content) if name.startswith(which) else content) for name, content in contents]


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("ledger.json", lambda content: b"{}"),
        ("ledger.json", lambda content: content.replace(b'"version": 1', b'"version": 1.5')),
        ("ledger.json", lambda content: content[:-10]),
        ("objects/", lambda content: content + b"x"),
        ("tables/readings", lambda content: content.replace(b"text", b"test", 1)),
        ("tables/readings", lambda content: content[:-1]),
        ("tables/audit", lambda content: content[: content.rindex(b"{")]),
        ("tables/recordings", lambda content: b""),
        ("tables/jobs", lambda content: b"[1]\n"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_made(ledger, keep, tmp_path, new_url, which, change):
    fill(ledger, keep)
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    ledger.backup(good)
    write(bad, changed(members(good), which, change))
    url = new_url()
    with pytest.raises(TwelveLeadError, match=r"bad\.tar"):
        restore(bad, tmp_path / "restored", url)
    assert not [path for path in (tmp_path / "restored" / "objects").rglob("*") if path.is_file()]
    restore(good, tmp_path / "restored", url)
    with Ledger.open(tmp_path / "restored", url) as restored:
        assert restored.metrics().recordings == {"received": 1, "interpreted": 1}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_backup_that_is_cut_off_is_refused(ledger, keep, tmp_path, share):
    fill(ledger, keep)
    ledger.backup(tmp_path / "backup.tar")
    whole = (tmp_path / "backup.tar").read_bytes().rstrip(b"\0")
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Unreadable) as error:
        restore(tmp_path / "cut.tar", tmp_path / "restored")
    assert error.value.code == "damaged"


def test_no_backup_is_told(tmp_path):
    with pytest.raises(Unreadable) as error:
        restore(tmp_path / "none.tar", tmp_path / "restored")
    assert error.value.code == "not-found"


def test_a_backup_that_cannot_be_written_leaves_the_last_one(ledger, keep, tmp_path):
    sha256 = keep(ledger).source_sha256
    ledger.backup(tmp_path / "backup.tar")
    before = (tmp_path / "backup.tar").read_bytes()
    ledger._objects.path(sha256).write_bytes(b"rotten")
    with pytest.raises(Unreadable):
        ledger.backup(tmp_path / "backup.tar")
    assert (tmp_path / "backup.tar").read_bytes() == before
    (tmp_path / "file").touch()
    with pytest.raises(TwelveLeadError, match="name another file"):
        ledger.backup(tmp_path / "file" / "backup.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "file", "ledger"]


def test_the_backup_can_be_read_without_us(ledger, keep, tmp_path):
    fill(ledger, keep)
    ledger.backup(tmp_path / "backup.tar")
    contents = dict(members(tmp_path / "backup.tar"))
    about = json.loads(contents["ledger.json"])
    with ledger.view() as books:
        assert about["audit"] == str(books.audit.head())
    assert about["tables"]["recordings"]["rows"] == len(contents["tables/recordings.jsonl"].splitlines()) == 2
    assert contents[f"objects/{hashlib.sha256(b'original').hexdigest()}"] == b"original"
    assert "tables/sessions.jsonl" not in contents
