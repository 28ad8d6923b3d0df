"""What every architecture is, those that ship and those of others."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn


class ECGModel(nn.Module, ABC):
    """A network that answers for one window of an ECG.

    An architecture subclasses it with the constructor `(classes, sampling_rate=100, leads=12, metadata=True, *,
    settings)`, each setting with a default that TOML can hold (tuples as lists), and is put in the registry by
    `twelvelead.models.register_model`. Its last layer is dense, with one row of weights a class.

    Args:
        sampling_rate: in Hz, of the ECGs that it takes.
        samples_per_step: samples that one step of its attention stands for.
        scale: the factor by which it multiplies the millivolts first; the contract states it.

    Attributes:
        output_name: where the last layer stands, as in the state dict without `.weight`.
    """

    output_name: ClassVar[str] = "output"

    def __init__(self, *, sampling_rate: int, samples_per_step: int, scale: float) -> None:
        super().__init__()
        self.sampling_rate = sampling_rate
        self.samples_per_step = samples_per_step
        self.scale = scale

    @abstractmethod
    def forward(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the weight of each step of time.

        Args:
            ecg: [n, samples, leads] float32 mV, original signal.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Logits [n, classes]; attention [n, samples // samples_per_step], not negative, which adds up to 1 for each
            record.
        """

    def output_layer(self) -> nn.Linear:
        """The last layer, [classes, inputs].

        Raises:
            ValueError: there is no dense layer of the name `output_name`.
        """
        layer = dict(self.named_modules()).get(self.output_name)
        if not isinstance(layer, nn.Linear) or layer.bias is None:
            raise ValueError(
                f"{type(self).__name__} has no dense layer {self.output_name} with a bias; state where its last layer "
                "stands as output_name"
            )
        return layer

    def keep_outputs(self, count: int) -> None:
        """Cut the last layer to its first `count` classes."""
        layer = self.output_layer()
        cut = nn.Linear(layer.in_features, count)
        with torch.no_grad():
            cut.weight.copy_(layer.weight[:count])
            cut.bias.copy_(layer.bias[:count])
        holder, _, attribute = self.output_name.rpartition(".")
        setattr(self.get_submodule(holder), attribute, cut)

    def require_answer(self, samples: int, leads: int, classes: int) -> None:
        """See that the network answers for a window as `forward` promises.

        Raises:
            ValueError: its logits or its attention have another shape, or the attention does not add up to 1.
        """
        name, was_training = type(self).__name__, self.training
        try:
            with torch.no_grad():
                found = self.eval()(torch.zeros(2, samples, leads), torch.full((2, 2), torch.nan))
        finally:
            self.train(was_training)
        if not (isinstance(found, tuple) and len(found) == 2 and all(isinstance(each, Tensor) for each in found)):
            raise ValueError(f"{name}.forward has to give two tensors, logits and attention")
        wanted = {"logits": (2, classes), "attention": (2, samples // self.samples_per_step)}
        for (what, shape), tensor in zip(wanted.items(), found, strict=True):
            if tuple(tensor.shape) != shape:
                raise ValueError(f"{name}.forward gives {what} of shape {list(tensor.shape)}, not {list(shape)}")
        if not torch.allclose(found[1].float().sum(dim=1), torch.ones(2), atol=1e-3):
            raise ValueError(f"{name}.forward gives an attention that does not add up to 1 for each record")
        if self.output_layer().out_features != classes:
            raise ValueError(f"{name}.{self.output_name} has {self.output_layer().out_features} rows, not {classes}")
