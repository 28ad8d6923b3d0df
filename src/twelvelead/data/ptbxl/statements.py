"""The statements of PTB-XL and the label tasks that they make, read from its own scp_statements.csv."""

import csv
from dataclasses import dataclass
from pathlib import Path
from zipfile import Path as ZipPath

from twelvelead.data.ptbxl.source import ZIP_FAULTS
from twelvelead.data.store import Tasks
from twelvelead.errors import Unreadable

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
"""In the order used everywhere."""

_NEEDED = ("", "diagnostic", "form", "rhythm", "diagnostic_class", "diagnostic_subclass")


@dataclass(frozen=True)
class Statements:
    """The SCP-ECG statements of PTB-XL.

    Attributes:
        codes: in the order of the file.
        tasks: all (71 classes), diagnostic (44), subclass (23), superclass (5), form (19), rhythm (12), each class with
            the codes that make it; superclasses in our order, the others in the order of the file.
    """

    codes: tuple[str, ...]
    tasks: Tasks


def read_statements(path: Path | ZipPath) -> Statements:
    """Reads scp_statements.csv as published with PTB-XL.

    Raises:
        Unreadable: the file is missing, lacks a column, repeats a code or names a superclass that is none of ours.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
            missing = [name or "(the unnamed first)" for name in _NEEDED if name not in (reader.fieldnames or ())]
    except (OSError, csv.Error, *ZIP_FAULTS) as error:
        raise Unreadable(f"{path}: cannot be read ({error}); take the file of the PTB-XL release") from None
    if missing or not rows:
        raise Unreadable(f"{path}: lacks {', '.join(missing) or 'rows'}; take the file of the PTB-XL release")
    codes = tuple(row[""] for row in rows)
    if len(set(codes)) != len(codes):
        raise Unreadable(f"{path}: a statement is listed twice; take the file of the PTB-XL release")
    subclasses: dict[str, list[str]] = {}
    superclasses: dict[str, list[str]] = {name: [] for name in SUPERCLASSES}
    for row in rows:
        if not row["diagnostic"]:
            continue
        if row["diagnostic_class"] not in superclasses:
            raise Unreadable(
                f"{path}: {row['']} has the superclass {row['diagnostic_class']!r}, none of {', '.join(SUPERCLASSES)}; "
                "take the file of the PTB-XL release"
            )
        superclasses[row["diagnostic_class"]].append(row[""])
        subclasses.setdefault(row["diagnostic_subclass"], []).append(row[""])
    return Statements(
        codes,
        {
            "all": {code: [code] for code in codes},
            "diagnostic": {row[""]: [row[""]] for row in rows if row["diagnostic"]},
            "subclass": subclasses,
            "superclass": superclasses,
            "form": {row[""]: [row[""]] for row in rows if row["form"]},
            "rhythm": {row[""]: [row[""]] for row in rows if row["rhythm"]},
        },
    )
