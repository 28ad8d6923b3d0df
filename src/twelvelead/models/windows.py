"""A model of short windows applied to a whole recording: the form in which weights ship."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from twelvelead.models.base import ECGModel
from twelvelead.models.highpass import HighPass
from twelvelead.models.registry import create_model
from twelvelead.models.shown import with_mask

AGGREGATES: dict[str, Callable[[Tensor], Tensor]] = {
    "probability": lambda logits: torch.sigmoid(logits).mean(dim=1),
    "logit": lambda logits: torch.sigmoid(logits.mean(dim=1)),
    "maximum": lambda logits: torch.sigmoid(logits).amax(dim=1),
}
"""What stands for a recording: logits [n, windows, classes] -> probabilities [n, classes]."""


class Answers(NamedTuple):
    """What a network says of n whole recordings.

    Attributes:
        probabilities: [n, classes].
        attention: [n, samples // step], adds up to 1 for each recording.
        embedding: [n, units]: what the last layer reads, for whoever searches or clusters.
        statements: probabilities [n, statements]; None where the network has no such outputs.
        members: of an ensemble, calibrated probabilities of each member, [n, members, classes]; else None.
    """

    probabilities: Tensor
    attention: Tensor
    embedding: Tensor
    statements: Tensor | None = None
    members: Tensor | None = None

    def everything(self) -> Tensor:
        """Probabilities of the classes and, behind them, of the statements, [n, outputs]."""
        parts = [self.probabilities] if self.statements is None else [self.probabilities, self.statements]
        return torch.cat(parts, dim=1)


def split(outputs: Tensor, statements: int) -> tuple[Tensor, Tensor | None]:
    """Outputs [..., classes and statements] as classes and statements; None where there are none of these."""
    if not statements:
        return outputs, None
    return outputs[..., :-statements], outputs[..., -statements:]


def create_windowed(
    architecture: str,
    settings: Mapping[str, Any],
    *,
    classes: int,
    sampling_rate: int,
    leads: int,
    metadata: bool,
    window: int,
    stride: int,
    aggregate: str,
    highpass: float = 0.0,
    statements: int = 0,
    masked: bool = False,
) -> "Windowed":
    """A model by its name, laid over whole recordings; its convolutions run channels-last. Its outputs are the classes
    and, behind them, the statements.

    Raises:
        ValueError, TypeError: as `create_model` and `Windowed`.
    """
    model = create_network(
        architecture,
        settings,
        outputs=classes + statements,
        sampling_rate=sampling_rate,
        leads=2 * leads if masked else leads,
        metadata=metadata,
    )
    baseline = HighPass(highpass, sampling_rate) if highpass else None
    return Windowed(model, window, stride, aggregate, baseline, statements, masked)


def create_network(
    architecture: str, settings: Mapping[str, Any], *, outputs: int, sampling_rate: int, leads: int, metadata: bool
) -> ECGModel:
    """A model by its name, whose convolutions run channels-last.

    Raises:
        ValueError, TypeError: as `create_model`.
    """
    model = create_model(
        architecture, classes=outputs, sampling_rate=sampling_rate, leads=leads, metadata=metadata, **settings
    )
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs know no such call
    return model


def whole_steps(samples: float, step: int) -> int:
    """The whole number of steps of `step` samples that is nearest to some samples, in samples; one step at least."""
    return max(1, round(samples / step)) * step


class Windowed(nn.Module):
    """Overlapping windows of a recording through a model, their answers taken together.

    The windows start every `stride` samples; where the recording does not end with a window, the last one is moved
    forward to end with it, to the nearest whole step of the model before that.

    Args:
        model: maps `ecg` [n, window, leads] and `features` [n, 2] to logits [n, classes and statements] and attention
            [n, steps].
        window, stride: in samples, whole multiples of the model's `samples_per_step`.
        aggregate: one of `AGGREGATES`.
        highpass: takes the baseline away before the windows are cut; None for none.
        statements: how many of the outputs, the last ones, are statements.
        masked: whether leads may be missing: NaN in `ecg`. The model then takes twice as many leads, see `with_mask`.

    Attributes:
        contract: of the weights that were loaded; None for what was not.
    """

    contract: Any = None

    def __init__(
        self,
        model: ECGModel,
        window: int,
        stride: int,
        aggregate: str = "probability",
        highpass: HighPass | None = None,
        statements: int = 0,
        masked: bool = False,
    ) -> None:
        super().__init__()
        self.step = model.samples_per_step
        if window % self.step or stride % self.step or not 0 < stride <= window:
            raise ValueError(
                f"window {window} and stride {stride} have to be multiples of {self.step} samples, and the stride "
                "no longer than the window"
            )
        if aggregate not in AGGREGATES:
            raise ValueError(f"aggregate is {aggregate!r}; it has to be one of {', '.join(AGGREGATES)}")
        self.model = model
        self.units = model.output_layer().in_features
        self.window = window
        self.stride = stride
        self.aggregate = aggregate
        self.highpass = highpass
        self.statements = statements
        self.masked = masked

    def forward(self, ecg: Tensor, features: Tensor) -> Answers:
        """Answers for whole recordings.

        Args:
            ecg: [n, samples, leads] float32 mV, at least one window long.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Probabilities, attention (the windows' weights averaged where they overlap), embedding (the mean over
            windows) and, where there are some, statements.
        """
        if self.highpass is not None:
            ecg = self.highpass(ecg)
        if self.masked:
            ecg = with_mask(ecg)
        n, samples, leads = ecg.shape
        starts = self._starts(samples)
        windows = ecg[:, starts[:, None] + torch.arange(self.window, device=ecg.device)]
        count = windows.shape[1]
        repeated = features[:, None].expand(n, count, features.shape[1])
        embedding, weights = self.model.embed(
            windows.reshape(-1, self.window, leads), repeated.reshape(-1, features.shape[1])
        )
        logits = self.model.output_layer()(embedding)
        outputs = AGGREGATES[self.aggregate](logits.float().reshape(n, count, -1))
        probabilities, statements = split(outputs, self.statements)
        attention = self._merged(weights.reshape(n, count, -1), starts, samples)
        return Answers(probabilities, attention, embedding.float().reshape(n, count, -1).mean(dim=1), statements)

    def _starts(self, samples: int) -> Tensor:
        """First sample of each window, [windows]."""
        last = (samples - self.window) // self.step * self.step
        count = (last + self.stride - 1) // self.stride + 1
        return (torch.arange(count) * self.stride).clamp(max=last)

    def _merged(self, weights: Tensor, starts: Tensor, samples: int) -> Tensor:
        """Attention of the windows [n, windows, steps] laid over the recording."""
        n, _, steps = weights.shape
        places = (starts[:, None] // self.step + torch.arange(steps)).reshape(1, -1)
        total = weights.new_zeros(n, samples // self.step)
        summed = total.scatter_add(1, places.expand(n, -1), weights.reshape(n, -1))
        covered = total.scatter_add(1, places.expand(n, -1), torch.ones_like(weights).reshape(n, -1))
        mean = summed / covered.clamp(min=1)
        return mean / mean.sum(dim=1, keepdim=True)
