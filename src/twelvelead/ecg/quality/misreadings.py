"""Recordings that are not what they say: leads upside down or interchanged, time backwards, another rate. The median
beat shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.electrodes import ELECTRODES, rewired
from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import limb_leads
from twelvelead.ecg.quality.measures import LOWEST_RATE

FITTED = Path(__file__).with_name("misreadings.npz")
"""Weights and limits, made from PTB-XL's folds 1-7 by `tools/fit_misreadings.py`."""

CENTRE = 50
"""Samples of a median beat before its centre, and as many after it, at 100 Hz."""

INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]
"""I, II and V1 to V6, of the twelve; the others follow from them."""

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Misreading:
    """One way of being misread.

    Attributes:
        name: in the values of a finding.
        code: of the finding.
        says: the finding's message.
        leads: [8, 8] from the independent leads as they are to those that it shows; None where it is another rate,
            which is not made from a beat.
        backwards: whether it shows them in the reverse order of time.
    """

    name: str
    code: str
    says: str
    leads: Array | None = None
    backwards: bool = False

    def of(self, beats: Array) -> Array:
        """Beats [n, 8, 2 CENTRE + 1] as they are shown, or misread ones as they are: what is done twice is undone."""
        shown: Array = self.leads @ beats if self.leads is not None else beats
        return shown[..., ::-1] if self.backwards else shown


def _interchanged(name: str, cables: dict[str, str]) -> Misreading:
    units = np.eye(len(INDEPENDENT), dtype=np.float32)
    twelve = np.concatenate([limb_leads(units[:, 0], units[:, 1]), units[:, 2:]], axis=1)
    leads = rewired(twelve, cables)[:, INDEPENDENT].T.copy()
    says = f"electrodes {name} probably interchanged; check their places and record again"
    return Misreading(name, "electrodes", says, leads)


def _exchange(one: str, other: str) -> Misreading:
    return _interchanged(f"{one}/{other}", {one: other, other: one})


def _inverted(name: str, signs: Iterable[int]) -> Misreading:
    what = "all leads look upside down" if name == "all leads" else f"lead {name} looks upside down"
    return Misreading(
        name, "inverted", f"{what}; check the signs in the export, and the cables", np.diag([*signs]).astype(np.float32)
    )


_RATE = "the declared sampling rate looks too {} by a factor of 2 or so: {} than a heart makes them; check it"

MISREADINGS: tuple[Misreading, ...] = (
    _inverted("all leads", [-1] * 8),
    *(_inverted(f"V{lead}", [-1 if place == lead + 1 else 1 for place in range(8)]) for lead in range(1, 7)),
    *(_exchange(f"V{lead}", f"V{lead + 1}") for lead in range(1, 6)),
    _exchange("V1", "V6"),
    _exchange("V1", "V3"),
    _interchanged("V1-V6 reversed", dict(zip(ELECTRODES[3:], ELECTRODES[:2:-1], strict=True))),
    _exchange("RA", "LA"),
    _exchange("RA", "LL"),
    Misreading(
        "time",
        "time-reversed",
        "the recording looks played backwards; check the export",
        np.eye(8, dtype=np.float32),
        backwards=True,
    ),
    Misreading("too low", "sampling-rate", _RATE.format("low", "the waves are longer")),
    Misreading("too high", "sampling-rate", _RATE.format("high", "the waves are shorter")),
)
"""In the order of the network's outputs, of which the first is that of a recording as it should be. LA/LL is left out:
what it shows is another heart's axis."""

_UNDOABLE = {place: which.leads for place, which in enumerate(MISREADINGS) if which.leads is not None}
_EXCHANGING = [
    place
    for place, leads in _UNDOABLE.items()
    if not MISREADINGS[place].backwards and (np.count_nonzero(np.rint(leads), axis=1) == 1).all()
]
_MIXING = [place for place in _UNDOABLE if place not in _EXCHANGING]
"""Of those that can be undone, which only exchange and invert leads, and which do more."""

_EXCHANGES = np.rint(np.concatenate([_UNDOABLE[place] for place in _EXCHANGING])).astype(np.float32)
"""[8 leads of each of `_EXCHANGING`, 8 leads]."""


