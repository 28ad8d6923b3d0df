"""Age and signals outside what the model was trained on."""

import numpy as np

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.quality.fitted import FITTED
from twelvelead.ecg.quality.measures import Measures, signal_features

OVER_89 = 300
"""How PTB-XL writes every age over 89."""

ADVICE = "do not rely on the probabilities"


def age(years: float | None, ages: tuple[float, float]) -> Finding | None:
    low, high = ages
    if years is None or low <= years <= high or years == OVER_89:
        return None
    message = f"age {years:g} is outside {low:g} to {high:g}, on which the model was trained; {ADVICE}"
    return Finding("age", "warn", message, {"age": float(years), "low": low, "high": high})


def unusual(measures: Measures) -> Finding | None:
    """Distance of `signal_features` from the nearest of 64 centres of PTB-XL's recordings (k-means), after the
    features were made uncorrelated with variance 1 (Mahalanobis' distance, to several centres instead of one, because
    bundle branch blocks and normal hearts make several clouds). The limit is a percentile of the same recordings."""
    table = FITTED["unusual"]
    place = (signal_features(measures) - table["mean"]) @ table["whitening"]
    distance = float(np.sqrt(((place - table["centres"]) ** 2).sum(axis=1).min()))
    if distance <= table["limit"]:
        return None
    message = (
        f"unlike the recordings on which the model was trained (distance {distance:.1f}, limit {table['limit']:.1f}); "
        f"{ADVICE}"
    )
    return Finding("unusual", "warn", message, {"distance": distance, "limit": table["limit"]})
