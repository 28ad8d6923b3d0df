"""Checkpoints that a kill cannot harm: written whole or not at all, and a damaged one is passed over."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

LAST = "epoch"
BEST = "best"


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
            torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # a torn file fails in as many ways as there are bytes to miss
            torn.append(path)
        else:
            return path, tuple(torn)
    return None, tuple(torn)
