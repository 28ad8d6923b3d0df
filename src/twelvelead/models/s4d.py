"""A structured state-space model with diagonal states."""

import math

import torch
from torch import Tensor, nn

from twelvelead.models.layers import PooledHead


class S4D(nn.Module):
    """Layers of diagonal state-space models in both directions, mean and maximum over time, age and sex beside them.

    Gu, Gupta, Goel, Ré 2022, "On the parameterization and initialization of diagonal state space models",
    arXiv:2206.11893 (S4D-Lin); on PTB-XL in the manner of Mehari and Strodthoff 2023, "Towards quantitative precision
    for ECG analysis: leveraging state space models, self-supervision and patient metadata",
    doi:10.1109/JBHI.2023.3310989.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the time steps of the states are laid out for 100 Hz and scaled to it.
        leads: number of leads.
        metadata: whether age and sex take part.
        channels: width.
        states: complex states of a channel and direction.
        layers: state-space layers.
        metadata_units, units: widths of the dense layers for metadata and before the output.
        dropout: in the layers and before the output; half of it before the hidden dense layer.
        scale: multiplies the millivolts; PTB-XL has a standard deviation of 0.24 mV.
    """

    def __init__(
        self,
        classes: int,
        sampling_rate: int = 100,
        leads: int = 12,
        metadata: bool = True,
        *,
        channels: int = 256,
        states: int = 8,
        layers: int = 4,
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.2,
        scale: float = 4.0,
    ) -> None:
        super().__init__()
        self.sampling_rate = sampling_rate
        self.samples_per_step = 1
        self.scale = scale
        self.encoder = nn.Linear(leads, channels)
        self.layers = nn.ModuleList(_Layer(channels, states, dropout, rate=100 / sampling_rate) for _ in range(layers))
        self.head = PooledHead(
            channels, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=dropout
        )

    def forward(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Logits [n, classes], and saliency [n, samples] (see `PooledHead`).
        """
        x = self.encoder(ecg * self.scale)
        for layer in self.layers:
            x = layer(x)
        logits, saliency = self.head(x.transpose(1, 2), features, ecg.shape[1])
        return logits, saliency


class _Layer(nn.Module):
    """State space in both directions, GELU, a gated mix of the channels, and a shortcut with layer norm."""

    def __init__(self, channels: int, states: int, dropout: float, rate: float) -> None:
        super().__init__()
        self.kernels = _Kernels(2 * channels, states, rate)
        self.skip = nn.Parameter(torch.randn(channels))
        self.mix = nn.Linear(channels, 2 * channels)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, time, channels] to the same shape."""
        time, channels = x.shape[1:]
        signal = x.transpose(1, 2).float()
        forward, backward = self.kernels(time).split(channels)
        y = self._convolved(signal, forward, backward) + signal * self.skip[:, None]
        y = self.dropout(nn.functional.gelu(y)).transpose(1, 2)
        mixed: Tensor = self.norm(x + self.dropout(nn.functional.glu(self.mix(y))))
        return mixed

    def _convolved(self, signal: Tensor, forward: Tensor, backward: Tensor) -> Tensor:
        """Causal with one kernel plus anti-causal with the other: by FFT to train, as one depthwise convolution, which
        every runtime has, to predict."""
        time = signal.shape[2]
        # [2 time - 1] taps, from `time - 1` samples behind on the right to `time - 1` ahead on the left
        pad = nn.functional.pad
        taps = pad(forward, (time - 1, 0)) + pad(backward.flip(1), (0, time - 1))
        if not self.training:
            return nn.functional.conv1d(signal, taps.flip(1)[:, None], padding=time - 1, groups=len(taps))
        size = 1 << (3 * time - 3).bit_length()
        with torch.autocast(signal.device.type, enabled=False):
            product = torch.fft.rfft(signal, size) * torch.fft.rfft(taps.float(), size)
            convolved: Tensor = torch.fft.irfft(product, size)[..., time - 1 : 2 * time - 1]
            return convolved


class _Kernels(nn.Module):
    """Convolution kernels of independent diagonal state-space models, by zero-order hold."""

    def __init__(self, channels: int, states: int, rate: float, steps: tuple[float, float] = (0.001, 0.1)) -> None:
        super().__init__()
        low, high = (math.log(step * rate) for step in steps)
        self.log_step = nn.Parameter(torch.rand(channels) * (high - low) + low)
        self.log_decay = nn.Parameter(torch.full((channels, states), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(states).repeat(channels, 1).float())
        self.output = nn.Parameter(torch.randn(channels, states, 2) * 0.5**0.5)

    def forward(self, time: int) -> Tensor:
        """[channels, time] float32."""
        # Real arithmetic throughout: not every runtime has complex numbers.
        step = self.log_step.exp()[:, None]
        decay, frequency = self.log_decay.exp(), self.frequency
        real, imaginary = -decay * step, frequency * step
        # (exp(step A) - 1) / A times C, with A = -decay + i frequency
        grown = real.exp()
        over_r, over_i = grown * imaginary.cos() - 1, grown * imaginary.sin()
        square = decay**2 + frequency**2
        ratio_r = (-decay * over_r + frequency * over_i) / square
        ratio_i = (-decay * over_i - frequency * over_r) / square
        c_r, c_i = self.output.unbind(-1)
        weight_r, weight_i = c_r * ratio_r - c_i * ratio_i, c_r * ratio_i + c_i * ratio_r
        moments = torch.arange(time, device=step.device, dtype=step.dtype)
        envelope = (real[..., None] * moments).exp()
        angle = imaginary[..., None] * moments
        waves = weight_r[..., None] * angle.cos() - weight_i[..., None] * angle.sin()
        return 2 * (envelope * waves).sum(dim=1)
