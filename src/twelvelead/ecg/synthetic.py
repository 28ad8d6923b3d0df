"""Synthetic 12-lead ECGs from a dipole model: for demonstrations, tests and small training runs, never for evaluation.

The heart vector is a sum of Gaussians placed around each R peak (McSharry et al. 2003, doi:10.1109/TBME.2003.808805; in
three dimensions Sameni et al. 2007, doi:10.1155/2007/43407). Dower's matrix (Dower et al. 1980; in Edenbrandt and Pahlm
1988, doi:10.1016/0022-0736(88)90113-6) takes it to leads I, II and V1-V6. The Gaussians are ours, set by eye and by the
usual criteria; they come from no patient.
"""

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import limb_leads
from twelvelead.ecg.record import ECG, Sex

_DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
"""[I, II, V1-V6; x to the left, y to the feet, z to the back]."""

# One Gaussian a row: centre (ms after the R peak), width (standard deviation, ms), then x, y, z in mV.
_Waves = list[tuple[float, float, float, float, float]]

_P: _Waves = [(-156, 18, 0.055, 0.080, -0.040), (-130, 18, 0.070, 0.055, 0.035)]
_QRS: _Waves = [
    (-23, 7, -0.12, -0.06, -0.28),
    (-8, 8, 0.20, 0.10, -0.16),
    (0, 9, 1.04, 0.74, 0.05),
    (13, 9, 0.22, 0.12, 0.62),
    (27, 7, -0.08, -0.10, 0.14),
]
_T: _Waves = [(222, 50, 0.18, 0.08, -0.09), (270, 33, 0.22, 0.13, -0.10)]

# Of the ventricles: depolarisation, then repolarisation, whose times stretch with the square root of the RR interval.
_SHAPES: dict[str, tuple[_Waves, _Waves]] = {
    "normal": (_QRS, _T),
    "st_elevation": (  # an anterior infarct: no septal r, injury current to the front, tall broad T
        [
            (-20, 11, -0.02, -0.02, 0.24),
            (0, 9, 0.56, 0.60, 0.45),
            (13, 9, 0.14, 0.12, 0.36),
            (27, 7, -0.04, -0.04, 0.02),
        ],
        [
            (62, 22, 0.020, -0.11, -0.160),
            (102, 29, 0.022, -0.11, -0.145),
            (152, 36, 0.035, -0.09, -0.140),
            (215, 46, 0.130, 0.02, -0.250),
            (272, 42, 0.150, 0.09, -0.190),
        ],
    ),
    "wide_qrs": (  # left bundle branch block: activation from right to left, late and slow; ST and T against the QRS
        [
            (-31, 12, 0.42, 0.16, 0.27),
            (-7, 15, 0.75, 0.34, 0.74),
            (32, 18, 0.86, 0.22, 1.18),
            (61, 13, 0.18, 0.02, 0.30),
        ],
        [
            (110, 30, -0.08, -0.03, -0.10),
            (175, 46, -0.11, -0.04, -0.14),
            (250, 50, -0.20, -0.06, -0.24),
            (300, 36, -0.12, -0.04, -0.14),
        ],
    ),
    "high_voltage": (  # left ventricular hypertrophy with strain
        [
            (-26, 7, -0.14, -0.06, -0.30),
            (-9, 9, 0.40, 0.16, -0.16),
            (1, 10, 1.86, 0.80, 0.54),
            (15, 10, 0.60, 0.16, 1.16),
            (31, 7, -0.05, -0.08, 0.20),
        ],
        [
            (75, 24, -0.070, -0.020, -0.050),
            (135, 40, -0.110, -0.030, -0.070),
            (212, 46, -0.180, -0.040, -0.120),
            (262, 32, -0.190, -0.045, -0.115),
        ],
    ),
    "t_inversion": (_QRS, [(255, 38, -0.29, 0.03, 0.15)]),
}

VARIANTS: tuple[str, ...] = tuple(_SHAPES)
"""What `synthetic_ecg` draws: normal; anterior ST elevation; left-bundle-branch-like; hypertrophy-like; T inversion."""


