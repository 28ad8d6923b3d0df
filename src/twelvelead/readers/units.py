"""Units of voltage and how they become millivolts."""

from functools import lru_cache

_PER_MILLIVOLT = {
    "v": 1e-3,
    "mv": 1.0,
    "uv": 1e3,
    "nv": 1e6,
    "volt": 1e-3,
    "millivolt": 1.0,
    "microvolt": 1e3,
    "nanovolt": 1e6,
}


@lru_cache(maxsize=256)
def units_per_millivolt(unit: str) -> float | None:
    """How many of `unit` make 1 mV ("mV", "uV", "µV", "V", "nV", "microvolts", in any case); None where it is no unit
    of voltage."""
    # Unicode has two letters mu: the micro sign and the Greek one
    name = unit.strip().lower().replace("\u00b5", "u").replace("\u03bc", "u")
    return _PER_MILLIVOLT.get(name if name in _PER_MILLIVOLT else name.removesuffix("s"))
