"""Do the answers for some recordings differ from those for others? Quantities, groups and a correction for many tests.

An alarm needs both: a p-value of at most `LEVEL` after Holm's correction over everything that was tested, and an effect
of at least `SMALL_DISTANCE` or `SMALL_H`. So of a hundred looks at answers that did not drift, at most five raise any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.evaluation.comparison import holm
from twelvelead.evaluation.two_samples import (
    Ranked,
    cohens_h,
    difference,
    effective_size,
    exact_test,
    kolmogorov_smirnov,
    kuiper,
    mean_direction,
    median,
    share,
)
from twelvelead.progress import Progress, counted, silent

LEVEL = 0.05
"""Chance of any false alarm, at most."""

FEWEST = 20
"""Effective number of ECGs, of a group and of its reference, below which a quantity is not assessed."""

SMALL_H = 0.2
"""Of shares: Cohen's h below which a difference raises no alarm; his "small" (Cohen 1988, 6.2.3)."""

SMALL_DISTANCE = float(2 * ndtr(0.1) - 1)
"""Of numbers and angles: the distance below which a difference raises no alarm, 0.080; that of two normal distributions
that lie 0.2 of their standard deviation apart, Cohen's "small" (1988, 2.2.3)."""

SAME = "one value throughout"
FEW = f"fewer than {FEWEST} ECGs"

Kind = Literal["number", "angle", "share"]


@dataclass(frozen=True, eq=False)
class Quantity:
    """What is compared.

    Attributes:
        name: of the quantity.
        kind: "number"; "angle" in degrees; "share" of 0 and 1.
        values: [records] float64, NaN where the record does not count.
    """

    name: str
    kind: Kind
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group:
    """Some records, and those that they are compared with.

    Attributes:
        column: what divides the records, such as "site".
        value: which part this is.
        records, reference: [records] bool; none is in both.
    """

    column: str
    value: str
    records: NDArray[np.bool_]
    reference: NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """One quantity of one group against its reference.

    Attributes:
        column, value: of the group.
        quantity, kind: of the quantity.
        records: that count, of the group and of the reference.
        sizes: as how many independent ones they count.
        estimates: of both, with 95 % intervals: medians of numbers, mean directions of angles, shares; None where not
            assessed.
        difference: group minus reference, with its 95 % interval.
        effect: the Kolmogorov-Smirnov distance of numbers, Kuiper's of angles, Cohen's h of shares.
        p, p_adjusted: NaN where nothing was tested.
        note: why not; "" where it was.
    """

    column: str
    value: str
    quantity: str
    kind: Kind
    records: tuple[int, int]
    sizes: tuple[float, float]
    estimates: tuple[Estimate, Estimate] | None = None
    difference: Estimate | None = None
    effect: float = float("nan")
    p: float = float("nan")
    p_adjusted: float = float("nan")
    note: str = ""

    @property
    def significant(self) -> bool:
        """Whether chance does not explain it, however small it is."""
        return self.p_adjusted <= LEVEL

    @property
    def alarm(self) -> bool:
        """Whether chance does not explain it, and it is not small."""
        return self.significant and self.effect >= (SMALL_H if self.kind == "share" else SMALL_DISTANCE)


def changes(
    quantities: Sequence[Quantity],
    groups: Sequence[Group],
    patients: ArrayLike | None = None,
    progress: Progress = silent,
) -> list[Change]:
    """Every quantity of every group against its reference.

    Numbers are compared by Kolmogorov and Smirnov's test, angles by Kuiper's, shares by Fisher's exact one; what has
    one value in all records of both is not tested. All p-values are corrected together.

    Args:
        quantities: any; names are unique.
        groups: any; they may overlap.
        patients: [records], a patient's identity in each; None where each record is of a patient of its own.
        progress: told the quantities compared.

    Returns:
        A change for each group and quantity, group by group.

    Raises:
        ValueError: the shapes do not match.
    """
    known = None if patients is None else np.unique(np.asarray(patients), return_inverse=True)[1].astype(np.int64)
    shapes = {each.values.shape for each in quantities}
    shapes |= {shape for group in groups for shape in (group.records.shape, group.reference.shape)}
    if len(shapes if known is None else shapes | {known.shape}) > 1:
        raise ValueError("quantities, groups and patients have to be [records], all of the same records")
    by_quantity = [
        list(_changes_of(quantity, groups, known)) for quantity in counted(quantities, "quantities", progress)
    ]
    found = [change for of_group in zip(*by_quantity, strict=True) for change in of_group]
    tested = [number for number, change in enumerate(found) if not change.note]
    for number, p in zip(tested, holm([found[number].p for number in tested]), strict=True):
        found[number] = replace(found[number], p_adjusted=p)
    return found


def _changes_of(quantity: Quantity, groups: Sequence[Group], patients: NDArray[np.int64] | None) -> Iterator[Change]:
    rows = np.flatnonzero(~np.isnan(quantity.values))
    whose = None if patients is None else patients[rows]
    ranked = Ranked(quantity.values[rows])
    for group in groups:
        one, other = group.records[rows], group.reference[rows]
        records = int(one.sum()), int(other.sum())
        sizes = _effective(whose, one, records[0]), _effective(whose, other, records[1])
        change = Change(group.column, group.value, quantity.name, quantity.kind, records, sizes)
        yield replace(change, note=FEW) if min(sizes) < FEWEST else _compared(change, ranked, one, other)


def _effective(whose: NDArray[np.int64] | None, rows: NDArray[np.bool_], records: int) -> float:
    return effective_size(None if whose is None else whose[rows], records)


def _compared(change: Change, ranked: Ranked, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Change:
    values, sizes = (ranked.of(one), ranked.of(other)), change.sizes
    if values[0][0] == values[0][-1] == values[1][0] == values[1][-1]:
        return replace(change, note=SAME)
    if change.kind == "share":
        shares = values[0].mean(), values[1].mean()
        counts = shares[0] * sizes[0], shares[1] * sizes[1]
        estimates = share(counts[0], sizes[0]), share(counts[1], sizes[1])
        effect, p = cohens_h(*shares), exact_test(counts, sizes)
    else:
        of, test = (median, kolmogorov_smirnov) if change.kind == "number" else (mean_direction, kuiper)
        estimates = of(values[0], sizes[0]), of(values[1], sizes[1])
        effect, p = test(ranked.gaps(one, other), sizes)
    apart = difference(*estimates, turn=360 if change.kind == "angle" else None)
    return replace(change, estimates=estimates, difference=apart, effect=effect, p=p)
