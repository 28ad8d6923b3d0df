"""Does the model do as well for some records as for the others?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.bootstrap import LEVEL, patient_weights
from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.ranking import Ranking

METRICS = ("macro_auroc", "subset_accuracy")
FEWEST_PATIENTS = 20
"""A subgroup, or a rest, of fewer patients keeps its figures and is not compared: too few to resample."""

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float]
"""Estimate, low, high."""


@dataclass(frozen=True, eq=False)
class Group:
    """Some of the records, or all of them with other inputs.

    Attributes:
        family: what divides the records, such as "sex".
        name: which part this is, such as "female".
        records: [records] bool.
        probabilities: [records, classes], where the group is the same records with other inputs, such as hidden
            metadata: the comparison is then paired, with the same records as they are. Else None: the comparison is
            with all other records.
    """

    family: str
    name: str
    records: NDArray[np.bool_]
    probabilities: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class Subgroup:
    """Figures of one group.

    Attributes:
        family, name: of the group.
        records, patients: how many.
        classes_left_out: those without positives or without negatives in the group; its macro AUROC lacks them.
        metrics: name -> (estimate, low, high) with the 95 % interval; a metric that is undefined is absent.
        differences: name -> (estimate, low, high), group minus rest, with the simultaneous 95 % interval; absent where
            they are not compared.
        gaps: the metrics whose difference's interval excludes 0.
        note: why there is no figure or no comparison; "" where there is.
    """

    family: str
    name: str
    records: int
    patients: int
    classes_left_out: tuple[str, ...]
    metrics: dict[str, Bounds]
    differences: dict[str, Bounds]
    gaps: tuple[str, ...]
    note: str


@dataclass(frozen=True, eq=False)
class _Sample:
    """AUROC [resamples, classes] and subset accuracy [resamples] of some records; row 0 is the sample as it is."""

    auroc: Floats
    subset_accuracy: Floats

    @property
    def scorable(self) -> NDArray[np.bool_]:
        return np.asarray(~np.isnan(self.auroc[0]))

    def metric(self, name: str, classes: NDArray[np.bool_]) -> Floats:
        return _mean(self.auroc[:, classes]) if name == "macro_auroc" else self.subset_accuracy


def subgroups(
    labels: ArrayLike,
    probabilities: ArrayLike,
    thresholds: ArrayLike,
    patients: ArrayLike,
    classes: Sequence[str],
    groups: Sequence[Group],
    resamples: int = 1000,
    seed: int = 0,
    known: NDArray[np.bool_] | None = None,
) -> list[Subgroup]:
    """Macro AUROC and subset accuracy of each group with interval, and its difference to the rest.

    One bootstrap by patient serves all: group and rest are scored on the same resamples, so that patients and records
    in both count as they should. The intervals of the metrics are percentiles, each for itself. Those of the
    differences hold *together* with 95 %: estimate +- q * standard error, q the 95 % quantile over resamples of the
    largest studentised deviation among all comparisons (max-T; Westfall and Young 1993, Romano and Wolf 2005). So the
    number of subgroups is allowed for, and groups that say the same twice cost nothing. A difference of macro AUROC is
    over the classes that have positives and negatives on both sides.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.
        thresholds: [classes], one number for all, or [records, classes].
        patients: [records], a patient's identity in each.
        classes: names of the columns.
        groups: any; they may overlap, and may be empty.
        resamples: number of resamples.
        seed: of the resampling.
        known: [records, classes] bool, which labels are known; None for all. The others count nowhere.

    Returns:
        One for each group, in their order.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    y, p = checked(labels, probabilities, classes)
    cuts = np.broadcast_to(np.asarray(thresholds, np.float64), y.shape)
    there = np.ones_like(y) if known is None else known
    identity = np.asarray(patients)
    if identity.shape != y.shape[:1] or any(group.records.shape != y.shape[:1] for group in groups):
        raise ValueError(f"patients {identity.shape} and groups have to be [records] as labels {y.shape}")
    weights = np.concatenate([np.ones((1, len(y))), patient_weights(identity, resamples, seed)]).T.copy()

    def sample(records: NDArray[np.bool_], probabilities: Floats) -> _Sample:
        return _scored(y, there, probabilities, cuts, np.flatnonzero(records), weights)

    def count(records: NDArray[np.bool_]) -> int:
        return len(np.unique(identity[records]))

    own: list[_Sample | None] = []
    notes: list[str] = []
    compared: dict[tuple[int, str], Floats] = {}
    for number, group in enumerate(groups):
        paired = group.probabilities is not None
        mine = p if group.probabilities is None else checked(y, group.probabilities, classes)[1]
        rest = group.records if paired else ~group.records
        scored = sample(group.records, mine) if group.records.any() else None
        own.append(scored)
        notes.append(_note(count(group.records), count(rest)))
        if scored is None or notes[-1]:
            continue
        other = sample(rest, p)
        common = scored.scorable & other.scorable
        differences = {name: scored.metric(name, common) - other.metric(name, common) for name in METRICS}
        compared |= {(number, name): values for name, values in differences.items() if not np.isnan(values[0])}
    bounds = _simultaneous(compared)
    return [
        _subgroup(
            group, count(group.records), classes, own[n], {m: bounds[k, m] for k, m in bounds if k == n}, notes[n]
        )
        for n, group in enumerate(groups)
    ]


