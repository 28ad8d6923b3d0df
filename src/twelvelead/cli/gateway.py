"""The verb gateway: between a hospital's systems and the answer."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli.groups import group_with_default
from twelvelead.errors import TwelveLeadError

Config = Annotated[Path, typer.Argument(help="Take the settings in this TOML file.", show_default=False)]
Identify = Annotated[bool, typer.Option("--identify", help="Name patients, which the audit is told of.")]

app = typer.Typer(
    cls=group_with_default("run"),
    help="Take ECGs by DICOM and from folders, and send reports by DICOM, FHIR and HL7; `twelvelead gateway "
    "CONFIG.toml` is `twelvelead gateway run CONFIG.toml`.",
)


@app.command()
def run(
    config: Config,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Take and interpret as usual, but send nothing, now or later.")
    ] = False,
) -> None:
    """Take, interpret and deliver until it is told to stop (SIGTERM or Ctrl-C)."""
    from twelvelead.gateway.gateway import Gateway
    from twelvelead.gateway.gateway import run as run_gateway
    from twelvelead.gateway.settings import load_settings

    settings = load_settings(config)

    def listening(gateway: Gateway) -> None:
        if gateway.node is not None and settings.dicom is not None:
            where = f"{settings.dicom.host} port {gateway.node.port}"
            print(f"twelvelead: {settings.dicom.ae_title} listens at {where}", file=sys.stderr)
        print(f"twelvelead: health at http://127.0.0.1:{gateway.monitor.port}/", file=sys.stderr, flush=True)

    run_gateway(settings, listening, dry_run=dry_run)


@app.command()
def check(config: Config) -> None:
    """Check the settings, and whether every destination answers; nothing of a patient is sent.

    Exit code 0: all well; 2: a part is not.
    """
    from twelvelead.gateway.checking import check as checked
    from twelvelead.gateway.checking import made_up_report
    from twelvelead.gateway.settings import load_settings

    settings = load_settings(config)
    well = True
    for good, line in checked(settings):
        well &= good
        typer.echo(f"{'ok  ' if good else 'FAIL'} {line}")
    typer.echo("")
    for line in made_up_report(settings):
        typer.echo(line)
    if not well:
        raise typer.Exit(2)


@app.command()
def status(config: Config, identify: Identify = False) -> None:
    """Show what waits, what is with the dead letters, and why."""
    from twelvelead.gateway.listing import status as lines
    from twelvelead.gateway.settings import load_settings, open_ledger

    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        for line in lines(ledger, settings, identify=identify):
            typer.echo(line)


@app.command()
def retry(
    config: Config,
    jobs: Annotated[
        list[int] | None, typer.Argument(help="Name the dead letters by their numbers, as status shows them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Try all of them again.")] = False,
    to: Annotated[str | None, typer.Option(help="Take, with --all, only those to this destination.")] = None,
) -> None:
    """Try dead letters again; a gateway that runs takes them up by itself."""
    from twelvelead.gateway.listing import retry as retried
    from twelvelead.gateway.queues import deliveries_to
    from twelvelead.gateway.settings import load_settings, open_ledger

    if bool(jobs) == everything or (to is not None and not everything):
        raise TwelveLeadError("number the dead letters, or give --all, with --to for those to one destination")
    with open_ledger(load_settings(config)) as ledger:
        queue = None if to is None else deliveries_to(to)
        number = retried(ledger, jobs or [], everything=everything, queue=queue)
    typer.echo(f"{number} queued again")


@app.command()
def show(
    config: Config,
    job: Annotated[int, typer.Argument(help="Name the job by its number, as status shows it.")],
    identify: Identify = False,
) -> None:
    """Show all about one job."""
    from twelvelead.gateway.listing import show as lines
    from twelvelead.gateway.settings import load_settings, open_ledger

    with open_ledger(load_settings(config)) as ledger:
        for line in lines(ledger, job, identify=identify):
            typer.echo(line)
