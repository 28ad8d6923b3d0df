"""A structured state-space model with diagonal states."""

import math

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.layers import PooledHead
from twelvelead.models.registry import register_model


@register_model("s4d")
class S4D(ECGModel):
    """Layers of diagonal state-space models in both directions, mean and maximum over time, age and sex beside them.

    Gu, Gupta, Goel, Ré 2022, "On the parameterization and initialization of diagonal state space models",
    arXiv:2206.11893 (S4D-Lin); on PTB-XL in the manner of Mehari and Strodthoff 2023, "Towards quantitative precision
    for ECG analysis: leveraging state space models, self-supervision and patient metadata",
    doi:10.1109/JBHI.2023.3310989. Batch norm stands in the place of their layer norm: it runs over contiguous memory
    here and costs nothing where it predicts.

    Args:
        classes: number of outputs.
        sampling_rate: in Hz; the time steps of the states are laid out for 100 Hz and scaled to it.
        leads: number of leads.
        metadata: whether age and sex take part.
        patch: samples that enter as one step.
        channels: width.
        states: complex states of a channel and direction.
        layers: state-space layers.
        metadata_units, units: widths of the dense layers for metadata and before the output.
        dropout: of whole channels in the layers.
        head_dropout: before the output; half of it before the hidden dense layer.
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
        patch: int = 2,
        channels: int = 256,
        states: int = 8,
        layers: int = 4,
        metadata_units: int = 16,
        units: int = 128,
        dropout: float = 0.1,
        head_dropout: float = 0.5,
        scale: float = 4.0,
    ) -> None:
        super().__init__(sampling_rate=sampling_rate, samples_per_step=patch, scale=scale)
        self.encoder = nn.Linear(patch * leads, channels)
        rate = patch * 100 / sampling_rate
        self.layers = nn.ModuleList(_Layer(channels, states, dropout, rate) for _ in range(layers))
        self.head = PooledHead(
            channels, classes, metadata_units=metadata_units if metadata else 0, units=units, dropout=head_dropout
        )

    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and saliency.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, units], and saliency [n, samples // patch] (see `PooledHead`).
        """
        n, samples, leads = ecg.shape
        steps = samples // self.samples_per_step
        patches = ecg[:, : steps * self.samples_per_step].reshape(n, steps, self.samples_per_step * leads)
        # [channels, n, samples] throughout: convolving and mixing are matrix products that need no transposition.
        x = self.encoder(patches * self.scale).permute(2, 0, 1).contiguous()
        for layer in self.layers:
            x = layer(x)
        embedding, saliency = self.head(x.transpose(0, 1), features, steps)
        return embedding, saliency


class _Layer(nn.Module):
    """State space in both directions, GELU, a gated mix of the channels, and a shortcut with batch norm."""

    def __init__(self, channels: int, states: int, dropout: float, rate: float) -> None:
        super().__init__()
        self.kernels = _Kernels(2 * channels, states, rate)
        self.skip = nn.Parameter(torch.randn(channels))
        self.mix = nn.Linear(channels, 2 * channels)
        self.dropout = dropout
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map [channels, n, time] to the same shape."""
        channels, n, time = x.shape
        y = nn.functional.gelu(self._convolved(x))
        if self.training and self.dropout:
            kept = torch.rand(channels, n, 1, device=x.device) >= self.dropout
            y = y * (kept / (1 - self.dropout)).to(y.dtype)
        gate = torch.addmm(self.mix.bias[:, None], self.mix.weight, y.reshape(channels, n * time))
        mixed = x + nn.functional.glu(gate, dim=0).reshape(channels, n, time)
        normed: Tensor = self.norm(mixed.reshape(1, channels, n * time))
        return normed.reshape(channels, n, time)

    def _convolved(self, x: Tensor) -> Tensor:
        """Causal with one kernel plus anti-causal with the other, as one matrix product a channel."""
        channels, _, time = x.shape
        forward, backward = self.kernels(time).split(channels)
        now = forward[:, :1] + backward[:, :1] + self.skip[:, None]
        # Lag -(time - 1) to time - 1; row `i` of the matrix holds what sample `i` gives to each later or earlier one.
        taps = torch.cat([backward[:, 1:].flip(1), now, forward[:, 1:]], dim=1)
        if self.training:  # the same product, upside down: a view, whose gradient costs one pass
            return torch.bmm(x.flip(2), taps.unfold(1, time, 1))
        sample = torch.arange(time, device=x.device)
        return torch.bmm(x, taps[:, sample[None, :] - sample[:, None] + time - 1])


class _Kernels(nn.Module):
    """Convolution kernels of independent diagonal state-space models, by zero-order hold."""

    def __init__(self, channels: int, states: int, rate: float, steps: tuple[float, float] = (0.001, 0.1)) -> None:
        super().__init__()
        low, high = (math.log(step * rate) for step in steps)
        self.log_step = nn.Parameter(torch.rand(channels) * (high - low) + low)
        self.log_decay = nn.Parameter(torch.full((channels, states), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(states).repeat(channels, 1).float())
        self.output = nn.Parameter(torch.randn(channels, states, 2) * 0.5**0.5)
        for parameter in (self.log_step, self.log_decay, self.frequency):
            parameter.undecayed = True  # type: ignore[attr-defined]

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
        # exp(A t) at t = BLOCK i + j is a product of two short series, so that one matrix product makes the kernel.
        inner_r, inner_i = _powers(real, imaginary, torch.arange(BLOCK, device=step.device))
        outer_r, outer_i = _powers(real, imaginary, BLOCK * torch.arange(-(-time // BLOCK), device=step.device))
        weight_r, weight_i = weight_r[..., None], weight_i[..., None]
        left = torch.cat([weight_r * outer_r - weight_i * outer_i, -(weight_r * outer_i + weight_i * outer_r)], dim=1)
        with torch.autocast(step.device.type, enabled=False):
            waves = torch.bmm(left.transpose(1, 2), torch.cat([inner_r, inner_i], dim=1))
        return 2 * waves.flatten(1)[:, :time]


BLOCK = 16
"""Samples of the short series from which `_Kernels` builds its kernels."""


def _powers(real: Tensor, imaginary: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of exp((real + i imaginary) times), [..., times]."""
    envelope, angle = (real[..., None] * times).exp(), imaginary[..., None] * times
    return envelope * angle.cos(), envelope * angle.sin()
