"""Mappings as files.

A mapping to classes of one's own is a TOML file (`twelvelead.data.class_mapping`). A mapping to PTB-XL's statements and
classes is a CSV with one line a code:
    code        as the headers have it: a SNOMED CT code, or words; case, spaces and a full stop at the end do not count
    statement   SCP-ECG acronyms of the statements that it stands for, separated by semicolons
    class       the superclasses that it stands for where no statement says so, separated by semicolons
    normal      yes where it says nothing against a normal ECG
    relation    what the code is against its statement: same, wider or narrower
    meaning, note   for readers
The columns code and one of statement, class and normal have to be there.
"""

import csv
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from twelvelead.data.class_mapping import SUFFIX, read_class_mapping
from twelvelead.data.joining import Mapping
from twelvelead.data.mapping import NORMAL, CodeMapping, Meaning, normalised
from twelvelead.data.ptbxl.statements import SUPERCLASSES
from twelvelead.errors import Unreadable
from twelvelead.weights.statements import load_statements

SHIPPED = Path(__file__).parent / "mappings"
COLUMNS = ("code", "statement", "class", "normal", "relation", "meaning", "note")
_RELATIONS = ("", "same", "wider", "narrower")
_YES_OR_NO = {"": False, "no": False, "yes": True}


def shipped_mappings() -> dict[str, Path]:
    """The mappings that ship: name -> file."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.csv"))}


def is_mapping(labels: str | Path) -> bool:
    """Whether labels are stated by a mapping: one that ships, a TOML file, or a file whose first line names the column
    code and no column file."""
    if Path(labels).suffix.lower() == SUFFIX:
        return True
    try:
        with _file_of(labels).open(newline="", encoding="utf-8-sig") as stream:
            names = {name.strip() for name in next(csv.reader(stream), [])}
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    return "code" in names and "file" not in names


def find_mapping(mapping: str | Path) -> Mapping:
    """A mapping of either kind: a file, or the name of one that ships.

    Raises:
        Unreadable: there is no such mapping, or something in it cannot be understood.
    """
    path = Path(mapping)
    return read_class_mapping(path) if path.suffix.lower() == SUFFIX else read_mapping(mapping)


def read_mapping(mapping: str | Path) -> CodeMapping:
    """Reads a mapping to PTB-XL's statements and classes.

    Args:
        mapping: a CSV, or the name of one that ships.

    Raises:
        Unreadable: there is no such mapping, or a line of it cannot be understood.
    """
    path = _file_of(mapping)
    lines: dict[str, int] = {}
    meanings: dict[str, Meaning] = {}
    for line, cells in _rows(path):
        try:
            found = _meaning(cells)
        except ValueError as error:
            raise Unreadable(f"{path}: line {line}: {error}") from None
        code = normalised(found.code)
        if code in meanings:
            raise Unreadable(
                f"{path}: line {line}: the code {found.code} stands in line {lines[code]} already; keep one line, and "
                "separate several statements in it by semicolons"
            )
        lines[code], meanings[code] = line, found
    made = CodeMapping(path.stem, meanings)
    if not made.labels:
        raise Unreadable(f"{path}: maps no code to any statement or class; fill the columns statement and class")
    return made


def _file_of(mapping: str | Path) -> Path:
    path = Path(mapping)
    return path if path.is_file() else shipped_mappings().get(str(mapping), path)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            names = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if row]
    except FileNotFoundError:
        raise Unreadable(
            f"{path}: no such mapping; name a CSV, or one that ships: {', '.join(shipped_mappings())}", code="not-found"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path}: cannot be read ({error}); name a CSV in UTF-8") from None
    if "code" not in names or not {"statement", "class", "normal"} & set(names):
        raise Unreadable(
            f"{path}: line 1 lacks a column; a mapping has code, at least one of statement, class and normal, and may "
            "have relation, meaning and note"
        )
    strange = sorted(set(names) - set(COLUMNS)) or sorted({name for name in names if names.count(name) > 1})
    if strange:
        raise Unreadable(f"{path}: line 1 names the column {strange[0]!r}; each of {', '.join(COLUMNS)} may stand once")
    for line, row in rows:
        if len(row) != len(names):
            raise Unreadable(f"{path}: line {line} has {len(row)} cells of {len(names)}; mend it")
        yield line, dict(zip(names, map(str.strip, row), strict=True))


def _meaning(cells: dict[str, str]) -> Meaning:
    """Raises ValueError with what is wrong and what to do."""
    if not cells["code"]:
        raise ValueError("code is empty; name the code, or take the line out")
    superclass_of = {each.statement: each.superclass for each in load_statements()}
    statements, classes = (tuple(_names(cells.get(column, ""))) for column in ("statement", "class"))
    for name in statements:
        if name not in superclass_of:
            elsewhere = "; it is a class, so write it into the column class" if name in SUPERCLASSES else ""
            raise ValueError(
                f"no statement {name}{elsewhere or _nearest(name, superclass_of)}; the 71 of docs/statements.md count"
            )
    for name in classes:
        if name not in SUPERCLASSES:
            elsewhere = " (it is a statement, so write it into the column statement)" if name in superclass_of else ""
            raise ValueError(f"no class {name}{elsewhere}; choose of {', '.join(SUPERCLASSES)}")
    own = {superclass_of[name] for name in statements} - {""}
    if own and classes and not own <= set(classes):
        raise ValueError(
            f"contradicts itself: {';'.join(statements)} belongs to {', '.join(sorted(own))}, and the class is "
            f"{';'.join(classes)}; leave the class out, or name both"
        )
    for column, allowed in (("relation", _RELATIONS), ("normal", tuple(_YES_OR_NO))):
        if cells.get(column, "") not in allowed:
            raise ValueError(
                f"{column} is {cells[column]!r}; choose of {', '.join(filter(None, allowed))}, or leave it"
            )
    normal = _YES_OR_NO[cells.get("normal", "")]
    if normal and (own | set(classes)) - {NORMAL}:
        raise ValueError(f"contradicts itself: normal, and of the class {', '.join(sorted(own | set(classes)))}")
    return Meaning(
        code=cells["code"],
        statements=statements,
        classes=tuple(name for name in classes if name not in own),
        normal=normal,
        relation=cells.get("relation", ""),
        meaning=cells.get("meaning", ""),
        note=cells.get("note", ""),
    )


def _names(cell: str) -> Iterator[str]:
    for name in cell.split(";"):
        if name.strip():
            yield name.strip()


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name.upper(), known, n=1)
    return f"; did you mean {close[0]}" if close else ""
