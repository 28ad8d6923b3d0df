"""Lead names and the algebra of the limb leads."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import Refused, Unreadable

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The twelve leads in the order used everywhere."""

INVERTED = "-aVR"
"""What the Cabrera sequence shows in the place of aVR: the same lead turned round."""

_CANONICAL = {lead.upper(): lead for lead in LEADS}
_ALIASES = {f"{prefix}{number}": lead for prefix in ("D", "L") for number, lead in enumerate(LEADS[:3], start=1)}
_ALIASES |= {f"D{lead}": lead for lead in LEADS[:3]}
_CHEST = {f"C{number}": f"V{number}" for number in range(1, 7)}
_INVERTED = ("-AVR", "NEGAVR", "AVRNEG", "(-)AVR", "AVR(-)", "- AVR", "NEG AVR", "AVR NEG", "(-) AVR", "AVR (-)")
_PREFIX = re.compile(r"(?:MDC|ECG|EKG|LEAD)[ -]\s*")
_SUFFIX = re.compile(r"[ -]*[ -]REF$")
_GAP = re.compile(r"(?<=^A)[ -](?=V[RLF]$)|(?<=^AV)[ -](?=[RLF]$)|(?<=^V)[ -](?=[1-6]$)|(?<=^[DL])[ -](?=[1-3]$)")
"""Where a gap may stand within the name of one lead; elsewhere it separates two, as in "I-II"."""

