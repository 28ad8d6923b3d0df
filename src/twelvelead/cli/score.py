"""The verb for many recordings: score."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twelvelead.cli.options import Measure, OperatingPoint, Thresholds, Weights, at
from twelvelead.cli.reading import (
    HashNames,
    SamplingRate,
    Scale,
    TimeUnit,
    Unit,
    Variable,
    naming,
    tell_passed_over,
)
from twelvelead.errors import TwelveLeadError
from twelvelead.weights import DEFAULT

if TYPE_CHECKING:
    from twelvelead.archive.scoring import Answers


def score(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Name ECG files of any kind, folders, quoted patterns such as 'data/*.hea', manifests (CSV or Parquet "
            "with a column path), files RECORDS of WFDB trees, files of many (HDF5, Parquet, NPY of three axes, tar "
            "and zip), and URLs of any of these.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Write the Parquet dataset into this folder, or a URL such as s3://bucket/folder.", show_default=False
        ),
    ],
    weights: Weights = DEFAULT,
    operating_point: OperatingPoint = "accuracy",
    thresholds: Thresholds = None,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
    leads: Annotated[
        str | None,
        typer.Option(
            help="Name the leads of the last axis of arrays (HDF5, NPY, Parquet) that do not state them, as in I,II,V2."
        ),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(help="Write these groups of columns: classes, measurements, statements, embedding."),
    ] = "classes,measurements",
    copy: Annotated[
        str, typer.Option(help="Take these columns of a manifest into the rows, as in site,device,time.")
    ] = "",
    hash_names: HashNames = False,
    measure: Measure = True,
    shard: Annotated[
        str,
        typer.Option(help="Answer one of n equal shares, 1/n to n/n, each by a process or machine of its own."),
    ] = "1/1",
    processes: Annotated[
        int | None, typer.Option(help="Work in this many processes.", min=1, show_default="one a core")
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Work on this machine, or on those of a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Take this Ray cluster.", show_default="one of this machine, for this command"
        ),
    ] = None,
) -> None:
    """Answer many ECG files on all cores into one Parquet dataset. After Ctrl-C or a kill, the same command goes on.

    One row a file, or a recording in a file of many: probabilities, decisions, or why there are none. Exit code 0: all
    well; 2: some files cannot be read; 3: some recordings are not fit to interpret; 130, 143, 129: stopped by Ctrl-C,
    SIGTERM, SIGHUP, what is finished is written.
    """
    from twelvelead.archive.answering import Task, columns_from
    from twelvelead.archive.inputs import Shard
    from twelvelead.archive.places import Place
    from twelvelead.archive.scoring import score as run
    from twelvelead.archive.sources import Sources
    from twelvelead.cli.meter import Meter
    from twelvelead.cli.stopping import stoppable
    from twelvelead.ecg.lead_sets import named_leads

    share, place = Shard.parse(shard), Place.of(out)
    groups = tuple(name for name in columns_from(columns) if measure or name != "measurements")
    copied = tuple(dict.fromkeys(name.strip() for name in copy.split(",") if name.strip()))
    options = {
        "sampling_rate": sampling_rate,
        "unit": unit,
        "scale": scale,
        "variable": variable,
        "time_unit": time_unit,
    }
    axis = None if leads is None else named_leads(leads)
    task = Task(weights, at(operating_point, thresholds), options, groups, copied, axis)
    with stoppable(f"{place.shown}: interrupted; the same command goes on where it was"):
        inputs = Sources(sources, naming(None, hash_names, sources), copied, share, task.opening)
        with _engine(engine, ray_address, processes) as answers, Meter() as meter:
            counts = run(inputs, place, task, answers, progress=meter.show)
    tell_passed_over(inputs.found)
    for fault in inputs.found.faults:
        typer.echo(f"twelvelead: {fault}", err=True)
    said = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    typer.echo(f"{place.shown}{'' if share.total == 1 else f', {share}'}: {said or 'no files'}")
    if inputs.found.faults or counts["unreadable"] or counts["failed"]:
        raise typer.Exit(2)
    if counts["refused"]:
        raise typer.Exit(3)


@contextmanager
def _engine(name: str, address: str | None, processes: int | None) -> "Iterator[Answers]":
    if name == "ray":
        if processes is not None:
            raise TwelveLeadError("--processes is of --engine local; Ray works on all cores of its cluster")
        from twelvelead.archive.ray import cluster

        with cluster(address) as answers:
            yield answers
        return
    if address is not None:
        raise TwelveLeadError(f"--ray-address {address}: is of --engine ray; add it")
    from functools import partial

    from twelvelead.archive.local import answers as locally

    yield partial(locally, processes=processes)
