"""The tables. `migrations` makes and changes them; a test holds that both say the same.

Both databases hold the same plain values, so that a backup of one is restored into the other: times and JSON are text.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0004"
"""The revision of the migrations that these tables are."""


class Time(TypeDecorator[datetime]):
    """A time in UTC to the microsecond, as text that sorts like the time."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else stamp(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else unstamp(value)


class Words(TypeDecorator[str]):
    """Text from a file or a person; what PostgreSQL cannot hold, NUL and half surrogates, is replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class JsonText(TypeDecorator[Any]):
    """Plain values as JSON in ASCII: nothing that a database refuses or changes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def stamp(time: datetime) -> str:
    """A time as it is kept: "2026-01-31T12:00:00.000000Z"."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """The time that `stamp` gave the text of."""
    return datetime.fromisoformat(text)


metadata = MetaData()
_SHA256 = String(64)
_ID = String(36)


def _recording() -> Column[Any]:
    return Column("recording", _ID, ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)


def _object() -> Column[Any]:
    return Column("sha256", _SHA256, ForeignKey("objects.sha256"), nullable=False, index=True)


objects = Table(
    "objects",
    metadata,
    Column("sha256", _SHA256, primary_key=True),
    Column("size", BigInteger, nullable=False),
)
recordings = Table(
    "recordings",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("once", Text),
    Column("source_sha256", _SHA256, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("received", Time, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", Text),
    Column("findings", JsonText, nullable=False),
    Column("statements", JsonText, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("conclusion", Words, nullable=False),
    Column("duration_s", Float),
    Column("sampling_rate_hz", Float),
    Column("answer_version", Integer, nullable=False),
    Column("reading_version", Integer, nullable=False),
    Column("signed", Time),
    Column("signed_by", Words),
    UniqueConstraint("owner", "once"),
    Index("ix_recordings_owner_received", "owner", "received"),
)
files = Table(
    "files",
    metadata,
    _recording(),
    Column("position", Integer, primary_key=True),
    Column("name", Words, nullable=False),
    _object(),
)
attachments = Table(
    "attachments",
    metadata,
    _recording(),
    Column("name", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    _object(),
    Column("made", Time, nullable=False),
)
identities = Table(
    "identities",
    metadata,
    _recording(),
    Column("name", Words),
    Column("patient_id", Words, index=True),
    Column("issuer", Words),
    Column("birth_date", Words),
    Column("order", Words),
    Column("recorded", Words),
    Column("study", Words),
    Column("encounter", Words),
    Column("more", JsonText, nullable=False),
)
patients = Table(
    "patients",
    metadata,
    _recording(),
    Column("patient_id", Words, nullable=False, index=True),
    Column("issuer", Words),
    Column("stated_by", Words, nullable=False),
    Column("stated", Time, nullable=False),
)
answers = Table(
    "answers",
    metadata,
    _recording(),
    Column("version", Integer, primary_key=True),
    Column("made", Time, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", Text),
    Column("weights_sha256", _SHA256),
    Column("contract_sha256", _SHA256),
    Column("settings_sha256", _SHA256),
    Column("product", Text, nullable=False),
    Column("content", JsonText, nullable=False),
)
readings = Table(
    "readings",
    metadata,
    _recording(),
    Column("version", Integer, primary_key=True),
    Column("made", Time, nullable=False),
    Column("author", Words, nullable=False),
    Column("authenticated", Boolean, nullable=False),
    Column("statements", JsonText, nullable=False),
    Column("text", Words, nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("measurements", JsonText),
)
seen = Table(
    "seen",
    metadata,
    _recording(),
    Column("reader", Words, primary_key=True),
)
jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("lane", Text),
    Column("once", Text),
    Column("recording", _ID, ForeignKey("recordings.id", ondelete="CASCADE"), index=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Time, nullable=False),
    Column("lease", String(32)),
    Column("reason", Words),
    Column("created", Time, nullable=False),
    Column("changed", Time, nullable=False),
    UniqueConstraint("queue", "once"),
    Index("ix_jobs_queue_state_due", "queue", "state", "due"),
    Index("ix_jobs_queue_lane", "queue", "lane"),
    sqlite_autoincrement=True,  # a number is not given twice, so that jobs stay in order
)
audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("time", Time, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("subject", Text),
    Column("request_id", Text),
    Column("input_sha256", _SHA256),
    Column("weights_sha256", _SHA256),
    Column("contract_sha256", _SHA256),
    Column("settings_sha256", _SHA256),
    Column("previous", _SHA256, nullable=False),
    Column("hash", _SHA256, nullable=False),
)
cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)
keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("role", String(8), nullable=False),
    Column("secret_sha256", _SHA256, nullable=False),
    Column("created", Time, nullable=False),
    Column("used", Time),
    Column("revoked", Time),
)
sessions = Table(
    "sessions",
    metadata,
    Column("secret_sha256", _SHA256, primary_key=True),
    Column("key", String(16), ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("created", Time, nullable=False),
    Column("expires", Time, nullable=False),
)
settings = Table(
    "settings",
    metadata,
    Column("sha256", _SHA256, primary_key=True),
    Column("content", Words, nullable=False),
)
