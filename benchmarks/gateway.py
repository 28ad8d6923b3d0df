"""The gateway under load: throughput, latency, memory, its start, and kill -9 at ten stages.

    python benchmarks/gateway.py [--ecgs 600] [--kills 60] [--long] [--pages]

Generated ECGs of 10 s at 500 Hz come as DICOM, are answered by `single`, and go out as SR to a DICOM node and as a
transaction to a FHIR server, without the page unless --pages. Senders and receivers are processes of their own. A rate
is ECGs a second that two cores do: twice the number by the CPU time of the gateway and its workers, so that what the
senders, the receivers and the rest of the machine do falls out; the rate by the clock stands beside it. --long takes
5,000 ECGs and 300 objects for the kills.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from hospital import LOCAL, Archive, FhirServer, Running, ecg_object, free_port, gateway, send, until
from twelvelead.ecg.synthetic import synthetic_ecg

MEASURED_BAR, BARE_BAR, LATENCY_BAR, READY_BAR, GROWTH_BAR = 15.0, 40.0, 1.0, 3.0, 1.05
SENDERS, KINDS = 4, 20
_TICK = os.sysconf("SC_CLK_TCK")


def settings(archive: int, emr: int, *, measure: bool, pages: bool = False, workers: int = 2) -> str:
    """The TOML of a gateway between a node and a FHIR server."""
    page = str(pages).lower()
    return (
        f'store = "store"\nmonitor_port = 0\nretry_seconds = 0.2\nretry_longest_seconds = 2\n[answering]\n'
        f"workers = {workers}\nmeasure = {str(measure).lower()}\n[dicom]\nport = 0\n"
        f'[[destinations]]\nname = "archive"\nkind = "dicom"\nhost = "{LOCAL}"\nport = {archive}\n'
        f'ae_title = "ARCHIVE"\npdf = {page}\n'
        f'[[destinations]]\nname = "emr"\nkind = "fhir"\nurl = "http://{LOCAL}:{emr}/fhir"\npdf = {page}\n'
    )


def receive(pipe: Connection) -> None:
    """What the process of the receivers does: it tells their ports, and counts when asked."""
    with Archive() as archive, FhirServer() as emr:
        pipe.send((archive.port, emr.port))
        while pipe.recv():
            pipe.send((len(archive.objects), archive.received, len(archive.differing), len(emr.order), emr.posts))


def store(port: int, first: int, number: int) -> None:
    """What the process of a sender does."""
    kinds = [ecg_object(synthetic_ecg(seed=seed, sampling_rate=500)) for seed in range(KINDS)]
    at_once = 20
    for start in range(first, first + number, at_once):
        objects = [named(kinds[each % KINDS], each) for each in range(start, min(start + at_once, first + number))]
        while objects:
            try:
                answers = send(port, *objects)
            except (ConnectionError, OSError):
                time.sleep(0.1)
                continue
            if unanswered := sum("Status" not in told for told in answers):
                print(f"  {unanswered} objects without an answer: their association ended")
            objects = [each for each, told in zip(objects, answers, strict=True) if told.get("Status") != 0]
            if objects:  # out of resources: its queue is long
                time.sleep(0.2)


def named(kind: Dataset, number: int) -> Dataset:
    """The same ECG of another patient."""
    new = Dataset()
    new.update(kind)
    new.file_meta = kind.file_meta
    for keyword in ("SOPInstanceUID", "PatientID", "StudyInstanceUID"):
        del new[keyword]  # both have the same elements
    new.SOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.{number + 1}")
    new.PatientID, new.StudyInstanceUID = f"P{number}", generate_uid()
    return new


@contextmanager
def receivers() -> Iterator[tuple[Connection, int, int]]:
    """A process with an archive and a FHIR server: a pipe that counts, and the ports."""
    context = get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=receive, args=(theirs,), daemon=True)
    process.start()
    archive, emr = pipe.recv()
    try:
        yield pipe, archive, emr
    finally:
        pipe.send(False)
        process.join(5)
        process.kill()


def counted(pipe: Connection) -> tuple[int, ...]:
    """Objects, C-STOREs, differing ones, reports and transactions."""
    pipe.send(True)
    found: tuple[int, ...] = pipe.recv()
    return found


def processes_of(running: Running) -> list[int]:
    """The gateway's process and its workers."""
    found = [running.process.pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == running.process.pid:
            found.append(int(stat.parent.name))
    return found


def cpu_s(running: Running) -> tuple[float, float]:
    """CPU time of the gateway's process, and of its workers, s."""
    times = []
    for process in processes_of(running):
        fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
        times.append((int(fields[11]) + int(fields[12])) / _TICK)
    return times[0], sum(times[1:])


def resident(running: Running) -> int:
    """Memory of the gateway and its workers, bytes."""
    pages = (int((Path("/proc") / str(each) / "statm").read_text().split()[1]) for each in processes_of(running))
    return sum(pages) * resource.getpagesize()


def throughput(folder: Path, number: int, *, measure: bool, pages: bool) -> tuple[float, float]:
    """ECGs a second of two cores, and by how much memory grew after the first tenth."""
    folder.mkdir()
    config = folder / "gateway.toml"
    context = get_context("spawn")
    files = number * (2 if pages else 1)
    with receivers() as (pipe, archive, emr):
        config.write_text(settings(archive, emr, measure=measure, pages=pages))
        with gateway(config) as running:
            warm = min(60, number)
            senders = [context.Process(target=store, args=(running.port, 10**6, warm))]
            senders[0].start()
            until(lambda: counted(pipe)[4] >= warm, 600)
            before, begun = cpu_s(running), time.monotonic()
            share = number // SENDERS
            senders = [
                context.Process(target=store, args=(running.port, share * each, share)) for each in range(SENDERS)
            ]
            for each in senders:
                each.start()
            early = 0
            while counted(pipe)[4] < warm + share * SENDERS:
                if not early and counted(pipe)[4] > warm + number // 10:
                    early = resident(running)
                time.sleep(0.2)
            until(lambda: counted(pipe)[0] >= (warm + share * SENDERS) * files // number, 600)
            seconds, after = time.monotonic() - begun, cpu_s(running)
            growth = resident(running) / (early or 1)
            found = counted(pipe)
    done = share * SENDERS
    main, workers = after[0] - before[0], after[1] - before[1]
    spent = (main + workers) / done
    print(
        f"  {done} ECGs: {2 / spent:.1f} a second of two cores ({main / done * 1e3:.1f} ms of CPU each in the gateway, "
        f"{workers / done * 1e3:.1f} ms in its workers), {done / seconds:.1f} a second by the clock of this machine"
    )
    print(f"  memory {early / 1e6:.0f} MB after a tenth, {growth - 1:+.1%} at the end")
    print(f"  receivers: {found[0]} objects, {found[2]} differing, {found[3]} reports")
    return 2 / spent, growth


def latency(folder: Path, number: int = 20) -> float:
    """Median seconds from the start of a C-STORE to the report at the archive, one at a time."""
    folder.mkdir()
    config = folder / "gateway.toml"
    seconds, ready = [], []
    with Archive() as archive, FhirServer() as emr:
        config.write_text(settings(archive.port, emr.port, measure=True))
        for _ in range(3):
            with gateway(config) as running:
                ready.append(running.ready_s)
        with gateway(config) as running:
            time.sleep(1)
            for each in range(number):
                data = named(ecg_object(), 5000 + each)
                begun = time.monotonic()
                send(running.port, data)
                until(lambda each=each: len(archive.objects) > each and emr.posts > each)  # type: ignore[misc]
                seconds.append(time.monotonic() - begun)
                time.sleep(0.3)
    middle, most = statistics.median(seconds), max(seconds)
    print(f"  from C-STORE to both reports {middle:.2f} s in the median, {most:.2f} s at most, of {number}")
    print(f"  ready after {statistics.median(ready):.1f} s in the median, {max(ready):.1f} s at most, of 3 starts")
    return middle if statistics.median(ready) < READY_BAR else float("inf")


def killed(folder: Path, number: int, stages: int = 10) -> bool:
    """Whether every object that was acknowledged has exactly one report at each destination, after as many kills, and
    with the archive down for the first half."""
    folder.mkdir()
    config = folder / "gateway.toml"
    kind = ecg_object()
    objects = {each: named(kind, each) for each in range(number)}
    acknowledged: set[int] = set()
    port = free_port()
    archives: list[Archive] = []
    with FhirServer() as emr:
        config.write_text(settings(port, emr.port, measure=False))
        for stage in range(stages + 1):
            if stage == stages // 2:
                archives.append(Archive(port))
            with gateway(config) as running:

                def carry(port: int = running.port) -> None:
                    for each in sorted(objects.keys() - acknowledged):
                        try:
                            if send(port, objects[each])[0].get("Status") == 0x0000:
                                acknowledged.add(each)
                        except (ConnectionError, OSError):
                            return

                sender = threading.Thread(target=carry)
                sender.start()
                if stage < stages:
                    wanted = (stage + 1) * number // (stages + 1)
                    until(lambda wanted=wanted: len(acknowledged) >= wanted or emr.posts >= wanted, 600)  # type: ignore[misc]
                    time.sleep(0.05 * stage)  # at another moment of what it does each time
                    running.process.kill()
                    running.process.wait()
                    sender.join(60)
                else:
                    sender.join(600)
                    until(lambda: min(len(archives[0].objects), len(emr.order)) >= number, 600)
                    time.sleep(2)
        (archive,) = archives
        patients = {str(each.PatientID) for each in archive.datasets()}
        reports = [each["subject"]["identifier"]["value"] for each in emr.of_kind("DiagnosticReport")]
        whole = patients == set(reports) == {f"P{each}" for each in objects} and len(reports) == number
        once = len(archive.objects) == number and not archive.differing and set(emr.versions.values()) == {1}
        print(
            f"  kill -9 at {stages} stages of {number} objects, the archive down for the first half: "
            f"{len(acknowledged)} acknowledged, {len(archive.objects)} objects of {archive.received} C-STOREs, "
            f"{len(reports)} reports of {emr.posts} transactions, {len(archive.differing)} differing"
        )
        archive.close()
    return whole and once


def main() -> None:
    parser = argparse.ArgumentParser(description="The gateway under load.")
    parser.add_argument("--ecgs", type=int, default=600, help="0 for the kills alone")
    parser.add_argument("--kills", type=int, default=60, help="objects while it is killed")
    parser.add_argument("--long", action="store_true", help="5,000 ECGs, and 300 objects for the kills")
    parser.add_argument("--pages", action="store_true", help="the page goes too, to both")
    options = parser.parse_args()
    number, kills = (5000, 300) if options.long else (options.ecgs, options.kills)
    missed: list[str] = []

    def hold(name: str, well: Any) -> None:
        if not well:
            missed.append(name)

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if number:
            print("without measuring")
            bare, growth = throughput(folder / "bare", number, measure=False, pages=options.pages)
            hold("rate without measuring", bare >= BARE_BAR or options.pages)
            hold("memory", growth <= GROWTH_BAR)
            print("with measuring")
            measured, _ = throughput(folder / "measured", number // 4, measure=True, pages=options.pages)
            hold("rate with measuring", measured >= MEASURED_BAR or options.pages)
            print("at low load, with measuring")
            hold("latency or start", latency(folder / "latency") < LATENCY_BAR)
        hold("kills", killed(folder / "killed", kills))
    print(f"missed: {', '.join(missed) or 'nothing'}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
