"""Cells that name the classes of a recording, as people write them.

A cell holds names with a separator between them (`;`, `,`, `|`, a tab, a line break or spaces), or a list or dictionary
in the notation of Python, JSON or NumPy. What separates names is read off all cells of a column together; where these
can be read in two ways, there is a doubt, and the user has to say which is meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from twelvelead.data.cells import NOTHING, UNKNOWN
from twelvelead.data.label_doubts import CODE, SEPARATORS, doubts_of
from twelvelead.data.label_literals import (
    SCALES,
    Said,
    in_percent,
    is_quoted,
    plain_name,
    read_literal,
    scale_of,
    short,
)

SPACE, WHOLE, LISTS = "space", "none", "list"
"""Separators by their names: white space; none, a cell is one class; lists and dictionaries."""

_NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}


@dataclass(frozen=True)
class Cells:
    """A column that was read.

    Attributes:
        said: of each cell; None where nothing is known of the recording.
        how: in words, how the cells are written.
        separator: what `read_cells` has to be told for this reading.
        doubts: why the reading may not be what was meant, each in a few words.
    """

    said: list[Said | None]
    how: str
    separator: str
    doubts: tuple[str, ...]


def require_separator(separator: str) -> str:
    """The separator that a user means by one sign or by a name.

    Raises:
        ValueError: it is neither.
    """
    text = _NAMED.get(separator, separator)
    if text not in (SPACE, WHOLE, LISTS) and (len(text) != 1 or text.isalnum() or text == " "):
        raise ValueError(
            f"separator {separator!r}: give one sign such as ';', or space, tab, none (a cell is one class) or list "
            "(cells are lists or dictionaries)"
        )
    return text


def read_cells(cells: Sequence[str], lines: Sequence[int], separator: str | None = None) -> Cells:
    """Reads a column of names.

    Args:
        cells: [record], without space around them.
        lines: [record], of the table, for messages.
        separator: one sign, `SPACE`, `WHOLE` or `LISTS`; None to read it off the cells.

    Raises:
        ValueError: a cell is no list or dictionary though it looks like one, holds something that is no name or no
            likelihood, or a number that lost its digits; the text begins with the line.
    """
    found: list[Said | str] = []
    for line, cell in zip(lines, cells, strict=True):
        try:
            found.append(read_literal(cell) if separator != WHOLE else cell)
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    plain = [(line, one) for line, one in zip(lines, found, strict=True) if isinstance(one, str) and _says(one)]
    chosen, doubts = _separator(plain) if separator is None else (separator, [])
    lists = [one for one in found if not isinstance(one, str)]
    scale = scale_of(lists)
    said: list[Said | None] = []
    for line, one in zip(lines, found, strict=True):
        try:
            said.append(_in_text(one, chosen) if isinstance(one, str) else in_percent(one, scale))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    how = ([_in_words(chosen)] if plain else []) + ([SCALES[scale]] if lists else [])
    if separator is None:
        doubts += doubts_of(sorted({name for names in said if names for name in names}), len(cells))
    return Cells(said, " and ".join(how) or "all empty", chosen if plain else LISTS, tuple(doubts))


def _says(cell: str) -> bool:
    return cell.lower() not in (*NOTHING, *UNKNOWN)


def _in_text(cell: str, separator: str) -> Said | None:
    if cell.lower() in UNKNOWN:
        return None
    return dict.fromkeys(_names(cell, separator), 0.0) if _says(cell) else {}


def _names(cell: str, separator: str) -> Iterator[str]:
    parts = cell.split() if separator == SPACE else [cell] if separator in (WHOLE, LISTS) else cell.split(separator)
    for part in parts:
        name = part.strip()
        if is_quoted(name):
            name = name[1:-1].strip()
        if name:
            yield plain_name(name)


def _separator(plain: Sequence[tuple[int, str]]) -> tuple[str, list[str]]:
    """What separates the names in cells that are neither lists nor dictionaries, and what speaks against it."""
    held = {sign: (line, cell) for line, cell in reversed(plain) for sign in SEPARATORS if sign in cell}
    if len(held) > 1:
        first, second = list(dict.fromkeys(sign for sign in SEPARATORS if sign in held))[:2]
        where = "and ".join(f"line {held[sign][0]} holds {SEPARATORS[sign]} " for sign in (first, second))
        return first, [where.strip()]
    if held:
        return next(iter(held)), []
    several = [cell for _, cell in plain if len(cell.split()) > 1]
    if not several:
        return WHOLE, []
    tokens = {token for cell in several for token in cell.split()}
    alone = {cell for _, cell in plain if len(cell.split()) == 1}
    if tokens <= alone or all(token.isdigit() for token in tokens):
        return SPACE, []
    if all(map(CODE.fullmatch, tokens)):
        return SPACE, _always_together([cell for _, cell in plain], tokens - alone)
    mixed = sorted(tokens & alone)
    if mixed:
        return WHOLE, [f"{short(several[0])} may be one class or several, since {mixed[0]} stands alone too"]
    return WHOLE, []


def _always_together(cells: Sequence[str], tokens: Iterable[str]) -> list[str]:
    """A doubt where two words of names stand in the same cells only, as the words of one name do."""
    places: dict[str, set[int]] = {token: set() for token in sorted(tokens)}
    for place, cell in enumerate(cells):
        for token in places.keys() & cell.split():
            places[token].add(place)
    first: dict[frozenset[int], str] = {}
    for token, where in places.items():
        other = first.setdefault(frozenset(where), token)
        if other != token:
            return [f"{other} and {token} stand in the same cells only, so they may be one name"]
    return []


def _in_words(separator: str) -> str:
    if separator == SPACE:
        return "separated by spaces"
    return "one class a cell" if separator in (WHOLE, LISTS) else f"separated by {SEPARATORS.get(separator, separator)}"
