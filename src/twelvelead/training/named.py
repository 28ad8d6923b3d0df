"""One's own code: what a recipe names as `module:object`, found and put to use."""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twelvelead.errors import TwelveLeadError
from twelvelead.models import MODELS, register_model

if TYPE_CHECKING:
    from lightning.pytorch import Callback
    from lightning.pytorch.loggers import Logger

Loss = Callable[[Tensor, Tensor], Tensor]


def is_named(text: Any) -> bool:
    """Whether a setting names an object of one's own."""
    return isinstance(text, str) and ":" in text


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """The modules in a folder can be imported while the block runs."""
    place = str(folder.resolve())
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)


def find_object(name: str, source: str) -> Any:
    """The object that a recipe names as `module:object`. Its module is run, as any program of the user's is.

    Args:
        name: such as "mine:loss", or "lightning.pytorch.callbacks:LearningRateMonitor".
        source: of the recipe, named in errors.

    Raises:
        TwelveLeadError: there is no such module, it cannot be run, or it has no such object.
    """
    module, _, path = name.partition(":")
    try:
        found = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever somebody's module does
        raise TwelveLeadError(
            f"{source}: {name} cannot be had ({type(error).__name__}: {error}); name module:object, the module beside "
            "the recipe or installed"
        ) from error
    return found


def register_named(name: str, source: str) -> None:
    """Make an architecture that is named as `module:object` known by this name.

    Raises:
        TwelveLeadError: it cannot be had, or is none.
    """
    if name in MODELS:
        return
    kind = find_object(name, source)
    try:
        register_model(name)(kind)
    except ValueError as error:
        raise TwelveLeadError(f"{source}: {name}: {error}") from None


def own_loss(name: str, weights: Tensor, source: str) -> Loss:
    """A loss of one's own, made as those that ship: called with the weights of the classes, [classes] float32, it gives
    what maps logits and labels, both [n, classes], to a scalar. A label that is not known is NaN.

    Raises:
        TwelveLeadError: it cannot be had, or gives something else.
    """
    make = find_object(name, source)
    try:
        loss: Loss = make(weights)
        logits = torch.zeros(2, len(weights), requires_grad=True)
        value = loss(logits, torch.zeros(2, len(weights)))
        fits = isinstance(value, Tensor) and value.shape == () and value.requires_grad
    except Exception as error:  # whatever somebody's loss does
        raise TwelveLeadError(f"{source}: loss {name} fails ({type(error).__name__}: {error}); mend it") from error
    if not fits:
        raise TwelveLeadError(f"{source}: loss {name} does not give one number that follows from the logits; mend it")
    return loss


def own_chances(name: str, labels: NDArray[np.bool_], source: str) -> NDArray[np.float64]:
    """How often a sampler of one's own draws each record, [records], adding up to 1: called with the labels
    [records, classes] of the training folds, it gives one number a record, not negative.

    Raises:
        TwelveLeadError: it cannot be had, or gives something else.
    """
    sampler = find_object(name, source)
    try:
        chances = np.asarray(sampler(labels), np.float64)
    except Exception as error:  # whatever somebody's sampler does
        raise TwelveLeadError(f"{source}: sampler {name} fails ({type(error).__name__}: {error}); mend it") from error
    if chances.shape != (len(labels),) or not np.isfinite(chances).all() or chances.min() < 0 or not chances.any():
        raise TwelveLeadError(
            f"{source}: sampler {name} gives no [{len(labels)}] numbers from 0, one a record and not all 0; mend it"
        )
    return np.asarray(chances / chances.sum())


def own_callbacks(names: Iterable[str], source: str) -> "tuple[Callback, ...]":
    """Callbacks of Lightning, each called without arguments.

    Raises:
        TwelveLeadError: one cannot be had, or is none.
    """
    from lightning.pytorch import Callback

    return tuple([_made(name, Callback, "callback", source) for name in names])


def own_loggers(names: Iterable[str], source: str) -> "tuple[Logger, ...]":
    """Loggers of Lightning, each called without arguments.

    Raises:
        TwelveLeadError: one cannot be had, or is none.
    """
    from lightning.pytorch.loggers import Logger

    return tuple([_made(name, Logger, "logger", source) for name in names])


def own_files(names: Iterable[str]) -> list[Path]:
    """The files of modules that are named as `module:object`, without those of installed packages."""
    modules = [sys.modules.get(name.partition(":")[0]) for name in names if is_named(name)]
    files = {Path(file) for module in modules if (file := getattr(module, "__file__", None))}
    return sorted(file for file in files if not {"site-packages", "dist-packages"} & set(file.parts))


def _made(name: str, kind: type, what: str, source: str) -> Any:
    make = find_object(name, source)
    try:
        made = make()
    except Exception as error:  # whatever somebody's code does
        raise TwelveLeadError(f"{source}: {what} {name} fails ({type(error).__name__}: {error}); mend it") from error
    if not isinstance(made, kind):
        raise TwelveLeadError(f"{source}: {name} gives {type(made).__name__}, which is no {what} of Lightning")
    return made
