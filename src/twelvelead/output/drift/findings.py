"""What a comparison of groups found, and in which words it is said on the terminal and on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from twelvelead.evaluation.drift import (
    FEW,
    FEWEST,
    LEVEL,
    SMALL_DISTANCE,
    SMALL_H,
    Change,
    Group,
    Quantity,
)
from twelvelead.inference.interpretation import NOTICE
from twelvelead.output.drift.words import title_of
from twelvelead.version import __version__

LIMITS = (
    "Drift says that answers differ, not who is right and not how accurate the model is: other patients, another "
    "device, another habit of recording and a fault all look like this. No alarm does not mean that nothing changed: "
    "small groups show large changes only.",
    "What differs in age or sex is a difference of patients first: probabilities follow.",
    "Names of groups and small groups can tell who somebody is: share this with care.",
)


@dataclass(frozen=True, eq=False)
class Findings:
    """What was compared and what came out.

    Attributes:
        place: of the answers.
        by: columns that divide the rows.
        reference: as it was given; None for all other rows.
        patient: column with the patients; None where each row counts as a patient of its own.
        rows: of the answers.
        quantities, groups: that were compared.
        changes: for each group and quantity, group by group.
    """

    place: str
    by: Sequence[str]
    reference: str | None
    patient: str | None
    rows: int
    quantities: Sequence[Quantity]
    groups: Sequence[Group]
    changes: Sequence[Change]

    @property
    def alarms(self) -> list[Change]:
        """The surest first, of equally sure ones the largest."""
        return sorted((each for each in self.changes if each.alarm), key=lambda each: (each.p_adjusted, -each.effect))

    @property
    def tested(self) -> list[Change]:
        """What could be compared."""
        return [each for each in self.changes if not each.note]

    @property
    def headline(self) -> str:
        """What came out, in a few words."""
        if not self.tested:
            return "nothing could be compared"
        groups = len({name_of(each) for each in self.alarms})
        where = f" in {groups} of {counted(len(self.groups), 'group')}" if groups else ""
        return counted(len(self.alarms), "alarm") + where

    @property
    def against(self) -> str:
        """What the groups are compared with, in words."""
        return "all other rows" if self.reference is None else self.reference

    def of(self, group: Group) -> list[Change]:
        """The changes of a group."""
        return [each for each in self.changes if (each.column, each.value) == (group.column, group.value)]

    def not_assessed(self) -> list[str]:
        """Names of groups that are too small, of quantities that no group has enough of, and how many of a group."""
        few = {
            name: [each for each in self.changes if name_of(each) == name and each.note == FEW] for name in self._names
        }
        whole = [name for name, changes in few.items() if len(changes) == len(self.quantities)]
        parts = {name: {each.quantity for each in changes} for name, changes in few.items() if name not in whole}
        nowhere = set[str].intersection(*parts.values()) if parts else set()
        return [
            *whole,
            *(title_of(each.name) for each in self.quantities if each.name in nowhere),
            *(
                f"{counted(len(quantities - nowhere), 'quantity', 'quantities')} of {name}"
                for name, quantities in parts.items()
                if quantities - nowhere
            ),
        ]

    @property
    def _names(self) -> list[str]:
        return [name_of(group) for group in self.groups]

    def method(self) -> Iterator[str]:
        """What was tested, and how, as sentences."""
        tested = self.tested
        small = sum(each.significant and not each.alarm for each in tested)
        yield (
            f"{len(tested):,} comparisons of {len({each.quantity for each in tested})} quantities in "
            f"{counted(len({name_of(each) for each in tested}), 'group')}, against {self.against}: numbers by "
            "Kolmogorov and Smirnov's test, angles by Kuiper's, shares by Fisher's exact test."
        )
        yield (
            f"An alarm has p {LEVEL:g} or less after Holm's correction over all of them (without drift at most "
            f"{LEVEL:.0%} of such pages have one) and is not small: a distance (D, V) of at least {SMALL_DISTANCE:.2f} "
            f"or Cohen's h of at least {SMALL_H:g}. {small:,} more differ beyond chance, but less than that."
        )
        if self.patient is None:
            yield (
                "Each ECG counts as one of a patient of its own; where patients come again, alarms come too easily: "
                "name the column that has them with --patient."
            )
        else:
            yield f"ECGs of one patient (column {self.patient}) count as if they were copies of each other."
        few = self.not_assessed()
        if few:
            yield f"Not assessed, with {FEW} (of different patients) in the group or its reference: {_named(few)}."
        yield "Intervals are of 95 % each, uncorrected."

    def values(self) -> dict[str, Any]:
        """What `drift.json` holds."""
        return {
            "answers": self.place,
            "rows": self.rows,
            "by": list(self.by),
            "reference": self.reference,
            "patient": self.patient,
            "level": LEVEL,
            "correction": "Holm",
            "smallest_effect": {"number": SMALL_DISTANCE, "angle": SMALL_DISTANCE, "share": SMALL_H},
            "fewest": FEWEST,
            "alarms": len(self.alarms),
            "not_assessed": self.not_assessed(),
            "notice": NOTICE,
            "twelvelead": __version__,
            "changes": [_plain(each) for each in self.changes],
        }


def name_of(group: Group | Change) -> str:
    """ "site=A"."""
    return f"{group.column}={group.value}"


def rows_of(group: Group) -> tuple[int, int]:
    """Of the group and of its reference."""
    return int(np.count_nonzero(group.records)), int(np.count_nonzero(group.reference))


def counted(number: int, one: str, many: str = "") -> str:
    """ "no alarm", "1 alarm", "2 alarms"."""
    return f"{number:,} {(many or one + 's') if number > 1 else one}" if number else f"no {one}"


def _named(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _plain(change: Change) -> dict[str, Any]:
    estimates = change.estimates or (None, None)
    return {
        "column": change.column,
        "value": change.value,
        "quantity": change.quantity,
        "kind": change.kind,
        "records": list(change.records),
        "effective_records": list(change.sizes),
        "group": estimates[0] and estimates[0]._asdict(),
        "reference": estimates[1] and estimates[1]._asdict(),
        "difference": change.difference and change.difference._asdict(),
        "effect": _or_none(change.effect),
        "p": _or_none(change.p),
        "p_adjusted": _or_none(change.p_adjusted),
        "alarm": change.alarm,
        "note": change.note,
    }


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value
