"""Units of voltage and how they become millivolts."""

from functools import lru_cache

_PER_MILLIVOLT = {"mv": 1.0, "uv": 1e3, "v": 1e-3}


@lru_cache(maxsize=256)
def units_per_millivolt(unit: str) -> float | None:
    """How many of `unit` make 1 mV ("mV", "uV", "µV", "V", in any case); None where it is no unit of voltage."""
    # Unicode has two letters mu: the micro sign and the Greek one
    return _PER_MILLIVOLT.get(unit.strip().lower().replace("\u00b5", "u").replace("\u03bc", "u"))
