"""Measurements beside cardiologists' marks and beside what devices wrote into their own files: docs/measuring.md.

    python benchmarks/measuring.py LUDB [--formats FOLDER] [--ptbxl FOLDER]

LUDB is a folder of the Lobachevsky University Database (`benchmarks/ludb.py`). Each recording is measured as it is, at
500 Hz, and resampled to 100 Hz. Intervals, per recording: ours minus the marks' (second earliest onset, second latest
end over the leads, medians over beats). Heart rate: over the span from 0.15 s before the first marked beat to 0.15 s
after the last. Beats: within 0.15 s of a beat that 8 leads or more mark; near one of 3 to 7 leads they are not counted.
With --ptbxl, a folder as PhysioNet lays it out: in how many of up to 100 recordings with a statement (at 100 Hz, drawn
at random with a fixed seed) a PR is stated.
"""

import argparse
import ast
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ludb import RATE, Marked, records
from twelvelead.ecg.measure import Measurements, measure
from twelvelead.readers import read

NEAR = 0.15
"""In s."""

IEC = {"pr": (10, 10), "qrs": (10, 10), "qt": (25, 30)}
"""Largest mean and standard deviation of differences, ms, that IEC 60601-2-51 (2003) asks of global intervals."""

PRINTED = {
    "ge_muse.xml": {"heart_rate": 60, "pr": 158, "qrs": 78, "qt": 364, "axis": 54},
    "philips_sierra_103.xml": {"heart_rate": 41, "pr": 151, "qrs": 96, "qt": 476, "axis": -21},
    "philips_sierra_104.xml": {"heart_rate": 59, "pr": 222, "qrs": 98, "qt": 398, "axis": 12},
    "hl7_aecg.xml": {"heart_rate": 67, "pr": 148, "qrs": 120, "qt": 420, "axis": -61},
    "dicom_12lead.dcm": {"heart_rate": 61, "pr": 161, "qrs": 75, "qt": 368, "axis": 52},
}
"""What each device wrote into its file."""

STATEMENTS = ("NORM", "SR", "1AVB", "STACH", "CLBBB", "AFIB", "AFLT", "PACE")
"""Of PTB-XL, with a PR and without."""

FIELDS = {
    "heart_rate": "heart_rate_per_minute",
    "pr": "pr_ms",
    "qrs": "qrs_ms",
    "qt": "qt_ms",
    "axis": "axis_degrees",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path)
    parser.add_argument("--formats", type=Path, help="folder of the files that PRINTED names")
    parser.add_argument("--ptbxl", type=Path, help="folder of PTB-XL at 100 Hz")
    options = parser.parse_args()
    marked = list(records(options.ludb))
    for rate in (RATE, 100):
        found = [measure(record.ecg.resampled(rate)) for record in marked]
        print(f"\n{len(marked)} recordings at {rate} Hz\n")
        print("| | marked in | measured | without a mark | mean, ms | SD, ms | IEC: mean, SD |\n" + "|---" * 7 + "|")
        for name, (bias, spread) in IEC.items():
            print(f"| {name.upper()} | {interval(name, found, marked)} | {bias}, {spread} |")
        print()
        print(rates(found, marked))
        print(beats(found, marked))
        print(waves(found, marked))
    if options.formats:
        print("\n| file | " + " | ".join(FIELDS) + " |\n|---|" + "---|" * len(FIELDS))
        for file, printed in PRINTED.items():
            ours = measure(read(options.formats / file))
            cells = [f"{value(ours, name)} ({theirs})" for name, theirs in printed.items()]
            print(f"| {file} | " + " | ".join(cells) + " |")
    if options.ptbxl:
        print("\n| statement | a PR is stated in |\n|---|---|")
        for statement in STATEMENTS:
            print(stated(options.ptbxl, statement))


def stated(folder: Path, statement: str) -> str:
    """In how many recordings with the statement a PR is stated."""
    with (folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row["filename_lr"] for row in csv.DictReader(stream) if statement in ast.literal_eval(row["scp_codes"])]
    there = [name for name in rows if (folder / f"{name}.hea").is_file()]
    drawn = np.random.default_rng(0).permutation(there)[:100]
    count = sum(measure(read(folder / f"{name}.hea")).pr_ms is not None for name in drawn)
    return f"| {statement} | {count} of {len(drawn)} |"


