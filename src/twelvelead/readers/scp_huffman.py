"""Huffman codes of SCP-ECG (EN 1064, section 2 and annex C)."""

from struct import unpack_from
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers.recording import BadFile

_LONGEST = 32
_WINDOW = 56
"""Bits that are looked at in one piece; the longest code has fewer."""

_AT_ONCE = 10
"""Bits that the longest code of the default table has."""

_ALL = (1 << _WINDOW) - 1


class _Code(NamedTuple):
    """What a prefix stands for: `value` plus a signed number in the `extra` bits behind it, or a switch of tables."""

    value: int
    extra: int
    switches: bool


class Table(NamedTuple):
    """Prefix codes by (bits, prefix), the lengths that occur, ascending, and what each 10 bits begin with: a code and
    its length, None where it is a longer one or none."""

    codes: dict[tuple[int, int], _Code]
    lengths: tuple[int, ...]
    at_once: list[tuple[int, _Code] | None]


def _table(codes: dict[tuple[int, int], _Code]) -> Table:
    at_once: list[tuple[int, _Code] | None] = [None] * (1 << _AT_ONCE)
    # the shortest code counts, as it does bit by bit
    for (length, prefix), code in sorted(codes.items(), reverse=True):
        if length <= _AT_ONCE:
            first, count = prefix << (_AT_ONCE - length), 1 << (_AT_ONCE - length)
            at_once[first : first + count] = [(length, code)] * count
    return Table(codes, tuple(sorted({bits for bits, _ in codes})), at_once)


def _default() -> Table:
    codes = {(1, 0): _Code(0, 0, False)}
    for magnitude in range(1, 9):
        ones = (1 << magnitude) - 1 << 2
        codes[magnitude + 2, ones] = _Code(magnitude, 0, False)
        codes[magnitude + 2, ones + 1] = _Code(-magnitude, 0, False)
    codes[10, 0b1111111110] = _Code(0, 8, False)
    codes[10, 0b1111111111] = _Code(0, 16, False)
    return _table(codes)


DEFAULT_TABLES = [_default()]
"""Where section 2 holds the number 19999."""


def parse_tables(section: bytes) -> list[Table]:
    """The tables that section 2 defines.

    Raises:
        BadFile: it breaks off or holds impossible codes.
    """
    count = unpack_from("<H", section)[0]
    place = 2
    tables = []
    for _ in range(count):
        size = unpack_from("<H", section, place)[0]
        place += 2
        if place + 9 * size > len(section):
            raise BadFile("truncated: its Huffman tables break off; copy it again", code="truncated")
        codes = {}
        for _ in range(size):
            prefix, total, mode, value, stored = unpack_from("<BBBhI", section, place)
            place += 9
            if not 1 <= prefix <= total <= _LONGEST:
                raise BadFile("its Huffman tables hold impossible codes; copy it again", code="damaged")
            # the first transmitted bit is the lowest of the stored ones
            code = int(f"{stored & ((1 << prefix) - 1):0{prefix}b}"[::-1], 2)
            codes[prefix, code] = _Code(value, total - prefix, mode == 0)
        tables.append(_table(codes))
    if not tables:
        raise BadFile("defines no Huffman table; copy it again", code="damaged")
    return tables


def decode(packed: bytes, count: int, tables: list[Table]) -> tuple[NDArray[np.int64], int]:
    """[count] int64 from codes, the highest bit first, starting with the first table; and how many bits are left.

    Raises:
        BadFile: the bits end early or fit no code.
    """
    end = 8 * len(packed)
    if count > end:
        raise BadFile(f"truncated: a lead holds fewer than its {count:,} samples; copy it again", code="truncated")
    windows = _windows(packed)
    values = np.empty(count, np.int64)
    table = tables[0]
    place = done = 0
    while done < count:
        window = windows[place >> 3] >> (8 - (place & 7)) & _ALL
        length, code = table.at_once[window >> (_WINDOW - _AT_ONCE)] or _longer(window, table)
        place += length + code.extra
        if place > end:
            raise BadFile(f"truncated: a lead holds {done:,} of {count:,} samples; copy it again", code="truncated")
        if code.switches:
            if not 1 <= code.value <= len(tables):
                raise BadFile("its Huffman codes are damaged; copy it again", code="damaged")
            table = tables[code.value - 1]
            continue
        value = code.value
        if code.extra:
            raw = window >> (_WINDOW - length - code.extra) & ((1 << code.extra) - 1)
            value += raw - (raw >> (code.extra - 1) << code.extra)
        values[done] = value
        done += 1
    return values, end - place


def _windows(packed: bytes) -> list[int]:
    """For each byte and the end the 64 bits from there on."""
    padded = np.frombuffer(packed + bytes(8), np.uint8).astype(np.uint64)
    windows = np.zeros(len(packed) + 1, np.uint64)
    for byte in range(8):
        windows = windows << np.uint64(8) | padded[byte : byte + len(windows)]
    return windows.tolist()


def _longer(window: int, table: Table) -> tuple[int, _Code]:
    for length in table.lengths:
        code = table.codes.get((length, window >> (_WINDOW - length)))
        if code is not None:
            return length, code
    raise BadFile("its Huffman codes are damaged; copy it again", code="damaged")
