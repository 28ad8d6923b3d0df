"""Several processes that share each batch: how many there are, and which of them this one is.

Started by torchrun, or by Lightning, which runs the same command line again for each further device.
"""

import os

import torch

from twelvelead.errors import TwelveLeadError
from twelvelead.training.recipe import Recipe


def rank() -> int:
    """Number of this process among all; the one with number 0 writes."""
    return int(os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or 0)


def lay_out(recipe: Recipe, devices: int) -> tuple[int, int]:
    """How many processes train on each machine, and how many machines.

    Args:
        recipe: its batches are shared.
        devices: of this machine; torchrun's number counts where it started this process.

    Raises:
        TwelveLeadError: that many devices are not there, or cannot share the recipe's batches equally.
    """
    nodes = 1
    if "TORCHELASTIC_RUN_ID" in os.environ:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise TwelveLeadError(
            f"{devices} devices: this machine has {torch.cuda.device_count()}; ask for at most as many"
        )
    processes = devices * nodes
    if recipe.batch_size % processes or recipe.batch_size < 2 * processes:
        raise TwelveLeadError(
            f"recipe {recipe.name}: batch_size {recipe.batch_size} cannot be shared by {processes} processes in equal "
            "parts of 2 or more; change one of the two"
        )
    return devices, nodes
