"""A trained model in the forms that ship: safetensors and ONNX, each the same function of a whole recording."""

import contextlib
import io
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from twelvelead.errors import Unreadable
from twelvelead.files import replacing
from twelvelead.models import create_model
from twelvelead.models.windows import Windowed
from twelvelead.weights import Contract, file, find


def load_windowed(weights: str | Path) -> Windowed:
    """The PyTorch form of weights, from their safetensors file and contract.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Raises:
        Unreadable: there are no such weights, or a file that is not what the contract describes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    contract = Contract.load(find(weights))
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in contract.model.items()}
    path = file(weights, "safetensors")
    try:
        model = create_model(
            contract.architecture,
            classes=len(contract.classes),
            sampling_rate=contract.sampling_rate,
            leads=len(contract.leads),
            metadata=bool(contract.metadata),
            **settings,
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        model.load_state_dict(load_file(path))
        return Windowed(model, contract.window, contract.stride, contract.aggregate).eval()
    except (TypeError, ValueError, RuntimeError, SafetensorError) as error:
        fault = str(error).splitlines()[0]
        raise Unreadable(f"{path}: does not fit the model in its contract ({fault}); export it again") from None


def write_safetensors(windowed: Windowed, path: Path, metadata: dict[str, str]) -> None:
    """The weights of the model inside the windows; what reads them builds the model from the contract."""
    from safetensors.torch import save

    state = {name: tensor.contiguous() for name, tensor in windowed.model.state_dict().items()}
    with replacing(path) as partial:
        partial.write_bytes(save(state, metadata=metadata))


def write_onnx(windowed: Windowed, path: Path, leads: int) -> None:
    """The whole function in one file: `ecg` [n, samples, leads] float32 mV and `features` [n, 2] float32 to
    `probabilities` [n, classes] and `attention` [n, steps]; n and samples are free."""
    example = (torch.zeros(2, windowed.window + 2 * windowed.stride, leads), torch.tensor([[60.0, 0.0], [60.0, 1.0]]))
    n = torch.export.Dim("n", min=1, max=2**16)
    samples = torch.export.Dim("samples", min=windowed.window, max=2**24)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            windowed.eval(),
            example,
            dynamo=True,
            input_names=["ecg", "features"],
            output_names=["probabilities", "attention"],
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
    with replacing(path) as partial:
        program.save(os.fspath(partial), external_data=False)


def probabilities(
    windowed: Windowed, signals: NDArray[np.int16], features: NDArray[np.float32], records: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Probabilities of whole recordings in float32.

    Args:
        windowed: the trained model.
        signals: [record, sample, lead] int16 microvolts.
        features: [record, 2] float32.
        records: positions of those to predict, [n].

    Returns:
        [n, classes] float32.
    """
    from twelvelead.training.crops import millivolts

    windowed.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(records), 64):
            chosen = records[start : start + 64]
            parts.append(windowed(millivolts(signals[chosen]), torch.from_numpy(features[chosen]))[0].numpy())
    return np.concatenate(parts)
