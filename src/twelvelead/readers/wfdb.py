"""WFDB records in format 16, read directly: the header, then the samples in one piece.

The formats are header(5) and signal(5) of the WFDB Applications Guide, https://physionet.org/physiotools/wag/.
Format 16 with a byte offset (16+24) is what the PhysioNet Challenges store in .mat files.
"""

import os
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import canonical_lead, columns_for
from twelvelead.errors import Unreadable
from twelvelead.readers import patient
from twelvelead.readers.recording import BLOCK, LARGEST_FILE, Channel, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.units import units_per_millivolt
from twelvelead.readers.wfdb_header import Format, Header, Signal, parse_header, parse_known

INVALID = -32768
"""The sample value that marks a missing sample in format 16, signal(5)."""

Load = Callable[[str], bytes]
"""The bytes at a path; raises OSError or `Unreadable` where there are none."""

_LARGEST_HEADER = 1 << 20
"""Bytes: 10,000 signals."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_AT_ONCE = 1 << 24
_PLAIN = Format(16, 1, 0, 0)
_NAME = re.compile(r"[\w-]+\.[\w-]+", re.ASCII)
_STEP = 20
"""Rows that are summed at once for a checksum: long runs of memory add up faster than many columns."""


def load_file(path: str) -> bytes:
    """The bytes of a file; half the price of opening it as a Python stream.

    Raises:
        OSError: it is missing or cannot be read.
        Unreadable: it is larger than any recording or header.
    """
    descriptor = os.open(path, _READ)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, 0, os.SEEK_SET)
        # the size of a folder has no end, and reading from it says what it is
        content = os.read(descriptor, min(size, _AT_ONCE))
        if size > (_LARGEST_HEADER if path.endswith(".hea") else LARGEST_FILE):
            raise Unreadable(f"{path}: {size:,} bytes are more than are read at once; cut the record (xform)")
        while len(content) < size and (more := os.read(descriptor, size - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)


def header_of(path: Path) -> Path | None:
    """The header of the WFDB record that a path means: itself, that of a record's name without suffix, or one beside
    it that names it as a signal file; None where it means none.

    Raises:
        Unreadable: the header beside it is damaged.
    """
    if path.suffix.lower() == ".hea":
        return path
    if path.is_dir():
        return None
    if not path.exists():
        header = path.with_name(path.name + ".hea")
        return header if header.is_file() else None
    header = path.with_suffix(".hea")
    if not header.is_file() or all(signal.file != path.name for signal in read_header(header).signals):
        return None
    return header


def read(source: Source, request: Request) -> Recording:
    """One record. Signals that are not asked for are neither checked nor converted.

    Raises:
        Unreadable: the header or a signal file is missing, damaged or of an unsupported format.
        Refused: a lead asked for is missing.
    """
    path = os.fspath(header_of(source.path) or source.path)
    header = read_header(path)
    stored = tuple([canonical_lead(signal.name) for signal in header.signals])
    columns = range(len(stored)) if request.leads is None else columns_for(request.leads, stored, path)
    samples = _samples(header, columns, path)
    channels = [_channel(header.signals[column], samples[:, place]) for place, column in enumerate(columns)]
    age, sex = patient.from_words(header.comments)
    return Recording(channels, header.sampling_rate, age, sex, sha256=_sha256(header, path))


def _channel(signal: Signal, samples: NDArray[np.int16]) -> Channel:
    invalid = samples == INVALID
    return Channel(
        signal.name or signal.file,
        np.where(invalid, np.float32(np.nan), samples) if invalid.any() else samples,
        1 / signal.gain if signal.gain else None,
        signal.unit,
        signal.baseline,
    )


def _sha256(header: Header, path: str) -> str:
    """Over the header and its signal files in the header's order."""
    folder = os.path.dirname(path)  # noqa: PTH120
    digest = sha256(load_file(path))
    for file in dict.fromkeys(signal.file for signal in header.signals):
        digest.update(load_file(os.path.join(folder, file)))  # noqa: PTH118
    return digest.hexdigest()


