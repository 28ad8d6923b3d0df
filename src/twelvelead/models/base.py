"""What every architecture is, those that ship and those of others."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn


class ECGModel(nn.Module, ABC):
    """A network that answers for one window of an ECG: what it makes of it, and a dense layer that reads the classes
    off that.

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
    def embed(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """What the last layer reads, and the weight of each step of time.

        Args:
            ecg: [n, samples, leads] float32 mV.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Embedding [n, inputs of the last layer]; attention [n, samples // samples_per_step], not negative, which
            adds up to 1 for each record.
        """

    def forward(self, ecg: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, classes], and attention as `embed` gives it."""
        embedding, attention = self.embed(ecg, features)
        return self.output_layer()(embedding), attention

    def output_layer(self) -> nn.Linear:
        """The last layer, [classes, inputs].

        Raises:
            ValueError: there is no dense layer of the name `output_name`.
        """
        try:
            layer = self.get_submodule(self.output_name)
        except AttributeError:
            layer = None
        if not isinstance(layer, nn.Linear) or layer.bias is None:
            raise ValueError(
                f"{type(self).__name__} has no dense layer {self.output_name} with a bias; state where its last layer "
                "stands as output_name"
            )
        return layer

    def require_answer(self, samples: int, leads: int, classes: int) -> None:
        """See that the network answers for a window as `embed` promises.

        Raises:
            ValueError: its embedding or its attention has another shape, or the attention does not add up to 1.
        """
        name, was_training = type(self).__name__, self.training
        try:
            with torch.no_grad():
                found = self.eval().embed(torch.zeros(2, samples, leads), torch.full((2, 2), torch.nan))
        finally:
            self.train(was_training)
        if not (isinstance(found, tuple) and len(found) == 2 and all(isinstance(each, Tensor) for each in found)):
            raise ValueError(f"{name}.embed has to give two tensors, embedding and attention")
        last = self.output_layer()
        wanted = {"an embedding": (2, last.in_features), "an attention": (2, samples // self.samples_per_step)}
        for (what, shape), tensor in zip(wanted.items(), found, strict=True):
            if tuple(tensor.shape) != shape:
                raise ValueError(f"{name}.embed gives {what} of shape {list(tensor.shape)}, not {list(shape)}")
        if not torch.allclose(found[1].float().sum(dim=1), torch.ones(2), atol=1e-3):
            raise ValueError(f"{name}.embed gives an attention that does not add up to 1 for each record")
        if last.out_features != classes:
            raise ValueError(f"{name}.{self.output_name} has {last.out_features} rows, not {classes}")
