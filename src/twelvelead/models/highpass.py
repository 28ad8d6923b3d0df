"""The baseline taken away: a zero-phase high-pass that every runtime can compute."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_REACH = 2.0
"""Half the length of the impulse response, in periods of the cut-off: what lies beyond adds up to 2e-4 of it."""

_BLOCK = 40
"""Neighbouring samples that one step of the convolution gives: as many rows of a matrix product as keep it busy."""


class HighPass(nn.Module):
    """A Butterworth high-pass of order 2 run forwards and backwards, as one finite impulse response.

    Forwards and backwards the gain is 1 / (1 + (tan(pi f0 / fs) / tan(pi f / fs))^4), 1/2 at the cut-off f0, and no
    phase is shifted (Oppenheim and Schafer, "Discrete-time signal processing", 3rd ed., 5.1 and 7.2). What is left of
    it, the low-pass, is a weighted mean over 2 / f0 seconds to each side, which is taken from the signal. Beyond its
    ends the signal is mirrored, as often as its length asks for.

    Args:
        hertz: the cut-off, from 0.05, below which the impulse response would be longer than most recordings.
        sampling_rate: in Hz, above twice the cut-off.
    """

    taps: Tensor

    def __init__(self, hertz: float, sampling_rate: float) -> None:
        if not 0.05 <= hertz < sampling_rate / 2:
            raise ValueError(
                f"highpass is {hertz:g} Hz; it has to be from 0.05 to below {sampling_rate / 2:g} Hz, half the rate"
            )
        super().__init__()
        self.hertz = hertz
        low_pass = _low_pass(hertz / sampling_rate)
        self.reach = len(low_pass) // 2
        shifted = np.zeros((_BLOCK, 1, len(low_pass) + _BLOCK - 1), np.float32)
        for row in range(_BLOCK):
            shifted[row, 0, row : row + len(low_pass)] = low_pass
        # They follow from the cut-off, which the contract holds; were they in the state too, the two could differ.
        self.register_buffer("taps", torch.from_numpy(shifted), persistent=False)

    def forward(self, ecg: Tensor) -> Tensor:
        """Map `ecg` [n, samples, leads] mV to the same without what is slower than the cut-off; float32."""
        return self.filtered(self.mirrored(ecg))

    def mirrored(self, ecg: Tensor) -> Tensor:
        """`ecg` [n, samples, leads] with `reach` samples more at each end, [n, samples + 2 reach, leads]."""
        samples = ecg.shape[1]
        place = torch.arange(samples + 2 * self.reach, device=ecg.device) - self.reach
        last = torch.arange(samples, device=ecg.device)[-1:]  # a tensor, since ONNX takes no remainder by a free length
        # A triangle wave: forwards, backwards, forwards, each end once.
        there = torch.remainder(place, (2 * last).clamp(min=1))
        return ecg[:, torch.minimum(there, 2 * last - there).clamp(min=0)]

    def filtered(self, longer: Tensor) -> Tensor:
        """The inner samples of a longer signal: [n, samples + 2 reach, leads] to [n, samples, leads] float32."""
        n, length, leads = longer.shape
        samples = length - 2 * self.reach
        with torch.autocast(longer.device.type, enabled=False):
            rows = longer.float().transpose(1, 2).reshape(n * leads, 1, length)
            rows = rows - rows[:, :, :1]  # a large offset would cost the sums their last digits
            # Of the last block too the convolution sees as many samples as its taps are long.
            blocks = nn.functional.conv1d(nn.functional.pad(rows, (0, _BLOCK - 1)), self.taps, stride=_BLOCK)
            slow = blocks.transpose(1, 2).reshape(n * leads, -1)[:, :samples]
            return (rows[:, 0, self.reach : self.reach + samples] - slow).reshape(n, leads, samples).transpose(1, 2)


def _low_pass(cut_off: float) -> NDArray[np.float32]:
    """Impulse response of 1 minus the gain, [2 reach + 1], that adds up to 1; the cut-off as a share of the rate."""
    reach = math.ceil(_REACH / cut_off)
    count = 16 * reach
    tangent = np.tan(np.pi * np.arange(count // 2 + 1) / count)
    corner = np.tan(np.pi * cut_off)
    response = np.fft.irfft(corner**4 / (corner**4 + tangent**4), count)
    taps = np.concatenate([response[reach:0:-1], response[: reach + 1]])
    return np.asarray(taps / taps.sum(), np.float32)