def read_header(path: str | os.PathLike[str]) -> Header:
    """What a header file (.hea) says.

    Raises:
        Unreadable: there is no such file or it is no header of a single-segment record.
    """
    source = os.fspath(path)
    try:
        return parse_header(load_file(source), source)
    except OSError as error:
        raise Unreadable(f"{source}: {error.strerror or error}; check the path") from None


def read_digital(path: str | os.PathLike[str], load: Load = load_file) -> tuple[Header, NDArray[np.int16]]:
    """A record as stored, checksums verified.

    Args:
        path: the header (.hea).
        load: where the bytes of the header and of the signal file beside it come from.

    Returns:
        The header, whose signals may come without file and checksum as both have done their work, and [samples,
        signals] int16, in the units of the converter and possibly read-only; -32768 marks an invalid sample.

    Raises:
        Unreadable: as for `read`, except for what concerns gain and unit.
    """
    source = os.fspath(path)
    try:
        content = load(source)
    except OSError as error:
        raise Unreadable(f"{source}: {error.strerror or error}; check the path") from None
    known = parse_known(content, source)
    if known is not None:
        samples = _plain_samples(*known, source, load)
        if samples is not None:
            return known[0], samples
    header = parse_header(content, source)
    return header, _samples(header, range(len(header.signals)), source, load)


def _plain_samples(
    header: Header, file: str, checksums: list[int], source: str, load: Load
) -> NDArray[np.int16] | None:
    """[samples, signals] int16 of a file in plain format 16; None where anything is unusual or wrong with it."""
    if header.signals[0].format != _PLAIN or not header.samples or not _NAME.fullmatch(file):
        return None
    try:
        content = load(os.path.join(os.path.dirname(source), file))  # noqa: PTH118, PTH120
    except OSError:
        return None
    count = header.samples * len(checksums)
    if len(content) < 2 * count:
        return None
    samples = np.frombuffer(content, "<i2", count).reshape(header.samples, len(checksums))
    return samples if _sums(samples) == checksums else None


def to_millivolts(
    header: Header, samples: NDArray[np.int16], columns: Sequence[int], source: str
) -> NDArray[np.float32]:
    """Samples as voltages: (sample - baseline) / gain, converted to mV.

    Args:
        header: what describes the samples.
        samples: [samples, columns] int16, in the units of the converter.
        columns: which signal of the header each column is.
        source: named in errors.

    Returns:
        [samples, columns] float32, mV; NaN where a sample is invalid.

    Raises:
        Unreadable: a signal is uncalibrated or its unit is not a voltage.
    """
    signals = [header.signals[column] for column in columns]
    divisors = np.array([_per_millivolt(signal, source) for signal in signals])
    baselines = [signal.baseline for signal in signals]
    if any(baselines):
        signal: NDArray[np.float32] = np.empty(samples.shape, np.float32)
        zero = np.array(baselines, np.float64)
        for start in range(0, len(samples), BLOCK):
            signal[start : start + BLOCK] = (samples[start : start + BLOCK] - zero) / divisors
    else:
        signal = np.divide(samples, divisors.astype(np.float32), dtype=np.float32)
    invalid = samples == INVALID
    if invalid.any():
        signal[invalid] = np.nan
    return signal


def _per_millivolt(signal: Signal, source: str) -> float:
    if signal.gain == 0:
        raise Unreadable(
            f"{source}: signal {signal.name or signal.file} is uncalibrated (no gain, or a gain of 0); "
            "write its gain into the header"
        )
    per_millivolt = units_per_millivolt(signal.unit)
    if per_millivolt is None:
        raise Unreadable(
            f"{source}: signal {signal.name or signal.file} is in {signal.unit!r}, which is not a voltage; "
            "ask only for leads in mV, uV or V"
        )
    return signal.gain * per_millivolt


