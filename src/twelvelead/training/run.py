"""One training from a recipe and a store to weights with their contract; interrupted, the same call goes on."""

import json
import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
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
from twelvelead.training.hardware import hardware
from twelvelead.training.initial import load_initial, origin, require_starting
from twelvelead.training.module import Training
from twelvelead.training.progress import Log, Report, training_seconds
from twelvelead.training.publish import versions
from twelvelead.training.recipe import Recipe
from twelvelead.training.scale import layout, rank
from twelvelead.training.speed import keep_freed_memory, precision
from twelvelead.training.teachers import require_teachers, taught

FORMAT = "twelvelead-run"
VERSION = 1
"""Of a run's folder; it rises when an older twelvelead could not go on in it, or a newer one in an older run."""


def train(recipe: Recipe, store: Store, folder: Path, say: Callable[[str], None] = print, *, devices: int = 1) -> Path:
    """Train a recipe on a store, or go on where an interrupted training of both stopped.

    Args:
        recipe: what to do.
        store: holds the training and validation folds.
        folder: of the run; receives `recipe.toml`, `run.json` (versions, hardware, seconds), `log.csv`, `tensorboard/`,
            `checkpoints/`, `curves.png`, `predictions.npz` (validation folds), `weights/` with the contract, and
            `teachers.npy` where there are some.
        say: takes a line of text.
        devices: accelerators of this machine (without any, processes on its CPU) that share each batch. For more than
            one, Lightning runs the program again for each; under torchrun its number counts.

    Returns:
        The folder of weights; of several processes, the first one writes it.

    Raises:
        TwelveLeadError: the store does not fit the recipe or the weights it starts from, the folder holds another run
            or one of another version, the devices are not there or cannot share a batch, or the loss is not finite.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    training, data, kept = prepare(recipe, store)
    shape = layout(recipe, devices)
    # Nothing is written before everything that can be refused has been looked at.
    if rank() == 0:
        claim(folder, recipe, store)
    else:
        say = _nothing
    weights = folder / "weights"
    if (weights / "contract.json").is_file():
        say(f"{folder}: this training has finished; its weights are in {weights}")
        return weights
    if not fitted(folder):
        say(
            f"{recipe.name}: {len(data.train_records)} records to train on, {len(data.validation_records)} to "
            f"validate, {sum(p.numel() for p in training.parameters()):,} parameters, {precision(recipe)}"
        )
        for line in recipe.remarks():
            say(line)
        if recipe.initial:
            new = [name for name in data.labels.classes if name not in kept]
            say(
                f"starts from {recipe.initial}; outputs taken over: {', '.join(kept) or 'none'}; "
                f"new: {', '.join(new) or 'none'}"
            )
        teach(data, folder / "teachers.npy", say)
        if rank() == 0:
            note_hardware(folder, recipe)
        fit(training, data, folder, say, shape)
        if rank() == 0:
            note(folder, fitted=True, training_seconds=training_seconds(folder / "log.csv"))
    if rank():
        return weights
    best = load(folder / "checkpoints" / f"{BEST}.ckpt")
    training.load_state_dict(best["state_dict"])
    return finish(training, data, folder, best_epoch=int(best["epoch"]), say=say)


def teach(data: StoreData, cache: Path, say: Callable[[str], None]) -> None:
    """Soften the labels by the teachers of the recipe, where it has any; `cache` keeps what they say."""
    if data.recipe.teachers and data.recipe.teacher_weight:
        data.teach(taught(data, cache, say))


def prepare(recipe: Recipe, store: Store) -> tuple[Training, StoreData, tuple[str, ...]]:
    """The model and the data of a training that has not begun, and the classes whose outputs initial weights gave.

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
    require_teachers(data)
    initial = origin(recipe) if recipe.initial else None
    if initial is not None:
        require_starting(initial, recipe, store)
    if len(data.train_records) < recipe.batch_size:
        raise TwelveLeadError(
            f"recipe {recipe.name}: batch_size {recipe.batch_size} is more than the {len(data.train_records)} records "
            f"of its training folds in {store.path}; make it smaller"
        )
    training = Training(
        recipe,
        data.labels.values[data.train_records],
        auxiliary_classes=data.targets.shape[1] - len(data.labels.classes),
        measured=data.measured,
        steps_per_epoch=len(data.train_records) // recipe.batch_size,
        sampling_rate=round(store.sampling_rate),
        leads=len(store.leads),
    )
    kept = load_initial(training.windowed.model, recipe, data.labels.classes) if initial is not None else ()
    return training, data, kept


