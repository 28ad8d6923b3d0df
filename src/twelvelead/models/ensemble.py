"""Several trained networks that answer as one: the form in which an ensemble ships."""

import math
from collections.abc import Sequence
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from twelvelead.models.windows import Answers, Windowed, split

Mean = Literal["logit", "probability"]
"""What of the members is averaged."""

_EDGE = 1e-7  # float32 still tells 1 - 1e-7 from 1


class Ensemble(nn.Module):
    """The weighted mean of what several networks say of whole recordings, each first calibrated by itself.

    Networks trained with different losses mean different things by the same output, so each class of each member has a
    slope and an intercept of its own (Platt 1999) before the mean is taken.

    Args:
        members: networks of the same classes and statements, each with its own architecture, windows and aggregate.
        weights: [members], not negative, that add up to 1.
        slope, intercept: [members, classes and statements], of the members' logits.
        aggregate: the mean is that of the members' logits ("logit") or of their probabilities ("probability").

    Attributes:
        contract: of the weights that were loaded; None for what was not.
    """

    contract: Any = None
    weights: Tensor
    slope: Tensor
    intercept: Tensor

    def __init__(
        self,
        members: Sequence[Windowed],
        weights: Sequence[float],
        slope: Sequence[Sequence[float]],
        intercept: Sequence[Sequence[float]],
        aggregate: Mean = "logit",
    ) -> None:
        super().__init__()
        if not len(members) == len(weights) == len(slope) == len(intercept) >= 1:
            raise ValueError(
                f"{len(members)} members, {len(weights)} weights: give one weight and calibration a member"
            )
        if min(weights) < 0 or not math.isclose(sum(weights), 1, abs_tol=1e-6):
            raise ValueError(
                f"weights {', '.join(f'{w:g}' for w in weights)} have to add up to 1, none of them negative"
            )
        if aggregate not in get_args(Mean):
            raise ValueError(f"aggregate {aggregate!r} has to be one of {', '.join(get_args(Mean))}")
        if len({member.statements for member in members}) > 1:
            raise ValueError("some members have statements and others have not; choose members that agree")
        self.members = nn.ModuleList(members)
        self.statements = members[0].statements
        self.units = sum(member.units for member in members)
        self.aggregate = aggregate
        self.window = max(member.window for member in members)
        self.stride = max(member.stride for member in members)
        self.step = math.gcd(*(member.step for member in members))
        # The contract holds these; were they in the state too, the two could differ.
        for name, values in (("weights", weights), ("slope", slope), ("intercept", intercept)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, ecg: Tensor, features: Tensor) -> Answers:
        """Answers for whole recordings, and what each member says.

        Args:
            ecg: [n, samples, leads] float32 mV, at least as long as the longest window of a member.
            features: [n, 2] float32: age in years, sex (0 male, 1 female), NaN where unknown.

        Returns:
            Probabilities; attention, the weighted mean of the members'; embedding, those of the members one behind the
            other; statements, where the members have some; calibrated probabilities of the members.
        """
        steps = ecg.shape[1] // self.step
        networks = cast(list[Windowed], list(self.members))
        answers: list[Answers] = [member(ecg, features) for member in networks]
        attentions = [
            _refined(answer.attention, member.step // self.step, steps)
            for member, answer in zip(networks, answers, strict=True)
        ]
        members = self.calibrated(torch.stack([answer.everything() for answer in answers], dim=1))
        # Not a matrix product: autocast would make bfloat16 of that.
        attention = (torch.stack(attentions, dim=1) * self.weights[:, None]).sum(dim=1)
        probabilities, statements = split(self.combined(members), self.statements)
        embedding = torch.cat([answer.embedding for answer in answers], dim=1)
        return Answers(probabilities, attention, embedding, statements, split(members, self.statements)[0])

    def calibrated(self, members: Tensor) -> Tensor:
        """Probabilities [n, members, outputs] on one scale, from those that the networks give."""
        return torch.sigmoid(_logit(members) * self.slope + self.intercept)

    def combined(self, members: Tensor) -> Tensor:
        """Probabilities [n, outputs] of the ensemble, from calibrated ones [n, members, outputs]."""
        if self.aggregate == "probability":
            return (members * self.weights[:, None]).sum(dim=1)
        return torch.sigmoid((_logit(members) * self.weights[:, None]).sum(dim=1))


def _logit(probabilities: Tensor) -> Tensor:
    p = probabilities.clamp(_EDGE, 1 - _EDGE)
    return torch.log(p) - torch.log(1 - p)


def _refined(attention: Tensor, ratio: int, steps: int) -> Tensor:
    """Attention [n, coarse steps] shared out evenly over `ratio` times as many, [n, steps]; 0 behind its end."""
    if ratio == 1:
        return attention
    places = torch.arange(steps, device=attention.device) // ratio
    inside = places < attention.shape[1]
    return attention[:, places.clamp(max=attention.shape[1] - 1)] * inside.to(attention.dtype) / ratio
