"""Disturbances of training crops that a cardiologist would still read the same way, and mixup.

Everything is drawn from PyTorch's global stream on the device of the crops, which the training step seeds.
"""

import math

import torch
from torch import Tensor

from twelvelead.training.recipe import Recipe

WANDER_HZ = (0.05, 0.5)
"""Of the baseline's movement: breathing and slower."""


def margin(window: int, stretch: float) -> int:
    """Samples that a crop has to be longer than the window, so that a stretched window still lies in it."""
    return math.ceil(window * stretch)


def disturb(ecg: Tensor, recipe: Recipe, window: int, sampling_rate: int) -> Tensor:
    """A window from each crop, disturbed as the recipe says.

    Args:
        ecg: [n, window + margin, leads] mV, of any floating type; the draws are float32.
        recipe: `stretch`: each crop's time runs faster or slower by up to this share; `gain`: standard deviation of
            the logarithm of an amplification of all leads; `lead_dropout`: chance of each lead to be silent, of which
            a crop always keeps one; `noise`: standard deviation of white noise in mV, drawn for each crop from 0 up to
            this; `wander`: amplitude in mV of a slow sine in each lead and of a constant offset, each drawn likewise.
        window: in samples.
        sampling_rate: in Hz.

    Returns:
        [n, window, leads] mV, of the type of `ecg`.
    """
    n, _, leads = ecg.shape
    one, kind = (n, 1, 1), ecg.dtype
    if recipe.stretch:
        ecg = _stretched(ecg, window, recipe.stretch)
    if recipe.gain:
        ecg = ecg * (torch.randn(one, device=ecg.device) * recipe.gain).exp()
    if recipe.wander:
        time = torch.arange(window, device=ecg.device)[:, None] / sampling_rate
        low, high = WANDER_HZ
        hertz = low + (high - low) * torch.rand(one, device=ecg.device)
        phase = torch.rand(n, 1, leads, device=ecg.device)
        size, offset = (_upto(recipe.wander, n, leads, ecg.device) for _ in range(2))
        ecg = ecg + size * torch.sin(2 * math.pi * (hertz * time + phase)) + offset
    if recipe.noise:
        white = torch.randn(ecg.shape, device=ecg.device)
        ecg = ecg + white * torch.rand(one, device=ecg.device) * recipe.noise
    if recipe.lead_dropout:
        draws = torch.rand(n, leads, device=ecg.device)
        kept = (draws >= recipe.lead_dropout) | (draws == draws.max(dim=1, keepdim=True).values)
        ecg = ecg * kept[:, None]
    return ecg.to(kind)


def hide(ecg: Tensor, sets: Tensor, share: float) -> Tensor:
    """Crops of which some show the leads of one set alone.

    Args:
        ecg: [n, samples, leads].
        sets: [sets, leads] bool, the leads of each.
        share: chance of a crop to lose leads.

    Returns:
        [n, samples, leads], NaN in leads that are hidden.
    """
    n = len(ecg)
    chosen = sets[torch.randint(len(sets), (n,), device=ecg.device)]
    kept = chosen | (torch.rand(n, 1, device=ecg.device) >= share)
    return ecg.masked_fill(~kept[:, None], torch.nan)


def mix(ecg: Tensor, features: Tensor, labels: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    """Each crop with some of another one (Zhang et al. 2018, "mixup", arXiv:1710.09412).

    The larger share, drawn from Beta(alpha, alpha), stays the crop's own, and so do age and sex.

    Args:
        ecg: [n, samples, leads].
        features: [n, 2].
        labels: [n, classes].
        alpha: of the Beta distribution, 0.01 or more; the smaller, the less is mixed.

    Returns:
        The three, of the types that they had.
    """
    concentration = torch.full((len(ecg),), alpha, device=ecg.device)
    share = torch.distributions.Beta(concentration, concentration).sample()
    share = torch.maximum(share, 1 - share)
    other = torch.randperm(len(ecg), device=ecg.device)
    own = share[:, None, None]
    signals = ecg * own + ecg[other] * (1 - own)
    targets = labels * share[:, None] + labels[other] * (1 - share[:, None])
    return signals.to(ecg.dtype), features, targets.to(labels.dtype)


def _upto(most: float, n: int, leads: int, device: torch.device) -> Tensor:
    """[n, 1, leads]: for each crop a size from 0 to `most`, and for each lead a share of it with either sign."""
    return most * torch.rand(n, 1, 1, device=device) * (2 * torch.rand(n, 1, leads, device=device) - 1)


def _stretched(ecg: Tensor, window: int, stretch: float) -> Tensor:
    """[n, window, leads] from [n, samples, leads], each at its own speed, by linear interpolation."""
    n, samples, _ = ecg.shape
    speed = 1 + stretch * (2 * torch.rand(n, 1, device=ecg.device) - 1)
    places = (torch.arange(window, device=ecg.device) * speed).clamp(max=samples - 1)
    before = places.floor().long().clamp(max=samples - 2)
    after = (places - before)[:, :, None]
    rows = torch.arange(n, device=ecg.device)[:, None]
    return ecg[rows, before] * (1 - after) + ecg[rows, before + 1] * after
