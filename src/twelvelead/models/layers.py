"""Layers that the architectures share. Convolutions are one-row 2-D, so that they can run channels-last."""

from typing import Any

import torch
from torch import Tensor, nn


class ByteDropout(nn.Module):
    """Element-wise inverted dropout whose mask costs one random byte an element.

    PyTorch draws 32 random bits for each element of a CPU mask, one thread at a time, which takes as long as a
    convolution of the reference model. Here one 64-bit draw serves eight elements; the rate is exact in steps of
    1/256 (0.25 and 0.5 are exact). Elsewhere than on a CPU this is ``torch.nn.functional.dropout``.

    Args:
        p: probability of an element to be set to zero, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout probability is {p}; it has to be in [0, 1)")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        dropped = round(self.p * 256)
        if not self.training or dropped == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        # Comparing into the type of x is several times faster than into booleans.
        kept = torch.ge(draws.view(torch.uint8)[: x.numel()], dropped, out=x.new_empty(x.numel()))
        # The mask takes the memory layout of x: any order of independent draws is as good as another.
        layout = torch.empty_like(x, device="meta").stride()
        y: Tensor = _Kept.apply(x, kept.as_strided(x.shape, layout), 256 / (256 - dropped))  # type: ignore[no-untyped-call]
        return y

    def extra_repr(self) -> str:
        return f"p={self.p}"


class _Kept(torch.autograd.Function):
    """x * kept * scale, each way in one pass over memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return torch.addcmul(x.new_zeros(()), x, kept, value=scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return torch.addcmul(kept.new_zeros(()), gradients[0], kept, value=ctx.scale), None, None


class PairPool(nn.Module):
    """Max pooling that merges two samples into one; a last odd one is cut.

    The same function as ``torch.nn.MaxPool2d((1, 2))``, whose gradient takes a CPU twice as long.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, channels, 1, time] to [n, channels, 1, time // 2]."""
        if not self.training:
            return nn.functional.max_pool2d(x, (1, 2))
        y: Tensor = _PairMaximum.apply(x)  # type: ignore[no-untyped-call]
        return y


class _PairMaximum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        even = x.shape[3] // 2 * 2
        first, second = x[..., 0:even:2], x[..., 1:even:2]
        ctx.save_for_backward(torch.ge(first, second, out=torch.empty_like(first)))
        ctx.shape, ctx.layout = x.shape, torch.empty_like(x, device="meta").stride()
        return torch.maximum(first, second)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (is_first,) = ctx.saved_tensors
        given: Tensor = is_first.new_empty_strided(ctx.shape, ctx.layout)
        even = ctx.shape[3] // 2 * 2
        first = torch.mul(gradients[0], is_first, out=given[..., 0:even:2])
        torch.sub(gradients[0], first, out=given[..., 1:even:2])
        given[..., even:] = 0
        return given


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm, dropout between them, and a projected shortcut (He et al. 2016,
    doi:10.1109/CVPR.2016.90), then max pooling over time.

    Args:
        inputs: channels in.
        filters: channels out.
        kernel_size: odd; the time axis is padded so that its length stays.
        dropout: probability between the two convolutions.
        pool: samples merged into one at the end; a remainder is cut.
    """

    def __init__(self, inputs: int, filters: int, kernel_size: int, *, dropout: float, pool: int) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel size is {kernel_size}; it has to be odd")
        padding = (0, kernel_size // 2)
        self.conv1 = nn.Conv2d(inputs, filters, (1, kernel_size), padding=padding, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.dropout = ByteDropout(dropout)
        self.conv2 = nn.Conv2d(filters, filters, (1, kernel_size), padding=padding, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.shortcut = nn.Conv2d(inputs, filters, (1, 1), bias=False)
        self.shortcut_norm = nn.BatchNorm2d(filters)
        self.pool = PairPool() if pool == 2 else nn.MaxPool2d((1, pool))

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, inputs, 1, time] to [n, filters, 1, time // pool]."""
        y = self.dropout(torch.relu(self.norm1(self.conv1(x))))
        y = self.norm2(self.conv2(y)) + self.shortcut_norm(self.shortcut(x))
        return torch.relu(self.pool(y))  # in this order half the work, and the same values


class BasicBlock(nn.Module):
    """Two convolutions with batch norm and a shortcut (He et al. 2016, doi:10.1109/CVPR.2016.90).

    Args:
        inputs: channels in.
        filters: channels out.
        kernel_sizes: of the two convolutions, odd; the time axis is padded.
        stride: of the first convolution.
    """

    def __init__(self, inputs: int, filters: int, kernel_sizes: tuple[int, int], *, stride: int) -> None:
        super().__init__()
        if any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"kernel sizes are {kernel_sizes}; they have to be odd")
        first, second = kernel_sizes
        self.conv1 = nn.Conv2d(inputs, filters, (1, first), (1, stride), (0, first // 2), bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, (1, second), padding=(0, second // 2), bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, filters, (1, 1), (1, stride), bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, inputs, 1, time] to [n, filters, 1, ceil(time / stride)]."""
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


class PooledHead(nn.Module):
    """Mean and maximum over time, age and sex beside them, then two dense layers (fastai's concat-pooling head), of
    which the last, `output`, is called by the model (`ECGModel.forward`).

    Args:
        channels: of the sequence.
        classes: number of outputs.
        metadata_units: width of the dense layer for age and sex; 0 leaves them out.
        units: width of the hidden dense layer.
        dropout: before the output; half of it before the hidden layer.
    """

    def __init__(self, channels: int, classes: int, *, metadata_units: int, units: int, dropout: float) -> None:
        super().__init__()
        self.metadata = Metadata(metadata_units) if metadata_units else None
        self.norm = nn.BatchNorm1d(2 * channels)
        self.first_dropout = nn.Dropout(dropout / 2)
        self.hidden = nn.Linear(2 * channels + metadata_units, units)
        self.hidden_norm = nn.BatchNorm1d(units)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, classes)

    def forward(self, sequence: Tensor, features: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Embedding [n, units] and saliency [n, steps] of `sequence` [n, channels, at least steps].

        The saliency is the share of the channels that have their maximum at a step; it adds up to 1. A partial step at
        the end, which strided convolutions leave, does not count.
        """
        # Time before channels, as it lies in memory: so do the gradients then, which the layers below read faster.
        sequence = sequence[:, :, :steps].transpose(1, 2).float()
        highest, places = sequence.max(dim=1)
        pooled = self.first_dropout(self.norm(torch.cat([highest, sequence.mean(dim=1)], dim=1)))
        if self.metadata is not None:
            pooled = torch.cat([pooled, self.metadata(features)], dim=1)
        hidden = self.dropout(self.hidden_norm(torch.relu(self.hidden(pooled))))
        of_one = torch.full_like(highest, 1 / highest.shape[1])
        share = torch.zeros_like(sequence[:, :, 0]).scatter_add(1, places, of_one)
        return hidden, share


class Metadata(nn.Module):
    """Age and sex, scaled and flagged, through one dense layer.

    Args:
        units: width of the dense layer.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = nn.Linear(4, units)

    def forward(self, features: Tensor) -> Tensor:
        """Map `features` [n, 2] (age in years, sex 0 male 1 female, NaN unknown) to [n, units].

        Age is clipped to 90, since PTB-XL writes 300 for "over 89". An unknown value becomes 0 with its flag at 0.
        """
        known = ~torch.isnan(features)
        age = (features[:, 0].clamp(0, 90) - 60) / 20
        sex = features[:, 1] * 2 - 1
        values = torch.stack([age, sex], dim=1)
        values = torch.where(known, values, torch.zeros_like(values))
        return torch.relu(self.dense(torch.cat([values, known.to(values.dtype)], dim=1)))


class TimeAttention(nn.Module):
    """A learned score for each time step, softmax over time, weighted sum."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.score = nn.Linear(inputs, 1)

    def forward(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Map [n, steps, inputs] to the sum [n, inputs] and the weights [n, steps], which add up to 1."""
        weights = torch.softmax(self.score(sequence).squeeze(-1).float(), dim=1)
        return torch.einsum("nt,ntc->nc", weights, sequence.float()), weights
