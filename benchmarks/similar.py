"""The exact search among 200,000 embeddings of 256 values, in a warm process.

python benchmarks/similar.py [--records 200000] [--units 256] [--turns 20]
"""

import argparse
import statistics
import sys
import time

import numpy as np

from twelvelead.inference.similar import Embeddings

BAR = 50.0
"""Milliseconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Exact search among embeddings.")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    vectors = rng.random((options.records, options.units), np.float32) - np.float32(0.5)
    known = Embeddings(vectors, {"patient_id": list(range(options.records))}, "")
    times = []
    for turn in range(options.turns + 1):
        wanted = rng.random(options.units, np.float32)
        begun = time.perf_counter()
        known.nearest(wanted, 10, patient=turn)
        times.append(1e3 * (time.perf_counter() - begun))
    median = statistics.median(times[1:])  # the first warms up
    print(f"{median:.1f} ms (median of {options.turns}, {min(times):.1f} to {max(times[1:]):.1f}; bar {BAR:g})")
    sys.exit(median > BAR)


if __name__ == "__main__":
    main()
