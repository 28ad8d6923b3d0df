"""What was acknowledged is kept, whatever happens to the process; what was not leaves nothing."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import lock_folder
from twelvelead.ledger import File, Ledger, NewReading, schema
from twelvelead.ledger.objects import Arrivals

SOURCE = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}

# Four threads that enter recordings of random bytes, and say so when each is kept.
UPLOADER = """
import hashlib, os, random, sys, threading
from pathlib import Path
from twelvelead.ledger import Event, File, Ledger

ledger = Ledger.open(Path(sys.argv[1]), sys.argv[2] or None)

def upload():
    while True:
        header, signal = os.urandom(200), os.urandom(random.randrange(20_000, 60_000))
        first, second = (hashlib.sha256(each).hexdigest() for each in (header, signal))
        files = [File("a.hea", first), File("a.dat", second)]
        with ledger.begin(header, signal) as books:
            recording, _ = books.recordings.add("ward", second, "WFDB", files)
            books.audit.append(Event("ward", "receive", subject=recording.id, input_sha256=second))
        os.write(1, f"{recording.id} {first} {second}\\n".encode())

for _ in range(4):
    threading.Thread(target=upload, daemon=True).start()
threading.Event().wait()
"""


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()


def files_of(ledger):
    """SHA-256 of all that lies in the ledger's folder, and what is under way."""
    objects = {path.name for path in (ledger.folder / "objects").rglob("*") if path.is_file()}
    return objects, [path for path in (ledger.folder / "arriving").rglob("*") if path.is_file()]


def referred(ledger):
    with ledger._database.view() as connection:
        return set(connection.scalars(select(schema.objects.c.sha256)))


@pytest.mark.parametrize("lines", [1, 25])
def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_is_half(tmp_path, url, lines):
    command = [sys.executable, "-c", UPLOADER, tmp_path / "ledger", url or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | SOURCE) as process:
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    acknowledged = {id_: files for id_, *files in (line.split() for line in said)}
    assert len(acknowledged) >= lines
    with Ledger.open(tmp_path / "ledger", url) as ledger:
        with ledger.view() as books:
            there = {each.id for each in books.recordings.list(None, limit=10_000).recordings}
            files = {id_: [file.sha256 for file in books.recordings.files(id_)] for id_ in there}
            audited = [row.event.subject for row in books.audit.rows()]
            assert books.audit.verify().faults == ()
        assert acknowledged.items() <= files.items()
        assert sorted(audited) == sorted(there)
        assert all(len(each) == 2 and all(map(ledger.content, each)) for each in files.values())
        assert files_of(ledger) == (referred(ledger), [])


def test_what_a_killed_process_left_is_settled_by_the_next(tmp_path, url, keep):
    """Bytes placed for a transaction that never ended go; bytes that an unfinished purge took out come back."""
    with Ledger.open(tmp_path / "ledger", url) as ledger:
        kept = keep(ledger, b"kept").source_sha256
        ledger._objects.arrive([b"lost"], Arrivals(ledger._objects))
        ledger._objects.take_out(kept)
        assert files_of(ledger)[0] == {sha256_of(b"lost")}
        os.close(ledger._objects._lock)  # as the end of the process does
        ledger._objects._lock = None
        with Ledger.open(tmp_path / "ledger", url) as next_one:
            assert files_of(next_one) == ({kept}, [])
            assert next_one.content(kept) == b"kept"


def test_half_a_file_that_a_killed_process_left_takes_no_place(tmp_path, keep):
    with Ledger.open(tmp_path / "ledger") as ledger:
        kept = keep(ledger, b"kept").source_sha256
        ledger._objects.path(kept).unlink()
        half = tmp_path / "ledger" / "arriving" / "killed" / f"{kept}.1"
        half.parent.mkdir()
        half.write_bytes(b"ke")
        with Ledger.open(tmp_path / "ledger") as next_one:
            assert files_of(next_one) == (set(), [])


def test_what_another_process_has_under_way_is_left_alone(tmp_path, url):
    with Ledger.open(tmp_path / "ledger", url) as ledger, ledger.begin(b"under way") as books:
        sha256 = sha256_of(b"under way")
        books.recordings.add("ward", sha256, "DICOM", [File("a", sha256)])
        under_way = files_of(ledger)
        code = "import sys; from twelvelead.ledger.objects import Objects; from pathlib import Path\n"
        code += "Objects(Path(sys.argv[1])).open(None)"
        subprocess.run([sys.executable, "-c", code, ledger.folder], check=True, env=os.environ | SOURCE)
        assert files_of(ledger) == under_way
    with Ledger.open(tmp_path / "ledger", url) as ledger:
        assert files_of(ledger) == ({sha256}, [])


def test_a_process_that_ends_while_another_opens_is_no_matter(tmp_path, monkeypatch):
    with Ledger.open(tmp_path / "ledger") as ending:

        def lock(folder):
            if folder == ending._objects._arriving:
                raise FileNotFoundError(folder)
            return lock_folder(folder)

        monkeypatch.setattr("twelvelead.ledger.objects.lock_folder", lock)
        with Ledger.open(tmp_path / "ledger"):
            assert len(list((tmp_path / "ledger" / "arriving").iterdir())) == 2


