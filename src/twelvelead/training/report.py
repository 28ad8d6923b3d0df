"""What a run says while it goes on, and its log."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from twelvelead.progress import Progress
from twelvelead.training.folder import BEFORE, write_log


class Log(pl.Callback):
    """One row an epoch, in `log.csv` and in the checkpoints, so that a resumed run's log has no gap and no double row.

    Args:
        folder: of the run.
        rows: of what stands before the first epoch.
    """

    def __init__(self, folder: Path, rows: Sequence[dict[str, float]] = ()) -> None:
        self.folder = folder
        self.rows = [*rows]
        self._started = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.rows.append(
            {
                "epoch": trainer.current_epoch,
                "train_loss": float(trainer.callback_metrics["train_loss"]),
                "validation_auroc": float(trainer.callback_metrics["validation_auroc"]),
                "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
                "seconds": round(time.monotonic() - self._started, 1),
            }
        )
        if trainer.is_global_zero:
            write_log(self.folder, self.rows)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]


class Report(pl.Callback):
    """How far an epoch is, and a line after it, with the time that is left at most.

    Args:
        log: of the same run.
        say: takes a line of text.
        progress: told the crops' batches done of an epoch.
    """

    def __init__(self, log: Log, say: Callable[[str], None], progress: Progress) -> None:
        self.log_rows = log
        self.say = say
        self.progress = progress

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.is_global_zero:
            name = f"epoch {trainer.current_epoch + 1} of at most {trainer.max_epochs}"
            self.progress(name, batch_idx + 1, int(trainer.num_training_batches))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        rows = self.log_rows.rows
        row = rows[-1]
        done = trainer.current_epoch + 1
        latest = [each["seconds"] for each in rows[-3:] if each["epoch"] != BEFORE]
        left = sum(latest) / len(latest) * ((trainer.max_epochs or 0) - done) / 60
        self.say(
            f"epoch {done} of at most {trainer.max_epochs}: loss {row['train_loss']:.4f}, validation macro AUROC "
            f"{row['validation_auroc']:.4f} (best {max(row['validation_auroc'] for row in rows):.4f}), "
            f"{row['seconds']:.0f} s; at most {left:.0f} min left"
        )
