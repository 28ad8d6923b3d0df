"""A trained model in the forms that ship: safetensors and ONNX, each the same function of a whole recording."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from twelvelead.errors import Unreadable
from twelvelead.files import replacing
from twelvelead.models.ensemble import Ensemble
from twelvelead.models.windows import Answers, Windowed, create_windowed
from twelvelead.weights import Contract, file, find

ENSEMBLE = "ensemble"
"""What stands for the architecture in the contract of an ensemble."""


Whole = Windowed | Ensemble
"""What answers for a whole recording."""


def load_windowed(weights: str | Path) -> Whole:
    """The PyTorch form of weights, from their safetensors file and contract.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Returns:
        The module in evaluation mode, with the contract as its `contract`.

    Raises:
        Unreadable: there are no such weights, or a file that is not what the contract describes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    contract = Contract.load(find(weights))
    path = file(weights, "safetensors")
    try:
        whole = _ensemble(contract) if contract.architecture == ENSEMBLE else _single(contract, _entries(contract))
        state_of(whole).load_state_dict(load_file(path))
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        fault = str(error).splitlines()[0]
        raise Unreadable(f"{path}: does not fit the model in its contract ({fault}); export it again") from None
    whole.contract = contract
    return whole.eval()


def describe_member(contract: Contract) -> dict[str, Any]:
    """What a contract has to say of a single network for `load_windowed` to build it as a part of an ensemble."""
    calibration = {
        kind: [value for head in contract.heads for value in head.calibration[kind]] for kind in ("slope", "intercept")
    }
    entries = {name: value for name, value in _entries(contract).items() if name != "masked"}
    return {"name": contract.name, **entries, "scale": contract.scale, "calibration": calibration}


def state_of(whole: Whole) -> nn.Module:
    """The module whose state the safetensors file holds."""
    return whole.model if isinstance(whole, Windowed) else whole


def _entries(contract: Contract) -> dict[str, Any]:
    return {
        "architecture": contract.architecture,
        "model": contract.model,
        "metadata": bool(contract.metadata),
        "window": contract.window,
        "stride": contract.stride,
        "aggregate": contract.aggregate,
        "highpass": contract.highpass,
        "masked": bool(contract.lead_sets),
    }


def _single(contract: Contract, entries: Mapping[str, Any]) -> Windowed:
    return create_windowed(
        entries["architecture"],
        entries["model"],
        classes=len(contract.classes),
        sampling_rate=contract.sampling_rate,
        leads=len(contract.leads),
        metadata=entries["metadata"],
        window=entries["window"],
        stride=entries["stride"],
        aggregate=entries["aggregate"],
        highpass=entries["highpass"],
        masked=entries.get("masked", False),
        statements=0 if contract.statements is None else len(contract.statements.classes),
    )


def _ensemble(contract: Contract) -> Ensemble:
    members = contract.model["members"]
    return Ensemble(
        [_single(contract, entries) for entries in members],
        [entries["weight"] for entries in members],
        [entries["calibration"]["slope"] for entries in members],
        [entries["calibration"]["intercept"] for entries in members],
        contract.aggregate,  # type: ignore[arg-type]
    )


def write_safetensors(windowed: Whole, path: Path, metadata: dict[str, str]) -> None:
    """The weights of the model inside the windows, or of all of an ensemble's; what reads them builds the model from
    the contract."""
    from safetensors.torch import save

    state = {name: tensor.contiguous() for name, tensor in state_of(windowed).state_dict().items()}
    with replacing(path) as partial:
        partial.write_bytes(save(state, metadata=metadata))


def write_onnx(windowed: Whole, path: Path, leads: int, metadata: Mapping[str, str] | None = None) -> None:
    """The whole function in one file: `ecg` [n, samples, leads] float32 mV and `features` [n, 2] float32 to
    `probabilities` [n, classes], `attention` [n, steps], `embedding` [n, units], and where the weights have them
    `statements` [n, statements] and `members` [n, members, classes]; n and samples are free. The metadata are what the
    file says of itself."""
    whole = _Given(windowed.eval())
    example = (torch.zeros(2, windowed.window + 2 * windowed.stride, leads), torch.tensor([[60.0, 0.0], [60.0, 1.0]]))
    n = torch.export.Dim("n", min=1, max=2**16)
    samples = torch.export.Dim("samples", min=windowed.window, max=2**24)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            whole,
            example,
            dynamo=True,
            input_names=["ecg", "features"],
            output_names=whole.names,
            dynamic_shapes=({0: n, 1: samples}, {0: n}),
            verbose=False,
        )
    assert program is not None
    # The exporter notes the source lines of every node; they say nothing to a user and name folders of this machine.
    for node in program.model.graph:
        node.metadata_props.clear()
        node.doc_string = None
    for function_value in program.model.graph.initializers.values():
        function_value.metadata_props.clear()
    program.model.metadata_props.update(metadata or {})
    with replacing(path) as partial:
        program.save(os.fspath(partial), external_data=False)


class _Given(nn.Module):
    """The answers that a network gives, without those that it has not."""

    def __init__(self, whole: Whole) -> None:
        super().__init__()
        self.whole = whole
        absent = {"statements": not whole.statements, "members": isinstance(whole, Windowed)}
        self.names = [name for name in Answers._fields if not absent.get(name)]

    def forward(self, ecg: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        answers: Answers = self.whole(ecg, features)
        return tuple(getattr(answers, name) for name in self.names)


def predict(
    windowed: Whole,
    signals: NDArray[np.int16],
    features: NDArray[np.float32],
    records: NDArray[np.int64],
    shown: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Probabilities of whole recordings, computed where the model lies, before calibration.

    Args:
        windowed: the trained model.
        signals: [record, sample, lead] int16 microvolts.
        features: [record, 2] float32.
        records: positions of those to predict, [n].
        shown: [leads] bool, those that it sees; None for all.

    Returns:
        [n, classes and statements] float32.
    """
    from twelvelead.training.crops import millivolts

    windowed.eval()
    device = next(windowed.parameters()).device
    parts = []
    with torch.inference_mode():
        for start in range(0, len(records), 64):
            chosen = records[start : start + 64]
            ecg, known = millivolts(signals[chosen]).to(device), torch.from_numpy(features[chosen]).to(device)
            if shown is not None:
                ecg[..., ~shown] = torch.nan
            parts.append(windowed(ecg, known).everything().float().cpu().numpy())
    return np.concatenate(parts)
