"""The answer for one recording. `interpretation.schema.json` describes its JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.quality import Finding
from twelvelead.ecg.record import ECG
from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.evaluation.selective import ABSTAIN
from twelvelead.inference.shown import show_probability, show_spread
from twelvelead.version import __version__

FORMAT = "twelvelead-interpretation"
VERSION = 3
NOTICE = "Decision aid, not a medical device: a physician has to read the ECG."

Decision = Literal["present", "absent", "uncertain"]


@dataclass(frozen=True)
class ClassResult:
    """One class of the answer.

    Attributes:
        name: of the class.
        probability: calibrated, 0-1.
        threshold: of the operating point.
        present: probability >= threshold.
        conformal_set: of "absent" and "present", what the error rate leaves possible: one, both or neither.
        sensitivity, specificity: at the operating point, cross-fitted on the validation folds; None for a threshold of
            one's own and for a class too rare to tell.
        prevalence: that the predictive values are for, 0-1.
        prevalence_given: whether the user gave it; else it is that of the validation folds.
        positive_predictive_value: the share of those called present at this operating point who have it.
        negative_predictive_value: the share of those called absent who do not.
        spread: standard deviation of the calibrated probability over the members; None for a single network.
    """

    name: str
    probability: float
    threshold: float
    present: bool
    conformal_set: tuple[str, ...]
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    prevalence: float | None = None
    prevalence_given: bool = False
    positive_predictive_value: float | None = None
    negative_predictive_value: float | None = None
    spread: float | None = None

    @property
    def decision(self) -> Decision:
        """What the operating point says, where that alone is possible at the error rate; else "uncertain"."""
        said: Decision = "present" if self.present else "absent"
        return said if self.conformal_set == (said,) else "uncertain"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        threshold, prevalence, positive, negative = _rounded_figures(
            self.threshold, self.prevalence, self.positive_predictive_value, self.negative_predictive_value
        )
        return {
            "probability": round(self.probability, 6),
            "decision": self.decision,
            "threshold": threshold,
            "present": self.present,
            "conformal_set": list(self.conformal_set),
            "sensitivity": _rounded(self.sensitivity),
            "specificity": _rounded(self.specificity),
            "prevalence": prevalence,
            "prevalence_given": self.prevalence_given,
            "positive_predictive_value": positive,
            "negative_predictive_value": negative,
            "spread": None if self.spread is None else round(self.spread, 6),
        }


@dataclass(frozen=True)
class Piece:
    """What the model says of one stretch of the recording.

    Attributes:
        start, end: in seconds.
        probabilities: calibrated, one a class.
    """

    start: float
    end: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each stretch of each lead speaks for a class.

    Attributes:
        values: class -> [leads, cells] float32: by how much its log-odds fall when the cell is hidden; above 0, it
            speaks for the class.
        edges: [cells + 1] seconds, where the cells begin and end.
        leads: names of the rows.
    """

    values: dict[str, NDArray[np.float32]]
    edges: tuple[float, ...]
    leads: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "edges_s": [round(edge, 3) for edge in self.edges],
            "leads": list(self.leads),
            "log_odds": {
                name: [[round(value, 4) for value in row] for row in values.tolist()]
                for name, values in self.values.items()
            },
        }


