"""Reads a 12-lead clinical ECG and predicts NORM, MI, STTC, CD and HYP. A decision aid, not a medical device."""

from typing import TYPE_CHECKING, Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import MissingExtra, Refused, TwelveLeadError, Unreadable
from twelvelead.version import __version__

if TYPE_CHECKING:
    from twelvelead.inference.engine import load
    from twelvelead.readers import read

__all__ = ["ECG", "MissingExtra", "Refused", "TwelveLeadError", "Unreadable", "__version__", "load", "read"]

_LATER = {"read": "twelvelead.readers", "load": "twelvelead.inference.engine"}


def __getattr__(name: str) -> Any:
    # What needs more than NumPy is imported when it is first asked for, so that `import twelvelead` stays light.
    if name not in _LATER:
        raise AttributeError(f"module 'twelvelead' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
