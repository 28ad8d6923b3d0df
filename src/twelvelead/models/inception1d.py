"""InceptionTime as the PTB-XL benchmark lays it out."""

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import PooledHead
from twelvelead.models.registry import register_model


@register_model("inception1d")
class Inception1d(ECGModel):
    """Six inception modules with a shortcut round each three, mean and maximum over time, age and sex beside them.

    Ismail Fawaz et al. 2020, "InceptionTime: finding AlexNet for time series classification",
    doi:10.1007/s10618-020-00710-y; in Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989: inception1d.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the layers are laid out for 100 Hz, and the value is kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        modules: a multiple of 3.
        filters: of each of a module's four branches, and of its bottleneck.
        kernel_sizes: of three of the branches, odd; the fourth is a maximum over 3 samples.
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
        modules: int = 6,
        filters: int = 32,
        kernel_sizes: tuple[int, ...] = (39, 19, 9),
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        if modules % 3 or modules < 3:
            raise ValueError(f"there are {modules} modules; it has to be a multiple of 3")
        if any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"kernel sizes are {kernel_sizes}; they have to be odd")
        super().__init__(sampling_rate=sampling_rate, samples_per_step=1, scale=scale)
        channels = filters * (len(kernel_sizes) + 1)
        self.stages = nn.Sequential(
            *(
                _Residual(leads if stage == 0 else channels, channels, filters, kernel_sizes)
                for stage in range(modules // 3)
            )
        )
        self.head = PooledHead(
            channels, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=dropout
        )

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and saliency [n, samples] (see `PooledHead`).
        """
        x = (ecg * self.scale).transpose(1, 2).unsqueeze(2)  # [n, leads, 1, samples], channels-last in memory
        embedding, saliency = self.head(self.stages(x).squeeze(2), features, ecg.shape[1])
        return embedding, saliency


class _Residual(nn.Module):
    """Three inception modules and a projected shortcut."""

    def __init__(self, inputs: int, channels: int, filters: int, kernel_sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.modules_ = nn.Sequential(
            _Inception(inputs, filters, kernel_sizes),
            _Inception(channels, filters, kernel_sizes),
            _Inception(channels, filters, kernel_sizes),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.modules_(x) + self.shortcut(x))


class _Inception(nn.Module):
    """A bottleneck, parallel convolutions of several lengths and a maximum, side by side."""

    def __init__(self, inputs: int, filters: int, kernel_sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.bottleneck = nn.Conv2d(inputs, filters, 1, bias=False)
        self.branches = nn.ModuleList(
            nn.Conv2d(filters, filters, (1, size), padding=(0, size // 2), bias=False) for size in kernel_sizes
        )
        self.maximum = nn.Sequential(nn.MaxPool2d((1, 3), (1, 1), (0, 1)), nn.Conv2d(inputs, filters, 1, bias=False))
        self.norm = nn.BatchNorm2d(filters * (len(kernel_sizes) + 1))

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        return torch.relu(self.norm(torch.cat([*(branch(narrow) for branch in self.branches), self.maximum(x)], dim=1)))
