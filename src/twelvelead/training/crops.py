"""Batches of random crops, cut from the memory map without workers."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

Batch = tuple[Tensor, Tensor, Tensor]
"""`ecg` [n, samples, leads] float32 mV, `features` [n, 2] float32, `targets` [n, classes] float32."""


class Crops(IterableDataset[Batch]):
    """One epoch of shuffled batches; every draw follows from (seed, epoch, rank).

    Args:
        signals: [record, sample, lead] int16 microvolts, usually a memory map.
        features: [record, 2] float32: age in years, sex, NaN where unknown.
        targets: [record, class] float32, 0-1.
        records: positions of the records that take part.
        window: samples of a crop.
        batch_size: crops in a batch; a remainder is left out, another one each epoch.
        hidden_metadata: share of ages and of sexes turned into NaN.
        seed, epoch, rank, ranks: what the draws follow from, and which share of each epoch this process takes.
    """

    def __init__(
        self,
        signals: NDArray[np.int16],
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        records: NDArray[np.int64],
        *,
        window: int,
        batch_size: int,
        hidden_metadata: float = 0.0,
        seed: int = 0,
        epoch: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.windows = crop_view(signals, window)
        self.leads = signals.shape[2]
        self.features = features
        self.targets = targets
        self.records = records
        self.window = window
        self.batch_size = batch_size
        self.hidden_metadata = hidden_metadata
        self.draw = (seed, epoch)
        self.rank = rank
        self.ranks = ranks

    def __len__(self) -> int:
        return len(self.records) // (self.batch_size * self.ranks)

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self.draw).permutation(self.records)[self.rank :: self.ranks]
        rng = np.random.default_rng((*self.draw, 1 + self.rank))  # (seed, epoch, 0) is the stream of (seed, epoch)
        for batch in range(len(self)):
            chosen = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            starts = rng.integers(0, self.windows.shape[1], self.batch_size)
            features = self.features[chosen]
            features[rng.random(features.shape) < self.hidden_metadata] = np.nan
            yield (
                millivolts(self.windows[chosen, starts].reshape(self.batch_size, self.window, self.leads)),
                torch.from_numpy(features),
                torch.from_numpy(self.targets[chosen]),
            )


def crop_view(signals: NDArray[np.int16], window: int) -> NDArray[np.int16]:
    """A view [record, start, window * leads] of [record, sample, lead], each crop contiguous in memory."""
    records, samples, leads = signals.shape
    strides = signals.strides
    return np.lib.stride_tricks.as_strided(
        signals, (records, samples - window + 1, window * leads), (strides[0], strides[1], strides[2]), writeable=False
    )


def millivolts(microvolts: NDArray[np.int16]) -> Tensor:
    """int16 microvolts as float32 millivolts, the same shape."""
    return torch.from_numpy(microvolts).float().mul_(1e-3)
