"""A long recording as overlapping pieces of the length that the models were trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WHOLE_SECONDS = 20
"""Up to here a recording is read in one piece; its windows are averaged inside the weights."""

PIECE_SECONDS = 10
"""Of each piece of a longer recording. The next begins half a piece later; the last one ends with the recording."""


def cut(samples: int, sampling_rate: int, step: int, minimum: int) -> tuple[list[int], int]:
    """Where the pieces begin, and how long each is, in samples.

    Args:
        samples: of the recording.
        sampling_rate: in Hz.
        step: samples of one value of the attention; every piece begins with one.
        minimum: the fewest samples that the weights read.
    """
    if samples <= WHOLE_SECONDS * sampling_rate:
        return [0], samples
    length = max(PIECE_SECONDS * sampling_rate, minimum)
    stride = max(length // 2 // step, 1) * step
    last = (samples - length) // step * step
    return [*range(0, last, stride), last], length


def merge(attentions: Sequence[NDArray[np.float32]], starts: Sequence[int], step: int) -> NDArray[np.float32]:
    """Attention of the pieces laid over the recording, averaged where they overlap.

    Args:
        attentions: of each piece, [steps].
        starts: first sample of each piece.
        step: samples of one value.

    Returns:
        [steps of the recording] float32, adds up to 1.
    """
    if len(attentions) == 1:
        return attentions[0]
    steps = len(attentions[0])
    total = np.zeros(starts[-1] // step + steps)
    covered = np.zeros_like(total)
    for start, attention in zip(starts, attentions, strict=True):
        place = slice(start // step, start // step + steps)
        total[place] += attention
        covered[place] += 1
    mean = total / covered
    return np.asarray(mean / mean.sum(), np.float32)
