"""What a model costs: parameters and multiply-adds."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def parameters(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(model: nn.Module, samples: int, leads: int = 12) -> int:
    """Multiply-adds of the convolutions, dense layers and LSTMs of one forward pass of one crop.

    Args:
        model: maps `ecg` [n, samples, leads] and `features` [n, 2] to logits and attention.
        samples: length of the crop.
        leads: of the crop.
    """
    recurrent = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], _: Any) -> None:
        nonlocal recurrent
        assert isinstance(layer, nn.LSTM)
        steps, directions, hidden = inputs[0].shape[1], 1 + layer.bidirectional, layer.hidden_size
        widths = [layer.input_size] + [hidden * directions] * (layer.num_layers - 1)
        recurrent += sum(steps * directions * 4 * hidden * (width + hidden) for width in widths)

    # PyTorch's counter does not know the LSTM.
    hooks = [layer.register_forward_hook(count) for layer in model.modules() if isinstance(layer, nn.LSTM)]
    was_training = model.training
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model.eval()(torch.zeros(1, samples, leads), torch.zeros(1, 2))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return int(counter.get_total_flops()) // 2 + recurrent
