"""Removing what is old, so that its bytes are gone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Purged:
    """What a purge did.

    Attributes:
        recordings: removed.
        objects: files removed; bytes that another recording has too are kept.
        waiting: recordings old enough that stayed, because a job of theirs is not done.
    """

    recordings: int
    objects: int
    waiting: int
