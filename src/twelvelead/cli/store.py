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
            help="Take the recordings in this folder, of any kind that the command interpret reads, or in this file of "
            "many: HDF5, Parquet, NPY of three axes, tar or zip.",
            show_default=False,
        ),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            help="Take the labels from this table (CSV), or by the word codes from what the recordings come with, or "
            "from that by this mapping: a TOML or CSV file, or challenge or ludb, which ship.",
            show_default=False,
        ),
    ],
    store: Annotated[Path, typer.Argument(help="Make the store in this folder.", show_default=False)],
    rate: Annotated[
        float, typer.Option(help="Store at this rate in Hz; recordings of other rates are resampled.")
    ] = 100,
    seconds: Annotated[float, typer.Option(help="Store this many seconds of each recording, from its start.")] = 10,
    leads: Annotated[
        str | None,
        typer.Option(
            help="Store these leads alone, as in I,II; recordings may lack the others. Of arrays: which leads their "
            "last axis has, in its order.",
            show_default="all",
        ),
    ] = None,
    bridge: Annotated[
        float,
        typer.Option(help="Put straight lines over gaps of NaN of up to this many seconds, counted.", min=0),
    ] = 0,
    task: Annotated[
        str | None,
        typer.Option(help="Call the labels this; name it when you train and evaluate.", show_default="labels"),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help='Take what codes or names stand for from this mapping: a TOML file of lines "CODE" = "CLASS", or one '
            "that ships.",
            show_default="each is a class",
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            help="Take names in a cell apart at this: one sign, space, tab, none (a cell is one class) or list.",
            show_default="read off the cells",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Take the labels from these columns, their names separated by commas: of 0 and 1, or one of names.",
            show_default="told by names and cells",
        ),
    ] = None,
    min_count: Annotated[
        int, typer.Option(help="Take the classes that so many recordings have, and name the others.", min=0)
    ] = 0,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Make this many folds that keep patients apart.",
            show_default="the column fold, or one by codes",
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
    """Make the folder STORE of the recordings in SOURCE, labelled by a table or by codes that come with them.

    What was understood of the labels is shown before anything is written: the classes, in how many recordings each is,
    and five examples. Where it may be meant otherwise it ends there, and --separator or --columns settles it.

    A table has a column file (or filename, path; below SOURCE) and either a column label with the names of the classes,
    as in AF;LBBB, ['AF', 'LBBB'] or {'AF': 100}, or a column for each class with 1, 0 or -1 (not known); and, where
    known, ecg_id, patient_id, fold, age and sex. Other columns are passed over.

    By the word codes the labels are those of WFDB headers (#Dx: of the PhysioNet Challenges, or what LUDB has below
    #<diagnoses>:) and of PTB-XL's own table, where it lies beside its records. A mapping joins them: TOML to classes of
    one's own, or a CSV to PTB-XL's statements and classes, which makes PTB-XL's tasks. What it lacks is counted and
    named.

    Skipped, named and counted: a recording that is damaged, too short, lacks a lead or states no diagnosis; the exit
    code is then 2.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.create import create as make
    from twelvelead.data.tasks import fold_names
    from twelvelead.ecg.finding import CODES
    from twelvelead.ecg.lead_sets import named_leads
    from twelvelead.output.understood import understood

    with Meter() as meter:
        made = make(
            source,
            labels,
            store,
            rate=rate,
            seconds=seconds,
            leads=None if leads is None else named_leads(leads),
            bridge=bridge,
            task=task,
            mapping=mapping,
            separator=separator,
            columns=None if columns is None else [name.strip() for name in columns.split(",")],
            min_count=min_count,
            folds=folds,
            seed=seed,
            sampling_rate=sampling_rate,
            unit=unit,
            scale=scale,
            variable=variable,
            time_unit=time_unit,
            understood=lambda listed: typer.echo("\n".join(understood(listed, labels))),
            progress=meter.show,
        )
    for line in made.bad:
        typer.echo(line, err=True)
    for line in made.changed:
        typer.echo(f"{source}: {line}")
    for code, count in sorted(made.noticed.items()):
        typer.echo(f"{source}: {count:,} with {CODES[code]} ({code})", err=True)
    if made.unlisted.files:
        typer.echo(f"{source}: {len(made.unlisted.files):,} other recordings have no labels in {labels}", err=True)
    tell_passed_over(made.unlisted)
    for line in _unknown(made, mapping or labels):
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
