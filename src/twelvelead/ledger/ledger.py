"""What is kept, opened: a folder with the bytes, and a database with everything that refers to them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from twelvelead.errors import TwelveLeadError
from twelvelead.files import owning
from twelvelead.ledger import metrics
from twelvelead.ledger.audit import Audit, AuditRow, Event
from twelvelead.ledger.backup import read_backup, write_backup
from twelvelead.ledger.cursors import Cursors
from twelvelead.ledger.database import Database
from twelvelead.ledger.folder import own_folder, private_folder
from twelvelead.ledger.jobs import Jobs
from twelvelead.ledger.keys import ApiKey, Keys, Sessions
from twelvelead.ledger.metrics import Metrics
from twelvelead.ledger.migrations import migrate
from twelvelead.ledger.objects import Arrivals, Objects
from twelvelead.ledger.purge import Purged, purge
from twelvelead.ledger.readings import Readings
from twelvelead.ledger.recorder import Recorder
from twelvelead.ledger.recordings import Recordings
from twelvelead.ledger.settings import Settings


@dataclass(frozen=True)
class Books:
    """What can be read and written in one transaction; its time is one."""

    recordings: Recordings
    readings: Readings
    jobs: Jobs
    audit: Audit
    cursors: Cursors
    keys: Keys
    sessions: Sessions
    settings: Settings


class Ledger:
    """All that is kept. Safe to use from several threads, and from several processes on one machine.

    >>> with Ledger.open(folder) as ledger:
    ...     with ledger.begin(content) as books:
    ...         recording, new = books.recordings.add("ward 3", sha256, "DICOM", [File("ecg.dcm", sha256)])
    ...         books.audit.append(Event("ward 3", "receive", subject=recording.id, input_sha256=sha256))

    Once the block has ended, nothing that the process or the machine does loses the recording; before, nothing of it is
    left. So an answer that says "kept" is sent after the block.
    """

    def __init__(self, folder: Path, database: Database, objects: Objects, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._database = database
        self._objects = objects
        self._clock = clock
        self._left: list[Path] = []
        self._recorder = Recorder(self.begin)

    @classmethod
    def open(
        cls, folder: Path | None = None, url: str | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> Self:
        """Open a ledger; make it where there is none, and bring an older one up to date.

        Args:
            folder: that holds it; `default_folder()` where None. Made with rights for its user alone.
            url: of PostgreSQL: "postgresql://user:password@host/name"; None for SQLite in the folder.
            clock: what says the time; that of the machine where None.

        Raises:
            TwelveLeadError: the folder cannot be written or can be read by others; the database is not there, is
                damaged, or is of a newer version than this one.
            MissingExtra: PostgreSQL without its driver.
        """
        folder = own_folder(folder)
        database = Database(folder, url)
        objects = Objects(folder)
        try:
            with database.begin() as connection:
                migrate(connection, database.name)
                objects.open(connection)
        except BaseException:
            database.close()
            raise
        return cls(folder, database, objects, clock or (lambda: datetime.now(UTC)))

    def close(self) -> None:
        """Close it; what was committed is there."""
        self._recorder.close()
        self._objects.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def begin(self, *contents: bytes) -> Iterator[Books]:
        """A transaction that writes. One at a time in all processes, so it has to be short: whatever takes long is done
        before.

        Args:
            contents: bytes that the transaction refers to by their SHA-256: files of a recording, attachments. They are
                on the disk before it begins; those that it does not refer to are gone when it has ended.

        Raises:
            TwelveLeadError: the disk does not take the bytes (code "not-writable"), or the database does not take the
                transaction (code "ledger"): nothing of it is kept.
        """
        arrivals = Arrivals(self._objects)
        try:
            self._objects.arrive(contents, arrivals)
            with self._database.begin() as connection:
                yield self._books(connection, arrivals)
        except BaseException:
            arrivals.referred.clear()
            raise
        finally:
            self._settle(arrivals)

    @contextmanager
    def view(self) -> Iterator[Books]:
        """A transaction that reads, all from one moment. What writes in it fails.

        Raises:
            TwelveLeadError: the database is not there or is damaged, code "ledger".
        """
        with self._database.view() as connection:
            yield self._books(connection, Arrivals(self._objects))

    def content(self, sha256: str) -> bytes:
        """The bytes of a file or an attachment. Whether someone may see them, `Recordings.get` says.

        Raises:
            Unreadable: they are not there, or are not what they were.
        """
        return self._objects.content(sha256)

    def file(self, sha256: str) -> Path:
        """The file that has the bytes of a file or an attachment, which are what they were; for reading alone.

        Raises:
            Unreadable: they are not there, or are not what they were.
        """
        self._objects.content(sha256)
        return self._objects.path(sha256)

    def authenticate(self, secret: str) -> ApiKey | None:
        """The key of a secret, noted as used; None for a wrong or revoked one."""
        with self.view() as books:
            key = books.keys.check(secret)
            outdated = key is not None and books.keys.outdated(key)
        if key is not None and outdated:
            with suppress(TwelveLeadError), self.begin() as books:  # who may ask may, also when the disk is full
                books.keys.use(key)
        return key

    def record(self, event: Event) -> AuditRow:
        """Add a row to the audit that belongs to no other change. Threads that do so at one time share a transaction,
        and so the wait for the disk; the row is there when this returns.

        Raises:
            ValueError: a field holds what is no name, code or hash.
            TwelveLeadError: the database does not take it, code "ledger".
        """
        return self.record_soon(event).result()

    def record_soon(self, event: Event) -> Future[AuditRow]:
        """As `record`, for whoever does not wait in a thread.

        Raises:
            ValueError: a field holds what is no name, code or hash.
        """
        return self._recorder.append(event)

    def metrics(self) -> Metrics:
        """Counts for a monitor.

        Raises:
            TwelveLeadError: the database is not there or is damaged, code "ledger".
        """
        with self._database.view() as connection:
            return metrics.measure(connection, self._clock(), self.folder)

    def backup(self, to: Path) -> None:
        """Write all that is kept to one file, while others go on: everything as of one moment. Sessions are left out.

        Args:
            to: the file; takes the place of one that is there. Nobody else can read it.

        Raises:
            TwelveLeadError: a backup or a purge is at work, or the file cannot be written.
        """
        with self._upkeep():
            write_backup(self._database, self._objects, to, self._clock())

    def purge(
        self, older_than: timedelta, *, actor: str, signed_only: bool = False, request_id: str | None = None
    ) -> Purged:
        """Remove recordings that came longer ago than that, with all that is known of them: the original, attachments,
        identity, answers, readings, done jobs. Their bytes are gone from the folder and from the database's files; the
        audit keeps a row for each, with the hash of its bytes.

        Args:
            older_than: since they came.
            actor: who purges, for the audit.
            signed_only: leave alone what has no signed reading.
            request_id: for the audit.

        Raises:
            TwelveLeadError: a backup or another purge is at work, or others use the database for too long.
        """
        event = Event(actor, "purge", request_id=request_id)
        with self._upkeep():
            before = self._clock() - older_than
            return purge(self._database, self._objects, self._clock, before, signed_only, event)

    @contextmanager
    def _upkeep(self) -> Iterator[None]:
        """A backup needs the bytes that a purge would remove: one of either at a time, in all processes."""
        folder = self.folder / "upkeep"
        private_folder(folder)
        with owning(folder):
            yield

    def _settle(self, arrivals: Arrivals) -> None:
        """Remove what was written for a transaction and is not needed twice. Where the database is away, this is done
        after a later transaction, or by whoever opens the ledger next."""
        self._objects.forget(path for sha256, (_, path) in arrivals.there.items() if sha256 in arrivals.referred)
        self._left += [path for sha256, (_, path) in arrivals.there.items() if sha256 not in arrivals.referred]
        if self._left:
            left, self._left = self._left, []
            try:
                with self._database.begin() as connection:
                    self._objects.settle(connection, left)
            except TwelveLeadError:
                self._left += left

    def _books(self, connection: Connection, arrivals: Arrivals) -> Books:
        now = self._clock()
        return Books(
            Recordings(connection, now, arrivals),
            Readings(connection, now),
            Jobs(connection, now),
            Audit(connection, now),
            Cursors(connection, now),
            Keys(connection, now),
            Sessions(connection, now),
            Settings(connection, now),
        )


def restore(source: Path, folder: Path | None = None, url: str | None = None) -> None:
    """Make a ledger from a backup, of either database in either.

    Args:
        source: the backup.
        folder: of the new ledger; `default_folder()` where None. Holds none yet.
        url: of an empty PostgreSQL database; None for SQLite in the folder.

    Raises:
        TwelveLeadError: there is a ledger already, or the backup is of another version; nothing is made.
        Unreadable: the backup is not there, is none or is damaged; nothing is made.
    """
    folder = own_folder(folder)
    database = Database(folder, url)
    objects = Objects(folder)
    try:
        read_backup(source, database, objects, datetime.now(UTC))
    finally:
        objects.close()
        database.close()
