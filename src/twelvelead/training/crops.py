"""Batches of random crops, cut without workers: from the memory map, or on an accelerator that holds the signals."""

from collections.abc import Callable, Iterator
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from twelvelead.data.store import MILLIVOLTS_A_STEP
from twelvelead.models.highpass import HighPass

Batch = tuple[Tensor, Tensor, Tensor]
"""`ecg` [n, samples, leads] float32 mV, `features` [n, 2] float32, `targets` [n, classes] float32."""


NOT_KNOWN = -1
"""A label of a validation batch: it is not known whether the record has the class."""


def unwatched() -> None:
    """Nothing is looked at before a batch."""


class Crops(IterableDataset[Batch]):
    """One epoch of shuffled batches; every draw follows from (seed, epoch), on every device and for any number of
    processes.

    Args:
        signals: [record, sample, lead] int16 microvolts: usually a memory map; a tensor where they lie on an
            accelerator, and there the crops come out.
        features: [record, 2] float32: age in years, sex, NaN where unknown.
        targets: [record, class] float32, 0-1.
        records: positions of the records that take part.
        window: samples of a crop.
        batch_size: crops in a batch of all processes together, a multiple of `ranks`.
        batches: in the epoch; None for as many as take each record once at most, so that a remainder of the records is
            left out, another one each epoch. More of them take the records again, in another order.
        hidden_metadata: share of ages and of sexes turned into NaN.
        seed, epoch: what the draws follow from.
        rank, ranks: which share of each batch this process takes, of how many.
        chances: [positions] float64, adds up to 1: how often each is drawn, with repetition; None for each once.
        before_batch: called before each batch is read; raises where the signals cannot be read any more.
        highpass: takes the baseline of the whole recording away; None for none.
    """

    def __init__(
        self,
        signals: NDArray[np.int16] | Tensor,
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        records: NDArray[np.int64],
        *,
        window: int,
        batch_size: int,
        batches: int | None = None,
        hidden_metadata: float = 0.0,
        seed: int = 0,
        epoch: int = 0,
        rank: int = 0,
        ranks: int = 1,
        chances: NDArray[np.float64] | None = None,
        before_batch: Callable[[], None] = unwatched,
        highpass: HighPass | None = None,
    ) -> None:
        self.before_batch = before_batch
        self.signals = signals
        self.window = window
        self.highpass = highpass
        self.windows = crop_view(signals, window)
        self.shape = (batch_size // ranks, window, signals.shape[2])
        self.features = features
        self.targets = targets
        self.records = records
        self.batch_size = batch_size
        self.batches = len(records) // batch_size if batches is None else batches
        self.hidden_metadata = hidden_metadata
        self.draw = (seed, epoch)
        self.rank = rank
        self.ranks = ranks
        self.chances = chances

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        shuffle = np.random.default_rng(self.draw)
        rounds = max(1, -(-self.batches * self.batch_size // len(self.records)))
        if self.chances is None:
            order = np.concatenate([shuffle.permutation(self.records) for _ in range(rounds)])
        else:
            order = shuffle.choice(self.records, rounds * len(self.records), p=self.chances)
        rng = np.random.default_rng((*self.draw, 1))  # (seed, epoch, 0) is the stream of (seed, epoch)
        share = slice(self.rank, None, self.ranks)
        for batch in range(len(self)):
            chosen = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            starts = rng.integers(0, self.windows.shape[1], self.batch_size)
            self.before_batch()
            features = self.features[chosen]
            features[rng.random(features.shape) < self.hidden_metadata] = np.nan
            yield (
                self._cut(chosen[share], starts[share]),
                torch.from_numpy(features[share]),
                torch.from_numpy(self.targets[chosen[share]]),
            )

    def _cut(self, records: NDArray[np.int64], starts: NDArray[np.int64]) -> Tensor:
        """One crop of each record, [n, window, leads] mV."""
        if self.highpass is None:
            return millivolts(self.windows[records, starts].reshape(self.shape))
        longer = self.highpass.mirrored(millivolts(self.signals[records]))
        around = self.window + 2 * self.highpass.reach
        return self.highpass.filtered(
            torch.stack([one[start : start + around] for one, start in zip(longer, starts.tolist(), strict=True)])
        )


@overload
def crop_view(signals: NDArray[np.int16], window: int) -> NDArray[np.int16]: ...
@overload
def crop_view(signals: Tensor, window: int) -> Tensor: ...
def crop_view(signals: NDArray[np.int16] | Tensor, window: int) -> NDArray[np.int16] | Tensor:
    """A view [record, start, window * leads] of [record, sample, lead], each crop contiguous in memory."""
    records, samples, leads = signals.shape
    shape = (records, samples - window + 1, window * leads)
    if isinstance(signals, Tensor):
        by_record, by_sample, by_lead = signals.stride()
        return signals.as_strided(shape, (by_record, by_sample, by_lead))
    return np.lib.stride_tricks.as_strided(signals, shape, signals.strides, writeable=False)


def millivolts(microvolts: NDArray[np.int16] | Tensor) -> Tensor:
    """int16 microvolts as float32 millivolts, the same shape, where they lie."""
    return torch.as_tensor(microvolts).float().mul_(MILLIVOLTS_A_STEP)
