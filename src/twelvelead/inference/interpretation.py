"""The answer for one recording."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG

NOTICE = "Decision aid, not a medical device: a physician has to read the ECG."


@dataclass(frozen=True)
class ClassResult:
    """One class of the answer.

    Attributes:
        name: of the class.
        probability: calibrated, 0-1.
        threshold: of the operating point.
        present: the decision, probability >= threshold.
    """

    name: str
    probability: float
    threshold: float
    present: bool


@dataclass(frozen=True, eq=False)
class Interpretation:
    """What the model says of one recording, and where it looked.

    Attributes:
        ecg: the recording, 12 leads, at its own sampling rate.
        classes: one a class, in the order of the contract.
        aim: name of the operating point, such as "accuracy".
        attention: [steps] float32 over the whole recording, adds up to 1.
        weights: name of the weights.
        sha256: of the file of weights.
        synthetic: whether the weights were trained on generated ECGs.
        warnings: sentences of the quality gate.
    """

    ecg: ECG
    classes: tuple[ClassResult, ...]
    aim: str
    attention: NDArray[np.float32]
    weights: str
    sha256: str
    synthetic: bool
    warnings: tuple[str, ...] = ()

    @property
    def probabilities(self) -> dict[str, float]:
        """Class -> probability."""
        return {result.name: result.probability for result in self.classes}

    @property
    def decisions(self) -> dict[str, bool]:
        """Class -> decision at the operating point."""
        return {result.name: result.present for result in self.classes}

    def looked_at(self, spans: int = 3, seconds: float = 0.4) -> tuple[tuple[float, float, float], ...]:
        """The stretches of time with most attention, in order of time.

        Args:
            spans: how many at most.
            seconds: length of each.

        Returns:
            (start, end, share of the attention), times in seconds; stretches do not overlap.
        """
        steps = len(self.attention)
        width = max(1, min(steps, round(seconds / self.ecg.duration * steps)))
        sums = np.convolve(self.attention, np.ones(width), "valid")
        found = []
        for _ in range(spans):
            start = int(np.argmax(sums))
            if not np.isfinite(sums[start]):
                break
            found.append((start, float(sums[start])))
            sums[max(0, start - width + 1) : start + width] = -np.inf
        second = self.ecg.duration / steps
        return tuple((start * second, (start + width) * second, share) for start, share in sorted(found))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "source": self.ecg.source,
            "age": self.ecg.age,
            "sex": self.ecg.sex,
            "duration_s": round(self.ecg.duration, 3),
            "sampling_rate_hz": self.ecg.sampling_rate,
            "thresholds": self.aim,
            "classes": {
                result.name: {
                    "probability": round(result.probability, 6),
                    "threshold": round(result.threshold, 6),
                    "present": result.present,
                }
                for result in self.classes
            },
            "attention": {
                "seconds_per_value": self.ecg.duration / len(self.attention),
                "values": [round(float(value), 6) for value in self.attention],
                "most": [
                    {"start_s": round(start, 2), "end_s": round(end, 2), "share": round(share, 4)}
                    for start, end, share in self.looked_at()
                ],
            },
            "warnings": list(self.warnings),
            "model": {"name": self.weights, "sha256": self.sha256, "trained_on_synthetic_ecgs": self.synthetic},
            "notice": NOTICE,
        }
