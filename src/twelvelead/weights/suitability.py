"""May these weights meet this data? What they can read of it, and which of its folds trained them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from twelvelead.errors import TwelveLeadError
from twelvelead.weights.contract import Contract

PTBXL = "PTB-XL"
"""Begins the name of these data, whose folds are published: every copy of them has the same."""


class Data(Protocol):
    """Many recordings, as `twelvelead.data.store.Store` holds them.

    Attributes:
        path: where they lie.
        sampling_rate: in Hz.
        samples: of each recording.
        leads: their names in order.
        source: what they were made from.
        data_hash: of all that they hold.
    """

    path: Path
    sampling_rate: float
    samples: int
    leads: tuple[str, ...]
    source: str
    data_hash: str


def seen_folds(contract: Contract, data: Data) -> frozenset[int]:
    """The folds of the data that trained the weights, or weights that they came from.

    Data are the same by their hash, and by their name whatever their hash: they may be a part of what trained, or the
    same recordings at another rate. Data of another name and hash were not seen.
    """
    steps = [{"data": contract.data, "train_folds": contract.train_folds}, *contract.ancestors]
    return frozenset(fold for step in steps if _is_same(step["data"], data) for fold in step["train_folds"])


def role(contract: Contract, data: Data, fold: int) -> str:
    """What a fold of the data was to the weights, in a few words."""
    if fold in seen_folds(contract, data):
        return "which trained the weights: no measure of their worth"
    if _is_same(contract.data, data):
        return "which also chose" if fold in contract.validation_folds else "held out"
    if any(_is_same(step["data"], data) for step in contract.ancestors):
        return "of data that trained the weights these came from, though not this fold"
    return "other data than trained the weights"


def require_suitable(contract: Contract, data: Data, weights: str | Path | None = None) -> None:
    """Refuse data that the weights cannot read. Sampling rates are compared rounded to 1 Hz.

    Args:
        contract: of the weights.
        data: what they are to read.
        weights: what the user calls them; the contract's name where None.

    Raises:
        TwelveLeadError: the data are of another sampling rate, have other leads, or are too short.
    """
    name, rate = weights or contract.name, contract.sampling_rate
    if round(data.sampling_rate) != rate:
        raise TwelveLeadError(
            f"{data.path}: sampling rate is {data.sampling_rate:g} Hz, but the weights {name} need {rate} Hz; make "
            f"such a store (--rate {rate}), or choose weights of this rate"
        )
    if data.leads != contract.leads:
        raise TwelveLeadError(
            f"{data.path}: leads are {', '.join(data.leads)}, but the weights {name} need "
            f"{', '.join(contract.leads)} in this order; make such a store, or choose weights of these leads"
        )
    if data.samples < contract.minimum_samples:
        raise TwelveLeadError(
            f"{data.path}: records of {data.samples} samples, but the weights {name} need {contract.minimum_samples} "
            f"({contract.minimum_samples / rate:g} s) at least; store longer recordings, or choose weights that read "
            "shorter ones"
        )


def require_unseen(
    contract: Contract,
    data: Data,
    folds: Iterable[int],
    weights: str | Path | None = None,
    remedy: str = "choose another fold, or other weights",
) -> None:
    """Refuse folds whose figures would say nothing of new records, so that they can neither measure nor choose.

    Args:
        contract: of the weights.
        data: holds the folds.
        folds: to be asked of the weights.
        weights: what the user calls them; the contract's name where None.
        remedy: what to do.

    Raises:
        TwelveLeadError: one of them trained the weights, or weights that they came from.
    """
    seen = sorted(seen_folds(contract, data) & set(folds))
    if seen:
        which = f"fold{'s' if len(seen) > 1 else ''} {', '.join(map(str, seen))}"
        raise TwelveLeadError(
            f"{data.path}: {which} trained the weights {weights or contract.name}, or weights that they came from, and "
            f"{'say' if len(seen) > 1 else 'says'} nothing of new records; {remedy}"
        )


def require_own_data(contract: Contract, data: Data, weights: str | Path | None = None) -> None:
    """Refuse other data than those whose folds the contract numbers.

    Raises:
        TwelveLeadError: the weights were trained on data of another name and hash.
    """
    if not _is_same(contract.data, data):
        raise TwelveLeadError(
            f"{data.path}: holds {data.source}, but the weights {weights or contract.name} were trained on "
            f"{contract.data['name']}, and the folds in their contract are of those; choose a store of these data"
        )


def _is_same(known: Mapping[str, Any], data: Data) -> bool:
    name = str(known.get("name"))
    published = name.startswith(PTBXL) and data.source.startswith(PTBXL)
    return known.get("hash") == data.data_hash or name == data.source or published
