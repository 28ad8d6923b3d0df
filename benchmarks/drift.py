"""How often `drift` raises a false alarm, and how many ECGs of a changed site it needs to notice.

    python benchmarks/drift.py PTBXL [--work runs/drift] [--records N] [--runs 1000] [--draws 50]

PTBXL is PTB-XL as PhysioNet lays it out, with `records100`. The patients of fold 9 are shared out at random to two
sites. Every ECG is answered by `single`, without age and sex, as it is; those of site B once more under each fault of
`FAULTY`, in WFDB files as a site with that fault would write them. What is answered is kept in WORK, so that the same
command goes on; the tables are printed from it.

False alarms: the ECGs as they are, RUNS times divided at random into four sites, with whole patients or ECG by ECG; the
share of runs with any p of 0.05 or less after correction, and the share with any alarm. Power: DRAWS times so many ECGs
of site B, with whole patients, against all of site A; the share of draws with an alarm, and what raised it in all of
site B.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from twelvelead.archive.answering import Task
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.cli.meter import Meter
from twelvelead.ecg.electrodes import rewired
from twelvelead.ecg.leads import LEADS
from twelvelead.evaluation.drift import Change, Group, Quantity, changes
from twelvelead.inference.answers import Answers, read_answers
from twelvelead.inference.drift import quantities
from twelvelead.progress import Progress, silent
from twelvelead.readers import read

FOLD = "9"
SIZES = (25, 50, 100, 300, 1000)
SITES = 4
NAMED = 8
"""Quantities that a line names."""

CLEAN = "as it is"

Signal = NDArray[np.float32]


@dataclass(frozen=True)
class Fault:
    """What a site does to its recordings.

    Attributes:
        work: signal [samples, 12] mV and rate in Hz -> signal.
        gain: that its files state, of samples in microvolts; 1000 for each mV is right.
    """

    work: Callable[[Signal, float], Signal] = lambda signal, rate: signal
    gain: int = 1000


def filtered(order: int, hz: float, kind: str, signal: Signal, rate: float) -> Signal:
    """By a Butterworth filter as a device runs it, forwards in time, at rest at the first sample."""
    b, a = butter(order, hz, kind, fs=rate)
    start = signal[:1]
    return np.asarray(lfilter(b, a, signal - start, axis=0) + (0 if kind == "highpass" else start), np.float32)


def swapped(one: str, other: str, signal: Signal, rate: float) -> Signal:
    """With two cables exchanged."""
    return rewired(signal, {one: other, other: one})


FAULTY = {
    CLEAN: Fault(),
    "high-pass of 0.5 Hz, one pole": Fault(partial(filtered, 1, 0.5, "highpass")),
    "low-pass of 40 Hz": Fault(partial(filtered, 2, 40.0, "lowpass")),
    "low-pass of 35 Hz": Fault(partial(filtered, 2, 35.0, "lowpass")),
    "gain stated half": Fault(gain=500),
    "microvolts stated as millivolts": Fault(gain=1),
    "arms swapped": Fault(partial(swapped, "RA", "LA")),
    "V1 and V2 swapped": Fault(partial(swapped, "V1", "V2")),
}


def write_wfdb(signal: Signal, rate: float, gain: int, header: Path) -> None:
    """A signal [samples, 12] mV as a WFDB record of 16 bits, in microvolts under the gain that is stated."""
    counts = np.clip(np.rint(signal * 1000), -32767, 32767).astype("<i2")
    name = header.stem
    lines = [f"{name} {len(LEADS)} {rate:g} {len(counts)}"]
    lines += [f"{name}.dat 16 {gain}(0)/mV 16 0 {counts[0, n]} 0 0 {lead}" for n, lead in enumerate(LEADS)]
    header.parent.mkdir(parents=True, exist_ok=True)
    header.with_suffix(".dat").write_bytes(counts.tobytes())
    header.write_text("\n".join(lines) + "\n")


def answered(files: list[Path], fault: Fault, folder: Path, task: Task, progress: Progress = silent) -> Path:
    """The dataset of answers to the recordings under a fault; what is there is not answered again."""
    again = []
    for file in files:
        again.append(folder / "recordings" / file.name)
        if not again[-1].is_file():
            ecg = read(file)
            write_wfdb(fault.work(ecg.signal, ecg.sampling_rate), ecg.sampling_rate, fault.gain, again[-1])
    score(Sources([str(path) for path in again]), Place.of(folder / "answers"), task, progress=progress)
    return folder / "answers"


def both(unchanged: Path, changed: Path) -> tuple[Answers, NDArray[np.bool_], list[str]]:
    """Two datasets as one, which rows are of the second, and the name of each row's file."""
    tables = [read_answers(place, lambda name: True, ()).table for place in (unchanged, changed)]
    table = pa.concat_tables(tables)
    names = [Path(source).name for source in table.column("source").to_pylist()]
    return Answers(changed, table), np.arange(len(table)) >= len(tables[0]), names


