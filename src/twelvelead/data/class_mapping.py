"""Mappings to classes of one's own: a TOML file with a line `CODE = "CLASS"` for each code.

Several codes may stand for one class, and a class may be a code in turn, so that a general mapping can be narrowed
without touching its lines. A code is a SNOMED CT code, words of a header, an acronym or what else a data set writes.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from twelvelead.data.mapping import normalised
from twelvelead.data.store import Tasks
from twelvelead.errors import Unreadable

SUFFIX = ".toml"
_LARGEST = 1 << 22


@dataclass(frozen=True, eq=False)
class ClassMapping:
    """Which class each code stands for.

    Attributes:
        name: of the file, without folder and suffix.
        classes: normalised code -> class, in the order of the file; a class that is no code stands for itself.
    """

    name: str
    classes: dict[str, str]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order in which the file names them."""
        return tuple(dict.fromkeys(self.classes.values()))

    def lists(self, code: str) -> bool:
        """Whether a code stands for a class."""
        return normalised(code) in self.classes or code in self.labels

    def said_by(self, codes: Iterable[str]) -> set[str]:
        """The classes that the codes of one recording stand for."""
        return {self.classes.get(normalised(code), code) for code in codes if self.lists(code)}

    def tasks(self, task: str | None) -> Tasks:
        """The one task that it makes, "labels" unless it is called otherwise."""
        return {task or "labels": {name: [name] for name in self.labels}}

    def not_expressed(self) -> dict[str, tuple[str, ...]]:
        """Nothing: it does not speak of PTB-XL's classes."""
        return {}


def read_class_mapping(path: Path) -> ClassMapping:
    """Reads a mapping.

    Raises:
        Unreadable: there is no such file, it is no TOML (which a code that stands twice is not either), a line has no
            class, codes stand for each other in a circle, or one stands twice when case, spaces and a full stop at the
            end do not count.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise Unreadable(f"{path}: larger than {_LARGEST >> 20} MiB, which no mapping is; name another file")
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror or error}); name a mapping") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path}: not UTF-8, as TOML has to be; save it so") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        twice = "overwrite" in str(error)
        why = "a code stands twice" if twice else str(error)
        where = f" {str(error)[str(error).rindex('(') :]}" if twice and "(" in str(error) else ""
        remedy = "keep one line of it" if twice else 'write lines such as "164889003" = "AF"'
        raise Unreadable(f"{path}: {why}{where}; {remedy}") from None
    written: dict[str, str] = {}
    ends: dict[str, str] = {}
    for code, name in values.items():
        if not isinstance(name, str) or not name.strip():
            raise Unreadable(f'{path}: {code} = {name!r} names no class; write "{code}" = "CLASS"')
        if normalised(code) in ends:
            raise Unreadable(
                f"{path}: the code {code} stands twice, first as {written[normalised(code)]}; keep one line"
            )
        written[normalised(code)], ends[normalised(code)] = code, name.strip()
    if not ends:
        raise Unreadable(f'{path}: maps no code; write lines such as "164889003" = "AF"')
    return ClassMapping(path.stem, {code: _end(code, ends, written, path) for code in ends})


def _end(code: str, ends: dict[str, str], written: dict[str, str], path: Path) -> str:
    """The class that a code stands for at last."""
    seen = [code]
    while normalised(ends[seen[-1]]) in ends and normalised(ends[seen[-1]]) != seen[-1]:
        seen.append(normalised(ends[seen[-1]]))
        if seen[-1] in seen[:-1]:
            circle = " = ".join(written[one] for one in seen[seen.index(seen[-1]) :])
            raise Unreadable(f"{path}: codes stand for each other in a circle: {circle}; let one stand for a class")
    return ends[seen[-1]]
