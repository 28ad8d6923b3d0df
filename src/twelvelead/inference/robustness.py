"""The robustness suite over a fold of a store: what is scored, and how an interrupted suite goes on."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.store import Store
from twelvelead.data.tasks import Protocol, select
from twelvelead.ecg import faults
from twelvelead.ecg.faults import Case
from twelvelead.files import replacing
from twelvelead.inference.faults import Floats, Predict, Recordings, macro_aurocs
from twelvelead.inference.scoring import truth_of
from twelvelead.progress import Progress, silent
from twelvelead.weights.matching import Shared
from twelvelead.weights.suitability import require_suitable

PROTOCOL: Protocol = "drop"
"""AUROC needs labels, so records without any of the task are left out."""

RESAMPLES = 1000


def fold_recordings(shared: Shared, store: Store, fold: int, records: int | None = None) -> Recordings:
    """The records of a fold that have a label of the task, or a part of them with whole patients.

    Args:
        shared: the classes that the weights and the store share.
        store: of their rate and leads.
        fold: one that the store holds.
        records: about how many; None for all. The same number gives the same records.

    Raises:
        TwelveLeadError: the weights cannot read the store, or it lacks the fold.
    """
    require_suitable(shared.contract, store)
    truth = truth_of(shared, store, PROTOCOL)
    rows = select(store, fold, truth)
    if records is not None:
        patients, counts = np.unique(store.column("patient_id")[rows], return_counts=True)
        order = np.random.default_rng(0).permutation(len(patients))
        enough = int(np.searchsorted(np.cumsum(counts[order]), records)) + 1
        rows = rows[np.isin(store.column("patient_id")[rows], patients[order[:enough]])]
    return Recordings(
        signals=store.signals,
        rows=rows,
        sampling_rate=store.sampling_rate,
        features=store.features[rows],
        labels=truth.values[rows],
        known=truth.known_of(rows),
        patients=np.asarray(store.column("patient_id")[rows]),
        ids=np.asarray(store.column("ecg_id")[rows]),
    )


def suite(
    recordings: Recordings,
    predict: Predict,
    wanted: Sequence[Case],
    state: Path,
    provenance: Mapping[str, Any],
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> dict[Case, Floats]:
    """The macro AUROCs of the cases; after an interruption the same call goes on after the last whole case.

    Args:
        recordings, predict, wanted, seed: as in `macro_aurocs`.
        state: NPZ file of the cases done, written anew after each; one of other weights, data, records or faults is
            not used.
        provenance: what identifies the model and the data, for JSON.
        progress: as in `macro_aurocs`, of the cases that are left.
    """
    identity = dict(provenance) | {"seed": seed, "resamples": RESAMPLES, "faults": faults.VERSION}
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode() + recordings.ids.tobytes()).hexdigest()
    done = _load(state, digest)
    missing = [case for case in wanted if str(case) not in done]
    for case, values in macro_aurocs(recordings, predict, missing, seed=seed, resamples=RESAMPLES, progress=progress):
        done[str(case)] = values
        with replacing(state) as partial, partial.open("wb") as file:
            np.savez(file, digest=np.str_(digest), **done)  # type: ignore[arg-type]
    return {case: done[str(case)] for case in wanted}


def _load(state: Path, digest: str) -> dict[str, Floats]:
    """The cases done; none where the file is of something else, torn, or not there."""
    try:
        with np.load(state, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}
    return stored if str(stored.pop("digest", "")) == digest else {}
