"""A small generated store, so that the whole way from training to a report can be seen without PTB-XL."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.store import Store, write_store
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg

SAMPLING_RATE = 100
SECONDS = 10
FOLDS = 10

# variant of the generator: the statement of SCP-ECG that it stands for, and its superclass
_MEANING = {
    "normal": ("NORM", "NORM"),
    "st_elevation": ("AMI", "MI"),
    "t_inversion": ("NDT", "STTC"),
    "wide_qrs": ("CLBBB", "CD"),
    "high_voltage": ("LVH", "HYP"),
}


def synthetic_store(path: Path | str, records: int = 600, seed: int = 0) -> Store:
    """Writes a store of generated ECGs, 10 s at 100 Hz, marked as synthetic; the same arguments give the same store.

    Each patient has two recordings, both in one of ten folds, and one superclass, stated with a likelihood of 100 %. In
    every fold all superclasses are equally frequent.

    Args:
        path: the folder to make; a store that is already there is replaced.
        records: a multiple of 100, so that the folds are alike.
        seed: chooses the patients.

    Raises:
        TwelveLeadError: `path` is something else than a store, or cannot be written.
        ValueError: `records` is not a multiple of 100.
    """
    if records < 1 or records % (2 * len(_MEANING) * FOLDS):
        raise ValueError(f"{records} records; the number has to be a multiple of {2 * len(_MEANING) * FOLDS}")
    patients = [
        synthetic_ecg(variant, seed=seed * records + number, seconds=2 * SECONDS, sampling_rate=SAMPLING_RATE)
        for number in range(records // 2 // len(_MEANING))
        for variant in _MEANING
    ]
    patient = np.repeat(np.arange(len(patients)), 2)
    features = np.stack([ecg.features for ecg in patients])[patient]
    statements = [statement for statement, _ in _MEANING.values()]
    likelihoods = np.full((records, len(statements)), np.nan, np.float32)
    likelihoods[np.arange(records), patient % len(_MEANING)] = 100
    return write_store(
        path,
        _halves(patients),
        columns={
            "ecg_id": np.arange(1, records + 1),
            "patient_id": patient + 1,
            "fold": patient // len(_MEANING) % FOLDS + 1,
            "age": features[:, 0],
            "sex": features[:, 1],
        },
        likelihoods=likelihoods,
        statements=statements,
        tasks={"superclass": {superclass: [statement] for statement, superclass in _MEANING.values()}},
        sampling_rate=SAMPLING_RATE,
        source="synthetic ECGs",
        synthetic=True,
    )


def _halves(patients: list[ECG]) -> Iterator[NDArray[np.int16]]:
    for ecg in patients:
        yield from np.split(np.rint(ecg.signal * 1000).astype(np.int16), 2)
