"""`twelvelead store`: one's own recordings to a store."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli.reading import SamplingRate, Scale, TimeUnit, Unit, Variable, tell_passed_over
from twelvelead.errors import TwelveLeadError

app = typer.Typer(no_args_is_help=True, help="Make stores of one's own recordings.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def create(
    source: Annotated[
        Path,
        typer.Argument(
            help="Take the recordings in this folder, of any kind that the command interpret reads.", show_default=False
        ),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            help="Take this table of labels, a CSV with a column file and a column of 0 and 1 for each class.",
            show_default=False,
        ),
    ],
    store: Annotated[Path, typer.Argument(help="Make the store in this folder.", show_default=False)],
    rate: Annotated[
        float, typer.Option(help="Store at this rate in Hz; recordings of other rates are resampled.")
    ] = 100,
    seconds: Annotated[float, typer.Option(help="Store this many seconds of each recording, from its start.")] = 10,
    task: Annotated[str, typer.Option(help="Call the labels this; name it when you train and evaluate.")] = "labels",
    folds: Annotated[
        int | None,
        typer.Option(
            help="Make this many folds that keep patients apart.", show_default="the column fold", min=2, max=100
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed the folds with this.", min=0)] = 0,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
) -> None:
    """Make the folder STORE of the recordings in SOURCE that the table LABELS lists.

    LABELS has the column file (a path below SOURCE) and either a column for each class with 1 or 0, or one column
    labels with names separated by semicolons; and, where known, ecg_id, patient_id, fold, age and sex (0 male, 1
    female). Refused before anything is written: a table that lacks these, a cell that cannot be, an ecg_id listed
    twice, a path that leaves SOURCE, a patient in two folds. Skipped, named and counted: a recording that is damaged,
    too short or lacks a lead; the exit code is then 2.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.create import create as make
    from twelvelead.data.tasks import fold_names
    from twelvelead.ecg.finding import CODES

    with Meter() as meter:
        made = make(
            source,
            labels,
            store,
            rate=rate,
            seconds=seconds,
            task=task,
            folds=folds,
            seed=seed,
            sampling_rate=sampling_rate,
            unit=unit,
            scale=scale,
            variable=variable,
            time_unit=time_unit,
            progress=meter.show,
        )
    for line in made.bad:
        typer.echo(line, err=True)
    for code, count in sorted(made.noticed.items()):
        typer.echo(f"{source}: {count:,} with {CODES[code]} ({code})", err=True)
    if made.unlisted.files:
        typer.echo(f"{source}: {len(made.unlisted.files):,} other recordings are not in {labels.name}", err=True)
    tell_passed_over(made.unlisted)
    held = sorted(set(made.store.column("fold").tolist()))
    typer.echo(
        f"{store}: {len(made.store):,} records, task {task} with {len(made.store.tasks[task])} classes, "
        f"fold {fold_names(held)}"
    )
    if made.bad:
        raise TwelveLeadError(
            f"{source}: {len(made.bad):,} of {len(made.bad) + len(made.store):,} recordings could not be stored (named "
            "above); mend them and create the store again"
        )
