"""`twelvelead ptbxl`: PTB-XL from PhysioNet to a folder, and from there to a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twelvelead.errors import Interrupted, TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.data.ptbxl.release import Rate

app = typer.Typer(
    no_args_is_help=True, help="Download PTB-XL, verify it, make a store of it, and see what the store holds."
)

StorePath = Annotated[Path, typer.Argument(help="Take or make the store in this folder.", show_default=False)]
Rates = Literal["100", "500", "both"]


@app.command()
def download(
    dest: Annotated[Path, typer.Argument(help="Put the files into this folder.", show_default=False)],
    rate: Annotated[
        Rates, typer.Option(help="Fetch the records of this rate in Hz: 100 takes 0.7 GB of disk, 500 takes 2.8 GB.")
    ] = "100",
    base_url: Annotated[
        str | None,
        typer.Option(help="Fetch the release from this folder on another server.", show_default="PhysioNet's"),
    ] = None,
    one_zip: Annotated[
        bool, typer.Option("--zip", help="Fetch the one zip of both rates, 1.8 GB, instead of files.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Go on without asking where the disk has too little room.")
    ] = False,
) -> None:
    """Download PTB-XL 1.0.3 into the folder DEST and verify every file against the release's SHA256SUMS.txt.

    After an interruption the same command goes on and fetches only what is missing; a file there that differs from
    the published one is fetched anew. The proxy is that of http_proxy, https_proxy and no_proxy. An address of
    another release, or a list of files that leaves DEST, is refused before anything is written.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.ptbxl import download as files
    from twelvelead.data.ptbxl import download_zip as archive
    from twelvelead.data.ptbxl.release import BASE_URL

    def consent(needed: int, free: int) -> bool:
        return yes or _ask(f"{dest}: needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free. Go on?")

    url = base_url or BASE_URL
    try:
        with Meter() as meter:
            if one_zip:
                got = archive.download_zip(dest, base_url=url, progress=meter.show, consent=consent)
            else:
                got = files.download(
                    dest, _rates(rate) or (100, 500), base_url=url, progress=meter.show, consent=consent
                )
    except KeyboardInterrupt:
        raise Interrupted(f"{dest}: interrupted; the same command goes on, and what has arrived is kept") from None
    source = dest / archive.NAME if one_zip else dest
    typer.echo(f"{source}: {got.files:,} files verified, {got.fetched:,} of them fetched now")
    typer.echo(f"next: twelvelead ptbxl prepare {source} STORE{' --rate 500' if rate == '500' else ''}")


@app.command()
def verify(
    source: Annotated[
        Path, typer.Argument(help="Check this folder of PTB-XL, or PhysioNet's zip.", show_default=False)
    ],
    rate: Annotated[
        Rates | None, typer.Option(help="Require the records of this rate.", show_default="those that are")
    ] = None,
) -> None:
    """Check each file of SOURCE, which came by whatever means, against the SHA256SUMS.txt in it.

    Names each bad or missing file; the exit code is then 2.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.ptbxl.verify import verify as check

    with Meter() as meter:
        found = check(source, _rates(rate), meter.show)
    for note in found.notes:
        typer.echo(f"note: {note}")
    for file, fault in found.faults.items():
        typer.echo(f"{source}/{file}: {fault}", err=True)
    if found.faults:
        raise TwelveLeadError(
            f"{source}: {len(found.faults):,} of {found.files:,} files are bad or missing (named above); "
            f"mend it with: twelvelead ptbxl download {source}"
        )
    typer.echo(f"{source}: all {found.files:,} files are as published")


@app.command()
def prepare(
    source: Annotated[
        Path,
        typer.Argument(
            help="Take this folder, laid out as PhysioNet publishes PTB-XL, or its zip.", show_default=False
        ),
    ],
    store: StorePath,
    rate: Annotated[int, typer.Option(help="Take the records of this sampling rate in Hz: 100 or 500.")] = 100,
) -> None:
    """Make the folder STORE of the PTB-XL records in SOURCE, which may hold any of the ten folds.

    SOURCE holds ptbxl_database.csv, scp_statements.csv and records100 (or records500); a zip is read as it is. A fold
    of which no file is there is left out. Refused before anything is written: a fold of which some files are missing,
    another release, a table with a missing column, broken scp_codes, a statement that scp_statements.csv does not
    know, an ecg_id listed twice, a path that leaves SOURCE, a zip that is not whole. Skipped, named and counted: a
    record that is damaged or whose checksum is wrong; the exit code is then 2. An older store is replaced when the new
    one is whole.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.ptbxl.prepare import prepare as make
    from twelvelead.data.tasks import fold_names

    if rate not in (100, 500):
        raise TwelveLeadError(f"--rate {rate}: PTB-XL is published at 100 and 500 Hz; name one of them")
    with Meter() as meter:
        made = make(source, store, rate=500 if rate == 500 else 100, progress=meter.show)
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
def info(
    store: StorePath,
    task: Annotated[
        str | None,
        typer.Option(
            help="Count the classes of this task: superclass, all, diagnostic, subclass, form or rhythm.",
            show_default="superclass",
        ),
    ] = None,
) -> None:
    """Count the records of STORE per fold, class and protocol, and compare with the published PTB-XL 1.0.3."""
    from rich.console import Console

    from twelvelead.data.ptbxl.info import info as table
    from twelvelead.data.store import Store

    Console(highlight=False, markup=False).print(table(Store.open(store), task))


def _rates(rate: Rates | None) -> "tuple[Rate, ...] | None":
    return {"100": (100,), "500": (500,), "both": (100, 500)}[rate] if rate else None  # type: ignore[return-value]


def _ask(question: str) -> bool:
    """No, where nobody can answer."""
    import sys

    return sys.stdin.isatty() and typer.confirm(question)
