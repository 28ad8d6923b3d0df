"""Recordings as bare numbers, NPY and MATLAB: what the file does not state has to be given."""

import math
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.readers.recording import BadFile, Channel, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

_SHORTEST = 50
"""Samples: 1 s at the lowest rate that an ECG has."""

INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def read(source: Source, request: Request) -> Recording:
    """A NumPy array, [samples, leads] or [leads, samples]: twelve leads in our order, or I, II, V1-V6.

    Raises:
        BadFile: the array is damaged or no such array.
    """
    try:
        stream = BytesIO(source.content)
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
        needed = stream.tell() + math.prod(shape) * dtype.itemsize
        if dtype.hasobject or needed > source.size:
            raise ValueError(f"{source.size:,} of {needed:,} bytes" if needed > source.size else "it holds objects")
        stream.seek(0)
        array = np.load(stream, allow_pickle=False)
    except MemoryError:
        raise
    except Exception as error:  # NumPy takes the header for Python, and lets through what its tokenizer raises
        reason = " ".join(str(error).split())[:100]
        raise BadFile(f"not a readable NPY array ({reason}); save it again with numpy.save", code="damaged") from None
    return from_matrix(array, request)


def is_recording(array: NDArray[Any]) -> bool:
    """Whether an array can be a recording by its shape and type."""
    sizes = sorted(array.shape)
    return (
        array.dtype.kind in "iuf"
        and array.ndim == 2
        and sizes[0] in (len(LEADS), len(INDEPENDENT))
        and sizes[1] >= _SHORTEST
    )


def from_matrix(array: NDArray[Any], request: Request) -> Recording:
    """A recording from an array, [samples, leads] or [leads, samples].

    Raises:
        BadFile: the array is no such array.
    """
    if array.dtype.kind not in "iuf":
        raise BadFile(f"holds {array.dtype} and not real numbers; save the voltages as float32", code="unsupported")
    sizes = (len(LEADS), len(INDEPENDENT))
    axes = [axis for axis, size in enumerate(array.shape) if size in sizes]
    if array.ndim != 2 or len(axes) != 1:
        raise BadFile(
            f"an array of shape {array.shape}; it has to be [samples, leads] or [leads, samples] with just one "
            "axis of 12 leads (or 8: I, II, V1-V6), so save it in that shape",
            code="unsupported",
        )
    columns = array.T if axes[0] == 1 else array
    names = LEADS if len(columns) == len(LEADS) else INDEPENDENT
    return Recording([Channel(name, column, 1.0, None) for name, column in zip(names, columns, strict=True)], None)
