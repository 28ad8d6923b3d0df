"""What speaks for the statements of one ECG of 10 s at 500 Hz, on one thread.

    OMP_NUM_THREADS=1 python benchmarks/attribution.py [FILE] [--weights single] [--turns 5]

Without FILE a synthetic ECG is explained. Prints the median and the largest CPU time of `explain`, in a process that
has loaded the weights and answered once.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.engine import Engine
from twelvelead.inference.explain import explain
from twelvelead.readers import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--weights", default="single")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    engine = Engine(options.weights, threads=1)
    ecg = read(options.file) if options.file else synthetic_ecg(sampling_rate=500)
    engine.predict(ecg)
    seconds = []
    for _ in range(options.turns):
        begun = time.process_time()
        explain(engine, ecg, engine.contract.classes[0])
        seconds.append(time.process_time() - begun)
    print(f"{options.weights}: {np.median(seconds):.2f} s, at most {max(seconds):.2f} s of one core")


if __name__ == "__main__":
    main()