@dataclass(frozen=True, eq=False)
class Interpretation:
    """What the model says of one recording, and where it looked.

    Attributes:
        ecg: the recording, 12 leads, at its own sampling rate.
        classes: one a class, in the order of the contract.
        statements: one an assessed statement, by its SCP-ECG acronym, in the order of the contract; empty for weights
            without statements.
        not_assessed: acronyms of the statements that had too few positives to be answered for.
        operating_point: name of the operating point, such as "accuracy".
        attention: [steps] float32 over the whole recording, adds up to 1; None where the model has none.
        weights: name of the weights.
        sha256, contract_sha256: of the file of weights and of its contract.
        synthetic: whether the weights were trained on generated ECGs.
        error_rate: of the conformal sets.
        certainty: see `twelvelead.evaluation.selective.certainty`.
        certainty_rank: share of the validation folds' records that are less certain, 0-1.
        pieces: what was averaged, in order of time: one for a recording of up to 20 s.
        findings: of the reader and the quality gate, none of which refuses; those that change most answers first.
        members: names of the networks of an ensemble; empty for a single one.
        attribution: where it was asked for.
        measurements: heart rate, intervals and axis; None where they were not asked for.
        embedding: [units] float32, the mean over its pieces; None where it was not asked for. As sensitive as the ECG.
        picture: the file that shows it, where one was drawn (`dataclasses.replace` sets it).
        as_shipped: whether the contract is, byte for byte, one that shipped.
        version: of the product.
    """

    ecg: ECG
    classes: tuple[ClassResult, ...]
    operating_point: str
    attention: NDArray[np.float32] | None
    weights: str
    sha256: str
    contract_sha256: str
    synthetic: bool
    error_rate: float
    certainty: float
    certainty_rank: float
    pieces: tuple[Piece, ...]
    statements: tuple[ClassResult, ...] = ()
    not_assessed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    members: tuple[str, ...] = ()
    attribution: Attribution | None = None
    measurements: Measurements | None = None
    embedding: NDArray[np.float32] | None = None
    picture: str | None = None
    as_shipped: bool = False
    version: str = field(default=__version__)

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", gravest_first(self.findings))

    def __repr__(self) -> str:
        """What a person wants to see: the recording, what is grave, a line for each class."""
        ecg = self.ecg
        lines = [f"{ecg.source}: {ecg.duration:.1f} s at {ecg.sampling_rate:g} Hz, weights {self.weights}"]
        lines += [f"  {finding.message} [{finding.code}]" for finding in self.findings if finding.grave]
        width = max(len(result.name) for result in self.classes)
        for result in self.classes:
            spread = "" if result.spread is None else f" {show_spread(result.spread)}"
            lines.append(f"  {result.name:{width}} {show_probability(result.probability):>5}{spread} {result.decision}")
        others = sum(not finding.grave for finding in self.findings)
        if others:
            lines.append(f"  {others} warning{'s' if others > 1 else ''} of the quality gate (findings)")
        if self.abstains:
            lines.append("  among the least certain fifth: leave it to the reader")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """For a notebook: the table and the page."""
        # What shows an answer stands above it and is asked for by name, so that nothing here depends on it.
        shown: str = import_module("twelvelead.output.notebook").render_html(self)
        return shown

    @property
    def probabilities(self) -> dict[str, float]:
        """Class -> probability."""
        return {result.name: result.probability for result in self.classes}

    @property
    def decisions(self) -> dict[str, Decision]:
        """Class -> "present", "absent" or "uncertain"."""
        return {result.name: result.decision for result in self.classes}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences of the quality gate."""
        return tuple(finding.message for finding in self.findings)

    @property
    def abstains(self) -> bool:
        """Whether the selective rule leaves the whole recording to a reader: it is among the least certain fifth."""
        return self.certainty_rank < ABSTAIN

    @property
    def shown(self) -> tuple[str, ...]:
        """The classes whose attribution is worth a look: those present, else the most probable."""
        present = tuple(result.name for result in self.classes if result.present)
        return present or (max(self.classes, key=lambda result: result.probability).name,)

    def looked_at(self, spans: int = 3, seconds: float = 0.4) -> tuple[tuple[float, float, float], ...]:
        """The stretches of time with most attention, in order of time; none where the model has no attention.

        Args:
            spans: how many at most.
            seconds: length of each.

        Returns:
            (start, end, share of the attention), times in seconds; stretches do not overlap.
        """
        if self.attention is None:
            return ()
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
            "format": FORMAT,
            "version": VERSION,
            **describe_recording(self.ecg),
            "findings": [asdict(finding) | {"grave": finding.grave} for finding in self.findings],
            "operating_point": self.operating_point,
            "error_rate": self.error_rate,
            "classes": {result.name: result.to_dict() for result in self.classes},
            "statements": {result.name: result.to_dict() for result in self.statements},
            "not_assessed": list(self.not_assessed),
            "certainty": {
                "value": round(self.certainty, 6),
                "rank": round(self.certainty_rank, 4),
                "abstains": self.abstains,
            },
            "measurements": None if self.measurements is None else self.measurements.to_dict(),
            "pieces": [
                {
                    "start_s": round(piece.start, 3),
                    "end_s": round(piece.end, 3),
                    "probabilities": {
                        result.name: round(value, 6)
                        for result, value in zip(self.classes, piece.probabilities, strict=True)
                    },
                }
                for piece in self.pieces
            ],
            "attention": None if self.attention is None else self._attention(self.attention),
            "attribution": None if self.attribution is None else self.attribution.to_dict(),
            "model": {
                "name": self.weights,
                "members": list(self.members),
                "sha256": self.sha256,
                "contract_sha256": self.contract_sha256,
                "as_shipped": self.as_shipped,
                "trained_on_synthetic_ecgs": self.synthetic,
            },
            "picture": self.picture,
            "product": {"name": "twelvelead", "version": self.version},
            "notice": NOTICE,
        }

    def _attention(self, values: NDArray[np.float32]) -> dict[str, Any]:
        return {
            "seconds_per_value": self.ecg.duration / len(values),
            "values": [round(value, 6) for value in values.tolist()],
            "most": [
                {"start_s": round(start, 2), "end_s": round(end, 2), "share": round(share, 4)}
                for start, end, share in self.looked_at()
            ],
        }


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in their order, but those that refuse and those that change most answers before the others."""
    return tuple(sorted(findings, key=lambda finding: (finding.severity != "refuse", not finding.grave)))


def describe_recording(ecg: ECG) -> dict[str, Any]:
    """Where an answer comes from, as JSON holds it; the identity is null unless the ECG was read with it."""
    return {
        "source": ecg.source,
        "source_sha256": ecg.sha256,
        "identity": None if ecg.identity is None else _identity(ecg),
        "age": ecg.age,
        "sex": ecg.sex,
        "device": ecg.device,
        "filters": ecg.filters,
        "duration_s": round(ecg.duration, 3),
        "sampling_rate_hz": ecg.sampling_rate,
    }


def _identity(ecg: ECG) -> dict[str, str | None]:
    identity, recorded = ecg.identity, ecg.recorded
    assert identity is not None
    return {
        "name": identity.name,
        "patient_id": identity.patient_id,
        "issuer": identity.issuer,
        "birth_date": None if identity.birth_date is None else identity.birth_date.isoformat(),
        "order": identity.order,
        "study": identity.study,
        "encounter": identity.encounter,
        "recorded": recorded.isoformat() if isinstance(recorded, datetime) else recorded,
    }


def _rounded(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    value, low, high = _rounded_figures(*estimate)
    return {"value": value, "low": low, "high": high}


@lru_cache(maxsize=1024, typed=True)
def _rounded_figures(*figures: float | None) -> tuple[float | None, ...]:
    """Of an operating point, which are the same in every answer."""
    return tuple([None if figure is None else round(figure, 6) for figure in figures])
