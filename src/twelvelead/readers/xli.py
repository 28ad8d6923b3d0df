"""XLI, the compression of Philips Sierra XML: for each lead LZW over the second differences of 16-bit samples.

The layout is described in the wiki of https://github.com/sixlettervariables/sierra-ecg-tools.
"""

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers.recording import BadFile

_HEADER = 8
_CODE_BITS = 10
_LAST_CODE = (1 << _CODE_BITS) - 2
_BIAS = 64
_MOST = 4
"""Bytes a sample; a chunk that unpacks to more is no lead."""
_MOST_SAMPLES = 1 << 21
"""Of all leads together: five minutes of twelve leads at 500 Hz. Electrocardiographs store 11 s."""


def decode(content: bytes, leads: int, samples: int) -> list[NDArray[np.int64]]:
    """The first `leads` leads.

    Args:
        content: one chunk a lead: its size (4 bytes), 2 bytes unused, the first difference (2 bytes), LZW codes.
        leads, samples: how many the file announces.

    Returns:
        For each lead [samples] int64, 16-bit numbers.

    Raises:
        BadFile: a lead is missing or too short.
    """
    if leads * samples > _MOST_SAMPLES:
        raise BadFile(
            f"announces {samples:,} samples a lead, more than is read; export a shorter recording", code="too-large"
        )
    decoded = []
    place = 0
    for lead in range(leads):
        size = int.from_bytes(content[place : place + 4], "little")
        start = int.from_bytes(content[place + 6 : place + _HEADER], "little", signed=True)
        place += _HEADER
        if size < 1 or place + size > len(content):
            raise BadFile(
                f"truncated: its waveform ends in lead {lead + 1} of {leads}; copy or export it again", code="truncated"
            )
        chunk = content[place : place + min(size, 2 * _MOST * samples)]
        decoded.append(_samples(_lzw(chunk, _MOST * samples), start, samples))
        place += size
    return decoded


def _lzw(content: bytes, most: int) -> bytes:
    """What LZW codes of 10 bits, highest bit first, stand for; cut where it gets longer than `most` bytes."""
    count = len(content) * 8 // _CODE_BITS
    fives = np.frombuffer(content + bytes(-len(content) % 5), np.uint8).reshape(-1, 5).astype(np.uint16).T
    fours = [(fives[n] << 2 * n + 2 | fives[n + 1] >> 6 - 2 * n) & (1 << _CODE_BITS) - 1 for n in range(4)]
    codes = np.stack(fours, axis=1).reshape(-1)[:count]
    strings = [bytes([byte]) for byte in range(256)]
    parts: list[bytes] = []
    length = 0
    previous = b""
    for code in codes.data:
        if code > _LAST_CODE or length > most:
            break
        if code < len(strings):
            entry = strings[code]
        elif code == len(strings) and previous:
            entry = previous + previous[:1]
        else:
            raise BadFile(
                "its compressed waveform is damaged (unknown LZW code); copy or export it again", code="damaged"
            )
        if previous and len(strings) <= _LAST_CODE:
            strings.append(previous + entry[:1])
        parts.append(entry)
        length += len(entry)
        previous = entry
    return b"".join(parts)


def _samples(packed: bytes, start: int, samples: int) -> NDArray[np.int64]:
    """[samples] int64: the first half of the bytes are the high ones, the second half the low ones; the first two
    numbers are samples, the others second differences, each for the sample after it."""
    half = len(packed) // 2
    # a damaged code shows in the number of samples, as each stands for strings of another length
    if len(packed) != 2 * samples or samples < 2:
        raise BadFile(
            f"truncated or damaged: a lead unpacks to {half:,} of {samples:,} samples; copy or export it again",
            code="truncated",
        )
    raw = np.frombuffer(packed, np.uint8).astype(np.uint16)
    words = (raw[:half] << 8 | raw[half:]).view(np.int16).astype(np.int64)
    second = -np.concatenate([[start], words[2:-1] - _BIAS])[: samples - 2]
    slopes = words[1] - words[0] + np.cumsum(second)
    values: NDArray[np.int64] = np.concatenate([words[:2], words[1] + np.cumsum(slopes)])
    # samples have 16 bits; one wrong difference lets all that follow run away
    if np.abs(values).max() > 1 << 15:
        raise BadFile("its compressed waveform is damaged (it leaves 16 bits); copy or export it again", code="damaged")
    return values
