"""First answer from a cold start: `twelvelead interpret FILE --json` against loading the .h5 with Keras and predicting.

    python benchmarks/cold_start.py FILE.hea [--weights reference] [--keras PYTHON] [--turns 5]

Whole processes, taking turns. Keras reads a prepared array, twelvelead the file itself. PYTHON is an interpreter that
has keras and a backend; without it, this one.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np

import twelvelead

RATIO_BAR, CPU_BAR, MEMORY_BAR = 5.0, 1.0, 200.0

KERAS = """
import sys
import numpy as np
try:
    from tensorflow.keras.models import load_model
except ModuleNotFoundError:
    from keras.models import load_model
import twelvelead.keras  # registers the model's own layers
model = load_model(sys.argv[1], compile=False)
with np.load(sys.argv[2]) as given:
    print(model.predict([given["ecg"], given["features"]], verbose=0))
"""


def run(command: list[str]) -> tuple[float, float, float]:
    """Seconds, CPU seconds and MiB of resident memory at its highest of one process."""
    begun = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(Path(twelvelead.__file__).parents[1])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command[:4])}: ended with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="A whole process to its first answer.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--keras", default=sys.executable)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    ecg = twelvelead.read(options.file).resampled(100)
    with tempfile.TemporaryDirectory() as scratch:
        arrays = Path(scratch, "ecg.npz")
        np.savez(arrays, ecg=ecg.signal[None], features=ecg.features[None])
        h5 = files(twelvelead) / "weights" / "reference" / "Final-ECG-Model.h5"
        verb = "import sys; from twelvelead.cli.main import main; sys.argv[0] = 'twelvelead'; main()"
        ours = [sys.executable, "-c", verb, "interpret", str(options.file), "--json", "--weights", options.weights]
        theirs = [options.keras, "-c", KERAS, str(h5), str(arrays)]
        turns = [(run(ours), run(theirs)) for _ in range(options.turns + 1)][1:]  # the first fills the file cache
    for name, column in (("twelvelead interpret --json", 0), ("Keras load_model + predict", 1)):
        seconds, cpu, memory = (statistics.median(turn[column][what] for turn in turns) for what in range(3))
        print(f"{name:28} {seconds:6.2f} s, CPU {cpu:6.2f} s, {memory:5.0f} MiB resident")
    ratios = [keras[0] / mine[0] for mine, keras in turns]
    cpu = statistics.median(mine[1] for mine, _ in turns)
    memory = statistics.median(mine[2] for mine, _ in turns)
    ratio = statistics.median(ratios)
    print(
        f"{ratio:.1f} times faster ({min(ratios):.1f} to {max(ratios):.1f}; bar {RATIO_BAR:g}); CPU bar {CPU_BAR:g} s; "
        f"memory bar {MEMORY_BAR:g} MiB"
    )
    sys.exit(0 if ratio >= RATIO_BAR and cpu < CPU_BAR and memory < MEMORY_BAR else 1)


if __name__ == "__main__":
    main()
