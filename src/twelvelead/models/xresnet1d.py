"""XResNet in one dimension, 18, 50 or 101 layers deep, as the PTB-XL benchmark lays it out."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import PooledHead
from twelvelead.models.registry import register_model

LAYERS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
"""Depth -> blocks in each of the four stages (He et al. 2016)."""


@register_model("xresnet1d")
class XResNet1d(ECGModel):
    """Residual network with a stem of three convolutions and averaging shortcuts.

    He et al. 2019, "Bag of tricks for image classification with convolutional neural networks",
    doi:10.1109/CVPR.2019.00065, in the one-dimensional form of Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989:
    kernels of 5 samples and 64 filters in every stage, times 4 after each block from a depth of 50 on.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the layers are laid out for 100 Hz, and the value is kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        depth: 18, 50 or 101.
        filters: channels inside the blocks.
        kernel_size: of the convolutions over time, odd.
        metadata_units, units: widths of the dense layers for metadata and before the output.
        dropout: before the output; half of it before the hidden dense layer.
        scale: multiplies the millivolts; PTB-XL has a standard deviation of 0.24 mV.
    """

    output_name = "head.output"

    def __init__(
        self,
        classes: int,
        sampling_rate: int = 100,
        leads: int = 12,
        metadata: bool = True,
        *,
        depth: int = 101,
        filters: int = 64,
        kernel_size: int = 5,
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        if depth not in LAYERS:
            raise ValueError(f"depth is {depth}; it has to be one of {', '.join(map(str, LAYERS))}")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel size is {kernel_size}; it has to be odd")
        super().__init__(sampling_rate=sampling_rate, samples_per_step=32, scale=scale)
        expansion = 1 if depth < 50 else 4
        stem = (leads, 32, 32, 64)
        layers: list[nn.Module] = [
            _convolution(inputs, outputs, kernel_size, stride=2 if number == 0 else 1)
            for number, (inputs, outputs) in enumerate(pairwise(stem))
        ]
        layers.append(nn.MaxPool2d((1, 3), (1, 2), (0, 1)))
        channels = stem[-1]
        for stage, blocks in enumerate(LAYERS[depth]):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(_Block(channels, filters, expansion, kernel_size, stride))
                channels = filters * expansion
        self.layers = nn.Sequential(*layers)
        self.head = PooledHead(
            channels, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=dropout
        )

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and saliency [n, samples // 32] (see `PooledHead`).
        """
        x = (ecg * self.scale).transpose(1, 2).unsqueeze(2)  # [n, leads, 1, samples], channels-last in memory
        embedding, saliency = self.head(self.layers(x).squeeze(2), features, ecg.shape[1] // self.samples_per_step)
        return embedding, saliency


class _Block(nn.Module):
    """A basic block (expansion 1) or a bottleneck (expansion 4); its shortcut averages where it strides."""

    def __init__(self, inputs: int, filters: int, expansion: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        outputs = filters * expansion
        if expansion == 1:
            self.body = nn.Sequential(
                _convolution(inputs, filters, kernel_size, stride),
                _convolution(filters, outputs, kernel_size, last=True),
            )
        else:
            self.body = nn.Sequential(
                _convolution(inputs, filters, 1),
                _convolution(filters, filters, kernel_size, stride),
                _convolution(filters, outputs, 1, last=True),
            )
        shortcut: list[nn.Module] = []
        if stride != 1:
            shortcut.append(nn.AvgPool2d((1, stride), ceil_mode=True, count_include_pad=False))
        if inputs != outputs:
            shortcut += [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def _convolution(inputs: int, outputs: int, kernel_size: int, stride: int = 1, *, last: bool = False) -> nn.Module:
    """Convolution, batch norm and, but for a block's last, ReLU; a block's last norm begins at 0, so that the block
    begins as its shortcut."""
    convolution = nn.Conv2d(inputs, outputs, (1, kernel_size), (1, stride), (0, kernel_size // 2), bias=False)
    norm = nn.BatchNorm2d(outputs)
    if last:
        nn.init.zeros_(norm.weight)
        return nn.Sequential(convolution, norm)
    return nn.Sequential(convolution, norm, nn.ReLU())
