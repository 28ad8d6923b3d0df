"""Many WFDB files to a table on all cores, against ONNX Runtime on bare arrays.

    python benchmarks/batches.py FOLDER [--weights reference] [--records 1000] [--turns 3]

FOLDER holds WFDB records of one length. Both take turns over the same records. ONNX Runtime gets ready arrays in
batches of 1, 8 and 32 on all cores; the fastest of the three counts. Printed besides: the share of the cores' measured
float32 matrix-multiply rate that the model reaches, and the highest memory of all processes together.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import twelvelead
from twelvelead.archive.answering import Task
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.weights import Contract, file, find

BAR, MEMORY_BAR = 0.9, 600.0


class Memory(threading.Thread):
    """The highest sum of the proportional memory of a process, this one unless another is named, and its children, in
    MiB (Linux)."""

    def __init__(self, process: int | None = None) -> None:
        super().__init__(daemon=True)
        self._process = process or os.getpid()
        self.highest = 0.0
        self.going = True

    def run(self) -> None:
        while self.going:
            self.highest = max(self.highest, sum(_megabytes(pid) for pid in _family(self._process)))
            time.sleep(0.5)


def _family(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [process, *(int(pid) for task in tasks for pid in (task / "children").read_text().split())]
    except OSError:
        return []


def _megabytes(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def bare_rate(session: onnxruntime.InferenceSession, ecgs: NDArray[np.float32], features: NDArray[np.float32]) -> float:
    """Records a second of the fastest batch size."""
    rates = []
    for batch in (1, 8, 32):
        begun = time.perf_counter()
        for start in range(0, len(ecgs), batch):
            inputs = {"ecg": ecgs[start : start + batch], "features": features[start : start + batch]}
            session.run(["probabilities"], inputs)
        rates.append(len(ecgs) / (time.perf_counter() - begun))
    return max(rates)


def matrix_rate() -> float:
    """Multiply-adds a second of a float32 matrix product on all cores."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    a @ a
    begun = time.perf_counter()
    for _ in range(5):
        a @ a
    return 5 * 2048**3 / (time.perf_counter() - begun)


def work(contract: Contract, samples: int) -> float:
    """Multiply-adds of one recording, its overlapping windows included."""
    from twelvelead.models import create_model
    from twelvelead.models.cost import multiply_adds

    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in contract.model.items()
    }
    model = create_model(contract.architecture, classes=len(contract.classes), **settings)
    windows = -((contract.window - samples) // contract.stride) + 1
    return multiply_adds(model, contract.window) * windows


def main() -> None:
    parser = argparse.ArgumentParser(description="Many files on all cores.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    headers = sorted(options.folder.glob("**/*.hea"))[: options.records]
    if not headers:
        sys.exit(f"{options.folder}: holds no WFDB records")
    contract = Contract.load(find(options.weights))
    session = onnxruntime.InferenceSession(str(file(options.weights, "onnx")), providers=["CPUExecutionProvider"])
    read = [twelvelead.read(header).resampled(contract.sampling_rate) for header in headers[:256]]
    ecgs = np.stack([ecg.signal for ecg in read]).astype(np.float32)
    features = np.stack([ecg.features for ecg in read])
    ours, bare, peak = [], [], []
    memory = Memory()
    memory.start()
    for _ in range(options.turns):
        bare.append(bare_rate(session, ecgs, features))
        peak.append(matrix_rate())
        with tempfile.TemporaryDirectory() as scratch:
            marks: list[float] = []

            def mark(what: str, done: int, total: int, size: int = 0, marks: list[float] = marks) -> None:
                marks.append(time.perf_counter())

            counts = score(
                Sources([str(header) for header in headers]),
                Place.of(Path(scratch, "table")),
                Task(options.weights),
                progress=mark,
            )
            if counts["ok"] + counts["refused"] != len(headers):
                sys.exit(f"not all were answered: {dict(counts)}")
            steps = len(marks) - 2
            # from the first answers on: that processes have to start is not a matter of many files
            ours.append((len(headers) - len(headers) / (steps + 1)) / (marks[-1] - marks[1]))
    memory.going = False
    share = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    print(f"files to a table     {statistics.median(ours):7.1f} records/s")
    print(f"ONNX Runtime, arrays {statistics.median(bare):7.1f} records/s")
    print(
        f"{share:.0%} of ONNX Runtime on bare arrays (bar {BAR:.0%}); at most {memory.highest:.0f} MiB "
        f"(bar {MEMORY_BAR:g})"
    )
    reached, possible = statistics.median(ours) * work(contract, ecgs.shape[1]), statistics.median(peak)
    print(
        f"the model multiplies and adds {reached / 1e9:.0f} G times a second, {reached / possible:.0%} of the "
        f"{possible / 1e9:.0f} G of a float32 matrix product"
    )
    sys.exit(0 if share >= BAR and memory.highest < MEMORY_BAR else 1)


if __name__ == "__main__":
    main()
