"""A residual network of our own whose pooling is attention, read in the light of age and sex."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import BasicBlock, Metadata
from twelvelead.models.registry import register_model


@register_model("attentive")
class Attentive(ECGModel):
    """Residual blocks that weigh their channels, several attentions over time, and age and sex that set the scale.

    Three departures from `resnet1d`: a fourth, wider stage with squeeze and excitation in every block (Hu et al. 2018,
    doi:10.1109/CVPR.2018.00745); attention over time with one query a head in the place of the mean, beside the
    maximum (Ilse et al. 2018, arXiv:1802.04712); and age and sex that scale and shift the hidden layer (FiLM, Perez et
    al. 2018, arXiv:1709.07871), because what is normal, a voltage for instance, depends on them.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the layers are laid out for 100 Hz, and the value is kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        stem_kernel_size: of the first convolution, odd.
        filters, kernel_sizes, strides: one block each; kernel sizes odd.
        squeeze: channels are squeezed by this factor.
        heads: attentions over time.
        metadata_units, units: widths of the dense layers for metadata and before the output.
        dropout: before the output; half of it before the hidden dense layer.
        scale: multiplies the millivolts; PTB-XL has a standard deviation of 0.24 mV.
    """

    def __init__(
        self,
        classes: int,
        sampling_rate: int = 100,
        leads: int = 12,
        metadata: bool = True,
        *,
        stem_kernel_size: int = 9,
        filters: tuple[int, ...] = (128, 128, 192, 256),
        kernel_sizes: tuple[int, ...] = (7, 5, 5, 5),
        strides: tuple[int, ...] = (1, 2, 2, 2),
        squeeze: int = 8,
        heads: int = 8,
        metadata_units: int = 32,
        units: int = 192,
        dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        if not len(filters) == len(kernel_sizes) == len(strides):
            raise ValueError(
                f"{len(filters)} filter counts, {len(kernel_sizes)} kernel sizes and {len(strides)} strides; "
                "give one of each a block"
            )
        if stem_kernel_size % 2 == 0:
            raise ValueError(f"kernel size is {stem_kernel_size}; it has to be odd")
        if filters[-1] % heads:
            raise ValueError(f"{heads} heads do not share {filters[-1]} filters evenly")
        super().__init__(sampling_rate=sampling_rate, samples_per_step=math.prod(strides), scale=scale)
        width = filters[0]
        self.stem = nn.Sequential(
            nn.Conv2d(leads, width, (1, stem_kernel_size), padding=(0, stem_kernel_size // 2), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        for (inputs, outputs), size, stride in zip(pairwise((width, *filters)), kernel_sizes, strides, strict=True):
            layers += [BasicBlock(inputs, outputs, (size, size), stride=stride), _Squeeze(outputs, squeeze)]
        self.blocks = nn.Sequential(*layers)
        channels = filters[-1]
        self.score = nn.Linear(channels, heads)
        self.norm = nn.BatchNorm1d(2 * channels)
        self.first_dropout = nn.Dropout(dropout / 2)
        self.hidden = nn.Linear(2 * channels, units)
        self.hidden_norm = nn.BatchNorm1d(units)
        self.metadata = Metadata(metadata_units) if metadata else None
        self.modulation = nn.Linear(metadata_units, 2 * units) if metadata else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, classes)

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and attention.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and attention [n, samples // samples_per_step], the mean over heads, which adds up to
            1 for each record.
        """
        x = (ecg * self.scale).transpose(1, 2).unsqueeze(2)  # [n, leads, 1, samples], channels-last in memory
        steps = ecg.shape[1] // self.samples_per_step
        sequence = self.blocks(self.stem(x)).squeeze(2)[:, :, :steps].transpose(1, 2).float()  # [n, steps, channels]
        weights = torch.softmax(self.score(sequence).float(), dim=1)  # [n, steps, heads]
        n, _, channels = sequence.shape
        by_head = sequence.reshape(n, steps, weights.shape[2], -1)
        attended = (weights[..., None] * by_head).sum(dim=1).reshape(n, channels)
        pooled = self.first_dropout(self.norm(torch.cat([sequence.amax(dim=1), attended], dim=1)))
        hidden = self.hidden_norm(self.hidden(pooled))
        if self.metadata is not None and self.modulation is not None:
            gain, shift = self.modulation(self.metadata(features)).chunk(2, dim=1)
            hidden = hidden * (1 + gain) + shift
        return self.dropout(torch.relu(hidden)), weights.mean(dim=2)


class _Squeeze(nn.Module):
    """Each channel times a factor that follows from the means of all channels."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, channels // squeeze)
        self.up = nn.Linear(channels // squeeze, channels)

    def forward(self, x: Tensor) -> Tensor:
        factor = torch.sigmoid(self.up(torch.relu(self.down(x.flatten(2).mean(dim=2)))))
        return x * factor.reshape(*factor.shape, *[1] * (x.dim() - 2)).to(x.dtype)
