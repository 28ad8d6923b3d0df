"""Limits and coefficients fitted on PTB-XL's folds 1-7; `tools/fit_quality.py` makes them."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def _arrays(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    numbers = {name: value for name, value in pairs if isinstance(value, list) and name != "names"}
    return dict(pairs) | {name: np.array(value, np.float64) for name, value in numbers.items()}


FITTED: dict[str, Any] = json.loads(
    Path(__file__).with_name("fitted.json").read_text(encoding="utf-8"), object_pairs_hook=_arrays
)
"""Where they come from; muscle_mv, baseline_mv; the tables of `electrodes` and `unusual`, lists as float64 arrays."""
