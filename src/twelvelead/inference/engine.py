"""Weights on ONNX Runtime: arrays to probabilities, one ECG to its interpretation."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.quality import require_fit
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, Unreadable
from twelvelead.inference.interpretation import ClassResult, Interpretation
from twelvelead.weights import Contract, file, find

PIECE_SECONDS = 300
"""Longer recordings are read in pieces of this length, so that memory stays flat."""


class Engine:
    """Weights ready to answer.

    Args:
        weights: a shipped name such as "reference", a run folder, a folder of weights, or a file in one.
        threads: for one answer; None leaves it to ONNX Runtime.

    Raises:
        Unreadable: no such weights, or files that do not match their contract.
    """

    def __init__(self, weights: str | Path = "reference", threads: int | None = None) -> None:
        import onnxruntime

        self.contract = Contract.load(find(weights))
        path = file(weights, "onnx")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Unreadable(f"{path}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})") from None
        self.sha256 = self.contract.files["onnx"]["sha256"]

    def run(
        self, ecg: NDArray[np.float32], features: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Calibrated probabilities and attention of whole recordings of one length.

        Args:
            ecg: [n, samples, leads] float32 mV at the contract's sampling rate, its leads in its order.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Probabilities [n, classes] float64, and attention [n, steps] float32, which adds up to 1 for each record.
        """
        probabilities, attention = self._session.run(["probabilities", "attention"], {"ecg": ecg, "features": features})
        return self.contract.calibrated(np.asarray(probabilities)), np.asarray(attention)

    def predict(self, ecg: ECG, aim: str = "accuracy") -> Interpretation:
        """Interpret one recording.

        Args:
            ecg: any rate and any leads from which the twelve follow.
            aim: operating point: "accuracy", "f1", or one number for all classes.

        Raises:
            Refused: the recording is not fit to read, with the reason.
            TwelveLeadError: the aim is not in the contract.
        """
        thresholds = self.contract.threshold(aim)
        twelve = ecg.twelve()
        warnings = require_fit(twelve, minimum_seconds=self.contract.minimum_samples / self.contract.sampling_rate)
        signal = twelve.resampled(self.contract.sampling_rate).signal
        if len(signal) < self.contract.minimum_samples:  # the gate's half sample of grace is long at low rates
            raise Refused(f"{ecg.source}: too short: {ecg.duration:.2f} s; record longer")
        answers, attentions, lengths = [], [], []
        for piece in self._pieces(signal):
            probabilities, weights = self.run(piece[None], twelve.features[None])
            answers.append(probabilities[0])
            attentions.append(weights[0] * len(piece))
            lengths.append(len(piece))
        mean = np.average(answers, axis=0, weights=lengths)
        attention = (np.concatenate(attentions) / sum(lengths)).astype(np.float32)
        return Interpretation(
            ecg=twelve,
            classes=tuple(
                ClassResult(name, float(p), float(t), bool(p >= t))
                for name, p, t in zip(self.contract.classes, mean, thresholds, strict=True)
            ),
            aim=aim,
            attention=attention,
            weights=self.contract.name,
            sha256=self.sha256,
            synthetic=self.contract.synthetic,
            warnings=tuple(finding.message for finding in warnings),
        )

    def _pieces(self, signal: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        step = PIECE_SECONDS * self.contract.sampling_rate
        count = max(1, round(len(signal) / step))
        yield from np.array_split(signal, count)


def load(weights: str | Path = "reference", threads: int | None = None) -> Engine:
    """Weights ready to answer; see `Engine`."""
    return Engine(weights, threads)
