"""What a training ran on and with, as `run.json` notes it, so that its minutes and its figures mean something."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from twelvelead.training.recipe import Recipe
from twelvelead.training.speed import precision
from twelvelead.version import __version__


def describe_hardware(recipe: Recipe) -> dict[str, str | int | None]:
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


def list_versions(*more: str) -> dict[str, str]:
    """Versions of what decides the figures and of further packages, and the device."""
    packages = ("torch", "lightning", "torchmetrics", "numpy", "onnx", "onnxscript", *more)
    device = f"CPU, {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        device = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    elif torch.backends.mps.is_available():
        device = "Apple GPU"
    return {
        "python": platform.python_version(),
        "twelvelead": __version__,
        **{name: version(name) for name in packages},
        "device": device,
    }
