"""One core for a whole benchmark. To be imported before PyTorch, whose threads would wait for each other on it."""

import os

os.environ["OMP_NUM_THREADS"] = "1"


def one_core() -> None:
    """Keeps this process on the last of the cores it may use, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
