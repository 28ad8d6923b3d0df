"""What weights that take fewer than twelve leads mean by each set of leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from twelvelead.weights.head import Head

LEAST_AUROC = 0.75
"""Of a statement on the validation folds, the lower end of its interval: below it, a set of leads does not carry it."""

_TERRITORIES = {
    "anterior": ("V1", "V2", "V3", "V4"),
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
    "posterior": ("V1", "V2", "V3"),
}
_SITES = {
    "AMI": ("anterior",),
    "ASMI": ("anterior",),
    "ALMI": ("anterior", "lateral"),
    "LMI": ("lateral",),
    "IMI": ("inferior",),
    "ILMI": ("inferior", "lateral"),
    "IPMI": ("inferior", "posterior"),
    "IPLMI": ("inferior", "posterior", "lateral"),
    "PMI": ("posterior",),
    "INJAS": ("anterior",),
    "INJAL": ("anterior", "lateral"),
    "INJLA": ("lateral",),
    "INJIN": ("inferior",),
    "INJIL": ("inferior", "lateral"),
    "ISCAN": ("anterior",),
    "ISCAS": ("anterior",),
    "ISCAL": ("anterior", "lateral"),
    "ISCLA": ("lateral",),
    "ISCIN": ("inferior",),
    "ISCIL": ("inferior", "lateral"),
}
"""Statement of PTB-XL that names a site -> its territories."""

_AXIS = {"LAFB": ("I", "aVF"), "LPFB": ("I", "aVF")}
"""Statement that an axis belongs to -> the leads that give it."""


@dataclass(frozen=True, kw_only=True)
class LeadSet:
    """What the outputs mean where a recording shows these leads and no others are looked at.

    Attributes:
        leads: that it has to show, with those that follow from them, in the usual order.
        classes, statements, subclasses: as in the contract, fitted on the validation folds with the other leads hidden.
    """

    leads: tuple[str, ...]
    classes: Head
    statements: Head | None
    subclasses: Head | None


def carried(head: Head, leads: Sequence[str]) -> tuple[bool, ...]:
    """Which statements of a head can be told from these leads alone, fewer than twelve, one a statement.

    A site of infarction, injury or ischaemia shows in two contiguous leads of its territory at least (Thygesen et al.
    2018, "Fourth universal definition of myocardial infarction", doi:10.1161/CIR.0000000000000617); a fascicular block
    has an axis, which takes leads I and aVF (Surawicz et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191095); that an ECG
    is normal takes all twelve. Of the others, and of these too, the AUROC has to reach `LEAST_AUROC` with the lower end
    of its interval.
    """
    there = set(leads)
    found = []
    for name, (_, low, _) in zip(head.classes, head.auroc, strict=True):
        sites = all(len(there.intersection(_TERRITORIES[each])) >= 2 for each in _SITES.get(name, ()))
        found.append(
            name != "NORM"
            and sites
            and there.issuperset(_AXIS.get(name, ()))
            and low is not None
            and low >= LEAST_AUROC
        )
    return tuple(found)
