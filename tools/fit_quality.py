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

from twelvelead.data.store import Store
from twelvelead.ecg.quality import measures as measured
from twelvelead.ecg.quality.at_the_beat import median_beat, qrs_size
from twelvelead.ecg.quality.limb_leads import limb_leads
from twelvelead.ecg.record import ECG
from twelvelead.files import replacing

TARGET = Path(measured.__file__).with_name("fitted.json")
FOLDS = range(1, 8)
MUSCLE_LIMIT, BASELINE_LIMIT, UNUSUAL_LIMIT = 99.0, 98.0, 99.7
QRS_LIMIT = 0.05
"""Percentiles of folds 1-7; of the size of the QRS complexes on both sides."""

CENTRES = 64

Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    store = Store.open(parser.parse_args().store)
    kept, sizes = [], []
    for row in np.flatnonzero(np.isin(store.column("fold"), FOLDS)):
        voltage = np.ascontiguousarray(store.millivolts(row).T)
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
        "unusual": centres(np.array([measured.signal_features(m) for m in kept])),
    }
    with replacing(TARGET) as file:
        file.write_text(as_text(table), encoding="utf-8")
    print(f"{len(kept)} records -> {TARGET.name}")


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


def rounded(values: Array, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def as_text(table: dict[str, Any]) -> str:
    """JSON with a line for each row of numbers."""
    text = json.dumps(table, indent=1)
    return re.sub(r"\[[^\[\]\"]*\]", lambda row: " ".join(row[0].split()), text) + "\n"


if __name__ == "__main__":
    main()
