"""Who did what, when, to which bytes: rows that are only added, each holding the hash of the one before.

Whoever changes, removes or inserts a row breaks the chain from there on. Whoever cuts off its end, or writes it anew
from some row on, is found by a head that was written elsewhere. Whoever can write both the database and that other
place is not found.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, insert, select

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import schema

START = "0" * 64
"""What stands for the hash before the first row."""

_COLUMN = schema.audit.c
_LAST = select(_COLUMN.sequence, _COLUMN.hash).order_by(_COLUMN.sequence.desc()).limit(1)
_INSERT = insert(schema.audit)
_MOST_FAULTS = 100
_NAME = r"\w[\w .@-]{0,63}"
_SHA256 = r"[0-9a-f]{64}"
_ALLOWED = {
    "actor": _NAME,
    "action": r"[a-z][a-z0-9.-]{0,39}",
    "outcome": r"[a-z][a-z0-9-]{0,39}",
    "subject": _NAME,
    "request_id": r"[A-Za-z0-9-]{1,64}",
    "input_sha256": _SHA256,
    "weights_sha256": _SHA256,
    "contract_sha256": _SHA256,
    "settings_sha256": _SHA256,
}


@dataclass(frozen=True)
class Event:
    """What the audit is told. Every field is a name, a code or a hash; free text is refused, so that nothing of a
    patient can stand there.

    Attributes:
        actor: owner of the key, or name of the login; "local" and "gateway" are such names too.
        action: such as "interpret", "sign", "purge": lower case, digits, "-" and ".".
        outcome: "ok" or the code of an error.
        subject: id of a recording, a job, a key; None where there is none.
        request_id: the one in the log and in the answer.
        input_sha256: of the bytes.
        weights_sha256, contract_sha256, settings_sha256: what answered.
    """

    actor: str
    action: str
    outcome: str = "ok"
    subject: str | None = None
    request_id: str | None = None
    input_sha256: str | None = None
    weights_sha256: str | None = None
    contract_sha256: str | None = None
    settings_sha256: str | None = None


@dataclass(frozen=True)
class Head:
    """The end of the audit's chain. `str` gives "12:9f86…", which `parse` takes back; kept elsewhere, it shows later
    whether rows up to it were changed or cut off.

    Attributes:
        sequence: number of the last row; 0 where there is none.
        hash: of the last row, SHA-256.
    """

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The head that `str` gave.

        Raises:
            TwelveLeadError: it is none.
        """
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
        if found is None:
            raise TwelveLeadError(f"{text[:100]!r} is not a head of the audit; give a number, a colon and 64 digits")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True)
class AuditRow:
    """A row of the audit: what happened when, and its place in the chain.

    Attributes:
        sequence: 1 for the first, without gaps.
        time: when.
        event: what.
        previous, hash: SHA-256 of the row before, and of this one.
    """

    sequence: int
    time: datetime
    event: Event
    previous: str
    hash: str

    def right_hash(self) -> str:
        """What `hash` has to be: SHA-256 of the row's other values as a JSON array in ASCII without spaces."""
        values = [self.sequence, schema.stamp(self.time), *vars(self.event).values(), self.previous]
        return hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Verified:
    """What verifying the audit gave.

    Attributes:
        head: of the chain as it stands.
        faults: sentences, in order; empty where the chain is whole.
    """

    head: Head
    faults: tuple[str, ...]


def checked(event: Event) -> Event:
    """The event.

    Raises:
        ValueError: a field holds what is no name, code or hash.
    """
    for name, value in vars(event).items():
        if value is not None and not re.fullmatch(_ALLOWED[name], value):
            raise ValueError(f"the audit takes no such {name}")
    return event


class Audit:
    """The chain."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def append(self, event: Event) -> AuditRow:
        """Add a row; it is there once the block of `Ledger.begin` has ended.

        Raises:
            ValueError: a field holds what is no name, code or hash.
        """
        return self.extend([event])[0]

    def extend(self, events: Sequence[Event]) -> list[AuditRow]:
        """Add rows in their order, as `append` does."""
        head = self.head()
        rows = []
        for event in events:
            row = AuditRow(head.sequence + 1, self._now, checked(event), head.hash, "")
            rows.append(replace(row, hash=row.right_hash()))
            head = Head(rows[-1].sequence, rows[-1].hash)
        if rows:
            self._connection.execute(_INSERT, [vars(row.event) | _place(row) for row in rows])
        return rows

    def head(self) -> Head:
        """The end of the chain as it stands."""
        last = self._connection.execute(_LAST).first()
        return Head(0, START) if last is None else Head(last.sequence, last.hash)

    def rows(self, after: int = 0, limit: int | None = None) -> Iterator[AuditRow]:
        """The rows in order, from the one after a number on; at most `limit`."""
        wanted = select(schema.audit).where(_COLUMN.sequence > after).order_by(_COLUMN.sequence).limit(limit)
        # closed also where whoever reads stops half way: an open statement keeps SQLite's log from shrinking
        with self._connection.execute(wanted.execution_options(yield_per=1000)) as found:
            yield from map(_row, found)

    def verify(self, kept: Head | None = None) -> Verified:
        """Look for rows that were changed, removed, inserted or cut off.

        Args:
            kept: a head that was written elsewhere; without one, a chain that was cut off or written anew looks whole.
        """
        faults = []
        head = Head(0, START)
        at_kept = START
        for row in self.rows(after=-1):
            if row.sequence != head.sequence + 1:
                faults.append(f"row {head.sequence + 1} is not there: row {row.sequence} follows row {head.sequence}")
            elif row.previous != head.hash:
                faults.append(f"row {row.sequence} does not follow row {head.sequence}: one of them was changed")
            if row.hash != row.right_hash():
                faults.append(f"row {row.sequence} was changed")
            head = Head(row.sequence, row.hash)
            if kept is not None and row.sequence == kept.sequence:
                at_kept = row.hash
            if len(faults) >= _MOST_FAULTS:
                break
        else:
            if kept is not None and kept.sequence > head.sequence:
                faults.append(
                    f"the audit ends at row {head.sequence}, and there was a row {kept.sequence}: it was cut off"
                )
            elif kept is not None and kept.hash != at_kept:
                faults.append(f"row {kept.sequence} is not the one that was the last then: the audit was written anew")
        return Verified(head, tuple(faults))


def _row(row: Row[Any]) -> AuditRow:
    event = Event(**{name: row._mapping[name] for name in _ALLOWED})
    return AuditRow(row.sequence, row.time, event, row.previous, row.hash)


def _place(row: AuditRow) -> dict[str, Any]:
    return {"sequence": row.sequence, "time": row.time, "previous": row.previous, "hash": row.hash}
