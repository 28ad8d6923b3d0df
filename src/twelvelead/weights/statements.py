"""The 71 statements of PTB-XL and the codes that public tables have for them; docs/statements.md shows the table."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).parent / "statements.csv"
Relation = Literal["", "same", "wider", "narrower"]


@dataclass(frozen=True)
class Statement:
    """An SCP-ECG statement with its codes; "" where no table at hand has one.

    Attributes:
        statement: SCP-ECG acronym, as PTB-XL spells it.
        description: in English, as PTB-XL has it.
        kinds: of "diagnostic", "form" and "rhythm".
        superclass, subclass: that a diagnostic one belongs to.
        snomed: SNOMED CT code of the PhysioNet/CinC Challenges.
        snomed_relation: what that code is against the statement.
        dicom: SNOMED CT code of DICOM's CID 3230 or 3677.
        dicom_relation: what that code is against the statement.
        aecg: reference id of the HL7 annotated ECG.
        aha: of the American Heart Association's list.
        cdisc: of CDISC's terminology.
        snomed_rt: DICOM's former code.
    """

    statement: str
    description: str
    kinds: tuple[str, ...]
    superclass: str
    subclass: str
    snomed: str
    snomed_relation: Relation
    dicom: str
    dicom_relation: Relation
    aecg: str
    aha: str
    cdisc: str
    snomed_rt: str


COLUMNS = tuple(field.name for field in fields(Statement))
"""Of the table."""


KINDS = ("diagnostic", "form", "rhythm")
"""Of statements; one may be of two."""


@cache
def load_statements() -> tuple[Statement, ...]:
    """All 71, in the order of PTB-XL's scp_statements.csv."""
    with FILE.open(newline="", encoding="utf-8") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    return tuple(Statement(**{**row, "kinds": tuple(row["kinds"].split())}) for row in rows)


def of_kind(kind: str) -> tuple[str, ...]:
    """Acronyms of the statements of one of `KINDS`."""
    return tuple(each.statement for each in load_statements() if kind in each.kinds)


def subclasses() -> dict[str, tuple[str, ...]]:
    """PTB-XL's subclasses with the acronyms of their statements."""
    found: dict[str, tuple[str, ...]] = {}
    for each in load_statements():
        if each.subclass:
            found[each.subclass] = (*found.get(each.subclass, ()), each.statement)
    return found


def read_off(names: Sequence[str], probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities of the subclasses from those of their statements: the highest of them.

    Args:
        names: of the statements, in the order of the columns.
        probabilities: [..., statements], calibrated.

    Returns:
        [..., subclasses] float64, in the order of `subclasses`.
    """
    columns = [[names.index(each) for each in of] for of in subclasses().values()]
    values = np.asarray(probabilities, np.float64)
    return np.stack([values[..., of].max(axis=-1) for of in columns], axis=-1)