def fit(
    training: Training,
    data: StoreData,
    folder: Path,
    say: Callable[[str], None],
    shape: tuple[int, int] = (1, 1),
    *,
    watchers: Sequence[pl.Callback] = (),
) -> None:
    """Run the epochs, from the newest checkpoint that can be read.

    Args:
        training, data: of `prepare`.
        folder: of the run.
        say: takes a line of text.
        shape: devices of each machine, and machines.
        watchers: further callbacks, called before the checkpoints are written.
    """
    recipe = training.recipe
    devices, nodes = shape
    several = devices * nodes > 1
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
        num_nodes=nodes,
        strategy="ddp" if several else "auto",
        sync_batchnorm=several and torch.cuda.is_available(),  # PyTorch has none on a CPU
        use_distributed_sampler=False,
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
        TwelveLeadError: it holds something else, or a run of another recipe, store or version.
    """
    text = recipe.to_toml()
    about = folder / "run.json"
    if about.is_file():
        try:
            recorded = json.loads(about.read_text(encoding="utf-8"))
            _require_version(about, recorded)
            values, data_hash, _ = dict(recorded["recipe"]), recorded["data_hash"], recorded["fitted"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unreadable(f"{about}: damaged; name another folder for the run") from None
        # A run that began before a setting was there had what is now its default.
        before, now = Recipe.from_dict(values, str(about)).to_dict(), recipe.to_dict()
        differing = [name for name in now if before[name] != now[name]]
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
        "format": FORMAT,
        "version": VERSION,
        "recipe": recipe.to_dict(),
        "data_hash": store.data_hash,
        "synthetic": store.synthetic,
        "seed": recipe.seed,
        "versions": versions(),
        "fitted": False,
    }
    with replacing(about) as partial:
        partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def fitted(folder: Path) -> bool:
    """Whether the epochs of a run are over; another process may not have claimed the folder yet."""
    about = folder / "run.json"
    return about.is_file() and bool(json.loads(about.read_text(encoding="utf-8"))["fitted"])


def _require_version(about: Path, recorded: dict[str, Any]) -> None:
    """Refuse a run that another version of the format wrote: what it kept may mean something else now."""
    found = (recorded.get("format"), recorded.get("version"))
    if found == (FORMAT, VERSION):
        return
    made = recorded.get("versions", {}).get("twelvelead", "of another version")
    which = f"of run format {found[1]}" if found[0] == FORMAT else "from before runs had a format"
    raise Unreadable(
        f"{about}: a run {which}, and this twelvelead goes on with format {VERSION}; go on with the one that began it "
        f"(twelvelead {made}), or name another folder; finished weights in weights/ can be used all the same"
    )


def note(folder: Path, **values: Any) -> None:
    """Set entries of `run.json`."""
    about = folder / "run.json"
    recorded = json.loads(about.read_text(encoding="utf-8")) | values
    with replacing(about) as partial:
        partial.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def note_hardware(folder: Path, recipe: Recipe) -> None:
    """Add the machine to those in `run.json`, where the run has not been on such a one before."""
    about = folder / "run.json"
    known = json.loads(about.read_text(encoding="utf-8")).get("hardware", [])
    here = hardware(recipe)
    if here not in known:
        note(folder, hardware=[*known, here])


def _nothing(line: str) -> None:
    pass


def quiet() -> None:
    """Keep what Lightning says of its own workings from the user's terminal."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning.*")
    warnings.filterwarnings("ignore", message=r".*lightning.*")
