"""The 71 statements of PTB-XL and the codes that public tables have for them; docs/statements.md shows the table."""

import csv
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

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


def load_statements() -> tuple[Statement, ...]:
    """All 71, in the order of PTB-XL's scp_statements.csv."""
    with FILE.open(newline="", encoding="utf-8") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    return tuple(Statement(**{**row, "kinds": tuple(row["kinds"].split())}) for row in rows)
