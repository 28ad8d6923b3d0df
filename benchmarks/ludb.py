"""The Lobachevsky University Database as a referee: its recordings and its cardiologists' marks.

Kalyakulina et al. 2020, doi:10.1109/ACCESS.2020.3029211. The gains in its headers are wrong: the
samples are microvolts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG

RATE = 500
ONE_BEAT = 60
"""Samples, 0.12 s: QRS peaks of several leads that lie no further from the first are of one beat."""

Mark = tuple[str, int, int, int]
"""Wave ("p", "N" for QRS, "t"), onset, peak and end, in samples."""


@dataclass(frozen=True)
class Group:
    """QRS marks of one beat: lead -> its mark."""

    marks: tuple[tuple[str, Mark], ...]

    @property
    def leads(self) -> int:
        return len({lead for lead, _ in self.marks})

    @property
    def time(self) -> float:
        """In s, the median peak."""
        return float(np.median([mark[2] for _, mark in self.marks])) / RATE


@dataclass(frozen=True)
class Marked:
    """One recording.

    Attributes:
        name: its id.
        ecg: twelve leads, 500 Hz, mV.
        marks: lead -> its marks in order of time.
        groups: QRS marks by beat.
        rhythm: what the header says.
    """

    name: str
    ecg: ECG
    marks: dict[str, tuple[Mark, ...]]
    groups: tuple[Group, ...]
    rhythm: str

    def beats(self, leads: int) -> NDArray[np.float64]:
        """Times of the beats that are marked in at least so many leads, s."""
        return np.array([group.time for group in self.groups if group.leads >= leads])

    def intervals(self) -> dict[str, float | None]:
        """Heart rate per minute, PR, QRS and QT in ms: from the second earliest onset to the second latest end of marks
        in at least 8 leads (QRS) or 5 (P, T), median over beats; None below 3 beats."""
        beats = [group for group in self.groups if group.leads >= 8]
        onsets = [_second([mark[1] for _, mark in beat.marks]) for beat in beats]
        ends = [-_second([-mark[3] for _, mark in beat.marks]) for beat in beats]
        pr, qt = [], []
        for beat, (onset, end) in enumerate(zip(onsets, ends, strict=True)):
            after = ends[beat - 1] if beat else 0
            before = onsets[beat + 1] if beat + 1 < len(beats) else np.inf
            p = self._waves("p", lambda mark: after < mark[2] < onset and onset - mark[3] < 125, last=True)  # noqa: B023
            t = self._waves("t", lambda mark: end < mark[2] < before, last=False)  # noqa: B023
            if len(p) >= 5:
                pr.append(onset - _second([mark[1] for mark in p]))
            if len(t) >= 5:
                qt.append(-_second([-mark[3] for mark in t]) - onset)
        return {
            "heart_rate": float(60 / np.diff(self.beats(3)).mean()),
            "pr": _median(pr),
            "qrs": _median(np.subtract(ends, onsets)),
            "qt": _median(qt),
        }

    def _waves(self, wave: str, fits: Callable[[Mark], bool], *, last: bool) -> list[Mark]:
        """Of each lead its first or last mark that fits."""
        found = ([mark for mark in marks if mark[0] == wave and fits(mark)] for marks in self.marks.values())
        return [marks[-1 if last else 0] for marks in found if marks]


def records(folder: Path) -> Iterator[Marked]:
    """All recordings in `folder`, or in its folder `data`, in the order of their ids."""
    data = folder / "data" if (folder / "data").is_dir() else folder
    for path in sorted(data.glob("*.dat"), key=lambda path: int(path.stem)):
        yield record(path.with_suffix(""))


def record(path: Path) -> Marked:
    """The recording of this path without a suffix."""
    raw = wfdb.rdrecord(str(path), physical=False)
    signal = (raw.d_signal / 1000).astype(np.float32)
    marks = {lead: tuple(_marks(str(path), lead)) for lead in LEADS}
    rhythm = re.search(r"Rhythm: (.*?)\.?\s*$", path.with_suffix(".hea").read_text(), re.MULTILINE)
    return Marked(
        path.name, ECG(signal, float(RATE), source=path.name), marks, _groups(marks), rhythm[1] if rhythm else ""
    )


def _marks(path: str, lead: str) -> Iterator[Mark]:
    found = wfdb.rdann(path, lead.lower())
    for place in range(1, len(found.symbol) - 1):
        before, wave, after = found.symbol[place - 1 : place + 2]
        if wave in "Npt" and (before, after) == ("(", ")"):
            onset, peak, end = found.sample[place - 1 : place + 2].tolist()
            yield wave, onset, peak, end


def _groups(marks: dict[str, tuple[Mark, ...]]) -> tuple[Group, ...]:
    peaks = sorted((mark[2], lead, mark) for lead in LEADS for mark in marks[lead] if mark[0] == "N")
    groups: list[list[tuple[str, Mark]]] = []
    for peak, lead, mark in peaks:
        if not groups or peak - groups[-1][0][1][2] > ONE_BEAT:
            groups.append([])
        groups[-1].append((lead, mark))
    return tuple(Group(tuple(group)) for group in groups)


def _second(values: Sequence[int]) -> int:
    return sorted(values)[min(1, len(values) - 1)]


def _median(values: Sequence[float] | NDArray[np.float64]) -> float | None:
    """In ms, of values in samples."""
    return float(np.median(values)) * 1000 / RATE if len(values) >= 3 else None
