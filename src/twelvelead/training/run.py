"""One training from a recipe and a store to weights with their contract; interrupted, the same call goes on."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerStatus
from numpy.typing import NDArray

from twelvelead.data.folds import shared_out
from twelvelead.data.store import Store
from twelvelead.data.tasks import fold_names, labels
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.bootstrap import LEVEL
from twelvelead.evaluation.comparison import compare
from twelvelead.files import naming, owning
from twelvelead.progress import Progress, silent
from twelvelead.training import folder as run_folder
from twelvelead.training.checkpoints import BEST, LAST, AtomicCheckpointIO, ModelCheckpoint, find_newest, load
from twelvelead.training.checkpoints import require_whole as require_whole_checkpoint
from twelvelead.training.data import StoreData
from twelvelead.training.finish import finish
from twelvelead.training.folder import write_log
from twelvelead.training.forms import predict
from twelvelead.training.initial import initial_contract, load_initial, require_starting
from twelvelead.training.module import Training
from twelvelead.training.named import own_callbacks, own_loggers
from twelvelead.training.probe import PROBE, begin_with_probe
from twelvelead.training.recipe import Recipe
from twelvelead.training.report import Log, Report
from twelvelead.training.scale import lay_out, rank
from twelvelead.training.speed import keep_freed_memory, precision
from twelvelead.training.teachers import ask_teachers, require_teachers
from twelvelead.weights.suitability import PTBXL

Say = Callable[[str], None]


def train(
    recipe: Recipe,
    store: Store,
    folder: Path,
    say: Say = print,
    *,
    devices: int = 1,
    progress: Progress = silent,
) -> Path:
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
        progress: told the batches done of an epoch, and the records that teachers have judged.

    Returns:
        The folder of weights; of several processes, the first one writes it.

    Raises:
        TwelveLeadError: the store does not fit the recipe or the weights it starts from, the folder holds another run
            or one of another version, another process trains in it, the devices are not there or cannot share a batch,
            the loss is not finite, the store is cut short, or something cannot be written.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    begun = prepare(recipe, store)
    recipe = begun.training.recipe
    shape = lay_out(recipe, devices)
    weights = folder / "weights"
    first = rank() == 0
    if not first:
        say, progress = _nothing, silent
    # Nothing is written before everything that can be refused has been looked at.
    if first:
        run_folder.require_ours(folder, recipe, store)
    if (weights / "contract.json").is_file():
        say(f"{folder}: this training has finished; its weights are in {weights}")
        return weights
    try:
        with owning(folder) if first else nullcontext():
            if first:
                run_folder.claim(folder, recipe, store)
            if not run_folder.is_trained(folder):
                _announce(begun, say)
                if first:
                    run_folder.note_hardware(folder, recipe)
                train_epochs(begun, folder, folder / "teachers.npy", say, shape, progress=progress)
                if first:
                    run_folder.note_trained(folder)
            if first:
                epoch = take_best(begun, folder)
                if recipe.epochs and epoch == run_folder.BEFORE:
                    say("the probe is the result: no epoch is better by more than chance (one-sided p > 0.05)")
                finish(begun.training, begun.data, folder, best_epoch=epoch, say=say)
    except OSError as error:
        raise naming(error, folder) from error
    return weights


@dataclass(frozen=True)
class Begun:
    """A training that nothing speaks against, before anything is written.

    Attributes:
        training: the untrained model with its loss; its recipe names the folds of the store.
        data: with the labels as they are recorded.
        kept: the classes whose outputs initial weights gave.
        callbacks, loggers: of the user's own.
    """

    training: Training
    data: StoreData
    kept: tuple[str, ...]
    callbacks: tuple[pl.Callback, ...]
    loggers: tuple[Logger, ...]


def prepare(recipe: Recipe, store: Store) -> Begun:
    """The model and the data of a training.

    Raises:
        TwelveLeadError: the store or a teacher does not fit the recipe.
    """
    if recipe.leads:
        store = store.with_leads(recipe.leads)
    if recipe.lead_sets and store.leads != LEADS:
        raise TwelveLeadError(
            f"recipe {recipe.name}: lead_sets hide some of twelve leads, but {store.path} has "
            f"{', '.join(store.leads)}; take a store of twelve"
        )
    if not recipe.train_folds:
        recipe = _with_folds(recipe, store)
    silence_lightning()
    keep_freed_memory()
    auxiliary = labels(store, recipe.auxiliary_task, "keep") if recipe.auxiliary_task else None
    data = StoreData(recipe, store, labels(store, recipe.task, recipe.protocol), auxiliary)
    require_teachers(data)
    initial = initial_contract(recipe) if recipe.initial else None
    if initial is not None:
        require_starting(initial, recipe, store)
    steps = recipe.batches(len(data.train_records))
    if recipe.epochs and not steps:
        raise TwelveLeadError(
            f"recipe {recipe.name}: batch_size {recipe.batch_size} is more than the {len(data.train_records)} records "
            f"of its training folds in {store.path}; make it smaller"
        )
    training = Training(
        recipe,
        data.labels.values[data.train_records],
        known=data.labels.known[data.train_records],
        statements=0 if auxiliary is None else len(auxiliary.classes),
        measured=data.measured,
        steps_per_epoch=steps,
        sampling_rate=round(store.sampling_rate),
        leads=len(store.leads),
    )
    if training.crop > store.samples:
        stretched = f" (stretched by up to {recipe.stretch:g})" if recipe.stretch else ""
        raise TwelveLeadError(
            f"recipe {recipe.name}: a window of {recipe.window:g} s{stretched} is longer than the "
            f"{store.samples / store.sampling_rate:g} s of the records in {store.path}; make it shorter"
        )
    kept: tuple[str, ...] = ()
    if initial is not None:
        beside = () if auxiliary is None else auxiliary.classes
        kept = load_initial(training.windowed.model, recipe, data.labels.classes, beside)
    source = f"recipe {recipe.name}"
    callbacks, loggers = own_callbacks(recipe.callbacks, source), own_loggers(recipe.loggers, source)
    return Begun(training, data, kept, callbacks, loggers)


def train_epochs(
    begun: Begun,
    folder: Path,
    answers: Path,
    say: Say,
    shape: tuple[int, int] = (1, 1),
    *,
    progress: Progress = silent,
    watchers: Sequence[pl.Callback] = (),
) -> None:
    """Run the epochs, from the newest whole checkpoint, on labels that the recipe's teachers have softened.

    Args:
        begun: of `prepare`.
        folder: of the run.
        answers: file that keeps what teachers say, where there are some.
        say: takes a line of text.
        shape: devices of each machine, and machines.
        progress: told the batches done of an epoch, and the records that teachers have judged.
        watchers: further callbacks, called before the checkpoints are written.
    """
    training, recipe = begun.training, begun.training.recipe
    data = begun.data
    if recipe.teachers and recipe.teacher_weight:
        data = data.softened(ask_teachers(data, answers, say, progress))
    devices, nodes = shape
    several = devices * nodes > 1
    checkpoints = (folder / "checkpoints").resolve()
    start, damaged = find_newest(checkpoints)
    for path in damaged:
        say(f"{path}: damaged, and is passed over")
    rows = []
    if start is None and recipe.head == "probe":
        rows = [begin_with_probe(training, begun.data, begun.kept, checkpoints / f"{PROBE}.ckpt", say, progress)]
    if not recipe.epochs:
        if rank() == 0:
            write_log(folder, rows)
        return
    log = Log(folder, rows)
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
    for logger in begun.loggers:
        logger.log_hyperparams(recipe.to_dict())
    callbacks: list[pl.Callback] = [log, Report(log, say, progress), *watchers, *begun.callbacks, stopping, best, last]
    if recipe.average_decay:
        callbacks.insert(0, EMAWeightAveraging(decay=recipe.average_decay))
    trainer = pl.Trainer(
        accelerator="auto",
        devices=devices,
        num_nodes=nodes,
        strategy=("ddp_find_unused_parameters_true" if recipe.unfreeze else "ddp") if several else "auto",
        sync_batchnorm=several and torch.cuda.is_available(),  # PyTorch has none on a CPU
        use_distributed_sampler=False,
        precision=precision(recipe),
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=[TensorBoardLogger(folder, name="tensorboard", version=""), *begun.loggers],
        log_every_n_steps=min(50, training.steps_per_epoch),
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    if start is not None:
        require_whole_checkpoint(checkpoints / f"{BEST}.ckpt")  # rather now than after the last epoch
        say(f"going on from {start.name}")
        if load(start)["callbacks"][stopping.state_key]["wait_count"] >= recipe.patience:
            return
    try:
        trainer.fit(training, datamodule=data, ckpt_path=start, weights_only=True)
    except SystemExit:
        if trainer.state.status == TrainerStatus.INTERRUPTED:
            raise KeyboardInterrupt from None
        raise


def _with_folds(recipe: Recipe, store: Store) -> Recipe:
    """The recipe with the folds of a store for those that it leaves open; PTB-XL's are as its authors share them."""
    usual = Recipe()
    if store.source.startswith(PTBXL):
        train, validation = usual.train_folds, usual.validation_folds
    else:
        try:
            train, validation = shared_out(np.unique(store.column("fold")).tolist())
        except ValueError:
            raise TwelveLeadError(
                f"{store.path}: all records are in one fold, so that none can choose; make the store with --folds 5"
            ) from None
    return replace(recipe, train_folds=train, validation_folds=validation)


