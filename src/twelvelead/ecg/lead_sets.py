"""Which leads a recording has to show: the sets of leads that weights for fewer than twelve are made for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, canonical_lead, obtainable
from twelvelead.errors import TwelveLeadError


def named_leads(text: str) -> tuple[str, ...]:
    """Leads such as "I,II,V2" in their order, by any usual name.

    Raises:
        TwelveLeadError: one is none of the twelve, or stands twice.
    """
    names = tuple(canonical_lead(name) for name in text.split(","))
    wrong = [name for name in names if name not in LEADS or names.count(name) > 1]
    if wrong:
        raise TwelveLeadError(
            f"leads {text}: {wrong[0] or 'nothing'} is none, or stands twice; give each once, as in I,II"
        )
    return names


def parse_lead_set(text: str) -> tuple[str, ...]:
    """The leads of a set such as "I,II,V2", with the limb leads that follow from two of them, in the usual order.

    Raises:
        ValueError: a name is none of the twelve leads in our spelling, stands twice, or there is none.
    """
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in LEADS or names.count(name) > 1]
    if wrong:
        raise ValueError(
            f"{text!r} is no set of leads ({wrong[0] or 'nothing'!r}); give each once, of {', '.join(LEADS)}, "
            "with commas between"
        )
    return obtainable(names)


def shown_by(sets: Sequence[str], leads: Sequence[str]) -> NDArray[np.bool_]:
    """[sets, leads]: whether a lead is there where those of a set alone are."""
    return np.array([[lead in held for lead in leads] for held in map(parse_lead_set, sets)], bool)
