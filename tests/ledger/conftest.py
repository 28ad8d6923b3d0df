"""A ledger in each database."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from twelvelead.ledger import File, Ledger

_NUMBERS = itertools.count()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def move(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def new_postgresql(postgresql):
    """new_postgresql() -> a URL of the server with tables of its own; all are gone at the end."""
    import psycopg

    names = []

    def make():
        names.append(f"ledger_{next(_NUMBERS)}")
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {names[-1]}")
        return f"{postgresql}&options=-csearch_path%3D{names[-1]}"

    yield make
    with psycopg.connect(postgresql, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request):
    """new_url() -> the URL of an empty database: None for SQLite."""
    return (lambda: None) if request.param == "sqlite" else request.getfixturevalue("new_postgresql")


@pytest.fixture
def url(new_url):
    return new_url()


@pytest.fixture
def ledger(tmp_path, url, clock):
    with Ledger.open(tmp_path / "ledger", url, clock=clock) as opened:
        yield opened


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def keep():
    """keep(ledger, content, owner, **more) -> a recording of one file, entered."""

    def enter(ledger, content=b"bytes", owner="ward", **more):
        sha256 = sha256_of(content)
        with ledger.begin(content) as books:
            recording, _ = books.recordings.add(owner, sha256, "DICOM", [File("ecg.dcm", sha256)], **more)
        return recording

    return enter
