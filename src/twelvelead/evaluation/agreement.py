"""How far two who say yes or no agree, beyond chance: Cohen's kappa (Cohen 1960, doi:10.1177/001316446002000104)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twelvelead.evaluation.bootstrap import BLOCK, FEWEST, Estimate, estimate, patient_weights

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Of one statement.

    Attributes:
        both, first_only, second_only, neither: records of which they say so.
        kappa: 1 for full agreement, 0 for that of chance; None where neither or both always say it.
        low, high: its 95 % interval over resampled patients; None where one of the two says it, or does not say it,
            of fewer than `FEWEST` records.
    """

    both: int
    first_only: int
    second_only: int
    neither: int
    kappa: float | None
    low: float | None = None
    high: float | None = None

    @property
    def records(self) -> int:
        """Of which both were asked."""
        return self.both + self.first_only + self.second_only + self.neither


def agreements(
    first: Flags, second: Flags, known: Flags, patients: Sequence[object], resamples: int = 1000, seed: int = 0
) -> tuple[Agreement, ...]:
    """The agreement on each statement.

    Args:
        first, second: [records, statements] bool, what each says.
        known: [records, statements] bool, whether both were asked.
        patients: of the records; those of one are drawn together.
        resamples, seed: of the intervals; none for 0.
    """
    tables = np.stack(
        [known & first & second, known & first & ~second, known & ~first & second, known & ~first & ~second]
    )
    counts = tables.sum(axis=1)
    said = np.stack([counts[0] + counts[1], counts[0] + counts[2]])
    enough = (np.minimum(said, counts.sum(axis=0) - said) >= FEWEST).all(axis=0)
    drawn = np.full((resamples, first.shape[1]), np.nan)
    if resamples and enough.any():
        weights = patient_weights(np.unique([repr(each) for each in patients], return_inverse=True)[1], resamples, seed)
        chosen = tables[:, :, enough].astype(np.float64)
        parts = [kappa(np.einsum("br,trs->tbs", block, chosen)) for block in _blocks(weights)]
        drawn[:, enough] = np.concatenate(parts)
    values = kappa(counts[:, None, :].astype(np.float64))[0]
    return tuple(_one(counts[:, at], values[at], drawn[:, at], enough[at]) for at in range(first.shape[1]))


def kappa(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of counts [4, ...], both, first only, second only, neither; NaN where chance alone agrees fully."""
    both, first, second, neither = counts
    total = counts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = (both + neither) / total
        chance = ((both + first) * (both + second) + (second + neither) * (first + neither)) / total**2
        return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)


def _blocks(weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return np.split(weights, range(BLOCK, len(weights), BLOCK))


def _one(counts: NDArray[np.int64], value: float, drawn: NDArray[np.float64], enough: bool) -> Agreement:
    both, first_only, second_only, neither = counts.tolist()
    if np.isnan(value):
        return Agreement(both, first_only, second_only, neither, None)
    if not enough or not len(drawn):
        return Agreement(both, first_only, second_only, neither, float(value))
    found: Estimate = estimate(np.concatenate([[value], drawn]))
    return Agreement(both, first_only, second_only, neither, float(value), found.low, found.high)
