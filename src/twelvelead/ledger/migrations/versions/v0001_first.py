"""Recordings, answers, readings, jobs, keys, settings, and the audit, whose rows cannot be changed by accident."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SHA256 = sa.String(64)
_ID = sa.String(36)
_TIME = sa.String(27)


def upgrade() -> None:
    """Make the first tables."""
    _make_recordings()
    _make_what_is_said()
    _make_jobs()
    _make_audit()
    _make_keys()


def _recording() -> sa.Column[str]:
    return sa.Column("recording", _ID, sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)


def _object() -> sa.Column[str]:
    return sa.Column("sha256", _SHA256, sa.ForeignKey("objects.sha256"), nullable=False, index=True)


def _make_recordings() -> None:
    op.create_table(
        "objects",
        sa.Column("sha256", _SHA256, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "recordings",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("once", sa.Text),
        sa.Column("source_sha256", _SHA256, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("received", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("statements", sa.Text, nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("conclusion", sa.Text, nullable=False),
        sa.Column("duration_s", sa.Float),
        sa.Column("sampling_rate_hz", sa.Float),
        sa.Column("answer_version", sa.Integer, nullable=False),
        sa.Column("reading_version", sa.Integer, nullable=False),
        sa.Column("signed", _TIME),
        sa.Column("signed_by", sa.Text),
        sa.UniqueConstraint("owner", "once"),
    )
    op.create_index("ix_recordings_owner_received", "recordings", ["owner", "received"])
    op.create_table(
        "files",
        _recording(),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        _object(),
    )
    op.create_table(
        "attachments",
        _recording(),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("media_type", sa.Text, nullable=False),
        _object(),
        sa.Column("made", _TIME, nullable=False),
    )
    op.create_table(
        "identities",
        _recording(),
        sa.Column("name", sa.Text),
        sa.Column("patient_id", sa.Text, index=True),
        sa.Column("issuer", sa.Text),
        sa.Column("birth_date", sa.Text),
        sa.Column("order", sa.Text),
        sa.Column("recorded", sa.Text),
        sa.Column("study", sa.Text),
        sa.Column("encounter", sa.Text),
        sa.Column("more", sa.Text, nullable=False),
    )


def _make_what_is_said() -> None:
    op.create_table(
        "answers",
        _recording(),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("made", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("weights_sha256", _SHA256),
        sa.Column("contract_sha256", _SHA256),
        sa.Column("settings_sha256", _SHA256),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "readings",
        _recording(),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("made", _TIME, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("authenticated", sa.Boolean, nullable=False),
        sa.Column("statements", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("signed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("sha256", _SHA256, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("lane", sa.Text),
        sa.Column("once", sa.Text),
        sa.Column("recording", _ID, sa.ForeignKey("recordings.id", ondelete="CASCADE"), index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", _TIME, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("reason", sa.Text),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.UniqueConstraint("queue", "once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_queue_state_due", "jobs", ["queue", "state", "due"])
    op.create_index("ix_jobs_queue_lane", "jobs", ["queue", "lane"])


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("input_sha256", _SHA256),
        sa.Column("weights_sha256", _SHA256),
        sa.Column("contract_sha256", _SHA256),
        sa.Column("settings_sha256", _SHA256),
        sa.Column("previous", _SHA256, nullable=False),
        sa.Column("hash", _SHA256, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change} BEFORE {change.upper()} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'rows of the audit are not changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of the audit are not changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()"
    )


def _make_keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("secret_sha256", _SHA256, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("used", _TIME),
        sa.Column("revoked", _TIME),
    )
