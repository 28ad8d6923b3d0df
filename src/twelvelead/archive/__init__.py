"""Archives: any number of recordings, wherever they lie, become one table of answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twelvelead.archive.scores import Scores, open_scores

__all__ = ["Scores", "open_scores"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from twelvelead.archive import scores

        return getattr(scores, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
