import numpy as np
import pytest
import torch

from twelvelead.training.augment import mix
from twelvelead.training.loss import AsymmetricLoss, CrossEntropyLoss, FocalLoss, class_weights
from twelvelead.training.module import make_loss
from twelvelead.training.recipe import Recipe

ALPHA, GAMMA = 0.434, 2.135


def by_the_formula(logits, labels, weights, alpha=ALPHA, gamma=GAMMA):
    """The loss as it is written down, in float64, one record and class after the other."""
    total = 0.0
    for row in range(len(logits)):
        for column in range(logits.shape[1]):
            p, y = 1 / (1 + np.exp(-np.float64(logits[row, column]))), labels[row, column]
            positive = alpha * y * (1 - p) ** gamma * np.log(p)
            negative = (1 - alpha) * (1 - y) * p**gamma * np.log(1 - p)
            total += weights[column] * -(positive + negative)
    return total / logits.size


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(0, 4, (32, 5)), rng.random((32, 5)) < 0.3, np.array([0.5, 0.8, 0.9, 1.1, 1.7])


def test_focal_loss_is_its_formula(batch):
    logits, labels, weights = batch
    focal = FocalLoss(torch.tensor(weights), alpha=ALPHA, gamma=GAMMA)
    value = focal(torch.tensor(logits), torch.tensor(labels, dtype=torch.float64))
    assert value.item() == pytest.approx(by_the_formula(logits, labels, weights), rel=1e-12)


def test_focal_loss_without_focus_is_half_the_cross_entropy(batch):
    logits, labels, weights = (torch.tensor(array, dtype=torch.float64) for array in batch)
    half = FocalLoss(weights, alpha=0.5, gamma=0.0)(logits, labels)
    torch.testing.assert_close(half, CrossEntropyLoss(weights)(logits, labels) / 2)
    each = torch.nn.functional.binary_cross_entropy(torch.sigmoid(logits), labels, reduction="none")
    torch.testing.assert_close(CrossEntropyLoss(weights)(logits, labels), (weights * each).mean())


KINDS = [
    lambda w: FocalLoss(w, alpha=ALPHA, gamma=GAMMA),
    lambda w: AsymmetricLoss(w, gamma=GAMMA),
    CrossEntropyLoss,
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_has_no_loss_and_no_gradient(batch, kind):
    logits, labels, weights = (torch.tensor(array, dtype=torch.float64) for array in batch)
    known = torch.from_numpy(np.random.default_rng(1).random(logits.shape) < 0.6)
    logits.requires_grad_()
    loss = kind(weights)
    loss(logits, torch.where(known, labels, torch.nan)).backward()
    assert (logits.grad[~known] == 0).all()
    assert (logits.grad[known] != 0).any()
    pairs = [
        loss(logits[[row]], torch.where(torch.arange(5) == column, labels[row], torch.nan)[None])
        for row, column in known.nonzero().tolist()
    ]
    torch.testing.assert_close(loss(logits, torch.where(known, labels, torch.nan)), torch.stack(pairs).mean())
    assert loss(logits, torch.full_like(labels, torch.nan)) == 0


def test_mixed_with_what_is_not_known_a_label_is_not_known():
    labels = torch.tensor([[1.0, torch.nan], [0.0, 1.0]])
    _, _, mixed = mix(torch.zeros(2, 3, 1), torch.zeros(2, 2), labels, 0.5)
    assert mixed[0, 1].isnan()
    assert not mixed[:, 0].isnan().any()


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2]])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_extreme_logits_keep_loss_and_gradient_finite(kind, label):
    logits = torch.tensor([[-1e4, -100.0, 0.0, 100.0, 1e4]], requires_grad=True)
    value = kind(torch.ones(5))(logits, torch.full((1, 5), label))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()
    wrong, right = (logits.grad[0, [0, -1]] if label else logits.grad[0, [-1, 0]]).abs()
    assert wrong > 0.01
    assert right < 1e-6


def test_class_weights_count_what_is_known():
    labels = np.array([[True, True], [True, False], [False, False], [False, False]])
    known = np.array([[True, True], [True, False], [True, False], [True, True]])
    expected = np.array([4 / 2, 2 / 1])
    np.testing.assert_allclose(class_weights(labels, known), expected / expected.mean(), rtol=1e-6)


def test_class_weights_are_n_over_classes_times_positives_scaled_to_mean_1():
    labels = np.zeros((100, 5), bool)
    for column, positives in enumerate((50, 25, 20, 10, 5)):
        labels[:positives, column] = True
    expected = np.array([100 / (5 * positives) for positives in (50, 25, 20, 10, 5)])
    weights = class_weights(labels)
    assert weights.mean() == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(weights, expected / expected.mean(), rtol=1e-6)


def test_a_class_without_positives_has_no_weight():
    with pytest.raises(ValueError, match="class number 1 has no positive record"):
        class_weights(np.array([[True, False], [True, False]]))


def test_the_recipe_chooses_the_loss():
    labels = np.array([[True, False], [True, True], [True, False]])
    weighted = make_loss(Recipe(), labels)
    assert isinstance(weighted, FocalLoss)
    assert (weighted.alpha, weighted.gamma) == (ALPHA, GAMMA)
    torch.testing.assert_close(weighted.weights, torch.from_numpy(class_weights(labels)))
    plain = make_loss(Recipe(loss="cross_entropy", class_weights=False), labels)
    assert isinstance(plain, CrossEntropyLoss)
    assert plain.weights.tolist() == [1, 1]
    asymmetric = make_loss(Recipe(loss="asymmetric", gamma=4.0), labels)
    assert isinstance(asymmetric, AsymmetricLoss)
    assert asymmetric.gamma == 4.0
    torch.testing.assert_close(asymmetric.weights, weighted.weights)


def asymmetric_by_the_formula(logits, labels, weights, gamma):
    p = 1 / (1 + np.exp(-np.float64(logits)))
    shifted = np.maximum(p - 0.05, 0)
    return (weights * -(labels * np.log(p) + (1 - labels) * shifted**gamma * np.log(1 - shifted))).mean()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
def test_asymmetric_loss_is_its_formula_for_soft_labels_too(batch, gamma):
    logits, hard, weights = batch
    for labels in (hard.astype(np.float64), np.random.default_rng(1).random(hard.shape)):
        value = AsymmetricLoss(torch.tensor(weights), gamma=gamma)(torch.tensor(logits), torch.tensor(labels))
        assert value.item() == pytest.approx(asymmetric_by_the_formula(logits, labels, weights, gamma), rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 1e-4, 0.5, 1.0, 2.135, 100.0])
@pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
def test_asymmetric_loss_and_its_gradient_are_finite_for_extreme_logits(gamma, label):
    at_the_margin = float(np.log(0.05 / 0.95))
    logits = torch.tensor([[-1e4, -100.0, at_the_margin, 0.0, 100.0, 1e4]], requires_grad=True)
    value = AsymmetricLoss(torch.ones(6), gamma=gamma)(logits, torch.full((1, 6), label))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_asymmetric_loss_forgets_negatives_below_the_margin_and_no_positive():
    logits = torch.tensor([[-3.0, -4.0]], requires_grad=True)  # 4.7 % and 1.8 %
    AsymmetricLoss(torch.ones(2), gamma=2.0)(logits, torch.zeros(1, 2)).backward()
    assert logits.grad.abs().max().item() < 1e-30
    positive = AsymmetricLoss(torch.ones(2), gamma=2.0)(logits, torch.ones(1, 2))
    torch.testing.assert_close(positive, CrossEntropyLoss(torch.ones(2))(logits, torch.ones(1, 2)))
