"""What the service and the gateway keep: recordings and their bytes, answers, readings, jobs, keys, settings, audit."""

from importlib.util import find_spec

from twelvelead.errors import MissingExtra

if find_spec("sqlalchemy") is None or find_spec("alembic") is None:
    raise MissingExtra("Keeping recordings", "serve")

from twelvelead.ledger.audit import Audit, AuditRow, Event, Head, Verified
from twelvelead.ledger.cursors import Cursors
from twelvelead.ledger.folder import default_folder
from twelvelead.ledger.jobs import Job, Jobs, JobState, backoff
from twelvelead.ledger.keys import ApiKey, Keys, Role, Session, Sessions
from twelvelead.ledger.ledger import Books, Ledger, restore
from twelvelead.ledger.metrics import Metrics
from twelvelead.ledger.purge import Purged
from twelvelead.ledger.readings import NewReading, Reading, Readings
from twelvelead.ledger.recording import (
    Answer,
    Attachment,
    File,
    Identity,
    Json,
    NewAnswer,
    Page,
    Patient,
    Recording,
    Sort,
    State,
    Wanted,
)
from twelvelead.ledger.recordings import Recordings
from twelvelead.ledger.settings import Settings

__all__ = [
    "Answer",
    "ApiKey",
    "Attachment",
    "Audit",
    "AuditRow",
    "Books",
    "Cursors",
    "Event",
    "File",
    "Head",
    "Identity",
    "Job",
    "JobState",
    "Jobs",
    "Json",
    "Keys",
    "Ledger",
    "Metrics",
    "NewAnswer",
    "NewReading",
    "Page",
    "Patient",
    "Purged",
    "Reading",
    "Readings",
    "Recording",
    "Recordings",
    "Role",
    "Session",
    "Sessions",
    "Settings",
    "Sort",
    "State",
    "Verified",
    "Wanted",
    "backoff",
    "default_folder",
    "restore",
]
