"""`twelvelead store`: one's own recordings to a store."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twelvelead.cli.reading import SamplingRate, Scale, TimeUnit, Unit, Variable, tell_passed_over
from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.data.create import Created

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
            help="Take the labels from this table, a CSV with a column file and a column of 0 and 1 for each class; or "
            "from the headers by this mapping, a CSV with a column code, or challenge or ludb, which ship.",
            show_default=False,
        ),
    ],
    store: Annotated[Path, typer.Argument(help="Make the store in this folder.", show_default=False)],
    rate: Annotated[
        float, typer.Option(help="Store at this rate in Hz; recordings of other rates are resampled.")
    ] = 100,
    seconds: Annotated[float, typer.Option(help="Store this many seconds of each recording, from its start.")] = 10,
    task: Annotated[
        str | None,
        typer.Option(
            help="Call the labels of the table this; name it when you train and evaluate.", show_default="labels"
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Make this many folds that keep patients apart.",
            show_default="the column fold, or one by a mapping",
            min=2,
            max=100,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed the folds with this.", min=0)] = 0,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
) -> None:
    """Make the folder STORE of the recordings in SOURCE, labelled by a table or by their headers.

    A table has the column file (a path below SOURCE) and either a column for each class with 1 or 0, or one column
    labels with names separated by semicolons; and, where known, ecg_id, patient_id, fold, age and sex (0 male, 1
    female). Refused before anything is written: a table that lacks these, a cell that cannot be, an ecg_id listed
    twice, a path that leaves SOURCE, a patient in two folds.

    A mapping says what the codes in WFDB headers stand for (#Dx: of the PhysioNet Challenges, or what LUDB has below
    #<diagnoses>:): the columns code, statement (SCP-ECG acronyms), class (NORM, MI, STTC, CD, HYP) and normal (yes
    where the code says nothing against a normal ECG). The store has the tasks of PTB-XL, so that weights can be
    evaluated on it; what no code stands for is left out of them, and told, as are codes that the mapping lacks.

    Skipped, named and counted: a recording that is damaged, too short, lacks a lead or states no diagnosis; the exit
    code is then 2.
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
        typer.echo(f"{source}: {len(made.unlisted.files):,} other recordings have no labels in {labels}", err=True)
    tell_passed_over(made.unlisted)
    for line in _unknown(made, labels):
        typer.echo(line, err=True)
    held = sorted(set(made.store.column("fold").tolist()))
    tasks = ", ".join(f"task {name} with {len(classes)} classes" for name, classes in made.store.tasks.items())
    typer.echo(f"{store}: {len(made.store):,} records, {tasks}, fold {fold_names(held)}")
    if made.bad:
        raise TwelveLeadError(
            f"{source}: {len(made.bad):,} of {len(made.bad) + len(made.store):,} recordings could not be stored (named "
            "above); mend them and create the store again"
        )


def _unknown(made: "Created", mapping: Path) -> Iterator[str]:
    """What a mapping leaves open: codes that it lacks, and classes of PTB-XL that it cannot express."""
    if made.unlisted_codes:
        codes = ", ".join(f"{code} ({count:,})" for code, count in made.unlisted_codes.most_common())
        yield f"codes that {mapping} does not list, with the recordings that have them: {codes}"
    for task, classes in made.not_mapped.items():
        yield f"task {task} lacks {len(classes)} classes of PTB-XL that {mapping} has no code for: {', '.join(classes)}"
