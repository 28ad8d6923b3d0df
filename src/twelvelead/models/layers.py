"""Layers that the architectures share. Convolutions are one-row 2-D, so that they can run channels-last."""

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
        kept = draws.view(torch.uint8)[: x.numel()] >= dropped
        # The mask takes the memory layout of x: any order of independent draws is as good as another.
        layout = torch.empty_like(x, device="meta").stride()
        return x * kept.to(x.dtype).mul_(256 / (256 - dropped)).as_strided(x.shape, layout)

    def extra_repr(self) -> str:
        return f"p={self.p}"


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
        self.pool = nn.MaxPool2d((1, pool))

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, inputs, 1, time] to [n, filters, 1, time // pool]."""
        y = self.dropout(torch.relu(self.norm1(self.conv1(x))))
        y = self.norm2(self.conv2(y)) + self.shortcut_norm(self.shortcut(x))
        pooled: Tensor = self.pool(torch.relu(y))
        return pooled


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
    """Mean and maximum over time, age and sex beside them, then two dense layers (fastai's concat-pooling head).

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
        """Logits [n, classes] and saliency [n, steps] of `sequence` [n, channels, at least steps].

        The saliency is the share of the channels that have their maximum at a step; it adds up to 1. A partial step at
        the end, which strided convolutions leave, does not count.
        """
        sequence = sequence[:, :, :steps].float()
        highest, places = sequence.max(dim=2)
        pooled = self.first_dropout(self.norm(torch.cat([highest, sequence.mean(dim=2)], dim=1)))
        if self.metadata is not None:
            pooled = torch.cat([pooled, self.metadata(features)], dim=1)
        hidden = self.dropout(self.hidden_norm(torch.relu(self.hidden(pooled))))
        share = torch.zeros_like(sequence[:, 0]).scatter_add(1, places, torch.full_like(highest, 1 / highest.shape[1]))
        return self.output(hidden), share


def first_outputs(output: nn.Linear, count: int) -> nn.Linear:
    """The first `count` outputs of a dense layer, as a layer of its own."""
    cut = nn.Linear(output.in_features, count)
    with torch.no_grad():
        cut.weight.copy_(output.weight[:count])
        assert cut.bias is not None
        cut.bias.copy_(output.bias[:count])
    return cut


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
