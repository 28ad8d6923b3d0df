"""Two nodes of a Ray cluster against two processes of this machine, and what a million ECGs cost.

    python benchmarks/ray_nodes.py FOLDER [--records 20000] [--turns 3] [--price 0.05] [--no-measure]

FOLDER holds WFDB records, which are repeated until there are enough. The cluster has two nodes of one core each; it
stands before the time begins, and each turn is one table from its first input to its last committed part, with the
start of its processes. Both take turns, one thread a process, and must give the same rows.

The cost follows from the slower of what is measured: core-hours = records / (records a second and core) / 3600, times
the price of a core-hour in dollars. It assumes that rows a second grow with the cores, that the archive lies as near to
them as here to a disk, and that a core is as fast as one of this machine. Nothing above 20,000 records is measured.
"""

import argparse
import csv
import statistics
import sys
import tempfile
import time
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from ray_cluster import ray_cluster
from twelvelead.archive import open_scores
from twelvelead.archive.answering import DEFAULT_COLUMNS, Task
from twelvelead.archive.local import answers as locally
from twelvelead.archive.places import Place
from twelvelead.archive.ray import cluster
from twelvelead.archive.scoring import Answers, score
from twelvelead.archive.sources import Sources

NODES, BAR = 2, 0.75


def manifest(folder: Path, work: Path, records: int) -> Path:
    """A list of so many recordings; a folder that is too small comes again under other names."""
    headers = sorted(path.relative_to(folder) for path in folder.rglob("*.hea"))
    if not headers:
        sys.exit(f"{folder}: no WFDB records")
    path = work / "records.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path"])
        for number, header in enumerate(islice(cycle(headers), records)):
            link = work / f"copy{number // len(headers)}"
            if number % len(headers) == 0:
                link.symlink_to(folder.resolve())
            writer.writerow([link / header])
    return path


def rate(sources: Sources, out: Path, task: Task, answers: Answers) -> float:
    """Rows a second."""
    begun = time.perf_counter()
    counts = score(sources, Place.of(out), task, answers)
    return counts.total() / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--price", type=float, default=0.05, help="dollars a core-hour")
    parser.add_argument("--no-measure", action="store_true", help="without rate, intervals and axis")
    given = parser.parse_args()
    task = Task(columns=("classes",) if given.no_measure else DEFAULT_COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sources = Sources([str(manifest(given.folder, work, given.records))])
        with ray_cluster(work, NODES) as running, cluster(running.address) as by_ray:
            rates: list[tuple[float, float]] = []
            for turn in range(given.turns):
                tables = work / f"local{turn}", work / f"ray{turn}"
                local = rate(sources, tables[0], task, partial(locally, processes=NODES))
                ray = rate(sources, tables[1], task, by_ray)
                one, other = (open_scores(table).table().sort_by("source") for table in tables)
                same = "the same rows" if one.equals(other) else "ROWS DIFFER"
                print(f"local {local:.1f}/s, Ray {ray:.1f}/s, {ray / local:.0%}, {same}", flush=True)
                rates.append((local, ray))
    share = statistics.median(ray / local for local, ray in rates)
    print(f"Ray: {share:.0%} of two processes (median of {given.turns}); the bar is {BAR:.0%}")
    a_core = statistics.median(ray for _, ray in rates) / NODES
    for records in (10**6, 10**7, 10**8):
        hours = records / a_core / 3600
        print(f"{records:>11,} ECGs: {hours:>8,.1f} core-hours, ${hours * given.price:,.2f}")
    sys.exit(share < BAR)


if __name__ == "__main__":
    main()