def by_age(age: ArrayLike) -> Iterator[Group]:
    """Bands of age in years, [records], NaN where unknown."""
    years = np.asarray(age, np.float64)
    edges = (0, 18, 40, 60, 80, np.inf)
    names = ("under 18", "18-39", "40-59", "60-79", "80 and over")
    for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
        yield Group("age in years", name, (years >= low) & (years < high))
    yield Group("age in years", "unknown", np.isnan(years))


def by_sex(sex: ArrayLike) -> Iterator[Group]:
    """Sex, [records]: 0 male, 1 female, NaN where unknown."""
    values = np.asarray(sex, np.float64)
    yield Group("sex", "male", values == 0)
    yield Group("sex", "female", values == 1)
    yield Group("sex", "unknown", np.isnan(values))


def by_number_of_classes(labels: ArrayLike, most: int = 4) -> Iterator[Group]:
    """How many classes are recorded, labels [records, classes] bool; `most` and more are one group."""
    number = np.asarray(labels, bool).sum(axis=1)
    most = min(most, np.shape(labels)[1])
    for wanted in range(most):
        yield Group("classes recorded", str(wanted), number == wanted)
    yield Group("classes recorded", f"{most} or more" if most < np.shape(labels)[1] else str(most), number >= most)


def _scored(
    labels: NDArray[np.bool_],
    known: NDArray[np.bool_],
    probabilities: Floats,
    thresholds: Floats,
    rows: NDArray[np.intp],
    weights: Floats,
) -> _Sample:
    """Of some rows; weights [records, resamples]."""
    auroc = []
    for column, values, there in zip(labels.T, probabilities.T, known.T, strict=True):
        seen = rows[there[rows]]
        auroc.append(Ranking(column[seen], values[seen], seen, len(labels))(weights)[0])
    right = (((probabilities >= thresholds) == labels) | ~known).all(axis=1)
    total = weights[rows].sum(axis=0)
    subset = np.divide(right[rows] @ weights[rows], total, out=np.full(len(total), np.nan), where=total > 0)
    return _Sample(np.stack(auroc, axis=1), subset)


def _mean(values: Floats) -> Floats:
    """Mean of each row over what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0).sum(axis=1), known.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))


def _note(patients: int, rest: int) -> str:
    if not patients:
        return "no records"
    if not rest:
        return "all records: nothing to compare with"
    if min(patients, rest) < FEWEST_PATIENTS:
        return f"not compared: fewer than {FEWEST_PATIENTS} patients in it or in the rest"
    return ""


def _simultaneous(compared: dict[tuple[int, str], Floats]) -> dict[tuple[int, str], Bounds]:
    if not compared:
        return {}
    differences = np.stack(list(compared.values()), axis=1)
    error = np.nanstd(differences[1:], axis=0)
    deviation = np.abs(differences[1:] - differences[0])
    studentised = np.divide(deviation, error, out=np.zeros(deviation.shape), where=(error > 0) & ~np.isnan(deviation))
    half = np.quantile(studentised.max(axis=1), LEVEL) * error
    return {
        key: (float(estimate), float(estimate - width), float(estimate + width))
        for key, estimate, width in zip(compared, differences[0], half, strict=True)
    }


def _subgroup(
    group: Group,
    patients: int,
    classes: Sequence[str],
    sample: _Sample | None,
    differences: dict[str, Bounds],
    note: str,
) -> Subgroup:
    metrics: dict[str, Bounds] = {}
    left_out: tuple[str, ...] = ()
    if sample is not None:
        left_out = tuple(name for name, there in zip(classes, sample.scorable, strict=True) if not there)
        for name in METRICS:
            values = sample.metric(name, sample.scorable)
            if not np.isnan(values[0]):
                low, high = np.nanquantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                metrics[name] = (float(values[0]), float(low), float(high))
    return Subgroup(
        family=group.family,
        name=group.name,
        records=int(group.records.sum()),
        patients=patients,
        classes_left_out=left_out,
        metrics=metrics,
        differences=differences,
        gaps=tuple(name for name, (_, low, high) in differences.items() if not low <= 0 <= high),
        note=note,
    )
