"""What the codes of a data set stand for, as statements and superclasses of PTB-XL.

An acronym of a statement stands for itself, so that PTB-XL can be joined with others. A recording is NORM where a code
says so, or where every code of its header says nothing against a normal ECG. What no code stands for cannot be known of
a recording: it is no class of any task.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from twelvelead.data.ptbxl.statements import SUPERCLASSES
from twelvelead.data.store import Tasks
from twelvelead.errors import TwelveLeadError
from twelvelead.weights.statements import load_statements

NORMAL = "NORM"


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

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All that a header can say by this mapping: statements in PTB-XL's order, then superclasses that some code
        stands for without a statement."""
        said = {name for meaning in self.meanings.values() for name in (*meaning.statements, *meaning.classes)}
        if any(meaning.normal for meaning in self.meanings.values()):
            said.add(NORMAL)
        order = dict.fromkeys((*(each.statement for each in load_statements()), *SUPERCLASSES))
        return tuple(name for name in order if name in said)

    def lists(self, code: str) -> bool:
        """Whether it says anything of a code, and be it that nothing stands for it."""
        return normalised(code) in self.meanings or code in self.labels

    def said_by(self, codes: Iterable[str]) -> set[str]:
        """Which of `labels` the codes of one recording stand for."""
        written = list(codes)
        meanings = [self.meanings.get(normalised(code)) for code in written]
        known = [meaning for meaning in meanings if meaning is not None]
        said = {name for meaning in known for name in (*meaning.statements, *meaning.classes)}
        said |= {code for code in written if code in self.labels}
        if meanings and len(known) == len(meanings) and all(meaning.normal for meaning in known):
            said.add(NORMAL)
        return said

    def tasks(self, task: str | None = None) -> Tasks:
        """PTB-XL's label tasks, of each the classes that a header can state, with those of `labels` that make them.

        Raises:
            TwelveLeadError: a task of one's own is named.
        """
        if task is not None:
            raise TwelveLeadError(
                f"task {task}: the mapping {self.name} makes PTB-XL's tasks; leave the name out, or map to classes of "
                'your own by a TOML file (CODE = "CLASS")'
            )
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
