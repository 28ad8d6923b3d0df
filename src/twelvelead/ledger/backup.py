"""A backup: one file that a ledger in either database is made from again.

A tar archive: `ledger.json` says what it is, `tables/NAME.jsonl` has a row a line, `objects/SHA256` the bytes. All of
it is of one moment, whatever is written meanwhile.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.ledger import schema
from twelvelead.ledger.audit import Audit, Head
from twelvelead.ledger.database import Database
from twelvelead.ledger.migrations import migrate, revision
from twelvelead.ledger.objects import Arrivals, Objects
from twelvelead.version import __version__

FORMAT = "twelvelead-ledger-backup"
VERSION = 1
_LEFT_OUT = {"sessions"}
_AT_ONCE = 500
_LONGEST_LINE = 1 << 28


def write_backup(database: Database, objects: Objects, to: Path, now: datetime) -> None:
    """Write all that is kept to a file.

    Raises:
        TwelveLeadError: it cannot be written, code "not-writable".
        Unreadable: bytes are not what they were.
    """
    try:
        with replacing(to) as path, os.fdopen(_private(path), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w") as tar, database.view() as connection:
                _write(connection, objects, tar, path.parent, now)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise TwelveLeadError(f"{to}: {error.strerror or error}; name another file", code="not-writable") from None


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def _write(connection: Connection, objects: Objects, tar: tarfile.TarFile, beside: Path, now: datetime) -> None:
    tables: dict[str, Any] = {}
    with tempfile.TemporaryFile(dir=beside) as stream:  # what comes first in the archive says how long the rest is
        for table in _tables(connection):
            start, rows, digest = stream.tell(), 0, hashlib.sha256()
            for row in connection.execute(select(table).execution_options(yield_per=_AT_ONCE)):
                line = json.dumps(dict(row._mapping)).encode() + b"\n"
                stream.write(line)
                digest.update(line)
                rows += 1
            size = stream.tell() - start
            tables[table.name] = {"rows": rows, "bytes": size, "sha256": digest.hexdigest()}
        about = {"format": FORMAT, "version": VERSION, "product": __version__, "made": schema.stamp(now)}
        about |= {"revision": revision(connection), "audit": str(Audit(connection, now).head()), "tables": tables}
        _add(tar, "ledger.json", json.dumps(about, indent=1).encode())
        stream.seek(0)
        for name, entry in tables.items():
            _add_from(tar, f"tables/{name}.jsonl", stream, entry["bytes"])
    for sha256 in connection.scalars(select(schema.objects.c.sha256).order_by(schema.objects.c.sha256)):
        _add(tar, f"objects/{sha256}", objects.content(sha256))


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    _add_from(tar, name, io.BytesIO(content), len(content))


def _add_from(tar: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, stream)


def _tables(connection: Connection) -> list[Table]:
    """The tables as the database has them, with plain values; those that are referred to first."""
    there = MetaData()
    there.reflect(connection, only=lambda name, _: name in schema.metadata.tables and name not in _LEFT_OUT)
    return there.sorted_tables


def read_backup(source: Path, database: Database, objects: Objects, now: datetime) -> None:
    """Fill an empty ledger from a backup.

    Raises:
        TwelveLeadError: the ledger is not empty, or the backup is of a newer version.
        Unreadable: the backup is not there, is none or is damaged.
    """
    arrivals = Arrivals(objects)
    try:
        with _damage_told(source), tarfile.open(source, mode="r:") as tar, database.begin() as connection:
            if revision(connection) is not None:
                raise TwelveLeadError(f"{database.name}: there is a ledger already; name an empty folder or database")
            about = _about(tar, source)
            migrate(connection, str(source), about["revision"])
            for table in _tables(connection):
                if table.name in about["tables"]:
                    _fill(connection, table, tar, about["tables"][table.name])
            migrate(connection, database.name)
            objects.open(connection)
            _fill_objects(connection, objects, tar, arrivals)
            _go_on_counting(connection)
            if Audit(connection, now).verify(Head.parse(about["audit"])).faults:
                raise ValueError("the audit")
    except BaseException:
        objects.withdraw(path for _, path in arrivals.there.values())
        raise
    objects.forget(path for _, path in arrivals.there.values())


@contextmanager
def _damage_told(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unreadable(f"{source}: {error.strerror or error}", code="not-found") from None
    except (tarfile.TarError, EOFError, KeyError, ValueError, TypeError, IntegrityError, StatementError):
        raise Unreadable(f"{source}: no whole backup of a ledger; take another one", code="damaged") from None


def _about(tar: tarfile.TarFile, source: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(_member(tar, "ledger.json").read(_LONGEST_LINE))
    if about["format"] != FORMAT:
        raise ValueError("the format")
    if about["version"] != VERSION:
        raise TwelveLeadError(f"{source}: was made by another version of twelvelead ({about['product']}); install that")
    return about


def _member(tar: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = tar.extractfile(name)
    if not isinstance(found, io.BufferedReader):  # a folder or a link
        raise ValueError(name)
    return found


def _fill(connection: Connection, table: Table, tar: tarfile.TarFile, entry: dict[str, Any]) -> None:
    lines, rows = _member(tar, f"tables/{table.name}.jsonl"), []
    if hashlib.file_digest(lines, "sha256").hexdigest() != entry["sha256"]:
        raise ValueError(table.name)
    lines.seek(0)
    for line in lines:
        rows.append(json.loads(line))
        if len(rows) == _AT_ONCE:
            connection.execute(table.insert(), rows)
            rows.clear()
    if rows:
        connection.execute(table.insert(), rows)


def _fill_objects(connection: Connection, objects: Objects, tar: tarfile.TarFile, arrivals: Arrivals) -> None:
    for sha256 in connection.scalars(select(schema.objects.c.sha256)).all():
        objects.arrive([_member(tar, f"objects/{sha256}").read()], arrivals)
        if sha256 not in arrivals.there:
            raise ValueError(sha256)


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL numbers new jobs from where it was, not from where the restored ones end."""
    if connection.dialect.name == "postgresql":
        last = connection.scalar(select(func.max(schema.jobs.c.id)))
        if last is not None:
            connection.execute(text("SELECT setval(pg_get_serial_sequence('jobs', 'id'), :last)"), {"last": last})
