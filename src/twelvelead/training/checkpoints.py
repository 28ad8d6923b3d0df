"""Checkpoints that a kill cannot harm: written whole or not at all, and a damaged one is known by its hash.

A checkpoint is the zip archive that `torch.save` writes, with its SHA-256 as the archive's comment.
"""

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch import callbacks

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import replacing

LAST = "epoch"
BEST = "best"
_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")
_LENGTH = (64).to_bytes(2, "little")  # of the comment, as an archive states it; 0 in one without
_COMMENT = len(_LENGTH) + 64
_BLOCK = 1 << 20


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames, so that a checkpoint is never half there; reads what its hash confirms."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        save(checkpoint, Path(path))

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return load(Path(path))


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


def save(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint with its hash.

    Raises:
        TwelveLeadError: it cannot be written (disk full, no permission); an older one in its place stays.
    """
    try:
        with replacing(path) as partial, partial.open("w+b") as stream:
            torch.save(checkpoint, stream)
            end = stream.seek(0, os.SEEK_END) - len(_LENGTH)
            stream.write(_LENGTH + _digest(stream, end))
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:  # PyTorch's own writer makes one of the other
        fault = next((each for each in (error, error.__context__) if isinstance(each, OSError)), None)
        why = fault.strerror if fault is not None and fault.strerror else str(error).splitlines()[0]
        raise TwelveLeadError(
            f"{path}: cannot be written ({why}); free some space, then the same command goes on after the last whole "
            "epoch"
        ) from error


def load(path: Path) -> dict[str, Any]:
    """What a checkpoint holds.

    Raises:
        Unreadable: it is missing or damaged.
    """
    require_whole(path)
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whole, and yet none: what PyTorch says of that has no end
        raise _damaged(path) from None
    return checkpoint


def require_whole(path: Path) -> None:
    """See that a checkpoint is as it was written, bit for bit.

    Raises:
        Unreadable: it is missing, or its hash does not confirm it.
    """
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END) - _COMMENT
            whole = end > 0 and _LENGTH + _digest(stream, end) == stream.read()
    except OSError:
        whole = False
    if not whole:
        raise _damaged(path)


def find_newest(folder: Path) -> tuple[Path | None, tuple[Path, ...]]:
    """The checkpoint to go on from.

    Args:
        folder: of a run's checkpoints.

    Returns:
        The newest whole one, or None, and the newer ones that are damaged.
    """
    torn = []
    found = sorted(folder.glob(f"{LAST}-*.ckpt"), key=lambda path: int(path.stem.split("-")[1]), reverse=True)
    for path in found:
        try:
            require_whole(path)
        except Unreadable:
            torn.append(path)
        else:
            return path, tuple(torn)
    return None, tuple(torn)


def _digest(stream: BinaryIO, size: int) -> bytes:
    """SHA-256 of the first bytes, in hexadecimal; the stream stands behind them then."""
    found = hashlib.sha256()
    stream.seek(0)
    for start in range(0, size, _BLOCK):
        found.update(stream.read(min(_BLOCK, size - start)))
    return found.hexdigest().encode()


def _damaged(path: Path) -> Unreadable:
    return Unreadable(f"{path}: missing or damaged; train again in another folder")
