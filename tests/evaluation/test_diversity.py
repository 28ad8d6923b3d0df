"""An ensemble beside its members."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from twelvelead.evaluation.calibration import sigmoid
from twelvelead.evaluation.diversity import diversity
from twelvelead.evaluation.weighting import MEANS
from twelvelead.plots.diversity import diversity_png

WEIGHTS = (0.5, 0.25, 0.25)


@pytest.fixture(scope="module")
def data():
    """Labels, three members of which the last is nearly a copy of the second, patients."""
    rng = np.random.default_rng(0)
    truth = rng.normal(-1, 2, (400, 3))
    seen = [truth + rng.normal(0, 1.5, truth.shape) for _ in range(2)]
    seen.append(seen[1] + rng.normal(0, 0.1, truth.shape))
    return rng.random(truth.shape) < sigmoid(truth), sigmoid(np.stack(seen, axis=1)), np.arange(400) // 2


@pytest.fixture(scope="module")
def found(data):
    labels, members, patients = data
    return diversity(labels, members, WEIGHTS, patients, MEANS["logit"], resamples=200)


def macro(labels, probabilities):
    return roc_auc_score(labels, probabilities, average="macro")


def test_figures_are_those_of_scikit_learn(data, found):
    labels, members, _ = data
    mean = MEANS["logit"]
    together = macro(labels, mean(members, np.array(WEIGHTS)))
    assert found.together.value == pytest.approx(together)
    for place, worth in enumerate(found.members):
        others = [n for n in range(3) if n != place]
        rest = np.array(WEIGHTS)[others]
        without = macro(labels, mean(members[:, others], rest / rest.sum()))
        assert worth.alone.value == pytest.approx(macro(labels, members[:, place]))
        assert worth.gain.value == pytest.approx(together - worth.alone.value)
        assert worth.effect.value == pytest.approx(together - without)
        assert worth.aurocs == pytest.approx(roc_auc_score(labels, members[:, place], average=None))
        for estimate in (worth.alone, worth.gain, worth.effect):
            assert estimate.low <= estimate.value <= estimate.high
    assert found.best == int(np.argmax([macro(labels, members[:, place]) for place in range(3)]))


def test_a_pair_narrows_the_interval_of_its_difference(found):
    first = found.members[0]
    assert first.gain.high - first.gain.low < first.alone.high - first.alone.low


def test_correlation_is_pearsons_within_each_class(data, found):
    labels, members, _ = data
    for name, values in (("errors", members - labels[:, None]), ("logits", np.log(members / (1 - members)))):
        expected = np.mean([np.corrcoef(values[:, :, column].T) for column in range(3)], axis=0)
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-9)
    assert found.errors[1][2] > 0.99 > found.errors[0][1]


def test_a_member_of_no_weight_adds_nothing(data):
    labels, members, patients = data
    weightless = diversity(labels, members[:, :2], (1, 0), patients, MEANS["logit"], resamples=50)
    assert weightless.members[1].effect == (0, 0, 0)
    # without the one that has all the weight, the others share it
    assert weightless.members[0].effect.value == pytest.approx(weightless.members[1].gain.value)


@pytest.mark.parametrize("count", [2, 9])
def test_the_picture_is_drawn_for_few_and_for_many(found, tmp_path, count):
    members = [
        {"name": f"a run with quite a long name {n}", "weight": 1 / count}
        | {kind: getattr(found.members[n % 3], kind)._asdict() for kind in ("alone", "effect")}
        for n in range(count)
    ]
    errors = np.full((count, count), 0.8).tolist()
    values = {
        "name": "many",
        "fold": 9,
        "role": "which also chose",
        "protocol": "drop",
        "records": 400,
        "patients": 200,
        "synthetic": True,
        "weights": {"used": "equal"},
        "ensemble": {"macro_auroc": found.together._asdict()},
        "members": members,
        "correlation": {"errors": errors},
    }
    diversity_png(values, tmp_path / "diversity.png")
    assert (tmp_path / "diversity.png").read_bytes().startswith(b"\x89PNG")
