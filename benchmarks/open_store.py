"""How long it takes to open a store, small or large.

    python benchmarks/open_store.py [--records 1000 200000] [--scratch DIR]

The stores hold noise of 10 s at 100 Hz. Opening is `Store.open` and the first sample of the last record; the stores
take turns.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import numpy as np

from one_core import one_core
from twelvelead.data.store import Store, write_store

BAR = 50.0


def make(path: Path, records: int) -> None:
    signal = np.random.default_rng(0).integers(-2000, 2000, (1000, 12), dtype=np.int16)
    number = np.arange(records)
    write_store(
        path,
        repeat(signal, records),
        columns={
            "ecg_id": number + 1,
            "patient_id": number + 1,
            "fold": number % 10 + 1,
            "age": number,
            "sex": number % 2,
        },
        likelihoods=np.full((records, 71), np.nan, np.float32),
        statements=[f"S{code}" for code in range(71)],
        tasks={"all": {f"S{code}": [f"S{code}"] for code in range(71)}},
        sampling_rate=100,
        source="noise",
        synthetic=True,
    )


def opened(paths: list[Path]) -> Iterator[float]:
    for path in paths:
        begun = time.perf_counter()
        store = Store.open(path)
        _ = store.signals[-1, 0, 0]
        yield (time.perf_counter() - begun) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to open a store.")
    parser.add_argument("--records", type=int, nargs="+", default=[1000, 200_000])
    parser.add_argument("--scratch", type=Path, help="where the stores are written")
    options = parser.parse_args()
    one_core()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        paths = [Path(scratch) / str(records) for records in options.records]
        for path, records in zip(paths, options.records, strict=True):
            make(path, records)
        rounds = [list(opened(paths)) for _ in range(50)]
    worst = 0.0
    for records, times in zip(options.records, zip(*rounds, strict=True), strict=True):
        worst = max(worst, statistics.median(times))
        print(f"{records:9,} records: {statistics.median(times):6.2f} ms, at most {max(times):.2f}; the bar is {BAR:g}")
    sys.exit(0 if worst < BAR else 1)


if __name__ == "__main__":
    main()
