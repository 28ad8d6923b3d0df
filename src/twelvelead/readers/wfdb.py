"""WFDB records in format 16, read directly: the header, then the samples in one piece.

The formats are header(5) and signal(5) of the WFDB Applications Guide, https://physionet.org/physiotools/wag/.
Format 16 with a byte offset (16+24) is what the PhysioNet Challenges store in .mat files.
"""

import os
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import all_columns_for, canonical_leads
from twelvelead.errors import Unreadable
from twelvelead.files import read_regular
from twelvelead.readers import patient
from twelvelead.readers.recording import LARGEST_FILE, BadFile, Channel, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.voltages import millivolts
from twelvelead.readers.wfdb_header import Format, Header, Signal, parse_header, parse_known

INVALID = -32768
"""The sample value that marks a missing sample in format 16, signal(5)."""

Load = Callable[[str], bytes]
"""The bytes at a path; raises OSError or `Unreadable` where there are none."""

LARGEST_HEADER = 1 << 20
"""Bytes: 10,000 signals."""

_MATLAB = b"\x1e\0\0\0"
"""How a MATLAB file of version 4 with int16 in it starts; the PhysioNet Challenges store samples in such files."""

_AFTER_MATLAB = 24
_PLAIN = Format(16, 1, 0, 0)
_NAME = re.compile(r"[\w-]+\.[\w-]+", re.ASCII)
_STEP = 20
"""Rows that are summed at once for a checksum: long runs of memory add up faster than many columns."""


