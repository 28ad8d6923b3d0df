"""A whole process to its answer: `twelvelead interpret FILE` of vendors' files, against a 100 Hz WFDB record.

    python benchmarks/cold_start.py [FILE ...] [--weights single] [--turns 7] [--page] [--against CHECKOUT]
                                    [--keras PYTHON]

Without files: a DICOM, a MUSE and an aECG file of the shared real data (`../shared`, or TWELVELEAD_SHARED), and an
SCP-ECG record made from the DICOM. The WFDB record is made from the first file. All take turns; the ratios are of CPU
time within one turn, so that what else the machine does falls on all alike. Measuring is part of the answer.

--page also draws each as PNG and as PDF. --against runs another checkout's package by turns with this one. --keras
loads the `.h5` with Keras and predicts from a prepared array; PYTHON is an interpreter that has keras and a backend.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

import twelvelead
from twelvelead.ecg.record import ECG
from vendor_files import write_scp, write_wfdb

RATIO_BAR, MEMORY_BAR = 1.4, 140.0
PNG_BAR, PDF_BAR, PAGE_MEMORY_BAR = 2.0, 2.5, 250.0
AGAINST_BAR, KERAS_BAR = 1.03, 5.0
OURS = Path(twelvelead.__file__).parents[1]
SHARED = Path(os.environ.get("TWELVELEAD_SHARED", Path(__file__).parents[2] / "shared"))
VERB = "import sys; from twelvelead.cli.main import main; sys.argv[0] = 'twelvelead'; main()"
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


Interpret = Callable[..., list[str]]
"""A file and more arguments -> the command that interprets it."""


class Cost(NamedTuple):
    """Of one process: seconds, CPU seconds, and MiB of resident memory at its highest."""

    seconds: float
    cpu: float
    memory: float


def run(command: list[str], source: Path = OURS) -> Cost:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(source)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: ended with status {os.waitstatus_to_exitcode(status)}")
    return Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(commands: dict[str, tuple[list[str], Path]], turns: int) -> dict[str, list[Cost]]:
    """Name -> what each turn cost; the first, which fills the file cache, is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(turns + 1):
        for name, (command, source) in commands.items():
            costs[name].append(run(command, source))
    return {name: turn[1:] for name, turn in costs.items()}


def shown(name: str, costs: list[Cost]) -> str:
    seconds, cpu, memory = (statistics.median(column) for column in zip(*costs, strict=True))
    return f"{name:28} {seconds:6.2f} s, CPU {cpu:6.2f} s, {memory:5.0f} MiB resident"


def ratio(costs: list[Cost], others: list[Cost]) -> float:
    """Of CPU time, median over the turns."""
    return statistics.median(mine.cpu / other.cpu for mine, other in zip(costs, others, strict=True))


def vendor_files(given: list[Path], scratch: Path) -> list[Path]:
    if given:
        return given
    found = [SHARED / "cases/dicom_ok.dcm", SHARED / "formats/ge_muse.xml", SHARED / "formats/hl7_aecg.xml"]
    missing = [str(path) for path in found if not path.exists()]
    if missing:
        sys.exit(f"not there: {', '.join(missing)}; name files, or set TWELVELEAD_SHARED")
    return [*found, write_scp(twelvelead.read(found[0]), scratch)]


def main() -> None:
    parser = argparse.ArgumentParser(description="A whole process to its answer.")
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--weights", default="single")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--keras")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        vendors = vendor_files(options.files, scratch)
        ecg = twelvelead.read(vendors[0])
        wfdb = write_wfdb(ecg, scratch)

        def interpret(file: Path, *more: str) -> list[str]:
            return [sys.executable, "-c", VERB, "interpret", str(file), "--weights", options.weights, *more]

        failed = vendor(wfdb, vendors, interpret, options.turns)
        if options.page:
            failed |= pages(vendors, interpret, scratch, options.turns)
        if options.against:
            failed |= against(options.against, [wfdb, *vendors], interpret, options.turns)
        if options.keras:
            failed |= keras(options.keras, interpret(wfdb, "--json"), ecg, scratch, options.turns)
    sys.exit(int(failed))


def vendor(wfdb: Path, vendors: list[Path], interpret: Interpret, turns: int) -> bool:
    commands = {file.name: (interpret(file, "--json"), OURS) for file in [wfdb, *vendors]}
    costs = in_turn(commands, turns)
    print(shown(f"WFDB, 100 Hz, {turns} turns", costs[wfdb.name]))
    failed = False
    for file in vendors:
        times = ratio(costs[file.name], costs[wfdb.name])
        memory = statistics.median(cost.memory for cost in costs[file.name])
        failed |= times > RATIO_BAR or memory > MEMORY_BAR
        print(f"{shown(file.name, costs[file.name])}, {times:.2f} times the CPU time")
    print(f"bars: {RATIO_BAR:g} times the CPU time, {MEMORY_BAR:g} MiB")
    return failed


def pages(vendors: list[Path], interpret: Interpret, scratch: Path, turns: int) -> bool:
    failed = False
    for form, bar in (("png", PNG_BAR), ("pdf", PDF_BAR)):
        more = ("--json", "--format", form, "--out", str(scratch / "pages"))
        costs = in_turn({file.name: (interpret(file, *more), OURS) for file in vendors}, turns)
        for name, cost in costs.items():
            failed |= statistics.median(each.cpu for each in cost) >= bar
            failed |= form == "png" and statistics.median(each.memory for each in cost) >= PAGE_MEMORY_BAR
            print(shown(f"{name}, {form}", cost))
        print(f"bars: {bar:g} s of CPU" + (f", {PAGE_MEMORY_BAR:g} MiB" if form == "png" else ""))
    return failed


def against(checkout: Path, recordings: list[Path], interpret: Interpret, turns: int) -> bool:
    failed = False
    for file in recordings:
        command = interpret(file, "--json")
        costs = in_turn({"ours": (command, OURS), "theirs": (command, checkout.resolve() / "src")}, turns)
        times = ratio(costs["ours"], costs["theirs"])
        failed |= times > AGAINST_BAR
        print(f"{file.name:28} {times:.3f} times the CPU time of the other checkout (bar {AGAINST_BAR:g})")
    return failed


def keras(python: str, command: list[str], ecg: ECG, scratch: Path, turns: int) -> bool:
    arrays = scratch / "ecg.npz"
    slow = ecg.resampled(100)
    np.savez(arrays, ecg=slow.signal[None], features=slow.features[None])
    h5 = files(twelvelead) / "weights" / "reference" / "Final-ECG-Model.h5"
    costs = in_turn(
        {"ours": (command, OURS), "theirs": ([python, "-c", KERAS, str(h5), str(arrays)], OURS)}, min(turns, 5)
    )
    print(shown("Keras load_model + predict", costs["theirs"]))
    faster = [theirs.seconds / ours.seconds for ours, theirs in zip(costs["ours"], costs["theirs"], strict=True)]
    print(
        f"{statistics.median(faster):.1f} times faster than Keras ({min(faster):.1f} to {max(faster):.1f}; "
        f"bar {KERAS_BAR:g})"
    )
    return statistics.median(faster) < KERAS_BAR


if __name__ == "__main__":
    main()
