"""What a run says while it goes on, and its log."""

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from twelvelead.files import replacing

COLUMNS = ("epoch", "train_loss", "validation_auroc", "learning_rate", "seconds")


class Log(pl.Callback):
    """One row an epoch, in `log.csv` and in the checkpoints, so that a resumed run's log has no gap and no double row.

    Args:
        path: of the CSV file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
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
            self.write()

    def write(self) -> None:
        """Write the whole log, atomically."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        with replacing(self.path) as partial:
            partial.write_text(text.getvalue(), encoding="utf-8")

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]


def training_seconds(log: Path) -> float:
    """What all epochs in a log took together, validation included and resumed ones once."""
    with log.open(newline="", encoding="utf-8") as stream:
        return round(sum(float(row["seconds"]) for row in csv.DictReader(stream)), 1)


class Report(pl.Callback):
    """A bar while an epoch runs, where there is a terminal, and a line after it, with the time that is left at most.

    Args:
        log: of the same run.
        say: takes a line of text.
    """

    def __init__(self, log: Log, say: Callable[[str], None]) -> None:
        self.log_rows = log
        self.say = say
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        console = Console(stderr=True)
        if console.is_terminal and trainer.is_global_zero:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
            )
            name = f"epoch {trainer.current_epoch + 1} of at most {trainer.max_epochs}"
            self._task = self._bar.add_task(name, total=float(trainer.num_training_batches))
            self._bar.start()

    def on_train_batch_end(self, *_: Any) -> None:
        if self._bar is not None:
            self._bar.advance(self._task)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description="validation")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()
        rows = self.log_rows.rows
        row = rows[-1]
        seconds = sum(row["seconds"] for row in rows[-3:]) / len(rows[-3:])
        left = seconds * ((trainer.max_epochs or 0) - len(rows)) / 60
        self.say(
            f"epoch {len(rows)} of at most {trainer.max_epochs}: loss {row['train_loss']:.4f}, validation macro AUROC "
            f"{row['validation_auroc']:.4f} (best {max(row['validation_auroc'] for row in rows):.4f}), "
            f"{row['seconds']:.0f} s; at most {left:.0f} min left"
        )

    def on_exception(self, *_: Any) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
