"""Which column of a table of labels is which."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from twelvelead.data import cells
from twelvelead.data.text_table import TextTable, normalised
from twelvelead.errors import Unreadable
from twelvelead.naming import shown

_OF_RATE = {False: "filename_lr", True: "filename_hr"}
"""PTB-XL's columns of files, at 100 and at 500 Hz."""

_OF_SEX = {"male": True, "is_male": True, "female": False, "is_female": False}
"""Columns of 0 and 1 that say the sex -> whether 1 means male."""

ROLES = {
    "file": ("file", "filename", "file_name", "path", "filepath", "file_path", *_OF_RATE.values()),
    "container": ("container", "trace_file"),
    "member": ("member", "exam_id"),
    "ecg_id": ("ecg_id", "exam_id"),
    "patient_id": ("patient_id", "patient", "subject_id", "subject"),
    "fold": ("fold", "strat_fold"),
    "age": ("age",),
    "sex": ("sex", "gender", *_OF_SEX),
    "labels": ("labels", "label", "scp_codes", "dx", "diagnosis", "diagnoses", "class", "classes", "codes"),
}
"""What a column may be called, the first name before the others."""

PTBXL = {"scp_codes", "strat_fold", *_OF_RATE.values()}
"""Columns by which PTB-XL's own table is known."""

OF_MANY = ("container", "member")
"""Roles that name a recording in a file of many."""

_OUTCOMES = ("death",)
"""Columns of 0 and 1 that say nothing of the ECG, in CODE-15 %; --columns takes them all the same."""

_OF_AGE = ("age_in_", "age_(", "age_[", "age_")


@dataclass(frozen=True)
class Columns:
    """Which column is which.

    Attributes:
        of_role: role -> its name in the table; only those that there are.
        unit_of_age: "" for years.
        yes_is_male: of a column of 0 and 1 that says the sex, what 1 means; None where the cells say it.
        classes: columns of 0 and 1.
        unread: the others.
    """

    of_role: dict[str, str]
    unit_of_age: str
    yes_is_male: bool | None
    classes: tuple[str, ...]
    unread: tuple[str, ...]


def columns_of(
    table: TextTable, rate: float, columns: Sequence[str] | None, *, is_of_one_file: bool = False
) -> Columns:
    """Tells the columns of a table by their names and cells.

    Args:
        table: of recordings and labels.
        rate: in Hz; which of PTB-XL's two columns of files is meant.
        columns: that hold labels; None to tell them too.
        is_of_one_file: whether the recordings lie in one file of many, by whose order rows may name them.

    Raises:
        Unreadable: no column names recordings, or labels, or two may.
    """
    names = {normalised(name): name for name in table.names if name}
    of_role, unit = {}, ""
    is_of_many = is_of_one_file or any(name in names for name in ROLES["container"])
    for role, called in ROLES.items():
        held = [names[name] for name in called if name in names]
        if (role in OF_MANY and not is_of_many) or (role == "ecg_id" and not _are_numbers(table, held)):
            continue
        if role == "file" and {normalised(name) for name in held} == set(_OF_RATE.values()):
            held = [names[_OF_RATE[rate > 100]]]
        if role == "labels" and len(held) == 1 and _is_class(table.column(held[0])) and _others(table, names, held[0]):
            held = []  # a class of this name beside other classes, such as DX
        if held and (role != "labels" or columns is None):
            if len(held) > 1 and (role == "labels" or (role == "file" and normalised(held[0]) != role)):
                way = "say which by --columns" if role == "labels" else f"call it {role}"
                raise Unreadable(f"{table.path}: {' and '.join(held[:2])} may each be the column {role}; {way}")
            of_role[role] = held[0]
    if "age" not in of_role:
        for name, written in names.items():
            unit_of = next((name.removeprefix(start).strip("()[]_") for start in _OF_AGE if name.startswith(start)), "")
            if unit_of and cells.is_unit_of_age(unit_of):
                of_role["age"], unit = written, unit_of
    if not (is_of_one_file or {"file", "container"} & of_role.keys()):
        raise Unreadable(
            f"{table.path}: has no column file (or filename, or path), which names each recording; its columns are "
            f"{_few(table.names)}"
        )
    taken = set(of_role.values())
    if columns is not None:
        classes = _asked(table, columns)
    elif "labels" in of_role:
        classes = ()
    else:
        passed = {*taken, *(name for name in table.names if normalised(name) in (*_OUTCOMES, *_OF_SEX))}
        classes = tuple(name for name in table.names if name and name not in passed and _is_class(table.column(name)))
    if columns is not None and len(classes) == 1 and not _is_class(table.column(classes[0])):
        of_role["labels"], classes = classes[0], ()
    if not classes and "labels" not in of_role:
        others = [name for name in table.names if name not in taken]
        raise Unreadable(
            f"{table.path}: has no labels: add a column label with the names of the classes (AF;LBBB), or a column of "
            f"0 and 1 for each class; --columns names those that are called otherwise, of {_few(others) or 'none'}"
        )
    used = {*of_role.values(), *classes}
    yes_is_male = _OF_SEX.get(normalised(of_role.get("sex", "")))
    return Columns(of_role, unit, yes_is_male, classes, tuple(name for name in table.names if name not in used))


def _are_numbers(table: TextTable, held: Sequence[str]) -> bool:
    """Whether a column of ids is called so, or holds whole numbers."""
    return bool(held) and (normalised(held[0]) == "ecg_id" or all(cell.isdigit() for cell in table.column(held[0])))


def _others(table: TextTable, names: dict[str, str], column: str) -> bool:
    """Whether the table has other columns of 0 and 1 than this one and those that have a role."""
    roles = {name for called in ROLES.values() for name in called}
    return any(
        name not in roles and written != column and _is_class(table.column(written)) for name, written in names.items()
    )


def _asked(table: TextTable, columns: Sequence[str]) -> tuple[str, ...]:
    for name in columns:
        if name not in table.names:
            near = get_close_matches(name, table.names, 1)
            hint = f"did you mean {near[0]}" if near else f"its columns are {_few(table.names)}"
            raise Unreadable(f"{table.path}: has no column {name}; {hint}")
    return tuple(columns)


def _is_class(column: Sequence[str]) -> bool:
    """Whether a column holds 0 and 1, a slip in less than half of what it says aside."""
    says = [cell for cell in column if cell.lower() not in cells.NOTHING]
    return bool(says) and 2 * sum(map(cells.is_mark, says)) > len(says)


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
