"""What a training ran on, as `run.json` notes it, so that its minutes mean something."""

import os
import platform
from pathlib import Path

import torch

from twelvelead.training.recipe import Recipe
from twelvelead.training.speed import precision


def hardware(recipe: Recipe) -> dict[str, str | int | None]:
    """The machine as PyTorch uses it for a recipe.

    Returns:
        processor: the model's name; cores: that this process may use; threads: of PyTorch; accelerator: name and
        number, None without one; precision: of the multiplications.
    """
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerator": accelerator(),
        "precision": precision(recipe),
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The model's name, as Linux states it, else whatever the platform says."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def accelerator() -> str | None:
    """What Lightning's "auto" takes: CUDA's devices, else Apple's GPU, else none."""
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        return f"{count} x {torch.cuda.get_device_name(0)}"
    return "Apple GPU" if torch.backends.mps.is_available() else None
