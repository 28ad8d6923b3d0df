import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, hamming_loss, roc_auc_score

from twelvelead.errors import Unreadable
from twelvelead.evaluation.bootstrap import intervals, patient_weights
from twelvelead.evaluation.comparison import Difference, compare, holm, rare_classes

AB = ("A", "B")


def pair(seed, records=300, classes=2, gain=0.0):
    """Labels, and two models that see the same latent truth with noise of their own; the second `gain` less of it."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(records, classes))
    labels = rng.random((records, classes)) < 1 / (1 + np.exp(-2 * latent))
    one, other = (latent + noise * rng.normal(size=latent.shape) for noise in (0.7, 0.7 - gain))
    return labels, {"one": 1 / (1 + np.exp(-one)), "other": 1 / (1 + np.exp(-other))}


def run(labels, models, resamples=200, patients=None, seed=0, thresholds=0.5):
    patients = np.arange(len(labels)) if patients is None else patients
    found = compare(labels, models, dict.fromkeys(models, thresholds), patients, AB, resamples, seed)
    return {d.metric: d for d in found}


def test_the_values_are_those_of_each_model_alone():
    labels, models = pair(1)
    found = run(labels, models)
    one, other = models.values()
    for metric, value in {
        "macro_auroc": lambda p: roc_auc_score(labels, p),
        "macro_average_precision": lambda p: average_precision_score(labels, p),
        "macro_f1": lambda p: f1_score(labels, p >= 0.5, average="macro"),
        "hamming_loss": lambda p: hamming_loss(labels, p >= 0.5),
        "subset_accuracy": lambda p: (labels == (p >= 0.5)).all(axis=1).mean(),
        "brier": lambda p: np.mean([brier_score_loss(*column) for column in zip(labels.T, p.T, strict=True)]),
        "classes.B.auroc": lambda p: roc_auc_score(labels[:, 1], p[:, 1]),
    }.items():
        d = found[metric]
        assert (d.baseline, d.value) == (pytest.approx(value(one)), pytest.approx(value(other)))
        assert d.difference == pytest.approx(value(other) - value(one))
        assert d.low <= d.difference <= d.high
    assert found.keys() == intervals(labels, one, one >= 0.5, np.arange(300), AB, 100).keys()


def test_the_resamples_are_of_patients_and_the_same_for_both():
    labels, models = pair(2, records=200)
    patients = np.arange(200) // 4
    found = run(labels, models, 199, patients, seed=5)["classes.A.auroc"]
    drawn = []
    for weights in patient_weights(patients, 199, 5):
        rows = np.repeat(np.arange(200), weights.astype(int))
        one, other = (roc_auc_score(labels[rows, 0], p[rows, 0]) for p in models.values())
        drawn.append(other - one)
    drawn.sort()
    assert (found.low, found.high) == (pytest.approx(drawn[4]), pytest.approx(drawn[-5]))  # 0.025 * 200 = 5 either side
    below = sum(d <= 0 for d in drawn)
    assert found.p == pytest.approx(2 * (min(below, 199 - below) + 1) / 200)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.sampled_from([39, 60, 199, 250]))
def test_the_interval_excludes_zero_exactly_where_p_says_so(seed, resamples):
    labels, models = pair(seed, records=60, gain=0.3 * (seed % 2))
    for d in run(labels, models, resamples).values():
        assert (d.p <= 0.05) == (d.low > 0 or d.high < 0)
        assert (d.better is None) == (d.p > 0.05)


def test_less_is_better_for_losses():
    labels, models = pair(3, records=400)
    worse = {"one": models["one"], "other": np.full_like(models["one"], 0.4)}
    found = run(labels, worse)
    for metric in ("macro_auroc", "brier", "hamming_loss", "classes.A.brier"):
        assert found[metric].better == "baseline"
    assert found["brier"].difference > 0 > found["macro_auroc"].difference
    found = run(labels, dict(reversed(worse.items())))
    assert found["brier"].better == found["macro_auroc"].better == "model"


def test_a_model_against_itself_is_the_same():
    labels, models = pair(4)
    for d in run(labels, {"one": models["one"], "other": models["one"].copy()}).values():
        assert (d.difference, d.low, d.high, d.p, d.better) == (0, 0, 0, 1, None)


def test_the_p_value_is_uniform_where_there_is_no_difference():
    metrics = ("macro_auroc", "macro_f1", "hamming_loss", "brier")
    p = np.array([[found[m].p for m in metrics] for found in (run(*pair(seed, 200), 99) for seed in range(120))])
    # 0.04 is the last p below 0.05, so the count is binomial (120, 0.04): 1-13 with a probability of 0.99; the mean of
    # 120 uniforms has an SD of 0.026
    assert ((p <= 0.05).sum(axis=0) <= 13).all()
    assert ((p <= 0.05).sum(axis=0) >= 1).all()
    assert (np.abs(p.mean(axis=0) - 0.5) < 0.08).all()


def test_a_true_difference_is_found():
    found = [run(*pair(seed, 400, gain=0.5), 99) for seed in range(20)]
    for metric in ("macro_auroc", "brier"):
        assert sum(each[metric].better == "model" for each in found) >= 17
        assert not any(each[metric].better == "baseline" for each in found)


def delong(labels, one, other):
    """Difference of two AUROCs and its p-value (DeLong et al. 1988, by the ranks of Sun and Xu 2014)."""
    m, n = labels.sum(), (~labels).sum()
    parts = []
    for x in (one, other):
        ranks = rankdata(x)
        positive = (ranks[labels] - rankdata(x[labels])) / n
        negative = 1 - (ranks[~labels] - rankdata(x[~labels])) / m
        parts.append((positive, negative))
    difference = parts[1][0].mean() - parts[0][0].mean()
    variance = sum(np.var(b - a, ddof=1) / len(a) for a, b in zip(*parts, strict=True))
    return difference, np.sqrt(variance), 2 * norm.sf(abs(difference) / np.sqrt(variance))


@pytest.mark.parametrize(("gain", "tolerance"), [(0.0, 0.03), (0.1, 0.03), (0.2, 0.006)])
def test_delong_agrees(gain, tolerance):
    labels, models = pair(11, records=1500, classes=1, gain=gain)
    (d,) = (
        d
        for d in compare(labels, models, dict.fromkeys(models, 0.5), np.arange(1500), ["A"])
        if d.metric == "classes.A.auroc"
    )
    difference, error, p = delong(labels[:, 0], *(model[:, 0] for model in models.values()))
    assert d.difference == pytest.approx(difference)
    assert (d.high - d.low) / 2 == pytest.approx(1.96 * error, rel=0.04)
    assert d.p == pytest.approx(p, abs=tolerance)


def test_several_models_are_adjusted_for():
    labels, models = pair(6, records=400, gain=0.2)
    models["third"] = np.full_like(models["one"], 0.5)
    found = compare(labels, models, dict.fromkeys(models, 0.5), np.arange(400), AB, 200)
    assert list(dict.fromkeys(d.model for d in found)) == ["other", "third"]
    p = {d.model: (d.p, d.p_adjusted) for d in found if d.metric == "macro_auroc"}
    assert [adjusted for _, adjusted in p.values()] == holm([plain for plain, _ in p.values()])
    alone = run(labels, {name: models[name] for name in ("one", "other")})["macro_auroc"]
    assert alone.p == p["other"][0] == alone.p_adjusted


def test_holm():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.6]) == [1, 1]
    assert holm([0.02]) == [0.02]


def test_the_verdict_follows_the_adjusted_p():
    d = Difference("b", "macro_auroc", 0.9, 0.92, 0.02, 0.001, 0.04, 0.04, 0.08)
    assert d.better is None


def test_rare_classes_are_not_compared_alone():
    labels, models = pair(7)
    labels[:, 1] = np.arange(300) < 19
    found = run(labels, models)
    assert rare_classes(labels, np.arange(300), AB) == ["B"]
    assert "classes.A.auroc" in found
    assert "macro_auroc" in found
    assert not any(metric.startswith("classes.B.") for metric in found)
    assert rare_classes(~labels, np.arange(300), AB) == ["B"]
    labels[19, 1] = True
    assert "classes.B.auroc" in run(labels, models)
    assert rare_classes(labels, np.arange(300) // 2, AB) == ["B"]  # twenty records, but ten patients


def test_a_metric_that_is_undefined_is_absent():
    labels, models = pair(8)
    labels[:] = False
    found = run(labels, models)
    assert "macro_auroc" not in found
    assert found["brier"].p <= 1
    assert all(np.isfinite([d.difference, d.low, d.high, d.p]).all() for d in found.values())


def test_what_cannot_be_compared():
    labels, models = pair(9)
    with pytest.raises(ValueError, match="give two models"):
        run(labels, {"one": models["one"]})
    with pytest.raises(ValueError, match="39"):
        run(labels, models, resamples=20)
    with pytest.raises(Unreadable, match="of one patient"):
        run(labels, models, patients=np.zeros(300))
    models["other"][3, 1] = np.nan
    with pytest.raises(Unreadable, match="NaN or outside 0-1"):
        run(labels, models)
