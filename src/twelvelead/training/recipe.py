"""Everything that decides a training, as one dataclass; TOML on disk."""

import dataclasses
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from twelvelead.ecg.lead_sets import parse_lead_set
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.models import MODELS, default_settings
from twelvelead.training.inherit import inherit
from twelvelead.training.kinds import check_kinds, hint
from twelvelead.training.named import find_object, importable, is_named, register_named


@dataclass(frozen=True)
class Recipe:
    """One training. The defaults are the recipe `reference`.

    Attributes:
        name: of the weights that come out.
        architecture: a name in the registry of models, or a class of one's own as `module:object`.
        model: settings of the architecture, the keyword arguments of its class in `twelvelead.models`.
        initial: weights to start from, by name or place; "" starts at random. They give the architecture, its settings,
            metadata, window and stride, and the aggregate that the recipe leaves open (`load` takes them over).
        initial_sha256: of their safetensors file, so that a recipe means the same weights tomorrow; "" for any.
        head: how the last layer begins: "names" (outputs of the initial weights by the names of the classes, others at
            random), or "probe" (`twelvelead.training.probe`: fitted to what the frozen network makes of the training
            records), which stands unless an epoch's validation macro AUROC is higher by more than chance
            (`training.run.take_best`).
        metadata: whether age and sex take part.
        task, protocol: which labels, and which records count (see `twelvelead.data`).
        train_folds, validation_folds: the validation folds choose the epoch and the thresholds. Where both are empty,
            the store's own (`twelvelead.data.folds.shared_out`).
        auxiliary_task: a second task of the store, predicted beside `task`: the statements of the weights; "" for none.
        auxiliary_weight: of its loss, the cross-entropy averaged over its classes.
        teachers: weights (folders of runs, for instance) whose probabilities soften the labels; relative paths start at
            the working directory. A record is taught by those that did not train on its fold, where there are any.
        teacher_weight: share of the teachers in a label.
        window, stride: seconds of a training crop, and between the windows of a whole recording; taken to the nearest
            whole number of the architecture's steps.
        aggregate: what stands for a whole recording: the mean of its windows' probabilities, the mean of their logits
            ("logit"), or the highest probability ("maximum").
        highpass: Hz below which a zero-phase filter, inside the weights, takes the baseline away
            (`twelvelead.models.highpass`); 0 for none.
        hidden_metadata: share of ages and of sexes hidden while training, each at random.
        leads: of the store, that the weights take; empty for all.
        lead_sets: sets of leads, each as "I,II,V2", that the weights also take alone, with what follows from them;
            empty for weights that take all leads of the store and no fewer.
        hidden_leads: share of training crops that show one of the sets alone, drawn at random.
        mixup, lead_dropout, gain, stretch, noise, wander: disturbances of training crops, 0 for none
            (`twelvelead.training.augment`).
        sampler: how often each record is drawn, as `module:object` (`twelvelead.training.named.own_chances`); "" draws
            each once an epoch.
        batch_size: crops in a step.
        loss: "focal", "cross_entropy" or "asymmetric", or one's own as `module:object`
            (`twelvelead.training.named.own_loss`).
        alpha, gamma: of the focal loss; `gamma` is also that of the negatives in the asymmetric loss.
        label_smoothing: labels become this share of 1/2 and else themselves.
        class_weights: whether the loss weighs each class by its rarity.
        optimizer: "adam" or "adamw".
        learning_rate: at its highest.
        weight_decay: of the optimiser.
        schedule: "plateau" (the rate falls when the validation AUROC stops rising), "one_cycle", "cosine" (from the
            start down to 0) or "constant".
        layer_rate: learning rate of the first layer, as a share of that of the last; it falls geometrically between.
        unfreeze: share of the training over which the layers begin to learn, one after the other from the last down.
        plateau_patience, plateau_factor: epochs without a better AUROC before the rate falls, and to which share.
        average_decay: of the exponential moving average of the weights, a step; 0 turns it off.
        epochs: at most; 0, for a probe alone.
        steps: batches of all epochs together at least, so that few records are taken several times in an epoch; 0 for
            epochs that take each record once.
        patience: epochs without a better validation AUROC before training ends.
        callbacks, loggers: of Lightning, each as `module:object`, which is called without arguments; loggers stand
            beside the log that every run has.
        precision: "auto" (bfloat16 where the device multiplies in it natively) or "float32".
        seed: every random draw follows from (seed, epoch, rank).
    """

    name: str = "reference"
    architecture: str = "reference"
    model: dict[str, Any] = field(default_factory=lambda: default_settings("reference"))
    initial: str = ""
    initial_sha256: str = ""
    head: Literal["names", "probe"] = "names"
    metadata: bool = True
    task: str = "superclass"
    protocol: Literal["drop", "keep", "likely"] = "drop"
    train_folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    validation_folds: tuple[int, ...] = (9,)
    auxiliary_task: str = ""
    auxiliary_weight: float = 1.0
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 0.5
    window: float = 2.56
    stride: float = 1.24
    aggregate: Literal["probability", "logit", "maximum"] = "probability"
    highpass: float = 0.0
    hidden_metadata: float = 0.1
    leads: tuple[str, ...] = ()
    lead_sets: tuple[str, ...] = ()
    hidden_leads: float = 0.8
    mixup: float = 0.0
    lead_dropout: float = 0.0
    gain: float = 0.0
    stretch: float = 0.0
    noise: float = 0.0
    wander: float = 0.0
    sampler: str = ""
    batch_size: int = 128
    loss: str = "focal"
    alpha: float = 0.434
    gamma: float = 2.135
    label_smoothing: float = 0.0
    class_weights: bool = True
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 4.67e-4
    weight_decay: float = 0.0
    schedule: Literal["plateau", "one_cycle", "cosine", "constant"] = "plateau"
    layer_rate: float = 1.0
    unfreeze: float = 0.0
    plateau_patience: int = 2
    plateau_factor: float = 0.3
    average_decay: float = 0.998
    epochs: int = 40
    steps: int = 0
    patience: int = 8
    callbacks: tuple[str, ...] = ()
    loggers: tuple[str, ...] = ()
    precision: Literal["auto", "float32"] = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.name.strip(".") or "/" in self.name or "\\" in self.name:
            raise TwelveLeadError(f"recipe {self.name}: this name cannot be part of a file name; choose another")
        for name in (*_CHOICES, *(name for name, _, _ in _RANGES)):
            _check_range(name, getattr(self, name), f"recipe {self.name}")
        if self.stride > self.window:
            raise TwelveLeadError(
                f"recipe {self.name}: stride {self.stride:g} is longer than window {self.window:g} (both in seconds), "
                "so that what lies between windows would not be read"
            )
        if self.head == "probe" and not self.initial:
            raise TwelveLeadError(
                f'recipe {self.name}: head is "probe", which needs weights to fit it to; name them as initial'
            )
        if not self.epochs and self.head != "probe":
            raise TwelveLeadError(f'recipe {self.name}: epochs is 0, with which only head = "probe" learns anything')
        if 0 < self.steps < self.epochs:
            raise TwelveLeadError(f"recipe {self.name}: {self.steps} steps for {self.epochs} epochs; each needs one")
        if bool(self.train_folds) != bool(self.validation_folds):
            raise TwelveLeadError(
                f"recipe {self.name}: one of train_folds and validation_folds is empty; name both, or none to take the "
                "store's"
            )
        if 0 < self.mixup < LEAST_MIXUP:
            raise TwelveLeadError(
                f"recipe {self.name}: mixup is {self.mixup:g}; it has to be 0, for none, or from {LEAST_MIXUP:g} to 100"
            )
        if self.auxiliary_task and self.auxiliary_task == self.task:
            raise TwelveLeadError(
                f"recipe {self.name}: auxiliary_task and task are both {self.task}; a second task has to be another one"
            )
        if len(set(self.leads)) < len(self.leads):
            raise TwelveLeadError(f"recipe {self.name}: leads: name each once")
        try:
            sets = [parse_lead_set(each) for each in self.lead_sets]
        except ValueError as error:
            raise TwelveLeadError(f"recipe {self.name}: lead_sets: {error}") from None
        for place, each in enumerate(sets):
            if each == LEADS or each in sets[:place]:
                raise TwelveLeadError(
                    f"recipe {self.name}: lead_sets: {self.lead_sets[place]} is all twelve leads, or the same as "
                    "another set, since limb leads follow from two; leave it out"
                )
        both = set(self.train_folds) & set(self.validation_folds)
        if both:
            raise TwelveLeadError(
                f"recipe {self.name}: fold {min(both)} is in train_folds and in validation_folds; "
                "a fold that trains cannot choose"
            )

    def remarks(self) -> tuple[str, ...]:
        """What is allowed and seldom meant, each as a line: settings that another one leaves without effect, and a
        training that may end before its schedule."""
        usual = Recipe()
        lines = [
            f"{name} has no effect while {switch} is {json.dumps(getattr(self, switch))}"
            for name, (switch, counts) in _SWITCHES.items()
            if getattr(self, name) != getattr(usual, name) and not counts(getattr(self, switch))
        ]
        if self.schedule in ("one_cycle", "cosine") and self.patience + 1 < self.epochs:
            lines.append(
                f"patience {self.patience} may end the training before the schedule {self.schedule} of {self.epochs} "
                f"epochs; patience = {self.epochs} lets it come down"
            )
        return tuple(f"recipe {self.name}: {line}" for line in lines)

    def batches(self, records: int) -> int:
        """Batches in an epoch on so many training records."""
        return max(records // self.batch_size, self.steps // max(self.epochs, 1))

    def for_task(self, task: str) -> "Recipe":
        """The recipe for another task: what is asked for is no longer beside itself, and teachers of this task, which
        know nothing of the other, are left out.

        Raises:
            TwelveLeadError: as the constructor.
        """
        if task == self.task:
            return self
        auxiliary = "" if self.auxiliary_task == task else self.auxiliary_task
        return dataclasses.replace(self, task=task, auxiliary_task=auxiliary, teachers=())

    @classmethod
    def load(cls, source: str | Path, initial: str = "") -> "Recipe":
        """The built-in recipe of that name, or the one in a TOML file; what the file leaves out keeps its default.

        Args:
            source: name or file.
            initial: weights to start from, in the place of the recipe's.

        Raises:
            Unreadable: no such recipe, file or initial weights, not TOML, or a setting that is unknown or of the wrong
                type.
            TwelveLeadError: settings out of range or contradictory, also to what the initial weights give.
        """
        shipped = {path.stem: path for path in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
        path = shipped.get(str(source), Path(source))
        values: dict[str, Any] = {}
        if str(source) != "reference":
            if not path.is_file():
                names = ", ".join(["reference", *shipped])
                raise Unreadable(f"{source}: neither a built-in recipe ({names}) nor a TOML file")
            try:
                values = tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise Unreadable(f"{path}: not a TOML file ({error})") from None
        values = {"name": path.stem, **values}
        with importable(path.parent):
            _require_code(values, str(path))
        if initial and values.get("initial") != initial:
            values = {name: value for name, value in values.items() if name != "initial_sha256"} | {"initial": initial}
        if isinstance(values.get("initial"), str) and values["initial"]:
            values = inherit(values, str(path))
        return cls.from_dict(values, str(path))

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> "Recipe":
        """A recipe from plain values; `source` is named in errors.

        Raises:
            Unreadable: a setting or the architecture is unknown, or a setting is of the wrong type.
            TwelveLeadError: settings out of range or contradictory.
        """
        defaults = dataclasses.asdict(cls())
        check_kinds(values, defaults, source)
        converted: dict[str, Any] = {
            name: tuple(value) if isinstance(defaults[name], tuple) else value for name, value in values.items()
        }
        architecture = values.get("architecture", defaults["architecture"])
        if architecture not in MODELS:
            raise Unreadable(
                f"{source}: no architecture is named {architecture}{hint(architecture, MODELS)}; one of your own "
                "comes with --architecture FILE, or as module:object in the recipe"
            )
        usual, settings = default_settings(architecture), values.get("model", {})
        check_kinds(settings, usual, f"{source}: model")
        converted["model"] = usual | settings
        return cls(**converted)

    @property
    def code(self) -> tuple[str, ...]:
        """What it names of one's own code, each as `module:object`."""
        return tuple(_named_in({name: getattr(self, name) for name in _CODE}))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON and TOML hold them."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    def to_toml(self) -> str:
        """The TOML text from which `load` makes the same recipe."""
        values = self.to_dict()
        settings = values.pop("model")
        lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
        lines += ["", "[model]", *(f"{name} = {_toml(value)}" for name, value in settings.items())]
        return "\n".join(lines) + "\n"


LEAST_MIXUP = 0.01
"""Below it the Beta distribution is so near to its ends that float32 gives its middle instead."""

LONGEST_WINDOW = 60.0
"""Seconds. A larger number is of a recipe from when windows and strides were in samples."""

_CHOICES = {name: get_args(kind) for name, kind in get_type_hints(Recipe).items() if get_origin(kind) is Literal}
_CHOICES["loss"] = ("focal", "cross_entropy", "asymmetric")

_CODE = ("architecture", "loss", "sampler", "callbacks", "loggers")
"""Settings that may name code."""

_SWITCHES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "hidden_metadata": ("metadata", bool),
    "hidden_leads": ("lead_sets", bool),
    "auxiliary_task": ("auxiliary_weight", bool),
    "auxiliary_weight": ("auxiliary_task", bool),
    "teachers": ("teacher_weight", bool),
    "teacher_weight": ("teachers", bool),
    "alpha": ("loss", lambda loss: loss == "focal"),
    "gamma": ("loss", lambda loss: loss in ("focal", "asymmetric")),
    "plateau_patience": ("schedule", lambda schedule: schedule == "plateau"),
    "plateau_factor": ("schedule", lambda schedule: schedule == "plateau"),
}
"""Setting -> the setting on which it hangs, and for which values of that one it counts."""

_RANGES = (
    ("window", 0.01, LONGEST_WINDOW),
    ("stride", 0.01, LONGEST_WINDOW),
    ("auxiliary_weight", 0, 1000),
    ("teacher_weight", 0, 1),
    ("highpass", 0, 5),
    ("hidden_metadata", 0, 1),
    ("hidden_leads", 0, 1),
    ("mixup", 0, 100),
    ("lead_dropout", 0, 0.9),
    ("gain", 0, 0.9),
    ("stretch", 0, 0.5),
    ("noise", 0, 10),
    ("wander", 0, 10),
    ("label_smoothing", 0, 0.9),
    ("batch_size", 2, 1e6),
    ("alpha", 0, 1),
    ("gamma", 0, 100),
    ("learning_rate", 1e-9, 10),
    ("weight_decay", 0, 10),
    ("layer_rate", 1e-4, 1),
    ("unfreeze", 0, 1),
    ("plateau_patience", 0, 1e6),
    ("plateau_factor", 1e-6, 0.999),
    ("average_decay", 0, 0.999999),
    ("epochs", 0, 1e6),
    ("steps", 0, 1e9),
    ("patience", 1, 1e6),
    ("seed", 0, 2**31),
)


def _named_in(values: Mapping[str, Any]) -> Iterator[str]:
    for name in _CODE:
        given = values.get(name, "")
        yield from (each for each in (given if isinstance(given, list | tuple) else [given]) if is_named(each))


def _require_code(values: Mapping[str, Any], source: str) -> None:
    """See that the code that a user's recipe names is there. What weights give is not asked: a contract of somebody's
    names an architecture, and nothing of it is run."""
    for name in _named_in(values):
        if name == values.get("architecture"):
            register_named(name, source)
        else:
            find_object(name, source)


def check_setting(name: str, value: Any, source: str) -> None:
    """See that a recipe has this setting, and that the value by itself is one of it; `source` is named in errors.

    Raises:
        Unreadable: the setting is unknown, or the value of the wrong type.
        TwelveLeadError: the value is out of range.
    """
    check_kinds({name: value}, dataclasses.asdict(Recipe()), source)
    _check_range(name, value, source)


def _check_range(name: str, value: Any, source: str) -> None:
    allowed = _CHOICES.get(name)
    if allowed and value not in allowed and not (name == "loss" and is_named(value)):
        raise TwelveLeadError(f"{source}: {name} is {value!r}; it has to be one of {', '.join(allowed)}")
    if name in ("window", "stride") and value > LONGEST_WINDOW:
        raise TwelveLeadError(
            f"{source}: {name} is {value:g}, but windows and strides are in seconds, no longer in samples; for 100 Hz "
            f"write: {name} = {value / 100:g}"
        )
    for ranged, low, high in _RANGES:
        if name == ranged and not low <= value <= high:
            raise TwelveLeadError(f"{source}: {name} is {value}; it has to be from {low:g} to {high:g}")


def _toml(value: Any) -> str:
    # JSON's strings, numbers, booleans and lists of them are TOML's too, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