def take_best(begun: Begun, folder: Path) -> int:
    """Give the network the parameters that a run takes: of the epoch with the best validation AUROC. Where the run
    began with a probe the probe's are taken, unless the epoch `is_better` on the validation records: few choose by
    chance.

    Args:
        begun: of `prepare`.
        folder: of the run.

    Returns:
        The epoch, from 0; `BEFORE` for the probe.
    """
    log = {row["epoch"]: row["validation_auroc"] for row in run_folder.read_log(folder)}
    if run_folder.BEFORE not in log:
        return _restore(begun.training, folder, BEST)
    before = _restore(begun.training, folder, PROBE)
    if max(log.values()) <= log[run_folder.BEFORE]:
        return before
    probe = _validation_answers(begun)
    epoch = _restore(begun.training, folder, BEST)
    if is_better(begun.data, probe, _validation_answers(begun)):
        return epoch
    return _restore(begun.training, folder, PROBE)


def is_better(data: StoreData, probe: NDArray[np.float32], epoch: NDArray[np.float32]) -> bool:
    """Whether the macro AUROC of an epoch is above a probe's by more than chance: p of `compare`, of the one side
    that is asked about, at most 0.05.

    Args:
        data: of the run; classes count that can be measured on its validation records.
        probe, epoch: [validation records, classes] float32, probabilities of both.
    """
    records, columns = data.validation_records, data.measured
    patients = np.asarray(data.store.column("patient_id"))[records]
    if len(np.unique(patients)) == 1:
        return False
    found = compare(
        data.labels.values[records][:, columns],
        {"probe": probe[:, columns], "epoch": epoch[:, columns]},
        {"probe": 0.5, "epoch": 0.5},
        patients,
        [data.labels.classes[column] for column in columns],
        known=data.labels.known[records][:, columns],
    )
    return any(one.metric == "macro_auroc" and one.difference > 0 and one.p / 2 <= 1 - LEVEL + 1e-12 for one in found)