def false_alarms(
    what: list[Quantity], patients: NDArray[np.int64], runs: int, *, whole: bool, seed: int = 0
) -> tuple[float, float]:
    """Shares of runs with any p of 0.05 or less after correction, and with any alarm, where nothing differs.

    Args:
        what: of all rows.
        patients: [rows].
        runs: how many, each with sites of its own.
        whole: whether a patient's ECGs go to one site.
        seed: of the sites.
    """
    rng = np.random.default_rng(seed)
    significant = alarms = 0
    for _ in range(runs):
        site = (
            rng.integers(SITES, size=patients.max() + 1)[patients] if whole else rng.integers(SITES, size=len(patients))
        )
        groups = [Group("site", str(number), site == number, site != number) for number in range(SITES)]
        found = changes(what, groups, patients)
        significant += any(change.significant for change in found)
        alarms += any(change.alarm for change in found)
    return significant / runs, alarms / runs


def drawn(
    what: list[Quantity], of_b: NDArray[np.bool_], patients: NDArray[np.int64], size: int, draws: int, seed: int = 0
) -> Iterator[list[Change]]:
    """The alarms of each draw of so many of site B's ECGs, with whole patients, against all of site A."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        order = rng.permutation(patients.max() + 1)
        rows = np.flatnonzero(of_b)
        rows = rows[np.argsort(order[patients[rows]], kind="stable")][:size]
        group = Group("site", "B", np.isin(np.arange(len(of_b)), rows), ~of_b)
        yield [change for change in changes(what, [group], patients) if change.alarm]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("ptbxl", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/drift"))
    parser.add_argument("--records", type=int, default=None, help="so many of the fold")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=50)
    asked = parser.parse_args()

    with (asked.ptbxl / "ptbxl_database.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["strat_fold"] == FOLD][: asked.records]
    files = [asked.ptbxl / f"{row['filename_lr']}.hea" for row in rows]
    numbers = np.unique([row["patient_id"] for row in rows], return_inverse=True)[1]
    patient = dict(zip([file.name for file in files], numbers.tolist(), strict=True))
    site_b = np.random.default_rng(0).permutation(numbers.max() + 1) % 2 == 1
    of_a = [file for file, number in zip(files, numbers, strict=True) if not site_b[number]]
    of_b = [file for file, number in zip(files, numbers, strict=True) if site_b[number]]
    with Meter() as meter:
        unchanged = answered(of_a, Fault(), asked.work / "site A", Task(), meter.show)
        places = {
            title: answered(of_b, fault, asked.work / title, Task(), meter.show) for title, fault in FAULTY.items()
        }

    answers, _, names = both(unchanged, places[CLEAN])
    what, whose = quantities(answers), np.array([patient[name] for name in names])
    print(f"{len(answers):,} ECGs of {len(np.unique(whose)):,} patients, {len(what)} quantities, {SITES} sites")
    print("| no drift, sites by | runs | any p 0.05 or less after correction | any alarm |\n|---|---:|---:|---:|")
    for title, whole in (("patient", True), ("ECG", False)):
        significant, alarms = false_alarms(what, whose, asked.runs, whole=whole)
        print(f"| {title} | {asked.runs:,} | {significant:.1%} | {alarms:.1%} |", flush=True)

    print(f"\n{len(of_b):,} ECGs of site B against {len(of_a):,} of site A")
    print(f"| site B | {' | '.join(f'{size:,}' for size in SIZES)} | what raises an alarm |")
    print("|---" + "|---:" * len(SIZES) + "|---|")
    for title, place in places.items():
        answers, changed, names = both(unchanged, place)
        what, whose = quantities(answers), np.array([patient[name] for name in names])
        shares = [
            sum(bool(alarms) for alarms in drawn(what, changed, whose, size, asked.draws)) / asked.draws
            for size in SIZES
        ]
        (all_of_b,) = drawn(what, changed, whose, len(of_b), 1)
        largest = [change.quantity for change in sorted(all_of_b, key=lambda change: -change.effect)]
        more = f" and {len(largest) - NAMED} more" if len(largest) > NAMED else ""
        raised = ", ".join(largest[:NAMED]) + more or "nothing"
        print(f"| {title} | {' | '.join(f'{share:.0%}' for share in shares)} | {raised} |", flush=True)


if __name__ == "__main__":
    main()
