"""`twelvelead ptbxl`: PTB-XL from a folder to a store."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="PTB-XL: make a store of it, and see what the store holds.")

StorePath = Annotated[Path, typer.Argument(help="The store's folder.", show_default=False)]


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help="Folder laid out as PhysioNet publishes PTB-XL.", show_default=False)],
    store: StorePath,
    rate: Annotated[int, typer.Option(help="Sampling rate in Hz: 100 or 500.")] = 100,
) -> None:
    """Make the folder STORE of the PTB-XL records in SOURCE, which may hold any of the ten folds.

    SOURCE holds ptbxl_database.csv, scp_statements.csv and records100 (or records500). A fold of which no file is
    there is left out. If only some files of a fold are there, the copy is unfinished and nothing is written.
    Checksums are verified; a damaged record is left out and named, and the exit code is then 2. An older store is
    replaced when the new one is whole.
    """
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.progress import track

    from twelvelead.data.ptbxl.prepare import prepare as make
    from twelvelead.data.tasks import fold_names
    from twelvelead.errors import TwelveLeadError

    if rate not in (100, 500):
        raise TwelveLeadError(f"--rate {rate}: PTB-XL is published at 100 and 500 Hz; name one of them")
    console = Console(stderr=True)

    def progress(files: Sequence[str]) -> Iterable[str]:
        return track(files, f"{len(files):,} records", console=console, disable=not console.is_terminal)

    made = make(source, store, rate=500 if rate == 500 else 100, progress=progress)
    for line in made.bad:
        typer.echo(line, err=True)
    if made.absent:
        typer.echo(f"fold {fold_names(made.absent)}: no file in {source}, left out")
    typer.echo(f"{store}: {len(made.store):,} records; see twelvelead ptbxl info {store}")
    if made.bad:
        total = len(made.bad) + len(made.store)
        raise TwelveLeadError(
            f"{source}: {len(made.bad):,} of {total:,} records could not be read and are not in {store} "
            "(named above); copy them again and prepare again"
        )


@app.command()
def info(store: StorePath) -> None:
    """Count the records of STORE per fold, class and protocol, and compare with the published PTB-XL 1.0.3."""
    from rich.console import Console

    from twelvelead.data.ptbxl.info import info as table
    from twelvelead.data.store import Store

    Console(highlight=False, markup=False).print(table(Store.open(store)))
