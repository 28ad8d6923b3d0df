import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.thresholds import best_thresholds, fit_thresholds

OPERATING_POINTS = {
    "accuracy": accuracy_score,
    "f1": lambda y, d: f1_score(y, d, zero_division=0),
    "youden": lambda y, d: balanced_accuracy_score(y, d, adjusted=True),
}


@pytest.mark.parametrize("operating_point", OPERATING_POINTS)
@pytest.mark.parametrize("seed", range(40))
def test_no_other_threshold_is_better(problem, seed, operating_point):
    y, p, _ = problem(seed, records=40, classes=2)
    found = best_thresholds(y, p, operating_point)
    for column in range(2):
        reached = OPERATING_POINTS[operating_point](y[:, column], p[:, column] >= found[column])
        every = [
            OPERATING_POINTS[operating_point](y[:, column], p[:, column] >= cut)
            for cut in (*np.unique(p[:, column]), 2.0)
        ]
        assert reached == pytest.approx(max(every), abs=1e-12)


def test_lies_midway_in_the_widest_of_the_best_gaps():
    p = np.array([[0.1], [0.2], [0.6], [0.7], [0.9]])
    # from 0.9 and from 0.6 are equally good: 4 of 5 right
    y = np.array([[0], [0], [1], [0], [1]], bool)
    assert best_thresholds(y, p, "accuracy") == pytest.approx((0.2 + 0.6) / 2)
    p[2] = 0.3
    assert best_thresholds(y, p, "accuracy") == pytest.approx((0.7 + 0.9) / 2)


def test_a_saturated_class_that_is_better_never_called():
    y = np.array([[1], [0], [0]], bool)
    cut = best_thresholds(y, np.ones((3, 1)), "accuracy")
    assert not (np.ones(3) >= cut).any()


def test_neighbouring_numbers_are_still_kept_apart():
    low = 0.5
    high = np.nextafter(low, 1)
    cut = best_thresholds(np.array([[0], [1]], bool), np.array([[low], [high]]), "f1")[0]
    assert low < cut <= high


@pytest.mark.parametrize("operating_point", OPERATING_POINTS)
def test_fitted_threshold_is_the_mean_logit_of_resampled_best_ones(problem, operating_point):
    y, p, _ = problem(8, records=80, classes=2, ties=False)
    rng = np.random.default_rng(3)
    drawn = rng.integers(80, size=(50, 80))  # the draws of patient_weights
    best = np.array([best_thresholds(y[rows], p[rows], operating_point) for rows in drawn])
    expected = 1 / (1 + np.exp(-np.log(best / (1 - best)).mean(axis=0)))
    # a record that was not drawn splits a gap in two, so that the middles differ a little
    np.testing.assert_allclose(fit_thresholds(y, p, operating_point, resamples=50, seed=3), expected, atol=0.01)


def test_generalises_better_than_the_exact_maximum():
    rng = np.random.default_rng(0)
    exact, bagged = [], []
    for _ in range(20):
        z = rng.normal(size=(200, 5))
        y = rng.random(z.shape) < 1 / (1 + np.exp(-2 * z + 1))
        p = 1 / (1 + np.exp(-z))
        for fit, distances in ((best_thresholds, exact), (fit_thresholds, bagged)):
            cut = fit(y, p, "accuracy")
            distances.append(np.abs(np.log(cut / (1 - cut)) - 0.5).mean())  # 2 z - 1 = 0 is where it pays to call
    assert np.mean(bagged) < 0.85 * np.mean(exact)


def test_is_repeatable_and_survives_a_single_positive():
    p = np.linspace(0.05, 0.95, 30)[:, None]
    y = np.zeros((30, 1), bool)
    y[25] = True
    first = fit_thresholds(y, p, "f1")
    assert first == fit_thresholds(y, p, "f1")
    assert 0 < first < 1


@pytest.mark.parametrize("fit", [best_thresholds, fit_thresholds])
@pytest.mark.parametrize("value", [True, False])
def test_a_one_sided_class_cannot_be_fitted(problem, fit, value):
    y, p, _ = problem(1, records=30, classes=3)
    y[:, 2] = value
    with pytest.raises(Unreadable, match="class 2 has no positives or no negatives in the 30 records"):
        fit(y, p, "f1")


@pytest.mark.parametrize("wanted", [0.3, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(10))
def test_the_highest_threshold_that_keeps_a_sensitivity(problem, seed, wanted):
    y, p, _ = problem(seed, records=40, classes=2)
    found = fit_thresholds(y, p, f"sensitivity={wanted}")
    np.testing.assert_array_equal(found, best_thresholds(y, p, f"sensitivity={wanted}"))
    for column in range(2):
        sensitivity = (p[y[:, column], column] >= found[column]).mean()
        assert sensitivity >= wanted
        assert (p[y[:, column], column] >= np.nextafter(found[column], 2)).mean() < wanted


def test_a_share_that_is_a_whole_number_of_positives_is_no_more():
    p = np.linspace(0.01, 0.2, 20)[:, None]
    y = np.ones((21, 1), bool)
    y[20] = False
    assert best_thresholds(y, np.r_[p, [[0.5]]], "sensitivity=0.95") == pytest.approx(0.02)


@pytest.mark.parametrize("fit", [best_thresholds, fit_thresholds])
@pytest.mark.parametrize(
    "operating_point", ["F1", "sensitivity", "sensitivity=0", "sensitivity=1.1", "sensitivity=x", "f2=0.5"]
)
def test_an_unknown_operating_point_is_named(problem, fit, operating_point):
    y, p, _ = problem(1, records=30, classes=2)
    with pytest.raises(
        TwelveLeadError, match="there is no such operating point; give accuracy, f1, youden or sensitivity=S"
    ):
        fit(y, p, operating_point)
