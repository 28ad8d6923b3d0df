"""A recording as weights take it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.quality import require_answerable, require_readable
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.pieces import cut
from twelvelead.weights import Contract

POSSIBLE_MILLIVOLTS = (0.02, 100.0)
"""Between these lies the highest sample of some ECGs in millivolts, faults included; the quality gate judges each
recording more closely."""


class Prepared(NamedTuple):
    """A recording that weights can answer for.

    Attributes:
        ecg: with the leads that are looked at, at its own rate.
        signal: [samples, leads] float32 mV, at the weights' rate; NaN in leads that are not looked at.
        findings: the gate's warnings; those of the reader alone where the gate was not asked.
        starts: first sample of each piece that is answered by itself.
        length: of each piece, in samples.
    """

    ecg: ECG
    signal: NDArray[np.float32]
    findings: tuple[Finding, ...]
    starts: list[int]
    length: int


def prepare(ecg: ECG, contract: Contract, leads: tuple[str, ...], *, gate: bool = True) -> Prepared:
    """A recording with the leads and the rate that weights need, in pieces where it is long.

    Args:
        ecg: any rate and any leads from which those looked at follow.
        contract: of the weights.
        leads: that are looked at, in the order of the weights.
        gate: whether the quality gate is asked; without it, only what no network can answer is refused.

    Raises:
        Refused: the recording is not fit to read, with the reason.
    """
    findings = ecg.findings
    seconds = contract.minimum_samples / contract.sampling_rate
    if gate:
        findings = require_readable(ecg, minimum_seconds=seconds, ages=contract.ages, leads=leads)
    else:
        require_answerable(ecg, minimum_seconds=seconds, leads=leads)
    seen = ecg.select(leads)
    signal = seen.resampled(contract.sampling_rate).signal
    if len(signal) < contract.minimum_samples:  # the gate's half sample of grace is long at low rates
        message = f"too short: {ecg.duration:.2f} s; record longer"
        raise Refused(f"{ecg.source}: {message}", (Finding("too-short", "refuse", message),))
    starts, length = cut(len(signal), contract.sampling_rate, contract.attention_samples, contract.minimum_samples)
    if leads != contract.leads:
        placed = np.full((len(signal), len(contract.leads)), np.nan, np.float32)
        placed[:, [contract.leads.index(lead) for lead in leads]] = signal
        signal = placed
    return Prepared(seen, signal, findings, starts, length)


def as_inputs(
    contract: Contract, ecg: NDArray[Any], features: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Signals and features as weights take them, float32.

    Args:
        contract: of the weights.
        ecg: [n, samples, leads] real numbers, mV.
        features: [n, 2] real numbers.

    Raises:
        TwelveLeadError: a shape is another one, or the voltages cannot be millivolts.
    """
    ecg, features = np.asarray(ecg, np.float32), np.asarray(features, np.float32)
    n, leads = len(ecg), len(contract.leads)
    if ecg.ndim != 3 or ecg.shape[2] != leads or ecg.shape[1] < contract.minimum_samples or features.shape != (n, 2):
        raise TwelveLeadError(
            f"ecg of shape {ecg.shape} and features of shape {features.shape}; the weights {contract.name} take [n, "
            f"samples, {leads}], {contract.minimum_samples} samples or more, and [n, 2]"
        )
    peak = float(max(-np.min(ecg, initial=0), np.max(ecg, initial=0)))
    low, high = POSSIBLE_MILLIVOLTS
    if not (peak == 0 or np.isnan(peak) or low <= peak <= high):
        raise TwelveLeadError(
            f"ecg reaches {peak:,.2g} mV, so it cannot be in millivolts; convert it, or state its unit to "
            "predict_arrays"
        )
    return ecg, features