def too_slow(rate: float) -> Finding | None:
    """A declared rate at which no electrocardiograph records, and at which little can be examined."""
    if rate >= LOWEST_RATE:
        return None
    message = (
        f"a declared sampling rate of {rate:g} Hz, at which no electrocardiograph records, and at which hardly "
        "anything is examined; check it"
    )
    return Finding("sampling-rate", "warn", message, {"declared": rate})


def misread(beat: Array) -> Finding | None:
    """The most likely misreading, if one passes its limit.

    A network of two hidden layers tells PTB-XL's recordings as published from the same ones misread, in each of these
    ways. The score of a misreading is its log odds against none; where it can be undone, the mean of that and of the
    log odds of none against it after undoing: what is misread becomes an ordinary recording when it is put right.

    Args:
        beat: [12, 2 CENTRE + 1] mV, the median beat at 100 Hz.
    """
    independent, limits = beat[INDEPENDENT], _network()["limits"]
    if (rough_scores(independent) < limits - ROUGH).all():
        return None
    scores = misreading_scores(independent[None])[0]
    passed = np.where(scores > limits, scores, -np.inf)
    likeliest = int(passed.argmax())
    if not np.isfinite(passed[likeliest]):
        return None
    which = MISREADINGS[likeliest]
    return Finding(which.code, "warn", which.says, {which.name: float(scores[likeliest])})


def misreading_scores(beats: Array) -> Array:
    """[n, misreadings] log odds of beats [n, 8, 2 CENTRE + 1] mV; see `misread`."""
    undone = [(place, which.of(beats)) for place, which in enumerate(MISREADINGS) if which.leads is not None]
    every = features(np.concatenate([beats, *(put for _, put in undone)]))
    shown, *back = np.split(_log_odds(every), 1 + len(undone))
    for (place, _), odds in zip(undone, back, strict=True):
        shown[:, place] = (shown[:, place] - odds[:, place]) / 2
    return shown


ROUGH = 0.01
"""What `rough_scores` may be wrong by, in log odds; of all recordings of PTB-XL and many faults none was by a
hundredth of that."""


def rough_scores(beat: Array) -> Array:
    """[misreadings] as `misreading_scores` of one beat, [8, 2 CENTRE + 1] mV, in single precision and a third of the
    time: what only exchanges and inverts leads does so to their features, which need not be computed for each."""
    rough = beat.astype(np.float32)
    computed = features(np.stack([rough, *(MISREADINGS[place].of(rough) for place in _MIXING)]))
    exchanged = _EXCHANGES @ computed[0].reshape(len(INDEPENDENT), -1)
    odds = _log_odds(np.concatenate([computed, exchanged.reshape(len(_EXCHANGING), -1)]))
    scores: Array = odds[0]
    undone = [*_MIXING, *_EXCHANGING]
    scores[undone] = (scores[undone] - odds[range(1, len(odds)), undone]) / 2
    return scores


def features(beats: Array) -> NDArray[np.float32]:
    """[n, 296] of beats [n, 8, 2 CENTRE + 1] mV: each independent lead, every 10 ms around the centre and the means of
    40 ms before and after, relative to the root mean square of all, with large values compressed."""
    size = np.sqrt((beats[:, :, CENTRE - 15 : CENTRE + 35] ** 2).mean(axis=(1, 2), keepdims=True)) + 0.02
    start, begin, end, stop = (CENTRE + step for step in (-28, -12, 12, 48))
    before, after = (
        beats[:, :, first:last].reshape(*beats.shape[:2], -1, 4).mean(axis=3)
        for first, last in ((start, begin), (end, stop))
    )
    values = np.concatenate([beats[:, :, begin:end], before, after], axis=2).reshape(len(beats), -1) / size[:, 0]
    compressed: NDArray[np.float32] = (np.sign(values) * np.log1p(2 * np.abs(values))).astype(np.float32)
    return compressed


def _log_odds(values: NDArray[np.float32]) -> Array:
    """[n, misreadings] of each against none, of features [n, 296]."""
    network = _network()
    for layer in range(3):
        values = values @ network[f"weights{layer}"]
        values += network[f"bias{layer}"]
        if layer < 2:
            np.maximum(values, 0, out=values)
    return (values[:, 1:] - values[:, :1]).astype(np.float64)


@cache
def _network() -> dict[str, NDArray[np.float32]]:
    with np.load(FITTED) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}
