"""Trained weights as a module of PyTorch."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twelvelead.models.ensemble import Ensemble
    from twelvelead.models.windows import Windowed


def pretrained(weights: str | Path = "single") -> "Windowed | Ensemble":
    """Weights as they were trained, with their windows inside: the same function as their ONNX file.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one. An architecture of one's own has
            to be registered before.

    Returns:
        An `nn.Module` in evaluation mode. It maps `ecg` [n, samples, leads] float32 mV at the rate and with the leads
        of its `contract` and `features` [n, 2] float32 (age in years; sex, 0 male and 1 female; NaN where unknown) to
        `probabilities` [n, classes] before calibration, `attention` [n, steps], `embedding` [n, units] and, where the
        weights have them, `statements` [n, statements] and `members` [n, members, classes].
        `contract.calibrated(...)` calibrates probabilities. The network for one window is its `model`.

    Raises:
        Unreadable: there are no such weights, or a file that is not what the contract describes.
    """
    # What reads weights stands above and is asked for by name, so that nothing here depends on it.
    found: Windowed | Ensemble = import_module("twelvelead.training.forms").load_windowed(weights)
    return found
