"""An answer made from its JSON again: what was said is shown as it was said, whatever would be said today."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.measure import QUANTITIES, Measurements
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused
from twelvelead.evaluation.bootstrap import Estimate
from twelvelead.inference.interpretation import Attribution, ClassResult, Interpretation, Piece

_AS_THEY_ARE = ("withheld", "leads_left_out", "other_beats", "rr_irregularity", "p_waves", "resolution_ms", "seconds")


def restore(described: Mapping[str, Any], ecg: ECG) -> Interpretation:
    """What `Interpretation.to_dict` was made from, to the digits that it keeps.

    Args:
        described: what it gave, also by an earlier version, which may lack what came later.
        ecg: the recording.
    """
    model, attention, measured = described["model"], described["attention"], described["measurements"]
    return Interpretation(
        ecg=ecg,
        classes=_results(described["classes"]),
        statements=_results(described.get("statements", {})),
        not_assessed=tuple(described.get("not_assessed", ())),
        operating_point=described["operating_point"],
        attention=None if attention is None else np.array(attention["values"], np.float32),
        weights=model["name"],
        sha256=model["sha256"],
        contract_sha256=model["contract_sha256"],
        as_shipped=model["as_shipped"],
        synthetic=model["trained_on_synthetic_ecgs"],
        error_rate=described["error_rate"],
        certainty=described["certainty"]["value"],
        certainty_rank=described["certainty"]["rank"],
        pieces=tuple(
            Piece(piece["start_s"], piece["end_s"], tuple(piece["probabilities"].values()))
            for piece in described["pieces"]
        ),
        findings=_findings(described["findings"]),
        measurements=None if measured is None else _measurements(measured),
        members=tuple(model["members"]),
        attribution=None if described["attribution"] is None else _attribution(described["attribution"]),
        picture=described["picture"],
        version=described["product"]["version"],
    )


def restore_refused(described: Mapping[str, Any]) -> Refused:
    """The refusal that `describe_error` described."""
    return Refused(described["error"], _findings(described["findings"]))


def _findings(described: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(each["code"], each["severity"], each["message"], each["values"]) for each in described)


def _results(described: Mapping[str, Mapping[str, Any]]) -> tuple[ClassResult, ...]:
    return tuple(_result(name, each) for name, each in described.items())


def _result(name: str, described: Mapping[str, Any]) -> ClassResult:
    values = {key: value for key, value in described.items() if key != "decision"}
    for key in ("sensitivity", "specificity"):
        values[key] = None if values[key] is None else Estimate(**values[key])
    return ClassResult(name, **values | {"conformal_set": tuple(values["conformal_set"])})


def _measurements(described: Mapping[str, Any]) -> Measurements:
    rates = described["heart_rate_range"]
    marks = described.get("marks_s", {}).items()
    return Measurements(
        **{name: described[name] for name in (*QUANTITIES, *_AS_THEY_ARE)},
        heart_rate_range=None if rates is None else (rates[0], rates[1]),
        beat_times=tuple(described["beat_times_s"]),
        dominant=tuple(described.get("dominant", ())),
        marks={name: at for name, at in marks if at is not None},
    )


def _attribution(described: Mapping[str, Any]) -> Attribution:
    values = {name: np.array(rows, np.float32) for name, rows in described["log_odds"].items()}
    return Attribution(values, tuple(described["edges_s"]), tuple(described["leads"]))
