"""Whether the limb leads obey the law that binds them, and where not, which lead is to blame."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.measures import Voltage

REFUSED_MILLIVOLTS, REFUSED_QUANTA = 0.020, 3.0
WARNED_MILLIVOLTS, WARNED_QUANTA = 0.005, 1.0
"""Root mean square by which limb leads may contradict each other. Rounding three leads to a quantum q gives q/2."""

INSTANTS_SHARE = 0.01
"""Of the samples: a contradiction that these hold is one of single instants, and the rest of the recording stands."""

_LAW = np.array(
    [
        [1, -1, 1, 0, 0, 0],
        [0.5, 0.5, 0, 1, 0, 0],
        [-1, 0.5, 0, 0, 1, 0],
        [0.5, -1, 0, 0, 0, 1],
    ],
    np.float32,
)
"""[equations, six limb leads], each 0: III = II - I (Einthoven 1913), aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2
(Goldberger 1942)."""

_NAMES = ("III - (II - I)", "aVR + (I + II)/2", "aVL - (I - II/2)", "aVF - (II - I/2)")
_COARSEST_QUANTUM = 0.025  # mV; what looks coarser is no rounding, so it excuses nothing
_ALMOST = 0.02  # of a lead's size: so well has a gain to explain what is wrong with it
_WHOLE = 0.1  # of a step of the converter: so near to whole ones are the differences of samples that one gain made
_ROUNDED = 1.5  # steps, standard deviation: what rounding leaves of the law
_USUAL_RANGE = (0.25, 4.0)  # mV from lowest to highest sample, median over the leads


def limb_leads(voltage: Voltage) -> Finding | None:
    """Whether III = II - I and Goldberger's leads hold, by root mean square.

    The quantum is the largest, over leads I, II and III, of the smallest step between neighbouring samples.

    Args:
        voltage: [12, samples] mV, finite, at least two samples.

    Returns:
        A refusal; a warning where the contradiction is small, constant or one of single instants; None where the law
        holds.
    """
    rest = _LAW @ voltage[:6]
    size = _size(rest)
    if size.max() <= WARNED_MILLIVOLTS:
        return None  # a constant is no larger than 1.5 times that either
    if offset := _offset(rest):
        return offset
    quantum = _quantum(voltage[:3])
    warned = max(WARNED_MILLIVOLTS, WARNED_QUANTA * quantum)
    if size.max() <= warned:
        return None
    values = dict(zip(_NAMES, size.tolist(), strict=True)) | {"quantum": quantum}
    worst = _NAMES[int(size.argmax())]
    what = f"limb leads contradict each other: {worst} is {size.max() * 1000:.0f} uV (root mean square) where 0 is due"
    if size.max() <= max(REFUSED_MILLIVOLTS, REFUSED_QUANTA * quantum):
        return Finding("limb-leads", "warn", f"{what}; the leads were processed apart", values)
    if spike := _instants(rest, warned):
        return spike
    causes = " or ".join(_causes(voltage, rest, warned))
    advice = causes or "check their names, signs and gains"
    return Finding("limb-leads", "refuse", f"{what}; {advice}", values)


def _offset(rest: NDArray[np.float32]) -> Finding | None:
    """A constant in one lead, but for which the law would hold."""
    constant = np.median(rest, axis=1)
    if np.abs(constant).max() <= REFUSED_MILLIVOLTS or _size(rest - constant[:, None]).max() > REFUSED_MILLIVOLTS:
        return None
    lead, tall = _blamed(constant)
    message = f"lead {LEADS[lead]} is offset by {tall:.2f} mV against the other limb leads; export again without it"
    return Finding("offset", "warn", message, {LEADS[lead]: tall})


def _blamed(rest: NDArray[np.float32]) -> tuple[int, float]:
    """Which of the six leads what is left of each equation, [equations] mV, comes from, and what is wrong in it, mV."""
    size = rest @ _LAW / np.einsum("el,el->l", _LAW, _LAW)
    lead = int(np.abs(rest[:, None] - _LAW * size).max(axis=0).argmin())
    return lead, float(size[lead])


def _size(rest: NDArray[np.float32]) -> NDArray[np.float64]:
    """[equations] root mean square."""
    size: NDArray[np.float64] = np.sqrt(np.einsum("es,es->e", rest, rest, dtype=np.float64) / rest.shape[1])
    return size


def _instants(rest: NDArray[np.float32], allowed: float) -> Finding | None:
    """A spike in one lead, where all but a few samples obey the law."""
    height = np.abs(rest).max(axis=0)
    few = max(1, round(INSTANTS_SHARE * len(height)))
    wrong = np.argpartition(height, -few)[-few:]
    if _size(np.delete(rest, wrong, axis=1)).max() > allowed:
        return None
    lead, tall = _blamed(rest[:, height.argmax()])
    message = (
        f"a spike of {abs(tall):.1f} mV in lead {LEADS[lead]}, where the limb leads contradict each other: an "
        "artefact; check the electrodes' contact"
    )
    return Finding("spike", "warn", message, {LEADS[lead]: abs(tall)})


def _causes(voltage: Voltage, rest: NDArray[np.float32], allowed: float) -> Iterator[str]:
    """What would make the law hold: one lead inverted or with another gain, two interchanged, or one gain for
    all; each is tried and named only if nothing is left of the contradiction."""
    for lead, column in enumerate(_LAW.T):
        share = column @ column
        error = column @ rest / share
        if _size(rest - np.outer(column, error)).max() > allowed:
            continue
        name, there = LEADS[lead], voltage[lead]
        if _explains(error, there, 2.0):
            yield f"{name} looks inverted; turn it round and export again"
        elif (slope := _slope(error, there)) < 1 and _explains(error, there, slope):
            yield f"the gain of {name} looks wrong by {1 / (1 - slope):.3g} times"
        else:
            yield f"{name} does not belong to the others"
        return
    for one, other in combinations(range(6), 2):
        order = list(range(6))
        order[one], order[other] = other, one
        if _size(_LAW @ voltage[order]).max() <= allowed:
            yield f"{LEADS[one]} and {LEADS[other]} look interchanged"
    if gain := _common_gain(voltage):
        yield gain


def _slope(error: NDArray[np.float32], there: NDArray[np.float32]) -> float:
    return float(error @ there / max(float(there @ there), 1e-12))


def _explains(error: NDArray[np.float32], there: NDArray[np.float32], slope: float) -> bool:
    rest = error - np.float32(slope) * there
    return bool(np.sqrt(rest @ rest) <= _ALMOST * np.sqrt(there @ there))


def _common_gain(voltage: Voltage) -> str:
    """The samples as whole numbers, where the law holds for these and not for the millivolts that their gains give."""
    steps = np.diff(voltage.astype(np.float64), axis=1)
    quantum = np.where(np.abs(steps) > 1e-6, np.abs(steps), np.inf).min(axis=1, keepdims=True)
    if not np.isfinite(quantum).all():
        return ""
    digital = np.round(steps / quantum)
    quantum = (digital * steps).sum(axis=1, keepdims=True) / (digital**2).sum(axis=1, keepdims=True)
    if np.abs(steps / quantum - digital).max() > _WHOLE:
        return ""
    samples = np.cumsum(digital, axis=1)
    if np.std(_LAW @ samples[:6], axis=1).max() > _ROUNDED or np.ptp(quantum) < 1e-3 * quantum.max():
        return ""
    usual = float(np.median(np.ptp(samples, axis=1))) / 1000
    if _USUAL_RANGE[0] < usual < _USUAL_RANGE[1]:
        fitting, scale = "1000 a millivolt", "if the device stores microvolts, state a scale of 1 (--scale 1)"
    else:
        fitting, scale = "one gain for all leads", "state the scale that the device has"
    return f"header gains contradict Einthoven: the samples fit {fitting}; {scale}"


def _quantum(voltage: Voltage) -> float:
    steps = np.abs(np.diff(voltage, axis=1))
    # what float32 leaves of equal voltages is no step
    smallest = np.where(steps > 1e-6, steps, np.inf).min(axis=1, initial=np.inf)
    return min(float(np.where(np.isfinite(smallest), smallest, 0).max()), _COARSEST_QUANTUM)