def _samples(header: Header, columns: Sequence[int], source: str, load: Load = load_file) -> NDArray[np.int16]:
    """[samples, columns] int16, from whichever files hold them; only those are opened."""
    signals = header.signals
    if len({signal.file for signal in signals}) == 1:
        samples = _signal_file(header, signals[0].file, list(range(len(signals))), source, load)
        if len(columns) != samples.shape[1] or list(columns) != list(range(len(columns))):
            samples = samples[:, list(columns)]
    else:
        groups: dict[str, list[int]] = {}
        for column, signal in enumerate(signals):
            groups.setdefault(signal.file, []).append(column)
        wanted = set(columns)
        parts = {
            file: _signal_file(header, file, held, source, load) for file, held in groups.items() if wanted & set(held)
        }
        lengths = {len(part) for part in parts.values()}
        if len(lengths) > 1:
            raise Unreadable(f"{source}: its signal files differ in length {sorted(lengths)}; copy them again")
        where = {column: (file, place) for file in parts for place, column in enumerate(groups[file])}
        samples = np.stack([parts[where[column][0]][:, where[column][1]] for column in columns], axis=1)
    _verify(header, samples, columns, source)
    return samples


def _signal_file(header: Header, file: str, columns: list[int], source: str, load: Load) -> NDArray[np.int16]:
    """[samples, signals of this file] int16, a view of the bytes read."""
    layout = header.signals[columns[0]].format
    folder, header_name = os.path.split(source)
    path = os.path.join(folder, file)  # noqa: PTH118 - the hot path of preparing a store
    if file in (".", "..") or "/" in file or "\\" in file or ":" in file:
        raise Unreadable(f"{source}: its signal file {file!r} is not in the header's folder; name it without a path")
    if layout.number != 16:
        raise Unreadable(
            f"{source}: {file} is in WFDB format {layout.number}, of which only 16 is read; "
            f"convert it (xform -i {header_name.removesuffix('.hea')} with a header in format 16)"
        )
    if any(header.signals[column].format != layout for column in columns):
        raise Unreadable(f"{source}: the signals of {file} differ in format or byte offset; mend the header")
    if layout.samples_per_frame != 1 or layout.skew:
        raise Unreadable(
            f"{source}: {file} has {layout.samples_per_frame} samples per frame and a skew of {layout.skew}; only "
            "1 and 0 are read, so rewrite the record with one rate and no skew (xform)"
        )
    try:
        content = load(path)
    except FileNotFoundError:
        raise Unreadable(f"{source}: its signal file {file} is missing; put it beside the header") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}; check the path") from None
    frame = 2 * len(columns)
    samples = header.samples or (len(content) - layout.offset) // frame
    expected = layout.offset + samples * frame
    if samples < 1 or len(content) < expected:
        raise Unreadable(f"{path}: truncated: holds {len(content):,} of {max(expected, 1):,} bytes; copy it again")
    return np.frombuffer(content, "<i2", samples * len(columns), layout.offset).reshape(samples, len(columns))


def _verify(header: Header, samples: NDArray[np.int16], columns: Sequence[int], source: str) -> None:
    sums = _sums(samples)
    for column, found in zip(columns, sums, strict=True):
        signal = header.signals[column]
        if signal.checksum is not None and signal.checksum != found:
            path = os.path.join(os.path.dirname(source), signal.file)  # noqa: PTH118, PTH120
            raise Unreadable(
                f"{path}: checksum of lead {signal.name} is {found}, the header states {signal.checksum}: "
                "the file is damaged; copy it again"
            )


def _sums(samples: NDArray[np.int16]) -> list[int]:
    """The sum of each column modulo 65,536."""
    values = samples.view(np.uint16)
    count, width = values.shape
    if values.flags.c_contiguous and count % _STEP == 0:
        values = np.add.reduce(values.reshape(-1, _STEP * width), axis=0, dtype=np.uint16).reshape(_STEP, width)
    sums: list[int] = np.add.reduce(values, axis=0, dtype=np.uint16).tolist()
    return sums
