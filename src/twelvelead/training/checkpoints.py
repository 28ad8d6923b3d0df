"""Checkpoints that a kill cannot harm: written whole or not at all, and a damaged one is passed over."""

import os
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch import callbacks

from twelvelead.errors import Unreadable

LAST = "epoch"
BEST = "best"
_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames, so that a checkpoint is never half there."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        try:
            with partial.open("wb") as stream:
                torch.save(checkpoint, stream)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


class ModelCheckpoint(callbacks.ModelCheckpoint):
    """Lightning's, which forgets the best score when the run's folder has moved, and never removes the checkpoint that
    it went on from; this one does neither."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        trainer.ckpt_path = None

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        assert self.dirpath is not None
        here = Path(self.dirpath)
        moved = {name: str(here / Path(state_dict[name]).name) for name in _PATHS if state_dict[name]}
        best = {str(here / Path(path).name): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(state_dict | moved | {"best_k_models": best, "dirpath": self.dirpath})


def load(path: Path) -> dict[str, Any]:
    """What a checkpoint holds.

    Raises:
        Unreadable: it is missing or torn.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a torn file fails in as many ways as there are bytes to miss
        raise Unreadable(f"{path}: missing or damaged; train again in another folder") from None
    return checkpoint


def newest(folder: Path) -> tuple[Path | None, tuple[Path, ...]]:
    """The checkpoint to go on from.

    Args:
        folder: of a run's checkpoints.

    Returns:
        The newest one that can be read, or None, and the newer ones that cannot.
    """
    torn = []
    found = sorted(folder.glob(f"{LAST}-*.ckpt"), key=lambda path: int(path.stem.split("-")[1]), reverse=True)
    for path in found:
        try:
            load(path)
        except Unreadable:
            torn.append(path)
        else:
            return path, tuple(torn)
    return None, tuple(torn)
