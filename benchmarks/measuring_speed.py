"""Measuring one ECG of 10 s at 500 Hz against one bare ONNX Runtime call, in turns, one thread each.

    OMP_NUM_THREADS=1 python benchmarks/measuring_speed.py [FILE] [--weights single] [--turns 200]

Without FILE a synthetic ECG is measured. Prints the median CPU time of both and of their ratio.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from twelvelead.ecg.measure import measure
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.engine import Engine
from twelvelead.readers import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--weights", default="single")
    parser.add_argument("--turns", type=int, default=200)
    options = parser.parse_args()
    engine = Engine(options.weights, threads=1)
    ecg = read(options.file) if options.file else synthetic_ecg()
    twelve = ecg.twelve()
    signal = twelve.resampled(engine.contract.sampling_rate).signal[None]
    features = twelve.features[None]
    seconds = []
    for turn in range(options.turns + 5):
        fresh = replace(ecg)  # beats of the same one would be remembered
        begun = time.process_time()
        engine.run(signal, features)
        between = time.process_time()
        measure(fresh)
        ended = time.process_time()
        if turn >= 5:
            seconds.append((between - begun, ended - between))
    called, measured = np.median(seconds, axis=0) * 1000
    ratio = np.median([after / before for before, after in seconds])
    print(f"{ecg.source}: ONNX Runtime {called:.1f} ms, measuring {measured:.1f} ms, median ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
