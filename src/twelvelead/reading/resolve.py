"""Which statements are said, so that no two sentences contradict each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twelvelead.reading.facts import Level
from twelvelead.reading.statements import COVERS, EXCLUSIVE


@dataclass
class Resolved:
    """What becomes of the statements that are present or possible.

    Attributes:
        said: statement -> how surely it is said.
        covered: specific statement that is said -> general ones whose probability stands with it.
        unsaid: statement that has no sentence -> the one that excludes it.
        rivals: pairs of statements that exclude each other, none of which is said to be present.
    """

    said: dict[str, Level] = field(default_factory=dict)
    covered: dict[str, list[str]] = field(default_factory=dict)
    unsaid: dict[str, str] = field(default_factory=dict)
    rivals: set[frozenset[str]] = field(default_factory=set)


def resolve(levels: Mapping[str, Level]) -> Resolved:
    """Apply the rules of `EXCLUSIVE` and `COVERS`.

    Of alternatives that exclude each other: where one is present, those only possible are not said; where several are
    present, or none is and several are possible, all of them are uncertain.

    Args:
        levels: statement -> "present" or "uncertain".
    """
    found = Resolved()
    lowered: set[str] = set()
    for group in EXCLUSIVE:
        alternatives = [sorted(one & levels.keys()) for one in group]
        alternatives = [one for one in alternatives if one]
        sure = [one for one in alternatives if any(levels[name] == "present" for name in one)]
        if len(sure) == 1:
            winner = next(name for name in sure[0] if levels[name] == "present")
            losers = [name for one in alternatives if one is not sure[0] for name in one]
            found.unsaid |= {name: winner for name in losers if name not in found.unsaid}
            continue
        for one in sure or alternatives:
            for other in sure or alternatives:
                if one is not other:
                    found.rivals |= {frozenset({name, rival}) for name in one for rival in other}
        if sure:
            lowered |= {name for one in sure for name in one}
            losers = [name for one in alternatives if one not in sure for name in one]
            found.unsaid |= {name: sure[0][0] for name in losers if name not in found.unsaid}
    stands: dict[str, Level] = {
        name: "uncertain" if name in lowered else level for name, level in levels.items() if name not in found.unsaid
    }
    for name in stands:
        cover = _cover(name, stands)
        if cover is None:
            found.said[name] = stands[name]
        else:
            found.covered.setdefault(cover, []).append(name)
    return found


def _cover(name: str, stands: Mapping[str, Level]) -> str | None:
    """The most specific statement that is said as surely and says all of it."""
    for specific in COVERS.get(name, ()):
        if specific in stands and (stands[specific] == "present" or stands[name] == "uncertain"):
            return _cover(specific, stands) or specific
    return None
