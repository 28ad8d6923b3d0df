"""How often `drift` raises a false alarm, and how many ECGs of a changed site it needs to notice.

    python benchmarks/drift.py PTBXL [--work runs/drift] [--records N] [--runs 1000] [--draws 50]

PTBXL is PTB-XL as PhysioNet lays it out, with `records100`. The patients of fold 9 are shared out at random to two
sites. Every ECG is answered by `single`, with age and sex, as it is; those of site B once more under each fault of
`FAULTY`, in WFDB files as a site with that fault would write them. What is answered is kept in WORK, so that the same
command goes on; the tables are printed from it.

False alarms: the ECGs as they are, RUNS times divided at random into four sites, with whole patients or ECG by ECG; the
share of runs with any p of 0.05 or less after correction, and the share with any alarm. Power: DRAWS times so many ECGs
of site B, with whole patients, against all of site A; the share of draws with an alarm, and what raised it in all of
site B.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from twelvelead.archive.answering import Task
from twelvelead.archive.columns import Columns, read_columns
from twelvelead.archive.drift import patients, quantities
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.cli.meter import Meter
from twelvelead.ecg.electrodes import rewired
from twelvelead.ecg.leads import LEADS
from twelvelead.evaluation.drift import Change, Group, Quantity, changes
from twelvelead.output.drift.words import title_of
from twelvelead.progress import Progress
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
    sums = counts.astype(np.int64).sum(axis=0) & 0xFFFF
    lines += [f"{name}.dat 16 {gain}(0)/mV 16 0 {counts[0, n]} {sums[n]} 0 {lead}" for n, lead in enumerate(LEADS)]
    header.parent.mkdir(parents=True, exist_ok=True)
    header.with_suffix(".dat").write_bytes(counts.tobytes())
    header.write_text("\n".join(lines) + "\n")


def answered(rows: Sequence[dict[str, str]], ptbxl: Path, fault: Fault, folder: Path, progress: Progress) -> str:
    """The table of answers to recordings under a fault; what it has is not answered again.

    Args:
        rows: of ptbxl_database.csv.
        ptbxl: folder of PTB-XL.
        fault: what the site does to them.
        folder: of the recordings, their manifest and the table.
        progress: told the recordings answered.
    """
    for row in rows:
        file = folder / "recordings" / f"{row['ecg_id']}.hea"
        if not file.is_file():
            ecg = read(ptbxl / f"{row['filename_lr']}.hea")
            write_wfdb(fault.work(ecg.signal, ecg.sampling_rate), ecg.sampling_rate, fault.gain, file)
    manifest = folder / "manifest.csv"
    lines = [f"recordings/{row['ecg_id']}.hea,{row['age']},{row['sex']},{row['patient_id']}" for row in rows]
    manifest.write_text("\n".join(["path,age,sex,patient_id", *lines]) + "\n")
    copied = ("patient_id",)
    place = folder / "answers"
    statuses = score(Sources([str(manifest)], copied=copied), Place.of(place), Task(copied=copied), progress=progress)
    print(f"{folder.name}: {', '.join(f'{count:,} {status}' for status, count in statuses.items())}", flush=True)
    return str(place)


def both(unchanged: str, changed: str) -> tuple[list[Quantity], NDArray[np.bool_], NDArray[np.int64]]:
    """Of two tables of answers the quantities of all rows, which rows are of the second, and whose they are."""
    tables = [read_columns(place, lambda name: True, ()).table for place in (unchanged, changed)]
    columns = Columns(changed, pa.concat_tables(tables))
    whose = np.unique(patients(columns, "patient_id"), return_inverse=True)[1]
    return quantities(columns), np.arange(len(columns)) >= len(tables[0]), whose


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
    everyone = sorted({row["patient_id"] for row in rows})
    of_b = set(np.random.default_rng(0).permutation(everyone)[: len(everyone) // 2].tolist())
    site_a = [row for row in rows if row["patient_id"] not in of_b]
    site_b = [row for row in rows if row["patient_id"] in of_b]
    with Meter() as meter:
        unchanged = answered(site_a, asked.ptbxl, Fault(), asked.work / "site A", meter.show)
        places = {
            title: answered(site_b, asked.ptbxl, fault, asked.work / title, meter.show)
            for title, fault in FAULTY.items()
        }

    what, _, whose = both(unchanged, places[CLEAN])
    print(f"\n{len(rows):,} ECGs of {len(everyone):,} patients, {len(what)} quantities, {SITES} sites\n")
    print("| no drift, sites by | runs | any p 0.05 or less after correction | any alarm |\n|---|---:|---:|---:|")
    for title, whole in (("patient", True), ("ECG", False)):
        significant, alarms = false_alarms(what, whose, asked.runs, whole=whole)
        print(f"| {title} | {asked.runs:,} | {significant:.1%} | {alarms:.1%} |", flush=True)

    print(f"\n{len(site_b):,} ECGs of site B against {len(site_a):,} of site A\n")
    print(f"| site B | {' | '.join(f'{size:,}' for size in SIZES)} | what raises an alarm |")
    print("|---" + "|---:" * len(SIZES) + "|---|")
    for title, place in places.items():
        what, changed, whose = both(unchanged, place)
        shares = [
            sum(bool(alarms) for alarms in drawn(what, changed, whose, size, asked.draws)) / asked.draws
            for size in SIZES
        ]
        (all_of_b,) = drawn(what, changed, whose, len(site_b), 1)
        largest = [title_of(each.quantity) for each in sorted(all_of_b, key=lambda each: -each.effect)]
        more = f" and {len(largest) - NAMED} more" if len(largest) > NAMED else ""
        raised = ", ".join(largest[:NAMED]) + more or "nothing"
        print(f"| {title} | {' | '.join(f'{share:.0%}' for share in shares)} | {raised} |", flush=True)


if __name__ == "__main__":
    main()
