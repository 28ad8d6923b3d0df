"""A backup: one file that either database is restored from."""

from pathlib import Path


def restore(source: Path, folder: Path | None = None, url: str | None = None) -> None:
    """Make a ledger from a backup.

    Args:
        source: the backup.
        folder: of the new ledger; `default_folder()` where None. Holds none yet.
        url: of an empty PostgreSQL database; None for SQLite in the folder.

    Raises:
        TwelveLeadError: there is a ledger already, or the backup is damaged or of a newer version; nothing is made.
    """
    raise NotImplementedError
