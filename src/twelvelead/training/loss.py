"""Losses for multi-label classification, on logits. A label that is NaN is not known and takes no part."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def class_weights(labels: NDArray[np.bool_], known: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """w_c = N / (5 N_c) for five classes (N / (classes N_c) in general), scaled to mean 1.

    Args:
        labels: [records, classes] of the training folds.
        known: [records, classes], where the labels are known, of which N counts the records; None for all.

    Returns:
        [classes] float32.

    Raises:
        ValueError: a class has no positive record.
    """
    positives = labels.sum(axis=0)
    if (positives == 0).any():
        raise ValueError(f"class number {int(np.argmin(positives))} has no positive record in the training folds")
    records = labels.shape[0] if known is None else known.sum(axis=0)
    weights = records / (labels.shape[1] * positives)
    return np.asarray(weights / weights.mean(), np.float32)


class FocalLoss(nn.Module):
    """Mean over the known records and classes of w_c * -[alpha y (1-p)^gamma ln p + (1-alpha) (1-y) p^gamma ln(1-p)].

    Lin et al. 2017, "Focal loss for dense object detection", doi:10.1109/ICCV.2017.324; with a weight for each class.

    Args:
        weights: [classes] w_c.
        alpha: share of the positives.
        gamma: how much a sure right answer is discounted; 0 gives weighted binary cross-entropy.
    """

    weights: Tensor

    def __init__(self, weights: Tensor, *, alpha: float, gamma: float) -> None:
        super().__init__()
        self.register_buffer("weights", weights, persistent=False)
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of `logits` [n, classes] against `labels` [n, classes] in 0-1, or NaN."""
        labels, known = _split(labels)
        log_p = nn.functional.logsigmoid(logits)
        log_not_p = nn.functional.logsigmoid(-logits)
        positive = self.alpha * labels * torch.exp(self.gamma * log_not_p) * log_p
        negative = (1 - self.alpha) * (1 - labels) * torch.exp(self.gamma * log_p) * log_not_p
        return -_mean(self.weights * (positive + negative), known)


class AsymmetricLoss(nn.Module):
    """Mean over the known records and classes of w_c * -[y ln p + (1-y) q^gamma ln(1-q)], q = max(p - 0.05, 0).

    Ridnik et al. 2021, "Asymmetric loss for multi-label classification", doi:10.1109/ICCV48922.2021.00015, with a
    focus of 0 on the positives: sure right negatives count little, and those below 5 % not at all. The gradient of
    very sure wrong negatives fades too, which the paper wants, since many of them are mislabelled.

    Args:
        weights: [classes] w_c.
        gamma: focus on the negatives.
    """

    weights: Tensor
    margin = 0.05

    def __init__(self, weights: Tensor, *, gamma: float) -> None:
        super().__init__()
        self.register_buffer("weights", weights, persistent=False)
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of `logits` [n, classes] against `labels` [n, classes] in 0-1, or NaN."""
        labels, known = _split(labels)
        # At 0 itself a gamma below 1 has no finite slope, and the gradient would not be a number.
        shifted = (torch.sigmoid(logits) - self.margin).clamp(min=torch.finfo(logits.dtype).tiny)
        positive = labels * nn.functional.logsigmoid(logits)
        negative = (1 - labels) * shifted**self.gamma * torch.log1p(-shifted)
        return -_mean(self.weights * (positive + negative), known)


class CrossEntropyLoss(nn.Module):
    """Binary cross-entropy, mean over the known records and classes, with a weight for each class.

    Args:
        weights: [classes] w_c.
    """

    weights: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of `logits` [n, classes] against `labels` [n, classes] in 0-1, or NaN."""
        labels, known = _split(labels)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return _mean(self.weights * loss, known)


def _split(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Labels, 0 where they are not known, and where they are known."""
    return labels.nan_to_num(0.0), ~labels.isnan()


def _mean(values: Tensor, known: Tensor) -> Tensor:
    """Over what is known; 0 where nothing is."""
    return (values * known).sum() / known.sum().clamp(min=1)
