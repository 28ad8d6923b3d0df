"""How fast `twelvelead ptbxl prepare` is: against a loop over `wfdb.rdsamp`, and against only reading the bytes.

    python benchmarks/ingest.py PTBXL_DIR [--rounds 5] [--scratch DIR]

On one core, from a warm page cache. Each round prepares a store (checksums verified, files made durable), reads the
bytes of the same .dat and .hea files with `numpy.fromfile`, and loops over a share of the records with `wfdb.rdsamp`,
so that all rounds together loop over each record once. The values of wfdb are compared with those of the store.
"""

import argparse
import gc
import resource
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from one_core import one_core
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import read_table
from twelvelead.data.store import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

FASTER = 50.0
SLOWER = 2.5
MOST_MEMORY = 300


def read_bytes(stems: list[str]) -> float:
    begun = time.perf_counter()
    for stem in stems:
        np.fromfile(f"{stem}.hea", np.uint8)
        np.fromfile(f"{stem}.dat", np.uint8)
    return time.perf_counter() - begun


def loop_wfdb(stems: list[str], store: Store, first: int, step: int) -> tuple[float, int]:
    """Seconds of the loop over every `step`th record from `first` on, and how many differ from the store."""
    seconds, differing = 0.0, 0
    for record in range(first, len(stems), step):
        begun = time.perf_counter()
        signal, _ = wfdb.rdsamp(stems[record])
        seconds += time.perf_counter() - begun
        differing += not np.array_equal(np.rint(signal * 1000), store.signals[record])
    return seconds, differing


def main() -> None:
    parser = argparse.ArgumentParser(description="Ingest of PTB-XL at 100 Hz against wfdb and against bare reading.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scratch", type=Path, help="where the stores are written")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    one_core()
    gc.freeze()  # what pandas and wfdb brought in is not to be searched through while ours runs
    codes = read_statements(options.folder / "scp_statements.csv").codes
    table = read_table(options.folder / "ptbxl_database.csv", codes)
    stems = [f"{options.folder}/{file}" for file in table.files]
    read_bytes(stems)  # warms the page cache
    ours, bare, theirs, wrong = [], [], 0.0, 0
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        for number in range(options.rounds):
            begun = time.perf_counter()
            made = prepare(options.folder, Path(scratch) / str(number))
            ours.append(time.perf_counter() - begun)
            if number == 0:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            bare.append(read_bytes(stems))
            seconds, differing = loop_wfdb(stems, made.store, number, options.rounds)
            theirs += seconds
            wrong += differing
            shutil.rmtree(made.store.path)
    if wrong or made.bad or len(made.store) != len(stems):
        sys.exit(f"{wrong} records differ from wfdb, {len(made.bad)} were left out")
    faster = theirs / statistics.median(ours)
    slower = statistics.median([a / b for a, b in zip(ours, bare, strict=True)])
    print(f"{len(stems):,} records: all values equal; {memory:.0f} MB resident at most; the bar is {MOST_MEMORY}")
    print(f"wfdb.rdsamp            {theirs:7.2f} s")
    print(f"twelvelead prepare     {statistics.median(ours):7.2f} s ({min(ours):.2f} to {max(ours):.2f})")
    print(f"numpy.fromfile         {statistics.median(bare):7.2f} s ({min(bare):.2f} to {max(bare):.2f})")
    print(f"{faster:.0f} times faster than wfdb; the bar is {FASTER:g}")
    print(f"{slower:.2f} times the time of bare reading; the bar is {SLOWER:g}")
    sys.exit(0 if faster >= FASTER and slower <= SLOWER and memory <= MOST_MEMORY else 1)


if __name__ == "__main__":
    main()
