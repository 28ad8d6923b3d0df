"""How the tables came to be what they are: one step a file, run by Alembic when a ledger is opened.

A step that has been released is not changed any more; a change of the tables is a new step, and `schema.HEAD` names it.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger.schema import HEAD


def migrate(connection: Connection, name: str, target: str = HEAD) -> None:
    """Bring the tables to a revision, within the transaction of the connection.

    Args:
        connection: in a transaction that writes.
        name: of the database, for errors.
        target: the revision.

    Raises:
        TwelveLeadError: the tables are of a revision that this version does not know, code "ledger".
    """
    there = revision(connection)
    if there == target:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if there is not None and there not in known:
        raise TwelveLeadError(
            f"{name}: was made by a newer version of twelvelead (revision {there}); install that version", code="ledger"
        )
    command.upgrade(config, target)


def revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if not inspect(connection).has_table("ledger_revision"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM ledger_revision"))
    return found
