"""How far those have come who follow the audit: what happened is in its order, and nothing of it is missed or seen
twice, whatever ends the follower."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from twelvelead.ledger import schema

_COLUMN = schema.cursors.c


class Cursors:
    """The last row of the audit that each follower has dealt with."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection

    def get(self, name: str) -> int | None:
        """The row's number; None for a follower who has not begun."""
        return self._connection.scalar(select(_COLUMN.sequence).where(_COLUMN.name == name))

    def put(self, name: str, sequence: int) -> None:
        """Say how far a follower has come, in the transaction that has what he made of it."""
        self._connection.execute(delete(schema.cursors).where(_COLUMN.name == name))
        self._connection.execute(insert(schema.cursors).values(name=name, sequence=sequence))
