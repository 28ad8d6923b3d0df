"""The verb for many recordings: score."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.errors import Interrupted
from twelvelead.weights import DEFAULT


def score(
    files: Annotated[
        list[str],
        typer.Argument(help="ECG files, folders and quoted patterns such as 'data/*.hea'.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the Parquet dataset.", show_default=False)],
    weights: Annotated[
        str, typer.Option(help="A shipped name, a run folder, a folder of weights, or a file in one.")
    ] = DEFAULT,
    operating_point: Annotated[
        str, typer.Option(help="An operating point of the weights, or one number from 0 to 1.")
    ] = "accuracy",
    sampling_rate: Annotated[float | None, typer.Option(help="In Hz, for CSV and NPY.")] = None,
    unit: Annotated[str | None, typer.Option(help="mV, uV or V, for CSV and NPY.")] = None,
    processes: Annotated[int | None, typer.Option(help="How many.", min=1, show_default="one a core")] = None,
) -> None:
    """Answer many ECG files on all cores into one Parquet dataset. After Ctrl-C or a kill, the same command goes on.

    One row a file: probabilities, decisions, or why there are none. Exit code 0: all well; 2: some files cannot be
    read; 3: some recordings are not fit to interpret.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.inference.many import Task
    from twelvelead.inference.many import score as run
    from twelvelead.readers.find import recordings

    found, faults = recordings(files)
    for fault in faults:
        typer.echo(f"twelvelead: {fault}", err=True)
    task = Task(weights, operating_point, sampling_rate, unit)
    try:
        with Meter() as meter:
            counts = run(found, out, task, processes=processes, progress=meter.show)
    except KeyboardInterrupt:
        raise Interrupted(f"{out}: interrupted; the same command goes on where it was") from None
    said = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    typer.echo(f"{out}: {said or 'no files'}")
    if faults or counts["unreadable"] or counts["failed"]:
        raise typer.Exit(2)
    if counts["refused"]:
        raise typer.Exit(3)
