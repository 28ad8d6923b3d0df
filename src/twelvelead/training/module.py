"""The training step and the validation of a recipe, as Lightning wants them."""

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.classification import BinaryAUROC, MultilabelAUROC

from twelvelead.ecg.lead_sets import shown_by
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError
from twelvelead.models import is_shipped
from twelvelead.models.highpass import HighPass
from twelvelead.models.shown import with_mask
from twelvelead.models.windows import Windowed, create_network, whole_steps
from twelvelead.training.augment import disturb, hide, margin, mix
from twelvelead.training.crops import NOT_KNOWN, Batch
from twelvelead.training.loss import AsymmetricLoss, CrossEntropyLoss, FocalLoss, class_weights
from twelvelead.training.named import Loss, is_named, own_loss
from twelvelead.training.recipe import Recipe


def build(recipe: Recipe, *, classes: int, statements: int = 0, sampling_rate: int, leads: int) -> Windowed:
    """The recipe's architecture, untrained, laid over whole recordings; its windows and strides are the whole numbers
    of the architecture's steps that are nearest to the seconds asked for."""
    masked = bool(recipe.lead_sets)
    seen = 2 * leads if masked else leads
    try:
        model = create_network(
            recipe.architecture,
            recipe.model,
            outputs=classes + statements,
            sampling_rate=sampling_rate,
            leads=seen,
            metadata=recipe.metadata,
        )
        window = whole_steps(recipe.window * sampling_rate, model.samples_per_step)
        stride = min(window, whole_steps(recipe.stride * sampling_rate, model.samples_per_step))
        baseline = HighPass(recipe.highpass, sampling_rate) if recipe.highpass else None
        if not is_shipped(recipe.architecture):
            model.require_answer(window, seen, classes + statements)
        return Windowed(model, window, stride, recipe.aggregate, baseline, statements, masked)
    except (TypeError, ValueError) as error:
        raise TwelveLeadError(f"recipe {recipe.name}: {error}") from None