def load_file(path: str) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it is missing, cannot be read, or is no regular file.
        BadFile: it is larger than any recording or header.
    """
    most = LARGEST_HEADER if path.endswith(".hea") else LARGEST_FILE
    content = read_regular(path, most)
    if len(content) > most:
        raise BadFile(f"more than the {most:,} bytes that are read at once; cut the record (xform)", code="too-large")
    return content


def header_of(path: Path) -> Path | None:
    """The header of the WFDB record that a path means: itself, that of a record's name without suffix, or one beside
    it that names it as a signal file; None where it means none.

    Raises:
        BadFile, OSError: the header beside it is damaged, or cannot be read.
    """
    if path.suffix.lower() == ".hea":
        return path
    if path.is_dir():
        return None
    if not path.exists():
        header = path.with_name(path.name + ".hea")
        return header if header.is_file() else None
    header = path.with_suffix(".hea")
    if not header.is_file() or all(
        signal.file != path.name for signal in parse_header(load_file(os.fspath(header))).signals
    ):
        return None
    return header


def is_header(start: bytes) -> bool:
    """Whether bytes are a header."""
    try:
        return parse_known(start) is not None or bool(parse_header(start).signals)
    except BadFile:
        return False


def read(source: Source, request: Request) -> Recording:
    """One record. Signals that are not asked for are neither checked nor converted.

    Raises:
        BadFile: the header or a signal file is missing, damaged or of an unsupported format.
        OSError: the header cannot be read.
        Refused: a lead asked for is missing.
    """
    path = "" if source.path is None else os.fspath(header_of(source.path) or source.path)
    fetch = load_file if path else _from_memory(source)
    held: dict[str, bytes] = {}

    def load(file: str) -> bytes:
        if file not in held:
            held[file] = fetch(file)
        return held[file]

    content = load(path)
    known = parse_known(content) if b"#" not in content else None
    samples = _plain_samples(*known, path, load) if known is not None else None
    if known is not None and samples is not None:
        header, files = known[0], [known[1]]
    else:
        header = parse_header(content)
        files = _file_names(header)
    stored = canonical_leads([signal.name for signal in header.signals])
    every = list(range(len(stored)))
    columns = every if request.leads is None else all_columns_for(request.leads, stored, source.name)
    folder = os.path.dirname(path)  # noqa: PTH120
    if samples is None:
        samples = _samples(header, columns, _Files(folder, load))
    elif columns != every:
        samples = samples[:, columns]
    channels = _channels(
        [header.signals[column] for column in columns], [stored[column] for column in columns], samples
    )
    age, sex = patient.from_words(header.comments)
    digest = sha256(content)
    findings: tuple[Finding, ...] = ()
    for number, file in enumerate(files):
        part = held.get(os.path.join(folder, file))  # noqa: PTH118
        digest.update(_whole(os.path.join(folder, file), fetch) if part is None else part)  # noqa: PTH118
        findings = findings or _surplus(header, number, part)
    return Recording(channels, header.sampling_rate, age, sex, findings, sha256=digest.hexdigest())


def _file_names(header: Header) -> list[str]:
    return list(dict.fromkeys(signal.file for signal in header.signals))


def _from_memory(source: Source) -> Load:
    """The bytes of a header under "", those of what lies beside it under its name.

    Raises:
        BadFile: nothing lies beside it, or it is larger than any header.
    """
    if not source.beside:
        raise BadFile(
            "the header of a WFDB record, whose samples are in another file; both are needed, so give its path or the "
            "bytes of both",
            code="unsupported",
        )
    if source.size > LARGEST_HEADER:
        raise BadFile(f"more than the {LARGEST_HEADER:,} bytes that a header has", code="too-large")

    def load(file: str) -> bytes:
        if file in source.beside:
            return source.beside[file]
        if file:
            raise FileNotFoundError(file)
        return source.content

    return load


def _whole(file: str, load: Load) -> bytes:
    """The bytes of a signal file of which no signal was asked for; nothing where it cannot be read."""
    try:
        return load(file)
    except (OSError, BadFile):
        return b""


def _channels(signals: Sequence[Signal], names: Sequence[str], samples: NDArray[np.int16]) -> list[Channel]:
    """Each signal with its samples, [samples, signals]."""
    values: NDArray[Any] = samples
    if np.minimum.reduce(samples, axis=None) == INVALID:
        values = np.where(samples == INVALID, np.float32(np.nan), samples)
    return [
        Channel(
            name or "without a name", column, 1 / signal.gain if signal.gain else None, signal.unit, signal.baseline
        )
        for signal, name, column in zip(signals, names, values.T, strict=True)
    ]


def _surplus(header: Header, number: int, content: bytes | None) -> tuple[Finding, ...]:
    """That a signal file, by its number, holds more samples than the header announces."""
    if content is None or not header.samples:
        return ()
    groups: dict[str, list[Signal]] = {}
    for signal in header.signals:
        groups.setdefault(signal.file, []).append(signal)
    signals = list(groups.values())[number]
    held = (len(content) - signals[0].format.offset) // (2 * len(signals))
    if held <= header.samples:
        return ()
    message = (
        f"holds {held:,} samples a lead, of which its header announces, and we read, {header.samples:,}; compare it "
        "with the original"
    )
    return (Finding("samples-disagree", "warn", message, {"held": held, "announced": header.samples}),)


def read_header(path: str | os.PathLike[str]) -> Header:
    """What a header file (.hea) says.

    Raises:
        Unreadable: there is no such file or it is no header of a single-segment record.
    """
    try:
        return parse_header(load_file(os.fspath(path)))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}; check the path") from None
    except BadFile as fault:
        raise Unreadable(f"{path}: {fault}", code=fault.code) from None


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
        known = parse_known(content)
        if known is not None:
            samples = _plain_samples(*known, source, load)
            if samples is not None:
                return known[0], samples
        header = parse_header(content)
        files = _Files(os.path.dirname(source), load)  # noqa: PTH120
        return header, _samples(header, range(len(header.signals)), files)
    except OSError as error:
        raise Unreadable(f"{source}: {error.strerror or error}; check the path") from None
    except BadFile as fault:
        raise Unreadable(f"{source}: {fault}", code=fault.code) from None


class _Files(NamedTuple):
    """Where the signal files of a record are: a folder, and what gives the bytes at a path."""

    folder: str
    load: Load


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


def to_millivolts(header: Header, samples: NDArray[np.int16], source: str) -> NDArray[np.float32]:
    """Samples as voltages: (sample - baseline) / gain, converted to mV.

    Args:
        header: what describes the samples.
        samples: [samples, signals] int16, in the units of the converter.
        source: named in errors.

    Returns:
        [samples, signals] float32, mV; NaN where a sample is invalid.

    Raises:
        Unreadable: a signal is uncalibrated or its unit is not a voltage.
    """
    names = canonical_leads([signal.name for signal in header.signals])
    try:
        return millivolts(_channels(header.signals, names, samples), Request(leads=None))
    except BadFile as fault:
        raise Unreadable(f"{source}: {fault}", code=fault.code) from None


def _samples(header: Header, columns: Sequence[int], files: _Files) -> NDArray[np.int16]:
    """[samples, columns] int16, from whichever files hold them; only those are opened."""
    signals = header.signals
    if len({signal.file for signal in signals}) == 1:
        samples = _signal_file(header, signals[0].file, list(range(len(signals))), files)
        if len(columns) != samples.shape[1] or list(columns) != list(range(len(columns))):
            samples = samples[:, list(columns)]
    else:
        groups: dict[str, list[int]] = {}
        for column, signal in enumerate(signals):
            groups.setdefault(signal.file, []).append(column)
        wanted = set(columns)
        parts = {file: _signal_file(header, file, held, files) for file, held in groups.items() if wanted & set(held)}
        lengths = {len(part) for part in parts.values()}
        if len(lengths) > 1:
            raise BadFile(f"its signal files differ in length {sorted(lengths)}; copy them again", code="damaged")
        where = {column: (file, place) for file in parts for place, column in enumerate(groups[file])}
        samples = np.stack([parts[where[column][0]][:, where[column][1]] for column in columns], axis=1)
    for column, found in zip(columns, _sums(samples), strict=True):
        signal = signals[column]
        if signal.checksum is not None and signal.checksum != found:
            raise BadFile(
                f"the checksum of lead {signal.name} in {_named(signal.file)} is {found}, its header states "
                f"{signal.checksum}: the file is damaged; copy it again",
                code="damaged",
            )
    return samples


def _named(file: str) -> str:
    """A signal file in a message, by its kind alone: its name may be a patient's."""
    suffix = os.path.splitext(file)[1]  # noqa: PTH122
    return f"its signal file ({suffix})" if re.fullmatch(r"\.\w{1,8}", suffix) else "its signal file"


