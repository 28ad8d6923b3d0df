"""How fast a batch of 128 random crops of 2.5 s comes from a store, and whether the size of the store matters.

    python benchmarks/crops.py PTBXL_DIR [--repeat 200000] [--scratch DIR]

A batch is what training takes: float32 mV, age and sex, and labels. The rival is a data set whose `__getitem__` calls
`wfdb.rdsamp` for the same crops; values are compared. Then the store is repeated to `--repeat` records (24 kB each),
and both stores take turns, all pages of both touched before.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from one_core import one_core
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import read_table
from twelvelead.data.store import COLUMNS, Store, write_store
from twelvelead.data.tasks import labels
from twelvelead.training.crops import Batch, Crops

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

BATCH, WINDOW = 128, 250
FASTER, MILLISECONDS, SLOWER = 500.0, 1.0, 1.25


def batches(store: Store, seed: int) -> Iterator[Batch]:
    records = np.arange(len(store))
    truth = labels(store, protocol="keep").targets
    for epoch in range(1_000_000):
        yield from Crops(
            store.signals, store.features, truth, records, window=WINDOW, batch_size=BATCH, seed=seed, epoch=epoch
        )


def timed(source: Iterator[Batch], number: int) -> list[float]:
    times = []
    for _ in range(number):
        begun = time.perf_counter()
        next(source)
        times.append(time.perf_counter() - begun)
    return times


def check(store: Store, stems: list[str], number: int) -> float:
    """Seconds that a batch of crops takes with wfdb, the values being those of the store."""
    rng = np.random.default_rng(0)
    seconds = []
    for _ in range(number):
        chosen = rng.integers(0, len(store), BATCH)
        starts = rng.integers(0, store.samples - WINDOW + 1, BATCH)
        begun = time.perf_counter()
        crops = [
            wfdb.rdsamp(stems[record])[0][start : start + WINDOW]
            for record, start in zip(chosen.tolist(), starts.tolist(), strict=True)
        ]
        batch = np.stack(crops).astype(np.float32)
        seconds.append(time.perf_counter() - begun)
        ours = np.stack([store.signals[r, s : s + WINDOW] for r, s in zip(chosen, starts, strict=True)])
        if not np.allclose(batch, ours * np.float32(1e-3), atol=1e-6):
            sys.exit("the crops differ from those of wfdb")
    return statistics.median(seconds)


def repeated(store: Store, path: Path, records: int) -> Store:
    """The store's records over and over."""
    times = -(-records // len(store))

    def signals() -> Iterator[NDArray[np.int16]]:
        for number, signal in enumerate(chain.from_iterable(repeat(store.signals, times))):
            if number == records:
                return
            yield signal

    rows = np.arange(records) % len(store)
    columns = {name: np.asarray(store.column(name))[rows] for name in COLUMNS} | {"ecg_id": np.arange(records) + 1}
    return write_store(
        path,
        signals(),
        columns=columns,
        likelihoods=np.asarray(store.likelihoods)[rows],
        statements=store.statements,
        tasks=store.tasks,
        sampling_rate=store.sampling_rate,
        source=store.source,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Random crops from a store against wfdb in __getitem__.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=200_000)
    parser.add_argument("--scratch", type=Path, help="where the stores are written")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    one_core()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        store = prepare(options.folder, Path(scratch) / "store").store
        codes = read_statements(options.folder / "scp_statements.csv").codes
        stems = [f"{options.folder}/{file}" for file in read_table(options.folder / "ptbxl_database.csv", codes).files]
        slow = check(store, stems, 5)
        large = repeated(store, Path(scratch) / "large", options.repeat)
        for one in (store, large):
            one.signals.max()  # touches every page
        small_batches, large_batches = batches(store, 0), batches(large, 0)
        next(small_batches), next(large_batches)
        small_times: list[float] = []
        large_times: list[float] = []
        for _ in range(20):
            small_times += timed(small_batches, 50)
            large_times += timed(large_batches, 50)
    fast, same = statistics.median(small_times), statistics.median(large_times)
    print(f"{BATCH} crops of {WINDOW} samples, values equal to wfdb's")
    print(f"wfdb.rdsamp in __getitem__          {slow * 1e3:9.2f} ms")
    print(f"store of {len(store):7,} records          {fast * 1e3:9.3f} ms; the bar is {MILLISECONDS:g} ms")
    print(f"store of {len(large):7,} records          {same * 1e3:9.3f} ms, {same / fast:.2f} times; bar {SLOWER:g}")
    print(f"{slow / fast:.0f} times faster than wfdb; the bar is {FASTER:g}")
    sys.exit(0 if fast < MILLISECONDS / 1e3 and slow / fast >= FASTER and same / fast <= SLOWER else 1)


if __name__ == "__main__":
    main()