class Training(pl.LightningModule):
    """One recipe's model, loss, optimiser and schedule.

    Args:
        recipe: what to do.
        labels: [records, classes] of the training folds, from which the class weights follow.
        known: [records, classes] bool, where the labels are known; None for all.
        statements: further outputs, those of the recipe's task of statements.
        measured: columns of the classes that the validation AUROC is the mean of; None for all.
        steps_per_epoch: optimiser steps in an epoch.
        sampling_rate: of the signals, in Hz.
        leads: number of leads.
    """

    lead_sets: Tensor

    def __init__(
        self,
        recipe: Recipe,
        labels: NDArray[np.bool_],
        *,
        known: NDArray[np.bool_] | None = None,
        statements: int = 0,
        measured: list[int] | None = None,
        steps_per_epoch: int,
        sampling_rate: int,
        leads: int,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.steps_per_epoch = steps_per_epoch
        self._plateau_state: dict[str, Any] | None = None
        torch.manual_seed(recipe.seed)
        self.classes = labels.shape[1]
        self.sampling_rate = sampling_rate
        self.windowed = build(
            recipe,
            classes=self.classes,
            statements=statements,
            sampling_rate=sampling_rate,
            leads=leads,
        )
        self.register_buffer("lead_sets", torch.from_numpy(shown_by(recipe.lead_sets, LEADS)), persistent=False)
        self.loss = make_loss(recipe, labels, known)
        self.auxiliary_loss = CrossEntropyLoss(torch.ones(statements))
        self.measured = list(range(self.classes)) if measured is None else measured
        # torchmetrics counts a class without positives as 0, and knows no multi-label problem of one class
        several = len(self.measured) > 1
        self.auroc: MultilabelAUROC | BinaryAUROC = (
            MultilabelAUROC(len(self.measured), average="macro", ignore_index=NOT_KNOWN)
            if several
            else BinaryAUROC(ignore_index=NOT_KNOWN)
        )

    @property
    def crop(self) -> int:
        """Samples of a training crop, before it is disturbed."""
        return self.windowed.window + margin(self.windowed.window, self.recipe.stretch)

    def on_train_batch_start(self, batch: Batch, number: int) -> None:
        # Lightning stores no random state, and draws from it at another point of a resumed epoch than of any other:
        # dropout has to follow from what a resumed run knows.
        draw = np.random.SeedSequence((self.recipe.seed, self.current_epoch, self.global_rank, number))
        torch.manual_seed(int(draw.generate_state(1, np.uint64)[0] >> np.uint64(1)))
        if self.recipe.unfreeze:
            done = self.global_step / (self.recipe.epochs * self.steps_per_epoch)
            for depth, layer in self._layers():
                for each in layer:
                    each.requires_grad_(done >= depth * self.recipe.unfreeze)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        recipe, classes = self.recipe, self.classes
        ecg, features, targets = batch
        ecg = disturb(ecg, recipe, self.windowed.window, self.sampling_rate)
        if recipe.mixup:
            ecg, features, targets = mix(ecg, features, targets, recipe.mixup)
        targets = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
        if recipe.lead_sets:
            ecg = with_mask(hide(ecg, self.lead_sets, recipe.hidden_leads))
        logits, _attention = self.windowed.model(ecg, features)
        logits = logits.float()
        value: Tensor = self.loss(logits[:, :classes], targets[:, :classes])
        if logits.shape[1] > classes:
            value = value + recipe.auxiliary_weight * self.auxiliary_loss(logits[:, classes:], targets[:, classes:])
        if not torch.isfinite(value):
            raise TwelveLeadError(
                f"{self.trainer.default_root_dir}: the loss is {value.item()} in epoch {self.current_epoch + 1}; "
                f"make learning_rate smaller (it is {self.recipe.learning_rate:g}) and train in another folder"
            )
        self.log("train_loss", value, on_step=False, on_epoch=True, batch_size=len(ecg), sync_dist=True)
        return value

    def validation_step(self, batch: Batch, number: int) -> None:
        ecg, features, labels = batch
        if self.recipe.lead_sets and (turn := number % (1 + len(self.lead_sets))):
            ecg = hide(ecg, self.lead_sets[turn - 1 : turn], 1.0)  # each batch shows another set, the same every epoch
        probabilities = self.windowed(ecg, features).probabilities
        self.auroc.update(probabilities[:, self.measured], labels[:, self.measured].long())

    def on_validation_epoch_end(self) -> None:
        self.log("validation_auroc", self.auroc.compute())
        self.auroc.reset()

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
        groups: dict[tuple[float, bool], dict[str, Any]] = {}
        for depth, layer in self._layers():
            rate = recipe.learning_rate * recipe.layer_rate**depth
            for each in layer:
                # Time scales, of state-space models for instance, mean nothing at 0: a model marks them, and they do
                # not decay.
                undecayed = getattr(each, "undecayed", False)
                group = groups.setdefault((rate, undecayed), {"params": [], "lr": rate})
                group["params"].append(each)
                if undecayed:
                    group["weight_decay"] = 0.0
        optimizer = kind(list(groups.values()), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        steps = recipe.epochs * self.steps_per_epoch
        if recipe.schedule == "one_cycle":
            highest = [group["lr"] for group in groups.values()]
            cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, total_steps=steps)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        if recipe.schedule == "cosine":
            cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}
        # Lightning would move a plateau schedule on after the checkpoint is written and lose that move on resuming.
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode="max",
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience if recipe.schedule == "plateau" else recipe.epochs,
        )
        return optimizer

    def _layers(self) -> Iterator[tuple[float, list[nn.Parameter]]]:
        """The parameters of each layer and its depth: from the last layer, 0, against the order in which the model was
        built down to the first one, 1."""
        last = self.windowed.model.output_layer()
        built = [each for each in self.windowed.model.modules() if each is not last]
        layers = [list(each.parameters(recurse=False)) for each in (last, *reversed(built))]
        layers = [layer for layer in layers if layer]
        for number, layer in enumerate(layers):
            yield number / max(1, len(layers) - 1), layer

    @property
    def _plateaus(self) -> bool:
        return self.recipe.schedule in ("plateau", "constant")

    def on_train_epoch_end(self) -> None:
        if self._plateaus:
            self.plateau.step(float(self.trainer.callback_metrics["validation_auroc"]))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self._plateaus:
            checkpoint["plateau"] = self.plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._plateau_state = checkpoint.get("plateau")

    def on_train_start(self) -> None:
        if self._plateau_state is not None:
            self.plateau.load_state_dict(self._plateau_state)


def make_loss(recipe: Recipe, labels: NDArray[np.bool_], known: NDArray[np.bool_] | None = None) -> Loss:
    """The recipe's loss, weighted for the labels [records, classes] of the training folds, where they are known."""
    weights = torch.ones(labels.shape[1])
    if recipe.class_weights:
        weights = torch.from_numpy(class_weights(labels, known))
    if is_named(recipe.loss):
        return own_loss(recipe.loss, weights, f"recipe {recipe.name}")
    if recipe.loss == "focal":
        return FocalLoss(weights, alpha=recipe.alpha, gamma=recipe.gamma)
    if recipe.loss == "asymmetric":
        return AsymmetricLoss(weights, gamma=recipe.gamma)
    return CrossEntropyLoss(weights)