def _restore(training: Training, folder: Path, name: str) -> int:
    kept = load(folder / "checkpoints" / f"{name}.ckpt")
    training.load_state_dict(kept["state_dict"])
    return int(kept["epoch"])


def _validation_answers(begun: Begun) -> NDArray[np.float32]:
    data = begun.data
    return predict(begun.training.windowed, data.store.signals, data.store.features, data.validation_records)


def _announce(begun: Begun, say: Say) -> None:
    training, data, recipe = begun.training, begun.data, begun.training.recipe
    say(
        f"{recipe.name}: {len(data.train_records)} records to train on (fold {fold_names(recipe.train_folds)}), "
        f"{len(data.validation_records)} to validate (fold {fold_names(recipe.validation_folds)}), "
        f"{sum(p.numel() for p in training.parameters()):,} parameters, {precision(recipe)}"
    )
    for line in (*recipe.remarks(), *_rounded(training)):
        say(line)
    if recipe.head == "probe":
        say(f"starts from {recipe.initial}, and all outputs from a probe")
    elif recipe.initial:
        new = [name for name in data.labels.classes if name not in begun.kept]
        taken = ", ".join(begun.kept[: len(data.labels.classes)]) or "none"
        more = len(begun.kept) - len(data.labels.classes)
        taken += f" and {more} statements" if more > 0 else ""
        say(f"starts from {recipe.initial}; outputs taken over: {taken}; new: {', '.join(new) or 'none'}")


def _rounded(training: Training) -> Iterator[str]:
    """Where the architecture's steps make another window or stride of what the recipe asks for."""
    recipe, windowed, rate = training.recipe, training.windowed, training.sampling_rate
    for name, asked, samples in (
        ("window", recipe.window, windowed.window),
        ("stride", recipe.stride, windowed.stride),
    ):
        if abs(asked * rate - samples) >= 0.5:
            yield (
                f"recipe {recipe.name}: {name} {asked:g} s is taken as {samples / rate:g} s, a whole number of the "
                f"{windowed.step} samples that {recipe.architecture} takes in one step"
            )


def _nothing(line: str) -> None:
    pass


def silence_lightning() -> None:
    """Keep what Lightning says of its own workings from the user's terminal."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning.*")
    warnings.filterwarnings("ignore", message=r".*lightning.*")
