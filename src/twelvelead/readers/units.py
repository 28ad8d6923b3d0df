"""Units of voltage and how they become millivolts."""

import re
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
_MICRO = re.compile("Ã‚Âµ|Âµ|Î¼|\u0083Ê|¦Ì|µ|\u03bc|æ(?=V)|mc(?=V)")
"""The micro sign and the Greek mu, and what their bytes in UTF-8 (encoded once and twice), Shift-JIS, GB 2312 and code
page 437 read as in Latin-1."""

_WIDE = {ord("Ｖ"): "V", ord("ｖ"): "V", ord("ｍ"): "m"}


@lru_cache(maxsize=256)
def units_per_millivolt(unit: str) -> float | None:
    """How many of `unit` make 1 mV ("mV", "uV", "µV", "V", "nV", "microvolts", in any case, the micro sign in any
    encoding); None where it is no unit of voltage."""
    name = _MICRO.sub("u", unit.translate(_WIDE)).strip(" \t\r\n\0.").lower()
    return _PER_MILLIVOLT.get(name if name in _PER_MILLIVOLT else name.removesuffix("s"))
