"""Fits the limits and coefficients of the quality gate on folds 1-7 of PTB-XL.

    python tools/fit_quality.py STORE

Writes src/twelvelead/ecg/quality/fitted.json. Folds 8 and 9 take no part; tools/quality.py measures on them.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from twelvelead.data.store import Store
from twelvelead.ecg.quality import measures as measured
from twelvelead.ecg.quality.at_the_beat import median_beat, qrs_size
from twelvelead.ecg.quality.electrodes import INTERCHANGES, put_back, strangeness, through
from twelvelead.ecg.quality.fitted import FITTED
from twelvelead.ecg.quality.limb_leads import limb_leads
from twelvelead.ecg.record import ECG
from twelvelead.files import replacing

TARGET = Path(measured.__file__).with_name("fitted.json")
FOLDS = range(1, 8)
LIMB_LIMIT, CHEST_LIMIT, MUSCLE_LIMIT, BASELINE_LIMIT, UNUSUAL_LIMIT = 99.97, 99.9, 99.0, 98.0, 99.7
QRS_LIMIT = 0.05
"""Percentiles of folds 1-7; of the size of the QRS complexes on both sides."""

ORDINARY = 95.0
"""Percentile of the recordings' strangeness up to which one counts as ordinary."""

LOWEST_LIMIT = 1.0
"""Of a score, whatever the percentile: log-odds."""

CENTRES = 64

DOUBTFUL = 99.8
"""PTB-XL holds real interchanges: what the first fit takes for one past this percentile is left out of the second."""

Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    store = Store.open(parser.parse_args().store)
    kept, sizes = [], []
    for row in np.flatnonzero(np.isin(store.column("fold"), FOLDS)):
        voltage = np.ascontiguousarray(store.signals[row].T) * np.float32(1e-3)
        if np.ptp(voltage, axis=1).min() > 0.003 and limb_leads(voltage) is None:
            kept.append(measured.measure(voltage, store.sampling_rate))
            beat = median_beat(ECG(voltage.T, store.sampling_rate))
            sizes += [] if beat is None else [qrs_size(beat)]
    table = {
        "source": f"PTB-XL 1.0.3, folds 1-7, {len(kept)} records; python tools/fit_quality.py STORE",
        "store": store.data_hash,
        "muscle_mv": round(float(np.percentile([m.muscle.max() for m in kept], MUSCLE_LIMIT)), 4),
        "baseline_mv": round(float(np.percentile([m.baseline.max() for m in kept], BASELINE_LIMIT)), 2),
        "qrs_mv": rounded(np.percentile(sizes, [QRS_LIMIT, 100 - QRS_LIMIT]), 3),
        "electrodes": interchanges(np.array([m.covariance for m in kept])),
        "unusual": centres(np.array([measured.signal_features(m) for m in kept])),
    }
    with replacing(TARGET) as file:
        file.write_text(as_text(table), encoding="utf-8")
    print(f"{len(kept)} records -> {TARGET.name}")


def interchanges(covariance: Array) -> dict[str, Any]:
    """Names, weights [names, 40], intercepts and limits of the scores; what is ordinary."""
    real = measured.shape_features(covariance)
    table: dict[str, Any] = {"names": list(INTERCHANGES), "weights": [], "intercepts": [], "limits": []}
    known = real[:, :-1]
    table["mean"] = rounded(known.mean(axis=0), 4)
    table["precision"] = [rounded(row, 3) for row in np.linalg.inv(np.cov(known.T) + 1e-4 * np.eye(known.shape[1]))]
    FITTED["electrodes"] = table
    table["ordinary"] = round(float(np.percentile(strangeness(real), ORDINARY)), 1)
    for name, cables in INTERCHANGES.items():
        to = through(cables)
        false = measured.shape_features(to @ covariance @ to.T)
        weights, intercept = fit(real, false)
        scores = real @ weights + intercept
        weights, intercept = fit(real[scores <= np.percentile(scores, DOUBTFUL)], false)
        weights, intercept = np.round(weights, 3), round(intercept, 3)
        scores = real @ weights + intercept
        back = measured.shape_features(put_back(covariance, name))
        scores = np.where(strangeness(back) < table["ordinary"], scores, -np.inf)
        share = (CHEST_LIMIT if "V" in name else LIMB_LIMIT) / 100
        limit = max(round(float(np.quantile(scores, share, method="lower")), 2), LOWEST_LIMIT)
        print(f"{name:20} limit {limit:5.2f}, passed by {np.sum(scores > limit):3} of {len(scores)}")
        table["weights"].append(weights.tolist())
        table["intercepts"].append(intercept)
        table["limits"].append(limit)
    return table


def centres(features: Array) -> dict[str, Any]:
    """Of the clouds of recordings, in coordinates that are uncorrelated and have variance 1."""
    mean = features.mean(axis=0)
    whitening = np.linalg.cholesky(np.linalg.inv(np.cov(features.T)))
    places = (features - mean) @ whitening
    clouds = KMeans(CENTRES, n_init=3, random_state=0).fit(places)
    limit = np.percentile(clouds.transform(places).min(axis=1), UNUSUAL_LIMIT)
    return {
        "mean": rounded(mean, 4),
        "whitening": [rounded(row, 4) for row in whitening],
        "centres": [rounded(row, 3) for row in clouds.cluster_centers_],
        "limit": round(float(limit), 2),
    }


def fit(real: Array, false: Array) -> tuple[Array, float]:
    """Weights of the features as they are, and intercept."""
    x, y = np.concatenate([real, false]), np.repeat([0, 1], [len(real), len(false)])
    mean, scale = x.mean(axis=0), x.std(axis=0)
    model = LogisticRegression(C=0.1, max_iter=1000).fit((x - mean) / scale, y)
    weights = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - weights @ mean)


def rounded(values: Array, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def as_text(table: dict[str, Any]) -> str:
    """JSON with a line for each row of numbers."""
    text = json.dumps(table, indent=1)
    return re.sub(r"\[[^\[\]\"]*\]", lambda row: " ".join(row[0].split()), text) + "\n"


if __name__ == "__main__":
    main()
