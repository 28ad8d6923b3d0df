"""WFDB headers: the text file beside a recording that says what its signal files hold.

The format is header(5) of the WFDB Applications Guide, https://physionet.org/physiotools/wag/header-5.htm.
"""

import re
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from twelvelead.readers.recording import BadFile
from twelvelead.readers.text import decode

DEFAULT_RATE = 250.0
"""Hz, what header(5) defines for a record line that states no sampling rate."""

_LARGEST = 2**31
_FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?")
_GAIN = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\(([-+]?\d+)\))?(?:/(\S+))?")


class Format(NamedTuple):
    """How the samples of a signal lie in its file."""

    number: int
    samples_per_frame: int
    skew: int
    offset: int


class Signal(NamedTuple):
    """One signal of a record.

    Attributes:
        file: name of the signal file, in the header's folder.
        format: how its samples are stored.
        gain: units of the converter per physical unit; 0 where the header gives none: the signal is uncalibrated.
        baseline: the sample value of 0 physical units.
        unit: physical unit as written; "mV" where the header gives none.
        checksum: sum of all samples modulo 65,536; None where the header gives none.
        name: the description as written.
    """

    file: str
    format: Format
    gain: float
    baseline: int
    unit: str
    checksum: int | None
    name: str


class Header(NamedTuple):
    """A record's header.

    Attributes:
        sampling_rate: in Hz.
        samples: per signal; None where the header gives none.
        signals: in the order of the file.
        comments: without "#" and surrounding space.
    """

    sampling_rate: float
    samples: int | None
    signals: tuple[Signal, ...]
    comments: tuple[str, ...]


def parse_header(content: bytes) -> Header:
    """What a header says.

    Args:
        content: the bytes of the header file.

    Raises:
        BadFile: the text is no header of a single-segment record.
    """
    text = decode(content)
    lines, comments = [], []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("#"):
            comments.append(line.lstrip("# \t"))
        elif line:
            lines.append(line)
    if not lines:
        raise BadFile("the header is empty; copy it again", code="not-found")
    count, rate, samples = _record_line(lines[0])
    if len(lines) - 1 < count:
        raise BadFile(
            f"the header announces {count} signals and describes {len(lines) - 1}; copy it again", code="truncated"
        )
    signals = tuple([_signal_line(line, number) for number, line in enumerate(lines[1 : count + 1], start=1)])
    return Header(rate, samples, signals, tuple(comments))


def parse_known(content: bytes) -> tuple[Header, str, list[int]] | None:
    """What a header says, many times faster than `parse_header` where one of its kind was parsed before.

    Args:
        content: the bytes of the header file.

    Returns:
        What all headers of the kind say, the same object each time, its signals without file and checksum; the one
        signal file of this header, and the checksum of each signal. None where a header is not that plain.

    Raises:
        BadFile: the text is no header of a single-segment record.
    """
    if not content.isascii():
        return None
    text = content.decode("ascii")
    for again in (False, True):
        for template in _templates:
            found = template.pattern.fullmatch(text)
            if found is not None:
                file, *checksums = found.groups()
                return template.common, file, [int(checksum) & 0xFFFF for checksum in checksums]
        if again or len(_templates) >= _MOST_TEMPLATES:
            break
        _templates.extend(_template(text, parse_header(content)))
    return None


class _Template(NamedTuple):
    """The headers of a data set differ in name, first samples and checksums; the rest need not be read each time.

    Attributes:
        pattern: of a whole header; its groups are the signal file and the checksum of each signal.
        common: what such headers say, without signal files and checksums.
    """

    pattern: re.Pattern[str]
    common: Header


_templates: list[_Template] = []
_MOST_TEMPLATES = 4
"""Where every header is of another kind, as with gains of their own, learning more would only cost time."""


def _template(text: str, header: Header) -> list[_Template]:
    """What headers like this one look like; nothing where the text is laid out in an unusual way."""
    record, *lines = text.removesuffix("\n").split("\n")
    if [record, *lines] != text.splitlines():  # a line may end in other ways
        return []
    fields = [line.split(" ", 8) for line in lines]
    plain = not header.comments and all(len(line) == 9 and line == " ".join(line).split(None, 8) for line in fields)
    if not plain or len(lines) != len(header.signals) or len({signal[:2] for signal in header.signals}) > 1:
        return []
    pattern = r"[^\s/#]+ " + re.escape(record.partition(" ")[2])
    for number, line in enumerate(fields):
        pattern += "\n" + (r"([^\s#]\S*)" if number == 0 else r"\1")
        pattern += f" {re.escape(' '.join(line[1:5]))} -?[0-9]+ (-?[0-9]+) {re.escape(' '.join(line[7:]))}"
    signals = tuple([signal._replace(file="", checksum=None) for signal in header.signals])
    return [_Template(re.compile(pattern + "\n?"), header._replace(signals=signals))]


def _record_line(line: str) -> tuple[int, float, int | None]:
    fields = line.split()
    if "/" in fields[0]:
        raise BadFile("has several segments, which are not read; name the header of one segment", code="unsupported")
    try:
        count = int(fields[1])
        rate = float(fields[2].partition("/")[0]) if len(fields) > 2 else DEFAULT_RATE
        samples = int(fields[3]) if len(fields) > 3 else 0
    except (IndexError, ValueError):
        raise BadFile(
            "not a WFDB header: its first line has to give a name, the number of signals, rate and samples; copy it "
            "again",
            code="damaged",
        ) from None
    if not (count > 0 and 0 < rate < float("inf") and samples >= 0):
        raise BadFile(f"{count} signals of {samples} samples at {rate:g} Hz cannot be; mend the header", code="damaged")
    return count, rate, samples or None


def _signal_line(line: str, number: int) -> Signal:
    fields = line.split(None, 8)
    given = len(fields)
    try:
        gain, baseline, unit = _gain(fields[2] if given > 2 else "0")
        if baseline is None:
            baseline = int(fields[4]) if given > 4 else 0
        if abs(baseline) > _LARGEST:
            raise ValueError(baseline)
        return Signal(
            fields[0],
            _format(fields[1]),
            gain,
            baseline,
            unit,
            int(fields[6]) & 0xFFFF if given > 6 else None,
            fields[8] if given > 8 else "",
        )
    except (IndexError, ValueError):
        raise BadFile(
            f"not a WFDB signal line: that of signal {number}; mend the header or copy it again", code="damaged"
        ) from None


@lru_cache(maxsize=1024)
def _format(field: str) -> Format:
    found = _FORMAT.fullmatch(field)
    if found is None:
        raise ValueError(field)
    number, frame, skew, offset = found.groups()
    return Format(int(number), int(frame or 1), int(skew or 0), int(offset or 0))


@lru_cache(maxsize=1024)
def _gain(field: str) -> tuple[float, int | None, str]:
    found = _GAIN.fullmatch(field)
    if found is None or not isfinite(float(found[1])):
        raise ValueError(field)
    gain, baseline, unit = found.groups()
    return float(gain), None if baseline is None else int(baseline), unit or "mV"
