"""How far apart two samples are, and whether chance alone gives as much: arrays in, one number each out.

Where several ECGs are of one patient, samples count as many independent ECGs as `effective_size` says. No test here
assumes a shape of the distribution.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import hypergeom

from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.evaluation.curves import wilson

Floats = NDArray[np.float64]

_Z = 1.959963984540054


def effective_size(patients: NDArray[np.int64] | None, records: int) -> float:
    """As how many independent records a sample counts: (sum m)^2 / sum m^2 over its patients with m records each (Kish
    1965, Survey Sampling, 8.2), as if the records of a patient were copies of each other; that errs to the safe side.

    Args:
        patients: [records], number of the patient in each, from 0 on; None where each is of a patient of its own.
        records: how many.
    """
    if patients is None or not records:
        return float(records)
    return float(records**2 / (np.bincount(patients).astype(np.float64) ** 2).sum())


class Ranked:
    """Numbers in order, so that no group has to be sorted.

    Args:
        values: [records] float64, none NaN.
    """

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        self._sorted = values[self._order]
        self._last = np.append(self._sorted[1:] != self._sorted[:-1], True)  # of those that are equal

    def of(self, records: NDArray[np.bool_]) -> Floats:
        """The numbers of some records [records] bool, in order."""
        return self._sorted[records[self._order]]

    def gaps(self, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Floats:
        """Distribution function of one minus that of the other, at each distinct number; both [records] bool."""
        shares = [np.cumsum(records[self._order])[self._last] / records.sum() for records in (one, other)]
        return np.asarray(shares[0] - shares[1], np.float64)


def kolmogorov_smirnov(gaps: Floats, sizes: tuple[float, float]) -> tuple[float, float]:
    """The largest distance of two distribution functions, and its p-value by the limiting distribution with Stephens'
    correction (1970, doi:10.1111/j.2517-6161.1970.tb00821.x). Ties make it larger than it need be.

    Args:
        gaps: of `Ranked.gaps`.
        sizes: effective numbers of records.
    """
    distance, root = float(np.abs(gaps).max()), _root(sizes)
    return distance, float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def kuiper(gaps: Floats, sizes: tuple[float, float]) -> tuple[float, float]:
    """The largest distance upwards plus the largest downwards, and its p-value (Kuiper 1960, Stephens 1970): as
    `kolmogorov_smirnov`, for angles, since it does not depend on where the circle is cut.

    Args:
        gaps: of `Ranked.gaps`, of angles within one turn.
        sizes: effective numbers of records.
    """
    distance, root = float(max(gaps.max(), 0) - min(gaps.min(), 0)), _root(sizes)
    t = (root + 0.155 + 0.24 / root) * distance
    if t < 0.4:  # the series converges slowly there, and is 1 to seven digits
        return distance, 1.0
    squares = (np.arange(1, 101) * t) ** 2
    return distance, float(np.clip(2 * ((4 * squares - 1) * np.exp(-2 * squares)).sum(), 0, 1))


def exact_test(counts: tuple[float, float], sizes: tuple[float, float]) -> float:
    """Fisher's exact test of two shares, twice the smaller tail; counts of effective sizes are rounded.

    Args:
        counts: with it, in each sample.
        sizes: of the samples.
    """
    (k, other), (n, m) = np.rint(counts).astype(int), np.rint(sizes).astype(int)
    urn = n + m, k + other, n
    return float(min(1.0, 2 * min(hypergeom.cdf(k, *urn), hypergeom.sf(k - 1, *urn))))


def median(ordered: Floats, size: float) -> Estimate:
    """The median with the 95 % interval that order statistics give (Conover 1999, Practical Nonparametric Statistics,
    3.2): what a percentile bootstrap of the median tends to, without drawing.

    Args:
        ordered: numbers in order, at least one.
        size: effective number of records.
    """
    half = _Z / (2 * np.sqrt(size))
    levels = np.clip([0.5, 0.5 - half, 0.5 + half], 0, 1)
    return Estimate(*map(float, np.quantile(ordered, levels)))


def mean_direction(degrees: Floats, size: float) -> Estimate:
    """Of angles, with its 95 % interval by the circular standard error (Fisher 1993, Statistical Analysis of Circular
    Data, 4.4); the whole circle where the angles have no direction. Bounds are not brought back into one turn.

    Args:
        degrees: at least one.
        size: effective number of records.
    """
    angles = np.deg2rad(degrees)
    first = np.exp(1j * angles).mean()
    length, direction = abs(first), np.angle(first)
    spread = 1 - np.cos(2 * (angles - direction)).mean()
    reach = _Z * np.sqrt(spread / (2 * size)) / max(length, 1e-9)
    half = 180.0 if reach >= 1 else float(np.rad2deg(np.arcsin(reach)))
    middle = float(np.rad2deg(direction))
    return Estimate(middle, middle - half, middle + half)


def share(count: float, size: float) -> Estimate:
    """A share with its 95 % interval (Wilson 1927)."""
    value = count / size
    low, high = wilson(np.array([value]), np.array([size]))
    return Estimate(float(value), float(low[0]), float(high[0]))


def difference(one: Estimate, other: Estimate, turn: float | None = None) -> Estimate:
    """One minus the other, with the interval that their own intervals give by squaring and adding: of shares Newcombe's
    (1998, method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), of any numbers Zou and
    Donner's (2008, doi:10.1002/sim.3095).

    Args:
        one, other: with intervals, of independent samples.
        turn: of angles, 360 for degrees; their difference is the shorter way round.
    """
    value = one.value - other.value
    if turn is not None:
        value = (value + turn / 2) % turn - turn / 2
    low = value - np.hypot(one.value - one.low, other.high - other.value)
    high = value + np.hypot(one.high - one.value, other.value - other.low)
    if turn is not None:
        low, high = max(low, value - turn / 2), min(high, value + turn / 2)
    return Estimate(float(value), float(low), float(high))


def cohens_h(one: float, other: float) -> float:
    """How far apart two shares are, on the scale on which their spread does not depend on them (Cohen 1988, ch. 6)."""
    return float(abs(2 * np.arcsin(np.sqrt(one)) - 2 * np.arcsin(np.sqrt(other))))


def _root(sizes: tuple[float, float]) -> float:
    one, other = sizes
    return float(np.sqrt(one * other / (one + other)))
