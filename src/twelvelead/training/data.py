"""A store as Lightning wants it: random crops to train on, whole recordings to validate on."""

from collections.abc import Callable

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, fold_names, select
from twelvelead.errors import TwelveLeadError
from twelvelead.models.highpass import HighPass
from twelvelead.training.crops import NOT_KNOWN, Batch, Crops, millivolts, unwatched
from twelvelead.training.module import Training
from twelvelead.training.named import own_chances
from twelvelead.training.recipe import Recipe


class StoreData(pl.LightningDataModule):
    """The training and validation folds of a recipe; what it holds does not change.

    Args:
        recipe: names the folds and how crops are cut.
        store: holds the folds.
        labels: of all records of the store.
        auxiliary: labels of the auxiliary task; None for none.
        answers: what teachers say of the training records, [training records, classes], or, where they answer the
            auxiliary task too, [training records, classes and auxiliary classes]; None for none. They soften the labels
            that are trained on, and nothing else.

    Raises:
        TwelveLeadError: the store lacks a fold of the recipe, its training folds show a class in none or in all
            records, or its validation folds show none that can be measured.

    Attributes:
        targets: [records, classes and auxiliary classes] float32, 0-1, what is trained on; NaN where it is not known.
        shares: [classes] float64, of the training records of which it is known, that have each class.
        measured: classes that some validation records have and others have not, as columns.
    """

    def __init__(
        self,
        recipe: Recipe,
        store: Store,
        labels: Labels,
        auxiliary: Labels | None = None,
        answers: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.store = store
        self.labels = labels
        self.auxiliary = auxiliary
        self._resident: Tensor | None = None
        self.train_records = select(store, recipe.train_folds, labels)
        self.validation_records = select(store, recipe.validation_folds, labels)
        self.shares = _shares(labels, self.train_records)
        for name, positive in zip(labels.classes, self.shares, strict=True):
            if positive in (0, 1):
                raise TwelveLeadError(
                    f"{store.path}: {'no' if positive == 0 else 'every'} record of fold "
                    f"{fold_names(recipe.train_folds)} is {name}, so this class cannot be learned; choose other folds"
                )
        shown = _shares(labels, self.validation_records)
        self.measured = [column for column, positive in enumerate(shown) if 0 < positive < 1]
        if not self.measured:
            raise TwelveLeadError(
                f"{store.path}: fold {fold_names(recipe.validation_folds)} shows every class of the task {recipe.task} "
                "in none or in all of its records, so that nothing can be measured; choose other folds"
            )
        self._chances: NDArray[np.float64] | None = None
        if recipe.sampler:
            self._chances = own_chances(recipe.sampler, labels.values[self.train_records], f"recipe {recipe.name}")
        parts = [labels.targets] if auxiliary is None else [labels.targets, auxiliary.targets]
        self.targets = np.concatenate(parts, axis=1)
        if answers is not None:
            rows, share, taught = self.train_records, recipe.teacher_weight, answers.shape[1]
            self.targets[rows, :taught] = (1 - share) * self.targets[rows, :taught] + share * answers
        self.targets.setflags(write=False)

    def softened(self, answers: NDArray[np.float32]) -> "StoreData":
        """The same folds with labels softened by what teachers say of the training records; see `StoreData`."""
        return StoreData(self.recipe, self.store, self.labels, self.auxiliary, answers)

    def signals(self) -> NDArray[np.int16] | Tensor:
        """[record, sample, lead] int16 microvolts: on the accelerator that trains where they fill at most half of what
        is free there, else the store's memory map."""
        assert self.trainer is not None
        device = self.trainer.strategy.root_device
        if device.type != "cuda":
            return self.store.signals
        if self._resident is None:
            if self.store.signals.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
                return self.store.signals
            self._resident = torch.from_numpy(np.array(self.store.signals)).to(device)
        return self._resident

    def train_dataloader(self) -> DataLoader[Batch]:
        trainer = self.trainer
        assert trainer is not None
        training = trainer.lightning_module
        assert isinstance(training, Training)
        crops = Crops(
            self.signals(),
            self.store.features,
            self.targets,
            self.train_records,
            window=training.crop,
            batch_size=self.recipe.batch_size,
            batches=self.recipe.batches(len(self.train_records)),
            hidden_metadata=self.recipe.hidden_metadata,
            seed=self.recipe.seed,
            epoch=trainer.current_epoch,
            rank=trainer.global_rank,
            ranks=trainer.world_size,
            before_batch=self.store.require_whole,
            chances=self._chances,
            highpass=self._highpass(trainer.strategy.root_device),
        )
        return DataLoader(crops, batch_size=None)

    def _highpass(self, device: torch.device) -> HighPass | None:
        hertz = self.recipe.highpass
        if not hertz:
            return None
        return HighPass(hertz, round(self.store.sampling_rate)).to(device if self._resident is not None else "cpu")

    def val_dataloader(self) -> DataLoader[Batch]:
        trainer = self.trainer
        assert trainer is not None
        # Every record to one process, whatever their number: the metrics are gathered, and no record may count twice.
        records = self.validation_records[trainer.global_rank :: trainer.world_size]
        whole = Whole(self.signals(), self.store.features, self.labels, records, before_batch=self.store.require_whole)
        return DataLoader(whole, batch_size=None)


def _shares(labels: Labels, records: NDArray[np.int64]) -> NDArray[np.float64]:
    """[classes] float64: of the records of which it is known, those that have each class; 0 where of none."""
    known = labels.known[records].sum(axis=0)
    return np.asarray(labels.values[records].sum(axis=0) / np.maximum(known, 1), np.float64)


class Whole(Dataset[Batch]):
    """Whole recordings in order, 64 in a batch, labels 1, 0 or `NOT_KNOWN`.

    Args:
        signals: [record, sample, lead] int16 microvolts.
        features: [record, 2] float32.
        labels: of all records.
        records: positions of those that are read.
        before_batch: called before each batch is read; raises where the signals cannot be read any more.
    """

    def __init__(
        self,
        signals: NDArray[np.int16] | Tensor,
        features: NDArray[np.float32],
        labels: Labels,
        records: NDArray[np.int64],
        *,
        before_batch: Callable[[], None] = unwatched,
    ) -> None:
        self.before_batch = before_batch
        self.signals = signals
        self.features = features
        self.labels = labels
        self.parts = [records[start : start + 64] for start in range(0, len(records), 64)]

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, part: int) -> Batch:
        self.before_batch()
        records = self.parts[part]
        labels = np.where(self.labels.known[records], self.labels.values[records], NOT_KNOWN)
        return (
            millivolts(self.signals[records]),
            torch.from_numpy(self.features[records]),
            torch.from_numpy(labels).float(),
        )