def _signal_file(header: Header, file: str, columns: list[int], files: _Files) -> NDArray[np.int16]:
    """[samples, signals of this file] int16, a view of the bytes read."""
    signals = [header.signals[column] for column in columns]
    layout, name = signals[0].format, _named(file)
    if file in (".", "..") or "/" in file or "\\" in file or ":" in file or "\0" in file:
        raise BadFile(f"{name} is not in the header's folder; name it without a path", code="damaged")
    if layout.number != 16:
        raise BadFile(
            f"{name} is in WFDB format {layout.number}, of which only 16 is read; convert it (xform with a header in "
            "format 16)",
            code="unsupported",
        )
    if any(signal.format != layout for signal in signals):
        raise BadFile(f"the signals of {name} differ in format or byte offset; mend the header", code="damaged")
    if layout.samples_per_frame != 1 or layout.skew:
        raise BadFile(
            f"{name} has {layout.samples_per_frame} samples per frame and a skew of {layout.skew}; only 1 and 0 are "
            "read, so rewrite the record with one rate and no skew (xform)",
            code="unsupported",
        )
    try:
        content = files.load(os.path.join(files.folder, file))  # noqa: PTH118 - the hot path of preparing a store
    except FileNotFoundError:
        raise BadFile(
            f"{name} is missing; put it beside the header, under the name that the header states", code="not-found"
        ) from None
    except OSError as error:
        raise BadFile(f"{name}: {error.strerror or error}; check its permissions") from None
    frame = 2 * len(columns)
    samples = header.samples or (len(content) - layout.offset) // frame
    expected = layout.offset + samples * frame
    if samples < 1 or len(content) < expected:
        raise BadFile(
            f"{name} is truncated: it holds {len(content):,} of {max(expected, 1):,} bytes; copy it again",
            code="truncated",
        )
    if layout.offset != _AFTER_MATLAB and content.startswith(_MATLAB) and content[20:24] == b"val\0":
        raise BadFile(
            f"{name} holds its samples from byte {_AFTER_MATLAB} on, behind a head of MATLAB's, where its header says "
            f"{layout.offset}; write 16+{_AFTER_MATLAB} into the header",
            code="damaged",
        )
    if (len(content) - layout.offset) % frame and any(signal.checksum is None for signal in signals):
        raise BadFile(
            f"{name} holds {len(content):,} bytes, which are no whole number of samples of {len(columns)} signals from "
            f"byte {layout.offset} on; mend the byte offset or the number of signals in its header",
            code="damaged",
        )
    return np.frombuffer(content, "<i2", samples * len(columns), layout.offset).reshape(samples, len(columns))


def _sums(samples: NDArray[np.int16]) -> list[int]:
    """The sum of each column modulo 65,536."""
    values = samples.view(np.uint16)
    count, width = values.shape
    if values.flags.c_contiguous and count % _STEP == 0:
        values = np.add.reduce(values.reshape(-1, _STEP * width), axis=0, dtype=np.uint16).reshape(_STEP, width)
    sums: list[int] = np.add.reduce(values, axis=0, dtype=np.uint16).tolist()
    return sums
