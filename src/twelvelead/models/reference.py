"""The reference model: residual convolutions, a bidirectional LSTM, attention over time, age and sex beside them."""

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import ByteDropout, Metadata, ResidualBlock, TimeAttention
from twelvelead.models.registry import register_model


@register_model("reference")
class Reference(ECGModel):
    """Residual Conv1D blocks, a bidirectional LSTM and attention over time, combined with age and sex.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the layers are laid out for 100 Hz, and the value is kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        filters, kernel_sizes: one residual block each.
        pool: samples merged after each block.
        lstm_units: in each direction.
        ecg_units, metadata_units, units: widths of the dense layers on the ECG side, for metadata and after joining.
        dropout: in the blocks and before the output.
        scale: multiplies the millivolts; PTB-XL has a standard deviation of 0.24 mV.
    """

    def __init__(
        self,
        classes: int,
        sampling_rate: int = 100,
        leads: int = 12,
        metadata: bool = True,
        *,
        filters: tuple[int, ...] = (256, 128),
        kernel_sizes: tuple[int, ...] = (3, 7),
        pool: int = 2,
        lstm_units: int = 128,
        ecg_units: int = 256,
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.25,
        scale: float = 4.0,
    ) -> None:
        if len(filters) != len(kernel_sizes):
            raise ValueError(
                f"{len(filters)} filter counts but {len(kernel_sizes)} kernel sizes; give one each a block"
            )
        if min(classes, leads, *filters, *kernel_sizes, pool, lstm_units, ecg_units, metadata_units, units) < 1:
            raise ValueError("filters, kernel sizes, pool and units have to be 1 or more")
        super().__init__(sampling_rate=sampling_rate, samples_per_step=pool ** len(filters), scale=scale)
        channels = (leads, *filters)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(inputs, outputs, kernel_size, dropout=dropout, pool=pool)
                for inputs, outputs, kernel_size in zip(channels, filters, kernel_sizes, strict=False)
            )
        )
        self.lstm = nn.LSTM(channels[-1], lstm_units, batch_first=True, bidirectional=True)
        self.attention = TimeAttention(2 * lstm_units)
        self.ecg_dense = nn.Linear(2 * lstm_units, ecg_units)
        self.metadata = Metadata(metadata_units) if metadata else None
        self.joined = nn.Linear(ecg_units + (metadata_units if metadata else 0), units)
        self.dropout = ByteDropout(dropout)
        self.output = nn.Linear(units, classes)

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and attention.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and attention [n, samples // samples_per_step], which adds up to 1 for each record.
        """
        x = (ecg * self.scale).transpose(1, 2).unsqueeze(2)  # [n, leads, 1, samples], channels-last in memory
        x = self.blocks(x).squeeze(2).transpose(1, 2)
        sequence, _ = self.lstm(x)
        context, weights = self.attention(sequence)
        joined = torch.relu(self.ecg_dense(context))
        if self.metadata is not None:
            joined = torch.cat([joined, self.metadata(features)], dim=1)
        return self.dropout(torch.relu(self.joined(joined))), weights
