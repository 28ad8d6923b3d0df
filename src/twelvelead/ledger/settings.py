"""Settings by their hash, so that the hash in an answer leads back to what was set."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, insert, select

from twelvelead.ledger import schema


class Settings:
    """Every settings text that ever answered."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection

    def keep(self, content: str) -> str:
        """Keep a settings text; secrets are masked by whoever calls.

        Returns:
            Its SHA-256, 64 hexadecimal digits.
        """
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        if self.get(sha256) is None:
            self._connection.execute(insert(schema.settings).values(sha256=sha256, content=content))
        return sha256

    def get(self, sha256: str) -> str | None:
        """The settings text of a hash; None where it was never kept."""
        column = schema.settings.c
        return self._connection.scalar(select(column.content).where(column.sha256 == sha256))
