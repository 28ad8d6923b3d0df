"""What the codes in the headers of a data set stand for, as statements and superclasses of PTB-XL.

A mapping is a CSV with one line a code:
    code        as the headers have it: a SNOMED CT code, or words; case, spaces and a full stop at the end do not count
    statement   SCP-ECG acronyms of the statements that it stands for, separated by semicolons
    class       the superclasses that it stands for where no statement says so, separated by semicolons
    normal      yes where it says nothing against a normal ECG
    relation    what the code is against its statement: same, wider or narrower
    meaning, note   for readers
The columns code and one of statement, class and normal have to be there. A recording is NORM where every code of its
header is marked normal. What no code stands for cannot be known of a recording: it is no class of any task.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from twelvelead.data.ptbxl.statements import SUPERCLASSES
from twelvelead.data.store import Tasks
from twelvelead.errors import Unreadable
from twelvelead.weights.statements import load_statements

SHIPPED = Path(__file__).parent / "mappings"
COLUMNS = ("code", "statement", "class", "normal", "relation", "meaning", "note")
NORMAL = "NORM"
_RELATIONS = ("", "same", "wider", "narrower")
_YES_OR_NO = {"": False, "no": False, "yes": True}


@dataclass(frozen=True)
class Meaning:
    """What one code stands for: a line of a mapping.

    Attributes:
        code: as written.
        statements: acronyms.
        classes: superclasses, those of the statements not among them.
        normal: whether it says nothing against a normal ECG.
        relation: of the code to its statement: "same", "wider", "narrower" or "".
        meaning, note: for readers.
    """

    code: str
    statements: tuple[str, ...]
    classes: tuple[str, ...]
    normal: bool
    relation: str
    meaning: str
    note: str

    @property
    def is_mapped(self) -> bool:
        """Whether it stands for any statement or class."""
        return bool(self.statements or self.classes)


@dataclass(frozen=True, eq=False)
class CodeMapping:
    """What the codes of a data set stand for.

    Attributes:
        name: of the mapping: its file without folder and suffix.
        meanings: normalised code (`normalised`) -> what it stands for, in the order of the file.
    """

    name: str
    meanings: dict[str, Meaning]

    @property
    def labels(self) -> tuple[str, ...]:
        """All that a header can say by this mapping: statements in PTB-XL's order, then superclasses that some code
        stands for without a statement."""
        said = {name for meaning in self.meanings.values() for name in (*meaning.statements, *meaning.classes)}
        if any(meaning.normal for meaning in self.meanings.values()):
            said.add(NORMAL)
        order = dict.fromkeys((*(each.statement for each in load_statements()), *SUPERCLASSES))
        return tuple(name for name in order if name in said)

    def said_by(self, codes: Iterable[str]) -> set[str]:
        """Which of `labels` the codes of one header stand for."""
        meanings = [self.meanings.get(normalised(code)) for code in codes]
        known = [meaning for meaning in meanings if meaning is not None]
        said = {name for meaning in known for name in (*meaning.statements, *meaning.classes)}
        if meanings and len(known) == len(meanings) and all(meaning.normal for meaning in known):
            said.add(NORMAL)
        return said

    def tasks(self) -> Tasks:
        """PTB-XL's label tasks, of each the classes that a header can state, with those of `labels` that make them."""
        held = set(self.labels)
        known = [each for each in load_statements() if each.statement in held]
        subclasses: dict[str, list[str]] = {}
        superclasses: dict[str, list[str]] = {name: [] for name in SUPERCLASSES}
        for each in known:
            if each.superclass:
                subclasses.setdefault(each.subclass, []).append(each.statement)
                superclasses[each.superclass].append(each.statement)
        for name in held - {each.statement for each in known}:
            superclasses[name].append(name)

        def of_kind(kind: str) -> dict[str, list[str]]:
            return {each.statement: [each.statement] for each in known if kind in each.kinds}

        tasks: dict[str, dict[str, list[str]]] = {
            "all": {each.statement: [each.statement] for each in known},
            "diagnostic": of_kind("diagnostic"),
            "subclass": subclasses,
            "superclass": {name: of for name, of in superclasses.items() if of},
            "form": of_kind("form"),
            "rhythm": of_kind("rhythm"),
        }
        return {name: classes for name, classes in tasks.items() if classes}

    def not_expressed(self) -> dict[str, tuple[str, ...]]:
        """Of the tasks superclass and all, PTB-XL's classes that no code stands for; no task where there are none."""
        tasks = self.tasks()
        whole = {"superclass": SUPERCLASSES, "all": tuple(each.statement for each in load_statements())}
        missing = {
            task: tuple(name for name in names if name not in tasks.get(task, {})) for task, names in whole.items()
        }
        return {task: names for task, names in missing.items() if names}


def normalised(code: str) -> str:
    """A code as codes are compared."""
    return " ".join(code.casefold().split()).rstrip(" .")


def shipped_mappings() -> dict[str, Path]:
    """The mappings that ship: name -> file."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.csv"))}


def is_mapping(labels: str | Path) -> bool:
    """Whether labels are stated by a mapping: one that ships, or a file whose first line names the column code and no
    column file."""
    try:
        with _file_of(labels).open(newline="", encoding="utf-8-sig") as stream:
            names = {name.strip() for name in next(csv.reader(stream), [])}
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    return "code" in names and "file" not in names


def read_mapping(mapping: str | Path) -> CodeMapping:
    """Reads a mapping.

    Args:
        mapping: a file, or the name of one that ships.

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
