"""NumPy arrays of [n, samples, leads], memory-mapped."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.containers.container import Container
from twelvelead.data.containers.rows import Rows, damaged, require_rows
from twelvelead.data.containers.stated import Stated, settle
from twelvelead.naming import shown


def opened(path: Path, given: Stated) -> Container:
    """The recordings of an array, named by their places from 0.

    Raises:
        Unreadable: the file is cut short, holds objects or no recordings, or something is not stated.
    """
    where = shown(path)
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise damaged(where, error) from None
    require_rows(where, array.shape, array.dtype)
    return Rows(path, array, settle(where, {}, given))
