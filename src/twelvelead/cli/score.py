"""The verb for many recordings: score."""

from pathlib import Path
from typing import Annotated

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
from twelvelead.weights import DEFAULT


def score(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Name ECG files of any kind, folders, and quoted patterns such as 'data/*.hea'.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="Write the Parquet dataset into this folder.", show_default=False)],
    weights: Weights = DEFAULT,
    operating_point: OperatingPoint = "accuracy",
    thresholds: Thresholds = None,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
    hash_names: HashNames = False,
    measure: Measure = True,
    processes: Annotated[
        int | None, typer.Option(help="Work in this many processes.", min=1, show_default="one a core")
    ] = None,
) -> None:
    """Answer many ECG files on all cores into one Parquet dataset. After Ctrl-C or a kill, the same command goes on.

    One row a file: probabilities, decisions, or why there are none. Exit code 0: all well; 2: some files cannot be
    read; 3: some recordings are not fit to interpret; 130, 143, 129: stopped by Ctrl-C, SIGTERM, SIGHUP, what is
    finished is written.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.cli.stopping import stoppable
    from twelvelead.inference.many import Task
    from twelvelead.inference.many import score as run
    from twelvelead.readers.find import recordings

    with stoppable(f"{out}: interrupted; the same command goes on where it was"):
        found = recordings(files)
        tell_passed_over(found)
        for fault in found.faults:
            typer.echo(f"twelvelead: {fault}", err=True)
        options = {
            "sampling_rate": sampling_rate,
            "unit": unit,
            "scale": scale,
            "variable": variable,
            "time_unit": time_unit,
        }
        task = Task(weights, at(operating_point, thresholds), options, naming(None, hash_names, files), measure)
        with Meter() as meter:
            counts = run(found.files, out, task, processes=processes, progress=meter.show)
    said = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    typer.echo(f"{out}: {said or 'no files'}")
    if found.faults or counts["unreadable"] or counts["failed"]:
        raise typer.Exit(2)
    if counts["refused"]:
        raise typer.Exit(3)
