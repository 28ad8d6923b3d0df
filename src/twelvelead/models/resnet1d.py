"""The residual network of Wang et al. as the PTB-XL benchmark lays it out."""

import math

from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import BasicBlock, PooledHead
from twelvelead.models.registry import register_model


@register_model("resnet1d")
class ResNet1d(ECGModel):
    """Three residual blocks of equal width on a wide stem, mean and maximum over time, age and sex beside them.

    Wang, Yan, Oates 2017, "Time series classification from scratch with deep neural networks",
    doi:10.1109/IJCNN.2017.7966039, in the form that Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989, call
    resnet1d_wang.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the layers are laid out for 100 Hz, and the value is kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        filters: channels everywhere.
        stem_kernel_size: of the first convolution, odd.
        kernel_sizes: of the two convolutions of a block, odd.
        strides: one block each.
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
        filters: int = 128,
        stem_kernel_size: int = 7,
        kernel_sizes: tuple[int, int] = (5, 3),
        strides: tuple[int, ...] = (1, 2, 2),
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        super().__init__(sampling_rate=sampling_rate, samples_per_step=math.prod(strides), scale=scale)
        self.stem = nn.Sequential(
            nn.Conv2d(leads, filters, (1, stem_kernel_size), padding=(0, stem_kernel_size // 2), bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(*(BasicBlock(filters, filters, kernel_sizes, stride=stride) for stride in strides))
        self.head = PooledHead(
            filters, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=dropout
        )

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and saliency [n, samples // samples_per_step] (see `PooledHead`).
        """
        x = (ecg * self.scale).transpose(1, 2).unsqueeze(2)  # [n, leads, 1, samples], channels-last in memory
        steps = ecg.shape[1] // self.samples_per_step
        embedding, saliency = self.head(self.blocks(self.stem(x)).squeeze(2), features, steps)
        return embedding, saliency
