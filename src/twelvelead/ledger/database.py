"""The database: SQLite in the ledger's folder, or PostgreSQL by its URL. One writer at a time in either.

That one rule makes everything in a transaction that writes safe to do step by step: look whether something is there,
then add it; read the last row of the audit, then append. A transaction lasts milliseconds: whoever begins one has read,
interpreted and written files before.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InternalError, OperationalError, TimeoutError

from twelvelead.errors import MissingExtra, TwelveLeadError
from twelvelead.ledger.schema import metadata

FILE = "ledger.sqlite"
WAIT_S = 30
"""For how long a transaction waits for the one before it."""

_CONNECTIONS = 16
"""That a process keeps open; twice as many at most."""

_OUTSIDE = (OperationalError, DatabaseError, InternalError)
"""What is no fault of the statement; the kinds below these are."""

_LOCK = 0x12_1EAD
"""PostgreSQL's advisory lock that whoever writes holds."""


class Database:
    """Transactions.

    Args:
        folder: of the ledger; there already.
        url: of PostgreSQL: "postgresql://user:password@host/name"; None for SQLite in the folder.

    Raises:
        TwelveLeadError: the URL is none.
        MissingExtra: PostgreSQL without its driver.
    """

    def __init__(self, folder: Path, url: str | None) -> None:
        self._writing = threading.Lock()
        self.engine = _sqlite(folder / FILE) if url is None else _postgresql(url)
        self.name = str(folder / FILE) if url is None else self.engine.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes, alone; it is on the disk when the block has ended well, undone when it has not.

        Raises:
            TwelveLeadError: the database is not there, is full or damaged, or others held it too long; code "ledger".
        """
        if not self._writing.acquire(timeout=WAIT_S):  # fair among threads, which SQLite's own waiting is not
            raise self._error("others have been writing for too long")
        try:
            with self._transaction(writes=True) as connection:
                yield connection
        finally:
            self._writing.release()

    @contextmanager
    def view(self) -> Iterator[Connection]:
        """A transaction that reads: all of it from one moment, whatever is written meanwhile.

        Raises:
            TwelveLeadError: the database is not there or is damaged, code "ledger".
        """
        with self._transaction(writes=False) as connection:
            yield connection

    def scrub(self) -> None:
        """Write the database's files anew, so that what was removed is in none of them.

        PostgreSQL's log of changes, its replicas and its backups are kept by whoever runs the server.

        Raises:
            TwelveLeadError: others use the database for too long, code "ledger"; what was removed stays removed.
        """
        with self._told(), self._writing, self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            try:
                if self.is_sqlite:
                    self._rewrite_sqlite(driver)
                else:
                    _rewrite_postgresql(driver)
            except self.engine.dialect.loaded_dbapi.Error as error:
                raise self._error(_first_line(error)) from None
            finally:
                connection.invalidate()

    def _rewrite_sqlite(self, driver: sqlite3.Connection) -> None:
        driver.execute("VACUUM")
        busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise self._error("others are reading, so its log still holds what was removed")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        with self._told(), self.engine.connect() as bare:
            connection = bare.execution_options(writes=writes)
            with connection.begin():
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database in our words: what a driver says may hold values, and those may name a patient."""
        try:
            yield
        except DBAPIError as error:
            if type(error) not in _OUTSIDE:
                raise
            raise self._error(_first_line(error.orig)) from None
        except TimeoutError:
            raise self._error("all connections are in use") from None

    def _error(self, reason: str) -> TwelveLeadError:
        return TwelveLeadError(f"{self.name}: {reason}; see to the database, then try again", code="ledger")


def _rewrite_postgresql(driver: Any) -> None:
    driver.autocommit = True
    driver.execute(f"SET lock_timeout = '{WAIT_S}s'")
    for table in metadata.tables:
        driver.execute(f'VACUUM (FULL, ANALYZE) "{table}"')


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]


def _sqlite(path: Path) -> Engine:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's other files get the rights of this one
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=_CONNECTIONS,
        connect_args={"timeout": WAIT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, and nowhere else
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {not writes:d}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError:
        raise TwelveLeadError("the database's URL cannot be read; give postgresql://user:password@host/name") from None
    if url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise TwelveLeadError(f"{url.drivername} is not available; give postgresql://…, or no URL for SQLite")
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise MissingExtra("PostgreSQL", "postgresql") from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("writes"):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine
