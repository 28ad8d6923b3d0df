import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as referee

from twelvelead.evaluation import curves

COARSE = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5001, 0.9, 1.0])), min_size=2, max_size=40)


def both(pairs):
    y, p = (np.array(column) for column in zip(*pairs, strict=True))
    return y.astype(bool), p.astype(float)


@given(COARSE)
def test_roc_is_that_of_scikit_learn(pairs):
    y, p = both(pairs)
    if y.all() or not y.any():
        return
    mine = curves.roc_curve(y, p)
    theirs = referee.roc_curve(y, p, drop_intermediate=False)[:2]
    np.testing.assert_allclose(mine, theirs)
    assert referee.auc(*mine) == pytest.approx(referee.roc_auc_score(y, p))


@given(COARSE)
def test_precision_and_recall_are_those_of_scikit_learn(pairs):
    y, p = both(pairs)
    if not y.any():
        return
    precision, recall = curves.precision_recall_curve(y, p)
    theirs, also, _ = referee.precision_recall_curve(y, p)
    np.testing.assert_allclose(precision, theirs[:-1][::-1])
    np.testing.assert_allclose(recall, also[:-1][::-1])


@given(COARSE, st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]))
def test_threshold_curves_are_the_metrics_of_the_decisions(pairs, threshold):
    y, p = both(pairs)
    d = p >= threshold
    found = {name: values[0] for name, values in curves.threshold_curves(y, p, [threshold]).items()}
    assert found["accuracy"] == pytest.approx(referee.accuracy_score(y, d))
    for name, score in (
        ("precision", referee.precision_score),
        ("recall", referee.recall_score),
        ("F1", referee.f1_score),
    ):
        expected = score(y, d, zero_division=np.nan)
        np.testing.assert_allclose(found[name], expected, equal_nan=True)


@given(COARSE)
def test_confusion_is_that_of_scikit_learn(pairs):
    y, p = both(pairs)
    expected = referee.confusion_matrix(y, p >= 0.5, labels=[False, True])
    np.testing.assert_array_equal(curves.confusion(y, p >= 0.5), expected)


def test_reliability_counts_and_shares():
    found = curves.reliability([[False, True], [True, True]], [[0.0, 0.95], [0.05, 1.0]], bins=10)
    assert found.count.tolist() == [2, 2]
    np.testing.assert_allclose(found.predicted, [0.025, 0.975])
    np.testing.assert_allclose(found.observed, [0.5, 1.0])
    assert ((found.low <= found.observed) & (found.observed <= found.high)).all()


def test_wilson_as_published():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    low, high = curves.wilson(np.array([81 / 263, 15 / 148, 0, 1 / 29]), np.array([263, 148, 20, 29]))
    np.testing.assert_allclose(low, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_cooccurrence_counts_pairs():
    y = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], bool)
    assert curves.cooccurrence(y).tolist() == [[2, 1, 0], [1, 2, 1], [0, 1, 1]]
