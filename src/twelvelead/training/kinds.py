"""Whether a setting is known, and its value of the right kind."""

import difflib
import json
from collections.abc import Iterable
from typing import Any

from twelvelead.errors import Unreadable

_OPEN = ("train_folds", "validation_folds")
"""Lists of numbers that may be empty."""


def check_kinds(values: dict[str, Any], defaults: dict[str, Any], source: str) -> None:
    """See that each value has a default of its name and is of that default's kind.

    Raises:
        Unreadable: it has none, or is of another kind.
    """
    for name, value in values.items():
        if name not in defaults:
            raise Unreadable(f"{source}: unknown setting {name}{hint(name, defaults)}")
        if not _is_of_kind(value, defaults[name]) and not (name in _OPEN and value == []):
            raise Unreadable(f"{source}: {name} is {value!r}; it has to be of the kind of {json.dumps(defaults[name])}")


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant in the place of an unknown name, to stand behind it in an error."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"


def _is_of_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, list | tuple):
        # What is empty by default holds names and may be empty; the others hold numbers and may not.
        kind = type(default[0]) if default else str
        return isinstance(value, list | tuple) and bool(value or not default) and all(type(v) is kind for v in value)
    return isinstance(value, type(default))
