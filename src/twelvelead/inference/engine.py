"""Weights on ONNX Runtime: arrays to probabilities, one ECG to its interpretation."""

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import obtainable
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError, Unreadable
from twelvelead.inference.decide import ERROR_RATE, Rules
from twelvelead.inference.interpretation import Interpretation
from twelvelead.inference.prepare import as_inputs
from twelvelead.inference.together import Asked, Outputs, predict_each
from twelvelead.weights import DEFAULT, Contract, differs_from_shipped, file, find, sha256
from twelvelead.weights.contract import FILE
from twelvelead.weights.onnx_metadata import find_contradiction

_SETTINGS = 16
"""Of which the rules are remembered, since most recordings are asked the same."""


class Engine:
    """Weights ready to answer.

    Args:
        weights: a shipped name such as "single", a run folder, a folder of weights, or a file in one.
        threads: for one answer; None leaves it to ONNX Runtime.

    Attributes:
        contract, contract_sha256, sha256: of the weights and their files.
        leads: that they look at.
        as_shipped: whether the contract is, byte for byte, one that shipped.
        embeds: whether they give an embedding.

    Raises:
        Unreadable: no such weights, or files that do not match their contract.
    """

    def __init__(self, weights: str | Path = DEFAULT, threads: int | None = None) -> None:
        import onnxruntime

        folder = find(weights)
        self.contract = Contract.load(folder)
        self.leads = self.contract.leads
        self.contract_sha256 = sha256(folder / FILE)
        path = file(weights, "onnx", self.contract)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Unreadable(
                f"{path}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})", code="weights"
            ) from None
        wrong = find_contradiction(self.contract, self._session.get_modelmeta().custom_metadata_map)
        if wrong:
            message = f"{folder / FILE}: {wrong} is not that of {path.name}; export the weights again"
            raise Unreadable(message, code="weights")
        differs = differs_from_shipped(folder, self.contract)
        self.as_shipped = differs is False
        if differs:
            _tell(f"twelvelead: {folder / FILE}: not the contract that shipped; its answers are not those published")
        there = [output.name for output in self._session.get_outputs()]
        needed = ("probabilities", "statements") if self.contract.statements is not None else ("probabilities",)
        for name in needed:
            if name not in there:
                raise Unreadable(f"{path}: has no output named {name}; export the weights again", code="weights")
        self._outputs = [name for name in ("probabilities", "attention", "members", "statements") if name in there]
        self.embeds = "embedding" in there
        self.sha256 = self.contract.files["onnx"]["sha256"]
        self._rules: dict[tuple[Any, ...], Rules] = {}

    def __repr__(self) -> str:
        """What a person wants to see: what the weights predict, from what, and how they decide."""
        contract = self.contract
        classes = ", ".join(contract.classes[:8]) + (", ..." if len(contract.classes) > 8 else "")
        lines = [
            f"weights {contract.name}" + (f", {len(contract.members)} networks" if contract.members else ""),
            f"  {len(contract.classes)} classes: {classes}",
            f"  {len(contract.leads)} leads at {contract.sampling_rate:g} Hz, at least "
            f"{contract.minimum_samples / contract.sampling_rate:g} s; other rates are resampled",
            f"  operating points: {', '.join(contract.operating_points)}",
        ]
        if contract.synthetic:
            lines.append("  trained on synthetic ECGs: its answers mean nothing")
        return "\n".join(lines)

    def run(self, ecg: NDArray[np.float32], features: NDArray[np.float32], *, embed: bool = False) -> Outputs:
        """Calibrated probabilities and attention of whole recordings of one length.

        THE SAMPLING RATE AND THE ORDER OF THE LEADS ARE NOT CHECKED, and no gate looks at the signal: an array at
        another rate or with its leads in another order gets an answer, and a wrong one. `predict_arrays` takes arrays
        with their rate, leads and unit stated.

        Args:
            ecg: [n, samples, leads] real numbers, mV at the contract's sampling rate, its leads in its order.
            features: [n, 2] real numbers: age in years, sex (0 male, 1 female), NaN where unknown.
            embed: also give the embedding.

        Raises:
            TwelveLeadError: a shape is another one, the voltages cannot be millivolts, or the file gives no embedding.
        """
        contract = self.contract
        ecg, features = as_inputs(contract, ecg, features)
        if embed and not self.embeds:
            raise TwelveLeadError(f"the weights {contract.name} give no embedding; choose others, such as {DEFAULT}")
        names = [*self._outputs, "embedding"] if embed else self._outputs
        values = dict(zip(names, self._session.run(names, {"ecg": ecg, "features": features}), strict=True))
        members, statements = values.get("members"), contract.statements
        return Outputs(
            contract.calibrated(values["probabilities"]),
            values.get("attention"),
            None if members is None else contract.calibrated(members),
            None if statements is None else statements.calibrated(values["statements"]),
            values.get("embedding"),
        )

    def seeing(self, stored: Sequence[str], source: str = "ECG") -> "Engine":
        """These weights as they answer by the leads of a recording: themselves where it has all, or where they take no
        fewer; else by the largest of their sets of leads that it has.

        Args:
            stored: names of its leads, in our spelling.
            source: of the recording, named in the error.

        Raises:
            Refused: they take fewer, but not so few.
        """
        there, contract = obtainable(stored), self.contract
        if not contract.lead_sets or set(contract.leads) <= set(there):
            return self
        try:
            meaning, leads = contract.for_leads(there)
        except ValueError:
            sets = "; ".join(", ".join(each.leads) for each in contract.lead_sets)
            message = f"missing leads: the weights {contract.name} take all twelve, or one of these sets: {sets}"
            raise Refused(f"{source}: {message}", (Finding("missing-leads", "refuse", message),)) from None
        engine = copy(self)
        engine.contract, engine.leads, engine._rules = meaning, leads, {}
        return engine

    def predict(
        self,
        ecg: ECG,
        operating_point: str = "accuracy",
        *,
        error_rate: float = ERROR_RATE,
        prevalence: Mapping[str, float] | None = None,
        explain: bool = False,
        measure: bool = True,
    ) -> Interpretation:
        """Interpret one recording.

        A recording of more than 20 s is read in pieces of 10 s, one every 5 s, and their probabilities are averaged.

        Args:
            ecg: any rate and any leads from which those that the weights take follow.
            operating_point: one of the contract's, such as "accuracy" or "f1", or one number for all classes.
            error_rate: from which a class is "uncertain"; one that the contract holds.
            prevalence: class -> share of the people examined who have it, for the predictive values; the others' is
                that of the validation folds.
            explain: also find which stretch of which lead speaks for each class; takes some 300 runs of the model. Of a
                longer recording, in the piece where the most probable class is most probable.
            measure: also measure heart rate, intervals and axis (`twelvelead.ecg.measure`).

        Raises:
            Refused: the recording is not fit to read, with the reason.
            TwelveLeadError: the operating point, the error rate or a class is not in the contract.
        """
        [answer] = predict_each(self, [Asked(ecg, operating_point, error_rate, prevalence, explain, measure)])
        if isinstance(answer, TwelveLeadError):
            raise answer
        return answer

    def predict_arrays(
        self,
        signals: Any,
        *,
        sampling_rate: float,
        leads: Sequence[str],
        unit: str,
        age: Any = None,
        sex: Any = None,
        gate: bool = True,
        operating_point: str = "accuracy",
    ) -> Any:
        """What `predict` says of many recordings in arrays, answered in batches.

        Args:
            signals: [n, samples, leads] real numbers, or a sequence of [samples, leads] whose lengths may differ.
            sampling_rate: of all, in Hz.
            leads: names of the last axis, in any case and by the usual aliases; those that the weights take have to
                follow from them.
            unit: of voltage, "mV", "uV" or "V".
            age: in years; one for all, or one for each recording, None or NaN where unknown.
            sex: "male" or "female", or 0 or 1; likewise.
            gate: whether the quality gate looks at each recording; without it, recordings that are too short or hold
                samples that are not finite are refused all the same.
            operating_point: see `predict`.

        Returns:
            A frame of pandas with two levels of columns, or, where pandas is not installed, a structured array; in
            both, `found["probabilities"]["MI"]` is [n]. One row a recording, in their order:
            "status": "ok" or "refused"; "message": why refused; "findings": codes of the gate;
            "probabilities": class -> calibrated probability, NaN where refused;
            "statements": assessed statement -> likewise;
            "decisions", "statement_decisions": "present", "absent" or "uncertain", "" where refused.

        Raises:
            Unreadable: the shape, the rate, a lead, the unit, an age or a sex cannot be, or the voltages are off by so
                much that the unit is another one.
            Refused: the leads that the weights take do not follow from those named.
            TwelveLeadError: the operating point is not in the contract.
        """
        from twelvelead.inference.arrays import predict_arrays
        from twelvelead.readers.arrays import Arrays

        recordings = Arrays(signals, sampling_rate=sampling_rate, leads=leads, unit=unit, age=age, sex=sex)
        return predict_arrays(self, recordings, operating_point, gate=gate)

    def embed(self, ecg: ECG) -> NDArray[np.float32]:
        """The embedding of one recording, [units] float32, the mean over its pieces: what the network's last layer
        reads. It is as sensitive as the ECG.

        Raises:
            Refused: the recording is not fit to read, with the reason.
            TwelveLeadError: the weights give no embedding.
        """
        from twelvelead.inference.similar import embedded

        (found,) = embedded(self, [ecg])
        if isinstance(found, Refused):
            raise found
        return found

    def rules(
        self,
        operating_point: str = "accuracy",
        error_rate: float = ERROR_RATE,
        prevalence: Mapping[str, float] | None = None,
    ) -> Rules:
        """How `predict` decides with these settings; see there.

        Raises:
            TwelveLeadError: the operating point, the error rate or a class is not in the contract, or a share is
                outside 0-1.
        """
        asked = (operating_point, error_rate, *sorted((prevalence or {}).items()))
        known = self._rules.get(asked)
        if known is None:
            if len(self._rules) >= _SETTINGS:
                self._rules.clear()
            known = self._rules[asked] = Rules(self.contract, operating_point, error_rate, prevalence)
        return known


def _tell(line: str) -> None:
    import logging

    logging.getLogger("twelvelead").warning(line)


def load(weights: str | Path = DEFAULT, threads: int | None = None) -> Engine:
    """Weights ready to answer; see `Engine`."""
    return Engine(weights, threads)
