"""What the part of a signal below 0.5 Hz alone says of each statement: how far a label can be told from the baseline.

    python tools/below_half_a_hertz.py STORE [--statements SVARR,LOWT,...]

Of each lead's low-passed signal: mean, spread, mean change within 0.1 s, first and last value. Gradient boosted trees
(scikit-learn) learn a statement from these on folds 1-8 and are measured on fold 9.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.evaluation.metrics import auroc
from twelvelead.models.highpass import HighPass

USUAL = "SVARR,PVC,PAC,LOWT,NT_,ABQRS,AFIB,SARRH,LVOLT,NORM"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--statements", default=USUAL)
    options = parser.parse_args()
    store = Store.open(options.store)
    truth, folds = labels(store, "all", "keep"), np.asarray(store.column("fold"))
    seen, held = np.isin(folds, range(1, 9)), folds == 9
    features = baseline_features(store)
    for name in options.statements.split(","):
        y = truth.values[:, truth.classes.index(name)]
        trees = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=15, random_state=0)
        p = trees.fit(features[seen], y[seen]).predict_proba(features[held])[:, 1]
        print(f"{name:8} {int(y[held].sum()):5} positives  AUROC {auroc(y[held, None], p[:, None])[0]:.3f}")


def baseline_features(store: Store) -> NDArray[np.float32]:
    """[records, 5 of each lead] float32."""
    highpass = HighPass(0.5, store.sampling_rate)
    every, parts = round(store.sampling_rate / 10), []
    for start in range(0, len(store), 512):
        ecg = torch.from_numpy(store.millivolts(np.arange(start, min(start + 512, len(store)))))
        slow = (ecg - highpass(ecg))[:, ::every]
        spread, change = slow.std(dim=1), slow.diff(dim=1).abs().mean(dim=1)
        logs = [value.clamp(min=1e-4).log() for value in (spread, change)]
        parts.append(torch.cat([slow.mean(dim=1), *logs, slow[:, 0], slow[:, -1]], dim=1).numpy())
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
