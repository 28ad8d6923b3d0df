"""How far probabilities are from the frequencies they name: the expected calibration error."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twelvelead.evaluation.checks import checked

BINS = 15
"""Equal-width bins of the calibration error (Guo et al. 2017)."""

_HALVINGS = 30


def calibration_error(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Expected calibration error over pooled record-class pairs.

    The pairs fall into 15 equal-width bins of probability (the lower edge belongs to the bin, 1 to the last); the
    error is the mean over bins, weighted by count, of |mean probability - share of positives| (Naeini et al. 2015, Guo
    et al. 2017). Even a perfectly calibrated model has an error above 0 on finite data: see
    `calibration_error_by_chance`.

    Args:
        labels: [records, classes] bool.
        probabilities: [records, classes], 0-1.

    Raises:
        ValueError, Unreadable: as `evaluate`.
    """
    y, p = checked(labels, probabilities)
    return float(np.abs(gaps(y, p).sum(axis=0)).sum() / y.size)


def calibration_error_by_chance(probabilities: ArrayLike, seed: int = 0, simulations: int = 200) -> float:
    """The mean calibration error if every probability were exactly right: labels are drawn from the probabilities.

    Args:
        probabilities: [records, classes], 0-1.
        seed: of the draws.
        simulations: how many sets of labels are drawn.
    """
    p = np.asarray(probabilities, np.float64).ravel()
    bins = _bins(p)
    rng = np.random.default_rng(seed)
    expected = np.bincount(bins, p, BINS)
    errors = [
        np.abs(expected - np.bincount(bins[rng.random(p.size) < p], minlength=BINS)).sum() for _ in range(simulations)
    ]
    return float(np.mean(errors) / p.size)


def calibration_error_interval(
    gap: NDArray[np.float64], noise: NDArray[np.float64], level: float
) -> tuple[float, float]:
    """Interval of the error that infinitely many records would show, by inverting a test.

    Noise can only add to the error, so percentiles of the resampled error lie too high, and no correction of them holds
    near 0, where the distribution has a kink. So the question is put the other way round: for which true errors t is
    the estimate neither unusually large nor unusually small? The estimate for a true error t is drawn as the sum of
    |t * shape + noise| over the bins; it grows with t, so bisection finds both limits. How much noise adds depends on
    the shape, which nobody knows: less, the more bins share the true error. So the upper limit takes the observed
    gaps as the shape, the lower one only what of them stands out of the noise by a standard deviation. For a true error
    of 0 the shape does not matter.

    Args:
        gap: [bins] what each bin adds to the error, with its sign.
        noise: [draws, bins] how far resampled gaps lie from these.
        level: of the interval.

    Returns:
        The lowest and highest true error that the estimate does not speak against. The highest is at least the estimate
        itself, which makes the interval wider than it need be where the true error is next to nothing.
    """
    spread = noise.std(axis=0)
    standing_out = np.sign(gap) * np.maximum(np.abs(gap) - spread, 0)
    lowest = _limit(gap, standing_out if standing_out.any() else gap, noise, (1 + level) / 2)
    return lowest, max(float(np.abs(gap).sum()), _limit(gap, gap, noise, (1 - level) / 2))


def _limit(gap: NDArray[np.float64], shape: NDArray[np.float64], noise: NDArray[np.float64], share: float) -> float:
    """The true error for which this share of the estimates lies below the one observed."""
    observed = np.abs(gap).sum()
    unit = shape / max(np.abs(shape).sum(), 1e-300)
    low, high = 0.0, 2.0 * observed
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        over = np.quantile(np.abs(middle * unit + noise).sum(axis=1), share) > observed
        low, high = (low, middle) if over else (middle, high)
    return float(low)


def gaps(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], known: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """[records, bins]: the sum of probability - label over the record's known classes in that bin."""
    records = len(labels)
    cells = np.arange(records)[:, None] * BINS + _bins(probabilities)
    away = probabilities - labels if known is None else np.where(known, probabilities - labels, 0)
    flat = np.bincount(cells.ravel(), away.ravel(), records * BINS)
    return np.asarray(flat.reshape(records, BINS), np.float64)


def _bins(probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.minimum(probabilities * BINS, BINS - 1).astype(np.intp)