def synthetic_ecg(
    variant: str = "normal",
    *,
    seed: int = 0,
    seconds: float = 10.0,
    sampling_rate: float = 500.0,
    heart_rate: float | None = None,
    noise: bool = True,
) -> ECG:
    """A synthetic resting ECG.

    The same arguments give the same recording; without noise, another sampling rate only takes other samples of it.

    Args:
        variant: one of `VARIANTS`.
        seed: chooses age, sex, rate, anatomy (axis, amplitudes, durations, electrode positions) and noise.
        seconds: duration, s.
        sampling_rate: Hz.
        heart_rate: mean rate per minute, 30 to 150; None lets the seed choose.
        noise: baseline wander and muscle noise; without it the waves alone.

    Returns:
        The twelve leads, [samples, 12] float32, mV, with source "synthetic <variant>".

    Raises:
        ValueError: the variant is unknown, or a number is out of range.
    """
    if variant not in _SHAPES:
        raise ValueError(f"no synthetic variant {variant!r}; there are {', '.join(VARIANTS)}")
    if not (seconds > 0 and sampling_rate > 0 and round(seconds * sampling_rate) > 0):
        raise ValueError(f"{seconds} s at {sampling_rate} Hz hold no sample; both have to be above 0")
    if heart_rate is not None and not 30 <= heart_rate <= 150:
        raise ValueError(f"heart rate {heart_rate} per minute is outside 30 to 150")

    rng = np.random.default_rng([seed, VARIANTS.index(variant)])
    time = np.arange(round(seconds * sampling_rate)) / sampling_rate
    age = float(rng.integers(20, 76) if variant == "normal" else rng.integers(48, 89))
    sex: Sex = "female" if rng.random() < 0.5 else "male"
    rr = 60 / (heart_rate if heart_rate is not None else rng.uniform(56, 88))
    breath_rate, breath_phase = rng.uniform(0.18, 0.30), rng.uniform(0, 2 * np.pi)  # Hz, radians
    beats = _beats(rng, seconds, rr, breath_rate, breath_phase)
    breath = np.sin(2 * np.pi * breath_rate * time + breath_phase)

    vector = _heart_vector(time, beats, _waves(variant, rng, rr))
    axis = np.deg2rad(8 * _normal(rng) + 2 * breath)
    turn = float(np.deg2rad(5 * _normal(rng)))
    matrix = _DOWER * (1 + 0.04 * _normal(rng, (8, 1)))
    independent = _turned(vector, axis, turn) @ matrix.T
    if noise:
        independent += _noise(rng, time, breath)

    chest = independent[:, 2:].astype(np.float32)
    first, second = independent[:, :2].T.astype(np.float32)
    signal = np.concatenate([limb_leads(first, second), chest], axis=1)
    return ECG(signal, sampling_rate, age=age, sex=sex, source=f"synthetic {variant}")


def _normal(rng: np.random.Generator, shape: tuple[int, ...] = ()) -> NDArray[np.float64]:
    """Normal draws kept within two standard deviations, so that every seed still shows what its variant stands for."""
    return np.clip(rng.standard_normal(shape), -2, 2)


def _beats(
    rng: np.random.Generator, seconds: float, rr: float, breath_rate: float, breath_phase: float
) -> NDArray[np.float64]:
    """Times of the R peaks, s, from before the recording to after it: faster while breathing in, plus slight chance."""
    count = int(seconds / (0.85 * rr)) + 5
    expected = rr * np.arange(count)
    depth = rng.uniform(0.01, 0.04)
    swing = depth * np.sin(2 * np.pi * breath_rate * expected + breath_phase)
    intervals = rr * (1 + swing + 0.008 * _normal(rng, (count,)))
    beats: NDArray[np.float64] = np.cumsum(intervals) - rr * (2 + rng.uniform())
    return beats


def _waves(variant: str, rng: np.random.Generator, rr: float) -> NDArray[np.float64]:
    """The variant's Gaussians for one person, [waves, (centre s, width s, x, y, z mV)]."""
    depolarisation, repolarisation = _SHAPES[variant]
    p, qrs, t = np.array(_P), np.array(depolarisation), np.array(repolarisation)
    qrs[:, :2] *= 1 + 0.03 * _normal(rng)
    t[:, :2] *= np.sqrt(rr)
    p[:, 0] += 8 * _normal(rng)
    p[:, 2:] *= 1 + 0.12 * _normal(rng)
    qrs[:, 2:] *= 1 + 0.07 * _normal(rng)
    t[:, 2:] *= 1 + 0.08 * _normal(rng)
    waves = np.concatenate([p, qrs, t])
    waves[:, :2] /= 1000
    return waves


def _heart_vector(
    time: NDArray[np.float64], beats: NDArray[np.float64], waves: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[samples, (x, y, z)], mV: at each instant the waves of the beat before and of the beat after it."""
    after = np.searchsorted(beats, time, side="right")
    vector = np.zeros((len(time), 3))
    for beat in (after - 1, after):
        since = (time - beats[beat])[:, None]
        vector += np.exp(-0.5 * ((since - waves[:, 0]) / waves[:, 1]) ** 2) @ waves[:, 2:]
    return vector


def _turned(vector: NDArray[np.float64], axis: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    """The heart vector turned by `axis` (one a sample) in the frontal plane, `turn` in the horizontal one, radians."""
    x, y, z = vector.T
    x, y = x * np.cos(axis) - y * np.sin(axis), x * np.sin(axis) + y * np.cos(axis)
    x, z = x * np.cos(turn) - z * np.sin(turn), x * np.sin(turn) + z * np.cos(turn)
    return np.stack([x, y, z], axis=1)


def _noise(rng: np.random.Generator, time: NDArray[np.float64], breath: NDArray[np.float64]) -> NDArray[np.float64]:
    """Baseline wander with the breath, a slow drift and white muscle noise, [samples, 8], mV, apart for each lead."""
    breathing = breath[:, None] * rng.normal(0, 0.03, 8)
    drift = np.sin(2 * np.pi * (rng.uniform(0.03, 0.09, 8) * time[:, None] + rng.uniform(size=8)))
    muscle = rng.standard_normal((len(time), 8), dtype=np.float32) * rng.uniform(0.005, 0.012, 8)
    wander: NDArray[np.float64] = breathing + drift * rng.uniform(0.01, 0.05, 8) + muscle
    return wander
