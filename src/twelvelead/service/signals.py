"""A signal as compact bytes.

4 bytes         "12L1"
4 bytes         length of the head, little-endian
head            JSON, padded with spaces to a multiple of 4 bytes: sampling_rate_hz, leads, samples,
                microvolts_per_step
samples         [samples, leads] int16, little-endian; -32768 where there is no value
"""

import json
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG

MARK = b"12L1"
MEDIA = "application/vnd.twelvelead.signal"
MISSING = -32768
_LARGEST = 32767


class Signal(NamedTuple):
    """What the bytes hold.

    Attributes:
        samples: [samples, leads] float32, mV; NaN where there is no value.
        sampling_rate: in Hz.
        leads: names of the columns.
    """

    samples: NDArray[np.float32]
    sampling_rate: float
    leads: tuple[str, ...]


def encode(ecg: ECG) -> bytes:
    """The signal at its own sampling rate; steps of 1 microvolt, larger where the voltages need it."""
    microvolts = ecg.signal * np.float32(1000)
    finite = np.isfinite(microvolts)
    highest = float(np.abs(microvolts, where=finite, out=np.zeros_like(microvolts)).max(initial=0))
    step = max(1.0, highest / _LARGEST)
    counts = np.full(microvolts.shape, MISSING, "<i2")
    counts[finite] = np.clip(np.rint(microvolts[finite] / step), -_LARGEST, _LARGEST)
    head = json.dumps(
        {
            "sampling_rate_hz": ecg.sampling_rate,
            "leads": list(ecg.leads),
            "samples": len(counts),
            "microvolts_per_step": step,
        }
    ).encode()
    head += b" " * (-len(head) % 4)
    return MARK + len(head).to_bytes(4, "little") + head + counts.tobytes()


def decode(content: bytes) -> Signal:
    """What `encode` gave the bytes of.

    Raises:
        ValueError: they are none.
    """
    if not content.startswith(MARK):
        raise ValueError("no signal")
    start = 8 + int.from_bytes(content[4:8], "little")
    head = json.loads(content[8:start])
    counts = np.frombuffer(content, "<i2", offset=start).reshape(head["samples"], len(head["leads"]))
    millivolts = np.where(counts == MISSING, np.nan, counts * (head["microvolts_per_step"] / 1000))
    return Signal(millivolts.astype(np.float32), head["sampling_rate_hz"], tuple(head["leads"]))
