"""What of the classes that were read from cells speaks against the reading."""

import re
from collections.abc import Iterator, Sequence

from twelvelead.data.label_literals import short

SEPARATORS = {";": "semicolons", "|": "bars", "\n": "line breaks", "\t": "tabs", ",": "commas"}
"""In the order in which they are looked for: a comma may be part of a name."""

SHARE = 20
"""Records that a class has on average; with fewer, the names may be something else than classes."""

_WORDS = 16
"""Of a name, that are looked at for another name."""

CODE = re.compile(r"\d+|(?![A-Za-z]?[a-z]+$|[A-Z]{6,}$)[A-Z0-9][\w/+.\-]{0,7}")
"""A code rather than a word: digits, or up to eight signs, of which a capital or digit is first and not all others are
small letters."""


def doubts_of(names: Sequence[str], records: int) -> Iterator[str]:
    """What of the classes speaks against a reading."""
    if names and set(names) <= {"0", "1"}:
        yield "all names are 0 or 1, so it may be one class that is there or not"
    for name in names:
        signs = [what for sign, what in SEPARATORS.items() if sign in name]
        signs += ["brackets or quotes"] if set(name) & set("[]{}'\"") else []
        words = name.split()
        if signs or (len(words) > 1 and all(map(CODE.fullmatch, words))):
            yield f"the class {short(name)} holds {signs[0] if signs else 'spaces'}"
            break
    inside = _one_in_another(names)
    if inside:
        yield f"the class {short(inside[0])} holds the class {short(inside[1])}"
    spelt: dict[str, str] = {}
    for name in names:
        other = spelt.setdefault(name.casefold(), name)
        if other != name:
            yield f"the classes {other} and {name} differ in capitals alone"
            break
    if len(names) * SHARE > records:
        yield f"classes: {len(names):,}, more than one for {SHARE} of the {records:,} records"


def _one_in_another(names: Sequence[str]) -> tuple[str, str] | None:
    """A name in which another stands as whole words, and that other."""
    words = {name: tuple(filter(None, re.split(r"[\s;,|/\\+&:_-]+", name.casefold())))[:_WORDS] for name in names}
    known = {of: name for name, of in words.items()}
    for name, of in words.items():
        for length in range(1, len(of)):
            for start in range(len(of) - length + 1):
                other = known.get(of[start : start + length])
                if other is not None:
                    return name, other
    return None
