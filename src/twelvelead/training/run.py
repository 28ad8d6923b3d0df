"""One training from a recipe and a store to weights with their contract; interrupted, the same call goes on."""

import json
import logging
import platform
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerStatus

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.training.augment import margin
from twelvelead.training.checkpoints import BEST, LAST, AtomicCheckpointIO, ModelCheckpoint, load, newest
from twelvelead.training.data import StoreData
from twelvelead.training.finish import finish
from twelvelead.training.module import Training
from twelvelead.training.progress import Log, Report
from twelvelead.training.recipe import Recipe
from twelvelead.training.speed import keep_freed_memory, precision
from twelvelead.training.teachers import require_teaching, taught
from twelvelead.weights import Contract, find


def train(recipe: Recipe, store: Store, folder: Path, say: Callable[[str], None] = print) -> Path:
    """Train a recipe on a store, or go on where an interrupted training of both stopped.

    Args:
        recipe: what to do.
        store: holds the training and validation folds.
        folder: of the run; receives `recipe.toml`, `run.json`, `log.csv`, `tensorboard/`, `checkpoints/`, `curves.png`,
            `predictions.npz` (validation folds) and `weights/` with the contract.
        say: takes a line of text.

    Returns:
        The folder of weights.

    Raises:
        TwelveLeadError: the store does not fit the recipe, the folder holds another run, or the loss is not finite.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    training, data = prepare(recipe, store)
    # Nothing is written before everything that can be refused has been looked at.
    claim(folder, recipe, store)
    weights = folder / "weights"
    if (weights / "contract.json").is_file():
        say(f"{folder}: this training has finished; its weights are in {weights}")
        return weights
    if not json.loads((folder / "run.json").read_text(encoding="utf-8"))["fitted"]:
        say(
            f"{recipe.name}: {len(data.train_records)} records to train on, {len(data.validation_records)} to "
            f"validate, {sum(p.numel() for p in training.parameters()):,} parameters, {precision(recipe)}"
        )
        if recipe.teachers:
            data.teach(taught(recipe.teachers, data, folder / "teachers.npy", say))
        fit(training, data, folder, say)
        note(folder, fitted=True)
    best = load(folder / "checkpoints" / f"{BEST}.ckpt")
    training.load_state_dict(best["state_dict"])
    return finish(training, data, folder, best_epoch=int(best["epoch"]), say=say)


def prepare(recipe: Recipe, store: Store) -> tuple[Training, StoreData]:
    """The model and the data of a training that has not begun.

    Raises:
        TwelveLeadError: the store or a teacher does not fit the recipe.
    """
    longest = recipe.window + margin(recipe)
    if longest > store.samples:
        stretched = f" (stretched by up to {recipe.stretch:g})" if recipe.stretch else ""
        raise TwelveLeadError(
            f"recipe {recipe.name}: window {recipe.window}{stretched} is longer than the {store.samples} samples of "
            f"{store.path}"
        )
    quiet()
    keep_freed_memory()
    auxiliary = labels(store, recipe.auxiliary_task, "keep") if recipe.auxiliary_task else None
    data = StoreData(recipe, store, labels(store, recipe.task, recipe.protocol), auxiliary)
    teachers = [Contract.load(find(teacher)) for teacher in recipe.teachers]
    for name, contract in zip(recipe.teachers, teachers, strict=True):
        require_teaching(name, contract, data)
    if len(data.train_records) < recipe.batch_size:
        raise TwelveLeadError(
            f"recipe {recipe.name}: batch_size {recipe.batch_size} is more than the {len(data.train_records)} records "
            f"of its training folds in {store.path}; make it smaller"
        )
    training = Training(
        recipe,
        data.labels.values[data.train_records],
        auxiliary_classes=data.targets.shape[1] - len(data.labels.classes),
        steps_per_epoch=len(data.train_records) // recipe.batch_size,
        sampling_rate=round(store.sampling_rate),
        leads=len(store.leads),
    )
    return training, data


def fit(
    training: Training,
    data: StoreData,
    folder: Path,
    say: Callable[[str], None],
    *,
    watchers: Sequence[pl.Callback] = (),
    devices: int | Literal["auto"] = "auto",
) -> None:
    """Run the epochs, from the newest checkpoint that can be read.

    Args:
        training, data: of `prepare`.
        folder: of the run.
        say: takes a line of text.
        watchers: further callbacks, called before the checkpoints are written.
        devices: how many of the accelerator's.
    """
    recipe = training.recipe
    log = Log(folder / "log.csv")
    checkpoints = (folder / "checkpoints").resolve()
    stopping = EarlyStopping("validation_auroc", mode="max", patience=recipe.patience, check_on_train_epoch_end=True)
    best = ModelCheckpoint(
        checkpoints,
        BEST,
        monitor="validation_auroc",
        mode="max",
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        checkpoints,
        LAST + "-{epoch}",
        monitor="epoch",
        mode="max",
        save_top_k=2,
        save_on_train_epoch_end=True,
        auto_insert_metric_name=False,
        enable_version_counter=False,
    )
    callbacks: list[pl.Callback] = [log, Report(log, say), *watchers, stopping, best, last]
    if recipe.average_decay:
        callbacks.insert(0, EMAWeightAveraging(decay=recipe.average_decay))
    trainer = pl.Trainer(
        accelerator="auto",
        devices=devices,
        precision=precision(recipe),
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=TensorBoardLogger(folder, name="tensorboard", version=""),
        log_every_n_steps=min(50, training.steps_per_epoch),
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    start, torn = newest(checkpoints)
    for path in torn:
        say(f"{path}: cannot be read and is passed over")
    if start is not None:
        say(f"going on from {start.name}")
        if load(start)["callbacks"][stopping.state_key]["wait_count"] >= recipe.patience:
            return
    try:
        trainer.fit(training, datamodule=data, ckpt_path=start, weights_only=True)
    except SystemExit:
        if trainer.state.status == TrainerStatus.INTERRUPTED:
            raise KeyboardInterrupt from None
        raise


def claim(folder: Path, recipe: Recipe, store: Store) -> None:
    """Make the folder this run's, or see that it already is.

    Raises:
        TwelveLeadError: it holds something else, or a run of another recipe or store.
    """
    text = recipe.to_toml()
    about = folder / "run.json"
    if about.is_file():
        try:
            recorded = json.loads(about.read_text(encoding="utf-8"))
            before, data_hash, _ = dict(recorded["recipe"]), recorded["data_hash"], recorded["fitted"]
        except (ValueError, KeyError, TypeError):
            raise Unreadable(f"{about}: damaged; name another folder for the run") from None
        now = recipe.to_dict()
        differing = [name for name in now if before.get(name) != now[name]]
        if differing:
            raise TwelveLeadError(
                f"{folder}: holds a run of another recipe (differs in {', '.join(differing)}); name another folder"
            )
        if data_hash != store.data_hash:
            raise TwelveLeadError(f"{folder}: holds a run on other data than {store.path}; name another folder")
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TwelveLeadError(f"{folder}: exists and is not a run; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "recipe.toml") as partial:
        partial.write_text(text, encoding="utf-8")
    recorded = {
        "recipe": recipe.to_dict(),
        "data_hash": store.data_hash,
        "synthetic": store.synthetic,
        "seed": recipe.seed,
        "versions": versions(),
        "fitted": False,
    }
    with replacing(about) as partial:
        partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def note(folder: Path, **values: Any) -> None:
    """Set entries of `run.json`."""
    about = folder / "run.json"
    recorded = json.loads(about.read_text(encoding="utf-8")) | values
    with replacing(about) as partial:
        partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def versions(*more: str) -> dict[str, str]:
    """Versions of what decides the figures, and of further packages."""
    packages = ("twelvelead", "torch", "lightning", "torchmetrics", "numpy", "onnx", "onnxscript", *more)
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def quiet() -> None:
    """Keep what Lightning says of its own workings from the user's terminal."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning.*")
    warnings.filterwarnings("ignore", message=r".*lightning.*")
