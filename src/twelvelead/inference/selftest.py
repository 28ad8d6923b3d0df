"""One ECG whose answer is known, to see that a machine answers as it should."""

import io
import json
from functools import cache
from typing import Any

import numpy as np

from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.weights import SHIPPED

KNOWN = SHIPPED / "known.json"
"""SHA-256 of each shipped ONNX file -> class -> probability of `known_ecg`; made by `tools/stamp.py`."""

TOLERANCE = 0.005
"""Of a probability: processors and versions of ONNX Runtime differ by far less, faults by far more."""

SAMPLING_RATE, UNIT = 500.0, "uV"
"""How the bytes of `known_recording` are read."""


def known_recording() -> bytes:
    """A synthetic normal ECG as an NPY file: [samples, leads] int16, microvolts at 500 Hz."""
    buffer = io.BytesIO()
    np.save(buffer, np.rint(known_ecg().signal * 1000).astype(np.int16))
    return buffer.getvalue()


def known_ecg() -> ECG:
    """The same as a record."""
    return synthetic_ecg("normal", sampling_rate=SAMPLING_RATE)


def find_fault(answer: dict[str, Any]) -> str | None:
    """What is wrong with an answer to `known_recording`, as a clause; None where nothing is.

    Args:
        answer: `Interpretation.to_dict()`. Weights that did not ship have no known answer: theirs only has to be
            probabilities.
    """
    given = {name: result["probability"] for name, result in answer["classes"].items()}
    known = _known().get(answer["model"]["sha256"])
    if known is None:
        return None if all(0 < value < 1 for value in given.values()) else "gives what is no probability"
    if given.keys() != known.keys():
        return f"answers classes {', '.join(given)} in place of {', '.join(known)}"
    worst = max(known, key=lambda name: abs(given[name] - known[name]))
    if abs(given[worst] - known[worst]) > TOLERANCE:
        return f"gives {worst} {given[worst]:.4f} in place of {known[worst]:.4f}"
    return None


@cache
def _known() -> dict[str, dict[str, float]]:
    known: dict[str, dict[str, float]] = json.loads(KNOWN.read_text(encoding="utf-8"))
    return known
