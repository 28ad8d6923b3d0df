"""Architectures in PyTorch behind one constructor signature and one registry; nothing here knows PTB-XL."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from twelvelead.models.attentive import Attentive
from twelvelead.models.inception1d import Inception1d
from twelvelead.models.lstm import BidirectionalLSTM
from twelvelead.models.reference import Reference
from twelvelead.models.resnet1d import ResNet1d
from twelvelead.models.s4d import S4D
from twelvelead.models.xresnet1d import XResNet1d

MODELS: dict[str, Callable[..., nn.Module]] = {
    "reference": Reference,
    "resnet1d": ResNet1d,
    "xresnet1d": XResNet1d,
    "inception1d": Inception1d,
    "s4d": S4D,
    "lstm": BidirectionalLSTM,
    "attentive": Attentive,
}
"""Name -> constructor. Each maps `ecg` [n, samples, leads] float32 mV and `features` [n, 2] to logits [n, classes] and
attention [n, steps]."""


def create_model(
    name: str, *, classes: int, sampling_rate: int = 100, leads: int = 12, metadata: bool = True, **settings: Any
) -> nn.Module:
    """A model by its name in the registry.

    Args:
        name: one of `MODELS`.
        classes: number of outputs.
        sampling_rate: in Hz.
        leads: number of leads.
        metadata: whether age and sex take part.
        settings: further arguments of the architecture; lists are taken as tuples.

    Raises:
        ValueError: the name is not in the registry, or a setting has a value that the architecture does not take.
        TypeError: a setting is not one of the architecture.
    """
    if name not in MODELS:
        raise ValueError(f"no model is named {name!r}; there are {', '.join(sorted(MODELS))}")
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    return MODELS[name](classes=classes, sampling_rate=sampling_rate, leads=leads, metadata=metadata, **settings)


def default_settings(name: str) -> dict[str, Any]:
    """The settings of an architecture with their defaults, tuples as lists, as TOML and JSON hold them."""
    parameters = inspect.signature(MODELS[name]).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()}


def classifier(model: nn.Module) -> tuple[nn.Module, str]:
    """Where the last dense layer of a model stands, one row of weights a class: the module and its attribute there."""
    path = next(name for name, _ in model.named_modules() if name.split(".")[-1] == "output")
    holder, _, attribute = path.rpartition(".")
    return model.get_submodule(holder), attribute


__all__ = [
    "MODELS",
    "S4D",
    "Attentive",
    "BidirectionalLSTM",
    "Inception1d",
    "Reference",
    "ResNet1d",
    "XResNet1d",
    "classifier",
    "create_model",
    "default_settings",
]
