"""Leads that are not there, as a network sees them."""

import torch
from torch import Tensor


def with_mask(ecg: Tensor) -> Tensor:
    """A recording of which leads are missing, as the input of a network that was trained so.

    Args:
        ecg: [n, samples, leads] mV, NaN where there is no value.

    Returns:
        [n, samples, 2 leads]: the voltages, 0 where there is none, and behind them 1 where there is one, 0 elsewhere.
    """
    missing = torch.isnan(ecg)
    return torch.cat([torch.where(missing, torch.zeros_like(ecg), ecg), (~missing).to(ecg.dtype)], dim=2)