def test_a_transaction_that_fails_leaves_nothing_and_takes_nothing(ledger, keep):
    kept = keep(ledger, b"kept").source_sha256

    def enter(books, content):
        books.recordings.add("ward", "f" * 64, "DICOM", [File("a", sha256_of(content))])
        books.jobs.get(99)

    for content in (b"new", b"kept"):
        with pytest.raises(TwelveLeadError, match="no job 99"), ledger.begin(content) as books:
            enter(books, content)
    assert files_of(ledger) == ({kept}, [])
    assert ledger.metrics().recordings == {"received": 1}


def test_bytes_that_nothing_refers_to_are_not_kept(ledger):
    with ledger.begin(b"a", b"b") as books:
        books.recordings.add("ward", sha256_of(b"a"), "DICOM", [File("a", sha256_of(b"a"))])
    assert files_of(ledger) == ({sha256_of(b"a")}, [])


def test_bytes_that_a_purge_takes_between_writing_and_entering_are_placed_again(ledger):
    sha256 = sha256_of(b"bytes")
    with ledger.begin(b"bytes") as books:
        ledger._objects.path(sha256).unlink()
        books.recordings.add("ward", sha256, "DICOM", [File("a", sha256)])
    assert ledger.content(sha256) == b"bytes"


def test_many_at_once_with_the_same_bytes(tmp_path, url, keep):
    with Ledger.open(tmp_path / "ledger", url) as ledger, Ledger.open(tmp_path / "ledger", url) as other:
        with ThreadPoolExecutor(6) as workers:
            entered = list(workers.map(lambda each: keep(each, b"same"), [ledger, other] * 15))
        assert len({each.id for each in entered}) == 30
        assert files_of(ledger) == ({sha256_of(b"same")}, [])


def test_a_change_of_the_bytes_is_noticed(ledger, keep):
    sha256 = keep(ledger, b"bytes").source_sha256
    path = ledger._objects.path(sha256)
    path.write_bytes(b"bites")
    with pytest.raises(Unreadable) as error:
        ledger.content(sha256)
    assert error.value.code == "damaged"
    path.unlink()
    with pytest.raises(Unreadable) as error:
        ledger.content(sha256)
    assert error.value.code == "not-found"


def test_nobody_else_can_look_into_it(ledger, keep, tmp_path):
    keep(ledger)
    ledger.backup(tmp_path / "backup.tar")
    there = [ledger.folder, tmp_path / "backup.tar", *ledger.folder.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in there if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in there if path.is_file()} == {0o600}


def test_an_empty_folder_is_closed_to_others_and_a_used_one_that_is_open_is_refused(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with Ledger.open(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(TwelveLeadError, match="others can look into it"):
        Ledger.open(folder)


def test_a_place_that_cannot_be_one_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TwelveLeadError, match="name a folder") as error:
        Ledger.open(tmp_path / "file" / "ledger")
    assert error.value.code == "not-writable"
    with pytest.raises(TwelveLeadError, match="mysql is not available"):
        Ledger.open(tmp_path / "ledger", "mysql://host/name")
    with pytest.raises(TwelveLeadError, match="cannot be read"):
        Ledger.open(tmp_path / "ledger", "no url")
    with pytest.raises(TwelveLeadError, match="see to the database") as error:
        Ledger.open(tmp_path / "ledger", f"postgresql://me:secret@/name?host={tmp_path}")
    assert error.value.code == "ledger"
    assert "secret" not in str(error.value)


def test_a_damaged_database_is_told(tmp_path, keep):
    with Ledger.open(tmp_path / "ledger") as ledger:
        keep(ledger)
    database = tmp_path / "ledger" / "ledger.sqlite"
    database.write_bytes(b"x" * database.stat().st_size)
    with pytest.raises(TwelveLeadError, match="not a database"):
        Ledger.open(tmp_path / "ledger")


@contextmanager
def files_up_to(size):
    """No file of this process grows beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)


@pytest.mark.parametrize(("size", "content", "code"), [(300_000, 1_000_000, "not-writable"), (1_000, 1_000, "ledger")])
def test_a_full_disk_takes_no_half_recording_and_the_next_one_when_there_is_room(tmp_path, keep, size, content, code):
    with Ledger.open(tmp_path / "ledger") as ledger:
        kept = keep(ledger, b"kept").source_sha256
        files = [File("a", sha256_of(b"fits")), File("b", sha256_of(bytes(content)))]
        with pytest.raises(TwelveLeadError) as error, files_up_to(size), ledger.begin(b"fits", bytes(content)) as books:
            books.recordings.add("ward", "f" * 64, "WFDB", files)
        assert error.value.code == code
        again = keep(ledger, bytes(content)).source_sha256
        assert files_of(ledger) == ({kept, again}, [])


def test_an_error_of_the_database_holds_no_values(ledger):
    with pytest.raises(IntegrityError) as error, ledger.begin() as books:
        books.readings.add("no such recording", NewReading("Ötzi", True, (), "Ötzi"), after=0)
    assert "Ötzi" not in str(error.value)
