"""An archive to a table: how fast against ONNX Runtime on bare arrays, how much memory, and what kills cost.

    python benchmarks/archive.py FOLDER [--weights single] [--records 1000] [--turns 3]
    python benchmarks/archive.py FOLDER --records 100000 --kills 3

FOLDER holds WFDB records of one length at 100 Hz, which are repeated where there are fewer than asked for. Without
kills the ways take turns over the same records: `score` without measuring from files to a table, `predict_arrays` with
and without the gate, `score` with measuring of 500 Hz DICOM objects, and ONNX Runtime on ready arrays in batches of 1,
8 and 32 on all cores, of which the fastest counts. The start of the processes is left out. With kills the command
`twelvelead score` is ended by SIGKILL and started again so many times; each row has to be there once.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import twelvelead
from twelvelead.archive import open_scores
from twelvelead.archive.answering import Task
from twelvelead.archive.dataset import SECONDS
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Unreadable
from twelvelead.inference.workers import TURN
from twelvelead.weights import Contract, file, find

FILES, ARRAYS, MEMORY_BAR = 0.9, 0.95, 600.0
SLACK = 2.0
"""Seconds that writing and committing a part may take."""


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


def repeated(headers: Sequence[Path], records: int, folder: Path) -> Path:
    """A folder with so many records: links to the files, again and again."""
    for number in range(records):
        header = headers[number % len(headers)]
        place = folder / f"{number // len(headers):05}" / header.parent.name
        place.mkdir(parents=True, exist_ok=True)
        for part in (header, header.with_suffix(".dat")):
            (place / part.name).symlink_to(part.resolve())
    return folder


def rate(sources: Sources, task: Task) -> float:
    """Records a second from the first answers on: that processes have to start is no matter of many files."""
    marks: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as scratch:
        score(
            sources,
            Place.of(Path(scratch, "table")),
            task,
            progress=lambda what, done, total, size=0: marks.append((time.perf_counter(), done)),
        )
    begun, done = next(mark for mark in marks if mark[1])
    ended, all_of_them = marks[-1]
    return (all_of_them - done) / (ended - begun)


def rates(folder: Path, headers: Sequence[Path], weights: str, turns: int) -> bool:
    """Prints them; whether the bars are reached."""
    contract = Contract.load(find(weights))
    session = onnxruntime.InferenceSession(str(file(weights, "onnx")), providers=["CPUExecutionProvider"])
    engine = twelvelead.load(weights)
    ecgs = [twelvelead.read(header).resampled(contract.sampling_rate) for header in headers[:256]]
    signals = np.stack([ecg.signal for ecg in ecgs])
    features = np.stack([ecg.features for ecg in ecgs])
    ages, sexes = [ecg.age for ecg in ecgs], [ecg.sex for ecg in ecgs]
    how: Any = {
        "sampling_rate": contract.sampling_rate,
        "leads": ecgs[0].leads,
        "unit": "mV",
        "age": ages,
        "sex": sexes,
    }

    def arrays(gate: bool) -> float:
        begun = time.perf_counter()
        engine.predict_arrays(signals, gate=gate, **how)
        return len(signals) / (time.perf_counter() - begun)

    found: dict[str, list[float]] = {}
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory() as dicoms:
        sources = {"files to a table": Sources([str(folder)]), "DICOM, 500 Hz, measured": dicom(Path(dicoms))}
        for _ in range(turns):
            for name, value in (
                ("ONNX Runtime", bare_rate(session, signals, features)),
                ("files to a table", rate(sources["files to a table"], Task(weights, columns=("classes",)))),
                ("arrays", arrays(True)),
                ("arrays, no gate", arrays(False)),
                ("DICOM, 500 Hz, measured", rate(sources["DICOM, 500 Hz, measured"], Task(weights))),
            ):
                found.setdefault(name, []).append(value)
    memory.going = False
    reached = True
    for name, values in found.items():
        share = statistics.median(a / b for a, b in zip(values, found["ONNX Runtime"], strict=True))
        bar = {"files to a table": FILES, "arrays": ARRAYS}.get(name)
        reached &= bar is None or share >= bar
        said = f" (bar {bar:.0%})" if bar else ""
        print(f"{name:25} {statistics.median(values):7.1f} records/s, {share:4.0%} of ONNX Runtime{said}")
    print(f"at most {memory.highest:.0f} MiB (bar {MEMORY_BAR:g})")
    return reached and memory.highest < MEMORY_BAR


def dicom(folder: Path, objects: int = 20, times: int = 10) -> Sources:
    """Generated ECGs of 10 s at 500 Hz as DICOM objects, with links to them."""
    from hospital import as_file, ecg_object

    for seed in range(objects):
        (folder / f"{seed:03}-0.dcm").write_bytes(as_file(ecg_object(synthetic_ecg(seed=seed, sampling_rate=500))))
        for number in range(1, times):
            (folder / f"{seed:03}-{number}.dcm").symlink_to(folder / f"{seed:03}-0.dcm")
    return Sources([str(folder)])


def kills(folder: Path, records: int, times: int, weights: str) -> bool:
    """Ends the command so many times, and prints what each time cost; whether every record has one row."""
    well = True
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch, "table")
        given = ["score", str(folder), "--out", str(table), "--weights", weights, "--no-measure"]
        highest: list[float] = []
        for number in range(1, times + 2):
            begun = time.monotonic()
            process = subprocess.Popen([sys.executable, "-m", "twelvelead", *given], stdout=subprocess.DEVNULL)
            memory = Memory(process.pid)
            memory.start()
            before, first, last = committed(table), None, begun
            until = records * number // (times + 1) if number <= times else records + 1
            pause = random.uniform(0, SECONDS)
            while process.poll() is None:
                time.sleep(0.1)
                now = committed(table)
                if now > before:
                    first, before, last = first or time.monotonic(), now, time.monotonic()
                if now >= until and time.monotonic() - last >= pause:
                    process.kill()
            process.wait()
            memory.going = False
            highest.append(memory.highest)
            start_up = f"first part after {(first or last) - begun:.1f} s"
            if number <= times:
                lost = time.monotonic() - last
                well &= lost <= SECONDS + TURN + SLACK
                print(f"kill {number}: {before:,} rows committed, {lost:.1f} s of work lost; {start_up}")
            else:
                print(f"{before:,} rows in the end, exit code {process.returncode}; {start_up}")
        names = open_scores(table).table(["source"]).column("source").to_pylist()
    once = len(names) == len(set(names)) == records
    print(f"{len(names):,} rows of {len(set(names)):,} sources, {records:,} records")
    print(f"at most {', '.join(f'{each:.0f}' for each in highest)} MiB, run by run (bar {MEMORY_BAR:g})")
    return well and once and max(highest) < MEMORY_BAR


def committed(table: Path) -> int:
    """Rows that count by now."""
    try:
        return len(open_scores(table))
    except Unreadable:
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description="An archive to a table.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="single")
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    headers = sorted(options.folder.glob("**/*.hea"))[: options.records]
    if not headers:
        sys.exit(f"{options.folder}: holds no WFDB records")
    with tempfile.TemporaryDirectory() as scratch:
        folder = repeated(headers, options.records, Path(scratch))
        if options.kills:
            well = kills(folder, options.records, options.kills, options.weights)
        else:
            well = rates(folder, headers, options.weights, options.turns)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
