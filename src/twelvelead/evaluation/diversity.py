"""How differently the members of an ensemble answer, and what each of them is worth to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.bootstrap import Estimate, estimate, patient_weights
from twelvelead.evaluation.calibration import logit
from twelvelead.evaluation.checks import checked
from twelvelead.evaluation.metrics import auroc
from twelvelead.evaluation.ranking import Ranking
from twelvelead.evaluation.weighting import Combine

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """What one member is worth.

    Attributes:
        aurocs: [classes], of the member alone.
        alone: macro AUROC of the member alone.
        gain: macro AUROC of the ensemble less that.
        effect: macro AUROC of the ensemble less that of the ensemble without the member, the other weights made to add
            up to 1 again; above 0 where the member helps.
    """

    aurocs: tuple[float, ...]
    alone: Estimate
    gain: Estimate
    effect: Estimate


@dataclass(frozen=True)
class Diversity:
    """An ensemble beside its members, on the same records; intervals by paired bootstrap of the patients.

    Attributes:
        aurocs: [classes], of the ensemble.
        together: macro AUROC of the ensemble.
        members: one a member.
        errors: [members][members], correlation of probability - label between two members: the mean over the classes.
        logits: [members][members], the same of the logits.
    """

    aurocs: tuple[float, ...]
    together: Estimate
    members: tuple[Worth, ...]
    errors: tuple[tuple[float, ...], ...]
    logits: tuple[tuple[float, ...], ...]

    @property
    def best(self) -> int:
        """Position of the member with the highest macro AUROC on these records."""
        return int(np.argmax([worth.alone.value for worth in self.members]))


def diversity(
    labels: ArrayLike,
    members: Floats,
    weights: Sequence[float],
    patients: ArrayLike,
    combine: Combine,
    resamples: int = 1000,
    seed: int = 0,
) -> Diversity:
    """Set an ensemble beside its members.

    Args:
        labels: [records, classes] bool.
        members: [records, members, classes] float64, 0-1, each member calibrated.
        weights: [members], that add up to 1.
        patients: [records], a patient's identity in each.
        combine: how members and weights become the ensemble's probabilities.
        resamples, seed: of the bootstrap.

    Raises:
        ValueError: the shapes do not match.
        Unreadable: there are no records, a label is neither 0 nor 1, a probability is NaN or outside 0-1.
    """
    used = np.asarray(weights, np.float64)
    p = combine(members, used)
    y, _ = checked(labels, p)
    drawn = patient_weights(patients, resamples, seed)
    counts = np.ascontiguousarray(np.concatenate([np.ones((1, len(y))), drawn]).T)
    together = _macro(y, p, counts)
    found = []
    for place in range(members.shape[1]):
        alone = _macro(y, members[:, place], counts)
        others = np.delete(used, place)
        rest = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
        without = _macro(y, combine(np.delete(members, place, axis=1), rest), counts)
        found.append(
            Worth(
                aurocs=tuple(auroc(y, members[:, place]).tolist()),
                alone=estimate(alone),
                gain=estimate(together - alone),
                effect=estimate(together - without),
            )
        )
    return Diversity(
        aurocs=tuple(auroc(y, p).tolist()),
        together=estimate(together),
        members=tuple(found),
        errors=_correlation(members - y[:, None]),
        logits=_correlation(logit(members)),
    )


def _macro(labels: NDArray[np.bool_], probabilities: Floats, counts: Floats) -> Floats:
    """[weightings]: macro AUROC, without the classes that a weighting leaves without positives or negatives."""
    every = np.arange(len(labels))
    columns = zip(labels.T, probabilities.T, strict=True)
    found = np.stack([Ranking(y, p, every, len(every))(counts)[0] for y, p in columns])
    known = ~np.isnan(found)
    total = np.where(known, found, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _correlation(values: Floats) -> tuple[tuple[float, ...], ...]:
    """[members][members]: Pearson's correlation of [records, members, classes], the mean over the classes.

    Within the classes, since their means differ and would make any two members look alike.
    """
    away = values - values.mean(axis=0)
    products = np.einsum("rmc,rnc->mnc", away, away)
    size = np.sqrt(np.einsum("mmc->mc", products))
    scale = size[:, None] * size[None]
    found = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0).mean(axis=2)
    return tuple(map(tuple, found.tolist()))
