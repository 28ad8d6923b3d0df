"""Settings under which PyTorch trains fast on a CPU, set by us so that no user has to."""

import ctypes
import sys
from typing import Literal

import torch

from twelvelead.training.recipe import Recipe

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_freed_memory() -> None:
    """Let glibc keep freed memory instead of returning it to the system and faulting it in again every step.

    Silently without effect where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 2**31 - 1)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def precision(recipe: Recipe | None = None) -> Literal["bf16-mixed", "32-true"]:
    """bfloat16 autocast where the device multiplies in it natively, else float32; float32 where the recipe says so."""
    if recipe is not None and recipe.precision == "float32":
        return "32-true"
    return "bf16-mixed" if bfloat16("cuda" if torch.cuda.is_available() else "cpu") else "32-true"


def bfloat16(device: Literal["cuda", "cpu"]) -> bool:
    """Whether the device multiplies in bfloat16 natively."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
