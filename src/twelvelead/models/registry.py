"""Architectures by name: those that ship, and those of one's own, which a file outside the package registers."""

import inspect
import json
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeVar

from twelvelead.errors import TwelveLeadError
from twelvelead.models.base import ECGModel

MODELS: dict[str, type[ECGModel]] = {}
"""Name -> architecture."""

_OF_EVERY_MODEL = ("classes", "sampling_rate", "leads", "metadata")
_PACKAGE = __package__ + "."

Kind = TypeVar("Kind", bound=type[ECGModel])


def register_model(name: str) -> Callable[[Kind], Kind]:
    """A decorator that makes an architecture known by a name, for recipes and `create_model`.

    Raises:
        ValueError: an architecture that ships has this name, or the class has another constructor than `ECGModel` asks
            for.
    """

    def register(kind: Kind) -> Kind:
        if name in MODELS and is_shipped(name):
            raise ValueError(f"{name} is an architecture that ships; register yours under another name")
        _require_signature(kind)
        MODELS[name] = kind
        return kind

    return register


def is_shipped(name: str) -> bool:
    """Whether an architecture of the registry is one of this package."""
    return MODELS[name].__module__.startswith(_PACKAGE)


def source_file(name: str) -> Path | None:
    """The file of an architecture of one's own; None for those that ship, and where it was defined in no file."""
    if is_shipped(name):
        return None
    file = getattr(sys.modules.get(MODELS[name].__module__), "__file__", None)
    return Path(file) if file else None


def load_architectures(file: Path) -> tuple[str, ...]:
    """Run a Python file that registers architectures, and give their names.

    The file is trusted: nothing but a user's own word names it, neither a contract nor a recipe does.

    Raises:
        TwelveLeadError: it is not there, cannot be run, or registers none.
    """
    spec = spec_from_file_location(f"twelvelead_architecture_{file.stem}", file) if file.suffix == ".py" else None
    if spec is None or spec.loader is None or not file.is_file():
        raise TwelveLeadError(f"{file}: not a Python file (.py); name the one that registers your architecture")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever somebody's file does
        raise TwelveLeadError(f"{file}: cannot be run ({type(error).__name__}: {error}); mend it") from error
    found = tuple(name for name, kind in MODELS.items() if kind.__module__ == spec.name)
    if not found:
        raise TwelveLeadError(
            f"{file}: registers no architecture; put @register_model(NAME) above the class that is to be known"
        )
    return found


def create_model(
    name: str, *, classes: int, sampling_rate: int = 100, leads: int = 12, metadata: bool = True, **settings: Any
) -> ECGModel:
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
        raise ValueError(f"no architecture is named {name!r}; there are {', '.join(sorted(MODELS))}")
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    constructor: Callable[..., ECGModel] = MODELS[name]
    return constructor(classes=classes, sampling_rate=sampling_rate, leads=leads, metadata=metadata, **settings)


def default_settings(name: str) -> dict[str, Any]:
    """The settings of an architecture with their defaults, tuples as lists, as TOML and JSON hold them."""
    defaults = {each.name: each.default for each in _settings(MODELS[name])}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()}


def _settings(kind: type[ECGModel]) -> list[inspect.Parameter]:
    parameters = inspect.signature(kind).parameters.values()
    return [each for each in parameters if each.name not in _OF_EVERY_MODEL]


def _require_signature(kind: type[ECGModel]) -> None:
    if not (isinstance(kind, type) and issubclass(kind, ECGModel)):
        raise ValueError(f"{kind!r} is no subclass of ECGModel; make it one")
    missing = [name for name in _OF_EVERY_MODEL if name not in inspect.signature(kind).parameters]
    if missing:
        raise ValueError(f"the constructor of {kind.__name__} takes no {', '.join(missing)}; it has to")
    for each in _settings(kind):
        if each.kind is not inspect.Parameter.KEYWORD_ONLY or each.default is inspect.Parameter.empty:
            raise ValueError(
                f"{each.name}, a setting of {kind.__name__}, has to be keyword-only and to have a default, so that a "
                "recipe can hold it"
            )
        try:
            json.dumps(each.default, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError(
                f"the default of {each.name} in {kind.__name__} is {each.default!r}; a recipe holds numbers, booleans, "
                "texts and lists of them"
            ) from None