def value(found: Measurements, name: str) -> str:
    number = getattr(found, FIELDS[name])
    return "-" if number is None else f"{number:.0f}"


def interval(name: str, found: Sequence[Measurements], marked: Sequence[Marked]) -> str:
    """Cells: how many have it by the marks, how many of these by us, how many by us alone, mean and SD."""
    ours = [getattr(each, FIELDS[name]) for each in found]
    theirs = [record.intervals()[name] for record in marked]
    both = [one - other for one, other in zip(ours, theirs, strict=True) if one is not None and other is not None]
    alone = sum(one is not None and other is None for one, other in zip(ours, theirs, strict=True))
    there = sum(other is not None for other in theirs)
    spread = float(np.std(both, ddof=1))
    return f"{there} | {len(both)} ({len(both) / there:.0%}) | {alone} | {np.mean(both):+.1f} | {spread:.1f}"


def within(times: Sequence[float], record: Marked) -> NDArray[np.float64]:
    """Of the times, those of the annotated span."""
    span = record.beats(3)
    all_of_them = np.array(times)
    inside: NDArray[np.float64] = all_of_them[(all_of_them >= span[0] - NEAR) & (all_of_them <= span[-1] + NEAR)]
    return inside


def rates(found: Sequence[Measurements], marked: Sequence[Marked]) -> str:
    far = []
    for each, record in zip(found, marked, strict=True):
        times = within(each.beat_times, record)
        ours = 60 / np.diff(times).mean() if len(times) > 1 else np.nan
        theirs = record.intervals()["heart_rate"]
        if theirs is not None and not abs(ours - theirs) <= 3:
            far.append(f"{record.name}: {ours:.1f} for {theirs:.1f}")
    return f"heart rate further than 3 a minute from the marks' in {len(far)} of {len(marked)} {'; '.join(far)}"


def beats(found: Sequence[Measurements], marked: Sequence[Marked]) -> str:
    right = missed = false = most = 0
    for each, record in zip(found, marked, strict=True):
        times, strong, weak = within(each.beat_times, record), record.beats(8), record.beats(3)
        hit = {int(np.abs(strong - time).argmin()) for time in times if np.abs(strong - time).min() <= NEAR}
        near = sum(bool(np.abs(weak - time).min() <= NEAR and np.abs(strong - time).min() > NEAR) for time in times)
        wrong = len(times) - len(hit) - near
        right, missed, false, most = right + len(hit), missed + len(strong) - len(hit), false + wrong, max(most, wrong)
    return (
        f"beats: {right} found, {missed} missed, {false} false (at most {most} in a recording): "
        f"sensitivity {right / (right + missed):.4f}, precision {right / max(right + false, 1):.4f}"
    )


def waves(found: Sequence[Measurements], marked: Sequence[Marked]) -> str:
    """P and T waves by beat. We state them of the dominant beats as a whole: each counted beat of a recording with a PR
    (QT) has a P (T) wave."""
    counts = {"p": [0, 0, 0], "t": [0, 0, 0]}
    for each, record in zip(found, marked, strict=True):
        stated = {"p": each.pr_ms is not None, "t": each.qt_ms is not None}
        times = within(each.beat_times, record)
        strong = [group for group in record.groups if group.leads >= 8]
        for place, group in enumerate(strong):
            if len(times) == 0 or np.abs(times - group.time).min() > NEAR:
                continue
            before = strong[place - 1].time if place else 0.0
            after = strong[place + 1].time if place + 1 < len(strong) else np.inf
            for wave, low, high in (("p", max(before, group.time - 0.4), group.time), ("t", group.time, after)):
                leads = sum(
                    any(mark[0] == wave and low < mark[2] / RATE < high for mark in marks)
                    for marks in record.marks.values()
                )
                there = leads >= 5
                if leads and not there:
                    continue
                if wave == "t" and not there and place + 1 == len(strong):
                    continue  # after the last beat nothing may be marked any more
                cell = 0 if there and stated[wave] else 1 if there else 2 if stated[wave] else None
                if cell is not None:
                    counts[wave][cell] += 1
    words = []
    for wave, (right, missed, false) in counts.items():
        words.append(
            f"{wave.upper()} waves by beat: sensitivity {right / (right + missed):.3f}, "
            f"precision {right / max(right + false, 1):.3f}"
        )
    return "; ".join(words)


if __name__ == "__main__":
    main()