_LIMB = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as weights of leads I and II (Einthoven 1913, Goldberger 1942)."""


@lru_cache(maxsize=1024)
def canonical_lead(name: str) -> str:
    """Our spelling of a lead name in any case or usual alias ("AVR", "Lead II", "DI", "v1", "MDC_ECG_LEAD_V1", "ECG
    I-Ref"); "-aVR" for the inverted aVR; another signal's name ("I-II", "aVR-") comes back unchanged, without
    surrounding space. What a name means only beside others is for `canonical_leads`."""
    key = _key(name)
    if key in _INVERTED:
        return INVERTED
    key = _GAP.sub("", key)
    return _CANONICAL.get(_ALIASES.get(key, key), name.strip())


def canonical_leads(names: Sequence[str]) -> tuple[str, ...]:
    """The spelling of each of the leads that were recorded together, see `canonical_lead`.

    C1 to C6 are V1 to V6 where all six are there and neither a chest lead V nor the electrode Cz is: in an EEG they lie
    on the scalp.
    """
    found = tuple([canonical_lead(name) for name in names])
    if "V1" in found or len(found) < len(_CHEST):
        return found
    keys = [_key(name) for name in names]
    if _CHEST.keys() <= set(keys) and not {*_CHEST.values(), "CZ"} & {*found, *keys}:
        return tuple([_CHEST.get(key, lead) for key, lead in zip(keys, found, strict=True)])
    return found


def _key(name: str) -> str:
    """A name in upper case, without what stands around a lead's."""
    key = " ".join(name.upper().replace("\u2212", "-").replace("_", " ").split())
    while (shorter := _PREFIX.sub("", key, count=1) if _PREFIX.match(key) else key) != key:
        key = shorter
    return _SUFFIX.sub("", key)


def limb_leads(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The six limb leads from leads I and II, by the weights of Einthoven (1913) and Goldberger (1942).

    Args:
        first, second: leads I and II, [samples] floating, mV.

    Returns:
        I, II, III, aVR, aVL, aVF as [samples, 6] float32, mV.
    """
    return np.stack(
        [first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2], axis=-1
    ).astype(np.float32)


def obtainable(stored: Iterable[str]) -> tuple[str, ...]:
    """Which of the twelve leads can be had from stored ones, names in our spelling: themselves, and all limb leads
    where two of these are there."""
    held = {"aVR" if lead == INVERTED else lead for lead in stored}
    if len(held & _LIMB.keys()) >= 2:
        held |= _LIMB.keys()
    return tuple([lead for lead in LEADS if lead in held])


def columns_for(wanted: tuple[str, ...], stored: tuple[str, ...], source: str) -> list[int]:
    """Which stored leads the wanted ones are taken from: themselves, or all limb leads where one of those has to follow
    from others.

    Args:
        wanted, stored: names in our spelling; of equal stored names the first counts.
        source: named in the error.

    Returns:
        Indices into `stored`, in the order of `wanted` where all of them are stored.

    Raises:
        Refused: a wanted lead is neither stored nor determined by two limb leads.
    """
    if all(lead in stored for lead in wanted):
        return [stored.index(lead) for lead in wanted]
    held = obtainable(stored)
    missing = [lead for lead in wanted if lead not in stored and lead not in held]
    if missing:
        from twelvelead.ecg.finding import Finding

        needed = "V1-V6 and two of the limb leads are" if wanted == LEADS else f"all of {', '.join(wanted)} are"
        message = (
            f"missing lead{'s' if len(missing) > 1 else ''} {', '.join(missing)}; {needed} needed, so record or "
            "export the missing ones"
        )
        raise Refused(f"{source}: {message}", (Finding("missing-leads", "refuse", message),))
    return sorted({stored.index(lead) for lead in (*_LIMB, INVERTED, *wanted) if lead in stored})


def all_columns_for(wanted: tuple[str, ...], stored: tuple[str, ...], source: str) -> list[int]:
    """As `columns_for`, and every other column of the same names."""
    columns = columns_for(wanted, stored, source)
    if len(set(stored)) == len(stored):
        return columns
    names = {stored[column] for column in columns}
    return columns + [place for place, name in enumerate(stored) if name in names and place not in columns]


def choose_leads(
    signal: NDArray[np.float32], stored: tuple[str, ...], wanted: tuple[str, ...], source: str
) -> NDArray[np.float32]:
    """The wanted leads in their order.

    Args:
        signal: [samples, leads] float32, mV.
        stored: names of the columns in our spelling.
        wanted: names in our spelling.
        source: named in the error.

    Returns:
        [samples, wanted] float32, mV. Stored leads are kept as they are, an inverted aVR is turned round; missing limb
        leads follow from I and II, or from any two others by least squares over the definitions of all.

    Raises:
        Refused: a wanted lead is neither stored nor determined by two limb leads.
        Unreadable: a lead that is needed is stored twice, and differently.
    """
    if stored == wanted:
        return signal
    columns = columns_for(wanted, stored, source)
    if len(set(stored)) < len(stored):
        _require_alike(signal, stored, columns, source)
    if all(lead in stored for lead in wanted):
        return signal[:, columns]
    there = {lead: signal[:, stored.index(lead)] for lead in (*_LIMB, *wanted) if lead in stored}
    if INVERTED in stored and "aVR" not in there:
        there["aVR"] = -signal[:, stored.index(INVERTED)]
    if all(lead in there for lead in wanted):
        return np.stack([there[lead] for lead in wanted], axis=1)
    derived = dict(zip(_LIMB, limb_leads(*_first_and_second(there)).T, strict=True))
    return np.stack([there[lead] if lead in there else derived[lead] for lead in wanted], axis=1)


def _require_alike(signal: NDArray[np.float32], stored: tuple[str, ...], columns: list[int], source: str) -> None:
    for column in columns:
        for place, name in enumerate(stored):
            if name == stored[column] and not np.array_equal(signal[:, place], signal[:, column], equal_nan=True):
                raise Unreadable(f"{source}: lead {name} is stored more than once, and differently; export it once")


def _first_and_second(there: dict[str, NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if "I" in there and "II" in there:
        return there["I"], there["II"]
    limb = [lead for lead in _LIMB if lead in there]
    inverse = np.linalg.pinv(np.array([_LIMB[lead] for lead in limb]))
    first, second = inverse @ np.stack([there[lead] for lead in limb]).astype(np.float64)
    return first.astype(np.float32), second.astype(np.float32)
