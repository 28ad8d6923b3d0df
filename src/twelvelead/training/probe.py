"""The last layer fitted to a frozen network, by penalised logistic regression on its embedding: what few records can
teach, and where a fine-tuning begins (a linear probe, Alain and Bengio 2016, arXiv:1610.01644).

A recording's embedding is the mean over its windows, so that the fitted layer answers by the mean of their logits.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from twelvelead.data.folds import patient_folds
from twelvelead.evaluation.calibration import apply_platt, fit_platt
from twelvelead.progress import Progress
from twelvelead.training.checkpoints import save
from twelvelead.training.crops import millivolts
from twelvelead.training.data import StoreData, Whole
from twelvelead.training.folder import BEFORE
from twelvelead.training.module import Training
from twelvelead.training.scale import rank

PROBE = "probe"
"""The checkpoint of a network whose last layer is a probe."""

STRENGTHS = tuple(float(10 ** (each / 2)) for each in range(2, -7, -1))
"""Of the penalty, that are tried, from the strongest: 10 to 0.001."""

PARTS = 5
"""Of the patients, for the choice of the strength."""


Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weight [outputs, units] and bias [outputs]."""


@dataclass(frozen=True)
class LastLayer:
    """A fitted last layer.

    Attributes:
        weight: [outputs, units] float64.
        bias: [outputs] float64.
        strength: of the penalty.
        loss: mean cross-entropy, at this strength and after calibration, of records that were left out of the fit.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    strength: float
    loss: float


def begin_with_probe(
    training: Training,
    data: StoreData,
    known: Collection[str],
    checkpoint: Path,
    say: Callable[[str], None],
    progress: Progress,
) -> dict[str, float]:
    """Put a probe in the place of the network's last layer. Outputs that initial weights gave are kept as far as the
    records do not say otherwise.

    Args:
        training: its network has the parameters of the initial weights.
        data: holds the training and the validation records.
        known: names of the classes and auxiliary classes whose outputs the initial weights gave.
        checkpoint: receives the state of the training.
        say: takes a line of text.
        progress: told the training records that the network has read.

    Returns:
        The row of a log: the cross-entropy of records left out of the fit, and the validation AUROC.
    """
    began, device = time.monotonic(), "cuda" if torch.cuda.is_available() else "cpu"
    training.to(device).eval()
    records = data.train_records
    patients = np.asarray(data.store.column("patient_id"))[records]
    names = (*data.labels.classes, *(() if data.auxiliary is None else data.auxiliary.classes))
    is_known = np.array([name in known for name in names])
    whole = Whole(data.store.signals, data.store.features, data.labels, data.validation_records)
    total = 0.0
    with torch.inference_mode():
        embedding = _embed(training, data, records, progress)
        last = training.windowed.model.output_layer()
        for which, rows in (("known", np.flatnonzero(is_known)), ("new", np.flatnonzero(~is_known))):
            if not len(rows):
                continue
            start = last.weight[rows].double().cpu().numpy(), last.bias[rows].double().cpu().numpy()
            given = start if which == "known" else None
            found = fit_last_layer(embedding, data.targets[records][:, rows], patients, given)
            last.weight[rows] = torch.from_numpy(found.weight).to(last.weight)
            last.bias[rows] = torch.from_numpy(found.bias).to(last.bias)
            total += found.loss * len(rows) / len(names)
            say(
                f"probe: {len(rows)} {which} outputs, strength {found.strength:.2g} of the penalty, cross-entropy "
                f"{found.loss:.4f} of patients left out"
            )
        for number in range(len(whole)):
            ecg, features, labels = (each.to(device) for each in whole[number])
            training.validation_step((ecg, features, labels), number)
    auroc = float(training.auroc.compute())
    training.auroc.reset()
    training.train()
    if rank() == 0:
        save({"state_dict": training.state_dict(), "epoch": BEFORE}, checkpoint)
    seconds = round(time.monotonic() - began, 1)
    say(f"probe: validation macro AUROC {auroc:.4f}, {seconds:.0f} s")
    return {
        "epoch": BEFORE,
        "train_loss": total,
        "validation_auroc": auroc,
        "learning_rate": float("nan"),
        "seconds": seconds,
    }


def fit_last_layer(
    embedding: NDArray[np.floating[Any]],
    targets: NDArray[np.floating[Any]],
    patients: NDArray[np.int64],
    start: Layer | None = None,
) -> LastLayer:
    """The last layer that tells the records apart and holds for others.

    Least for each output is its mean cross-entropy + strength / 2 * (|w - w0|^2 + (b - b0)^2), on the standardised
    embedding. One strength serves all outputs: the one with the least cross-entropy in a cross-validation that keeps
    each patient's records together. It is measured after calibration (Platt scaling), which weights receive afterwards
    anyway: without that the choice falls on penalties that are too weak (docs/fine-tuning.md).

    Args:
        embedding: [records, units].
        targets: [records, outputs], 0 or 1, NaN where it is not known.
        patients: [records], of two patients at least.
        start: w0 [outputs, units] and b0 [outputs], from which only the records lead away; None for 0 and the logit of
            each output's share among the records.
    """
    parts = min(PARTS, len(np.unique(patients)))
    part_of = patient_folds(patients, np.nan_to_num(targets) > 0.5, parts)
    logits = np.zeros((len(STRENGTHS), *targets.shape))
    for part in range(1, parts + 1):
        left_out = part_of == part
        for place, (weight, bias) in enumerate(_fit(embedding[~left_out], targets[~left_out], STRENGTHS, start)):
            logits[place, left_out] = embedding[left_out] @ weight.T + bias
    losses = [_calibrated_loss(each, targets) for each in logits]
    best = int(np.argmin(losses))
    weight, bias = _fit(embedding, targets, STRENGTHS[: best + 1], start)[-1]
    return LastLayer(weight, bias, STRENGTHS[best], losses[best])


def _fit(
    embedding: NDArray[np.floating[Any]],
    targets: NDArray[np.floating[Any]],
    strengths: tuple[float, ...],
    start: Layer | None = None,
) -> list[Layer]:
    """Weight [outputs, units] and bias [outputs] at each strength, each fit begun where the one before ended."""
    mean, spread = embedding.mean(axis=0, dtype=np.float64), embedding.std(axis=0, dtype=np.float64)
    # A unit that hardly moves is not blown up: float32 could not add up its weight and what takes it back.
    scale = 1 / np.maximum(spread, 0.1 * np.abs(mean) + 1e-6)
    x = np.column_stack([(embedding - mean) * scale, np.ones(len(embedding))])
    counted = np.isfinite(targets).sum(axis=0)
    share = (np.nansum(targets, axis=0) + 0.5) / (counted + 1)
    weight, bias = start or (np.zeros((targets.shape[1], embedding.shape[1])), np.log(share / (1 - share)))
    first = np.column_stack([weight / scale, bias + weight @ mean])

    def loss(flat: NDArray[np.float64], strength: float) -> tuple[float, NDArray[np.float64]]:
        layer = flat.reshape(first.shape)
        logits, departure = x @ layer.T, layer - first
        value = (_cross_entropy(logits, targets) / np.maximum(counted, 1)).sum() + strength / 2 * (departure**2).sum()
        slope = np.nan_to_num(expit(logits) - targets) / np.maximum(counted, 1)
        return float(value), (slope.T @ x + strength * departure).ravel()

    found, flat = [], first.ravel()
    for strength in strengths:
        flat = minimize(loss, flat, (strength,), "L-BFGS-B", jac=True, options={"maxiter": 1000}).x
        weight, bias = flat.reshape(first.shape)[:, :-1] * scale, flat.reshape(first.shape)[:, -1]
        found.append((weight, bias - weight @ mean))
    return found


def _calibrated_loss(logits: NDArray[np.float64], targets: NDArray[np.floating[Any]]) -> float:
    """Mean cross-entropy of records [records, outputs] after calibration, over the outputs that some have and some
    have not."""
    found = []
    for output, target in zip(logits.T, targets.T, strict=True):
        known = np.isfinite(target)
        y = target[known, None] > 0.5
        if 0 < y.sum() < len(y):
            p = expit(output[known, None])
            calibrated = np.clip(apply_platt(p, *fit_platt(y, p)), 1e-12, 1 - 1e-12)
            found.append(-np.log(np.where(y, calibrated, 1 - calibrated)).mean())
    return float(np.mean(found))


def _cross_entropy(logits: NDArray[np.float64], targets: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Of each record and output, 0 where the target is not known."""
    found: NDArray[np.float64] = np.nan_to_num(np.logaddexp(0, logits) - targets * logits)
    return found


def _embed(training: Training, data: StoreData, records: NDArray[np.int64], progress: Progress) -> NDArray[np.float32]:
    """What the last layer reads, mean over each recording's windows, [records, units]."""
    found = []
    for start in range(0, len(records), 64):
        progress("records read by the frozen network", start, len(records))
        data.store.require_whole()
        chosen = records[start : start + 64]
        ecg, features = millivolts(data.store.signals[chosen]), torch.from_numpy(data.store.features[chosen])
        answers = training.windowed(ecg.to(training.device), features.to(training.device))
        found.append(answers.embedding.float().cpu().numpy())
    return np.concatenate(found)
