"""Who may ask: keys of the interface, and the sessions that readers exchange them for.

A secret holds 256 bits from the system's random source, so SHA-256 is enough to keep it by: nobody can try 2^256 of
them, and a slow hash, made for passwords that people choose, would cost every request milliseconds for nothing.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import schema

Role = Literal["read", "write", "admin"]
_KEY = schema.keys.c
_SESSION = schema.sessions.c
_NAME = re.compile(r"\w[\w .@-]{0,63}")
_MARK = "tl"
_USED = timedelta(minutes=1)


@dataclass(frozen=True)
class ApiKey:
    """A key of the interface; the secret itself is not kept.

    Attributes:
        id: first part of the secret.
        name: who or what uses it; unique.
        owner: whose recordings it reads and writes. Keys of one owner share their recordings.
        role: read; write, which includes read; admin, which includes both.
        created, used, revoked: when; `used` to the minute, None for never.
    """

    id: str
    name: str
    owner: str
    role: Role
    created: datetime
    used: datetime | None
    revoked: datetime | None


@dataclass(frozen=True)
class Session:
    """A reader's login.

    Attributes:
        key: the key that was exchanged for it; once that is revoked, the session has ended.
        created, expires: when.
    """

    key: ApiKey
    created: datetime
    expires: datetime


class Keys:
    """The keys, in use and revoked."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, name: str, role: Role, *, owner: str | None = None) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            name: who or what uses it: letters, digits, spaces and ".@_-", 64 at most.
            role: what it may do.
            owner: whose recordings it reads and writes; its own name where None.

        Returns:
            The key, and its secret, "tl_ID_…", which is told this once.

        Raises:
            TwelveLeadError: there is such a name already, also a revoked one, or it is no name.
        """
        owner = name if owner is None else owner
        for each in (name, owner):
            if not _NAME.fullmatch(each):
                raise TwelveLeadError(
                    f"{each!r} is no name of a key; use letters, digits, spaces and . @ _ -, 64 at most"
                )
        if self._connection.scalar(select(_KEY.id).where(_KEY.name == name)) is not None:
            raise TwelveLeadError(
                f"there is or was a key {name!r}; the audit names it, so give the new one another name"
            )
        number = secrets.token_hex(8)
        secret = f"{_MARK}_{number}_{secrets.token_urlsafe(32)}"
        key = ApiKey(number, name, owner, role, self._now, None, None)
        self._connection.execute(insert(schema.keys).values(asdict(key) | {"secret_sha256": _hash(secret)}))
        return key, secret

    def list(self) -> tuple[ApiKey, ...]:
        """All keys, by name, revoked ones too."""
        return tuple(map(_key, self._connection.execute(select(schema.keys).order_by(_KEY.name))))

    def revoke(self, name: str) -> ApiKey:
        """End a key and the sessions that it was exchanged for, at once. One that is revoked stays so.

        Raises:
            TwelveLeadError: there is no such key, code "not-found".
        """
        row = self._connection.execute(select(schema.keys).where(_KEY.name == name)).first()
        if row is None:
            raise TwelveLeadError(f"there is no key {name!r}; `twelvelead serve keys list` has all", code="not-found")
        self._connection.execute(delete(schema.sessions).where(_SESSION.key == row.id))
        if row.revoked is None:
            self._connection.execute(update(schema.keys).where(_KEY.id == row.id).values(revoked=self._now))
        return _key(self._connection.execute(select(schema.keys).where(_KEY.id == row.id)).one())

    def check(self, secret: str) -> ApiKey | None:
        """The key of a secret; None for a wrong or revoked one. Which of the two, its duration does not tell."""
        found = re.fullmatch(rf"{_MARK}_([0-9a-f]{{16}})_[\w-]{{43}}", secret, re.ASCII)
        row = self._connection.execute(
            select(schema.keys).where(_KEY.id == (found[1] if found else ""), _KEY.revoked.is_(None))
        ).first()
        right = hmac.compare_digest(_hash(secret), _hash("") if row is None else row.secret_sha256)
        return _key(row) if row is not None and right else None

    def outdated(self, key: ApiKey) -> bool:
        """Whether `ApiKey.used` is a minute old or more, and `use` worth a transaction."""
        return key.used is None or self._now - key.used >= _USED

    def use(self, key: ApiKey) -> None:
        """Note that a key was used now."""
        self._connection.execute(update(schema.keys).where(_KEY.id == key.id).values(used=self._now))


class Sessions:
    """The logins of readers."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def open(self, key: ApiKey, lifetime: timedelta) -> tuple[Session, str]:
        """Begin a session; those that have ended are forgotten.

        Returns:
            The session, and its secret for the cookie, which is told this once.
        """
        self._connection.execute(delete(schema.sessions).where(_SESSION.expires <= self._now))
        secret = secrets.token_urlsafe(32)
        session = Session(key, self._now, self._now + lifetime)
        row = {"secret_sha256": _hash(secret), "key": key.id, "created": session.created, "expires": session.expires}
        self._connection.execute(insert(schema.sessions).values(row))
        return session, secret

    def check(self, secret: str) -> Session | None:
        """The session of a secret; None for a wrong one, an ended one and one whose key was revoked.

        The look-up is by hash: its duration tells of the hash of a guess, and that tells nothing of the secret.
        """
        row = self._connection.execute(
            select(schema.keys, _SESSION.created.label("opened"), _SESSION.expires)
            .join(schema.sessions, _SESSION.key == _KEY.id)
            .where(_SESSION.secret_sha256 == _hash(secret), _SESSION.expires > self._now, _KEY.revoked.is_(None))
        ).first()
        return None if row is None else Session(_key(row), row.opened, row.expires)

    def close(self, secret: str) -> None:
        """End a session; nothing where there is none."""
        self._connection.execute(delete(schema.sessions).where(_SESSION.secret_sha256 == _hash(secret)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.name, row.owner, row.role, row.created, row.used, row.revoked)
