import numpy as np
import pytest


@pytest.fixture
def problem():
    """problem(seed, records, classes, ties) -> labels, probabilities, patients of a random multi-label problem."""

    def make(seed, records=None, classes=None, ties=None):
        rng = np.random.default_rng(seed)
        records = records or int(rng.integers(20, 200))
        classes = classes or int(rng.integers(2, 7))
        probabilities = rng.random((records, classes))
        if rng.random() < 0.5 if ties is None else ties:
            probabilities = np.round(probabilities * rng.integers(2, 12)) / 12
        labels = rng.random((records, classes)) < 0.15 + 0.7 * probabilities
        labels[0], labels[1] = True, False
        return labels, probabilities, np.sort(rng.integers(records * 2 // 3, size=records))

    return make
