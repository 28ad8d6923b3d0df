"""A bidirectional LSTM on the samples themselves."""

from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import PooledHead
from twelvelead.models.registry import register_model


@register_model("lstm")
class BidirectionalLSTM(ECGModel):
    """Two LSTM layers in both directions, mean and maximum over time, age and sex beside them.

    Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; in Strodthoff et al. 2021,
    doi:10.1109/JBHI.2020.3022989: lstm_bidir.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; kept for the contract.
        leads: number of leads.
        metadata: whether age and sex take part.
        lstm_units: in each direction.
        layers: LSTM layers.
        metadata_units, units: widths of the dense layers for metadata and before the output.
        dropout: before the output; half of it before the hidden dense layer and between the LSTM layers.
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
        lstm_units: int = 256,
        layers: int = 2,
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        super().__init__(sampling_rate=sampling_rate, samples_per_step=1, scale=scale)
        self.lstm = nn.LSTM(
            leads, lstm_units, layers, batch_first=True, bidirectional=True, dropout=dropout / 2 if layers > 1 else 0.0
        )
        self.head = PooledHead(
            2 * lstm_units, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=dropout
        )

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and saliency [n, samples] (see `PooledHead`).
        """
        sequence, _ = self.lstm(ecg * self.scale)
        embedding, saliency = self.head(sequence.transpose(1, 2), features, ecg.shape[1])
        return embedding, saliency
