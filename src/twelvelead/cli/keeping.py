"""What belongs to a service beside answering: keys, audit, backups, purging."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.ledger import Event, Ledger

SettingsFile = Annotated[
    Path | None,
    typer.Option(help="Take the settings in this TOML file.", show_default="that in TWELVELEAD_SETTINGS, if any"),
]
Store = Annotated[
    Path | None, typer.Option(help="Keep what is kept in this folder.", show_default="twelvelead in the user's data")
]
Role = Annotated[
    Literal["read", "write", "admin"],
    typer.Option(help="Choose whether the key reads, also writes and signs, or also sees everybody's recordings."),
]

_keys = typer.Typer(no_args_is_help=True, help="Add, list and revoke keys.")
_audit = typer.Typer(no_args_is_help=True, help="Show and verify who did what.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the verb serve."""
    app.add_typer(_keys, name="keys")
    app.add_typer(_audit, name="audit")
    for command in (backup, restore, purge, export):
        app.command()(command)


@_keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Name who or what uses the key; the audit has this name.")],
    role: Role = "read",
    owner: Annotated[
        str | None, typer.Option(help="Share the recordings of the keys of this owner.", show_default="the name")
    ] = None,
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Add a key, and print its secret, which is shown this once."""
    with _ledger(settings, store) as ledger, ledger.begin() as books:
        key, secret = books.keys.add(name, role, owner=owner)
        books.audit.append(_event("keys.add", key.name))
    typer.echo(secret)


@_keys.command("list")
def list_keys(settings: SettingsFile = None, store: Store = None) -> None:
    """List the keys: name, owner, role, when made, used and revoked."""
    with _ledger(settings, store) as ledger, ledger.view() as books:
        for key in books.keys.list():
            used = f"used {key.used:%Y-%m-%d %H:%M}" if key.used else "never used"
            ended = f", revoked {key.revoked:%Y-%m-%d %H:%M}" if key.revoked else ""
            typer.echo(f"{key.name}\t{key.owner}\t{key.role}\tmade {key.created:%Y-%m-%d %H:%M}, {used}{ended}")


@_keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="Name the key.")], settings: SettingsFile = None, store: Store = None
) -> None:
    """Revoke a key, and end the sessions that it was exchanged for, at once."""
    with _ledger(settings, store) as ledger, ledger.begin() as books:
        key = books.keys.revoke(name)
        books.audit.append(_event("keys.revoke", key.name))
    typer.echo(f"{name} is revoked")


@_audit.command("head")
def show_head(settings: SettingsFile = None, store: Store = None) -> None:
    """Print the end of the audit's chain; kept elsewhere, it shows later whether rows were changed or cut off."""
    with _ledger(settings, store) as ledger, ledger.view() as books:
        typer.echo(str(books.audit.head()))


@_audit.command("show")
def show(
    after: Annotated[int, typer.Option(min=0, help="Show the rows after this number.")] = 0,
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Print the rows of the audit as CSV: who did what, when, to which bytes, answered by what."""
    import csv
    import sys
    from dataclasses import fields

    from twelvelead.ledger import Event

    names = [field.name for field in fields(Event)]
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["sequence", "time", *names, "hash"])
    with _ledger(settings, store) as ledger, ledger.view() as books:
        for row in books.audit.rows(after):
            told = (getattr(row.event, name) for name in names)
            table.writerow([row.sequence, row.time.isoformat(), *told, row.hash])


@_audit.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="Take this head, as `head` or the log gave it; without one, a cut end is not noticed."),
    ] = None,
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Verify that no row of the audit was changed, removed, inserted or cut off. Exit code 0: none was; 2: one was."""
    from twelvelead.ledger import Head

    kept = None if head is None else Head.parse(head)
    with _ledger(settings, store) as ledger, ledger.view() as books:
        found = books.audit.verify(kept)
    if found.faults:
        raise TwelveLeadError("; ".join(found.faults), code="damaged")
    typer.echo(f"{found.head.sequence} rows, whole; head {found.head}")


def backup(
    to: Annotated[Path, typer.Argument(help="Write this file; it holds patients' data.")],
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Write all that is kept to one file, while the service goes on."""
    with _ledger(settings, store) as ledger:
        ledger.backup(to)
    typer.echo(f"{to}: written")


def restore(
    source: Annotated[Path, typer.Argument(help="Take this backup.")],
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Make a store from a backup; one that is there stays as it is, and that is an error."""
    from twelvelead.ledger import restore as restored
    from twelvelead.service.settings import load_settings

    told = load_settings(settings, store=store)
    restored(source, told.store, None if told.database is None else told.database.get_secret_value())
    typer.echo(f"{source}: restored")


def purge(
    older_than: Annotated[int, typer.Option(min=0, help="Purge what came more than this many days ago.")],
    signed: Annotated[bool, typer.Option("--signed", help="Take only what has a signed reading.")] = False,
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Purge old recordings, so that their bytes are gone; the audit keeps a row with the hash of each."""
    with _ledger(settings, store) as ledger:
        done = ledger.purge(timedelta(days=older_than), actor="local", signed_only=signed)
    typer.echo(f"{done.recordings} recordings and {done.objects} files removed, {done.waiting} wait for their jobs")


def export(
    labels: Annotated[Path, typer.Option(help="Write the labels to this CSV, which is not there yet.")],
    originals: Annotated[
        Path | None,
        typer.Option(
            help="Write the recordings below this folder, which is not there yet.",
            show_default="as LABELS, without .csv",
        ),
    ] = None,
    classes: Annotated[
        Literal["superclass", "statement"],
        typer.Option(help="Take the superclasses of what was stated as labels, or the codes as they were stated."),
    ] = "superclass",
    owner: Annotated[
        str | None, typer.Option(help="Take the recordings of this owner.", show_default="everybody's")
    ] = None,
    settings: SettingsFile = None,
    store: Store = None,
) -> None:
    """Write what readers have signed, and the recordings, so that `store create` and `train fine-tune` take them.

    Of each recording the newest signed reading counts; a class that it does not state is labelled 0. Left out and
    counted: what is not signed, what the quality gate refused, what is signed without a code. Patients are hashes, the
    same for all recordings of one in this export alone; the recordings themselves hold what their files hold.
    """
    from twelvelead.service.export import export as write

    folder = originals or labels.with_suffix("")
    with _ledger(settings, store) as ledger:
        done = write(ledger, labels, folder, classes=classes, owner=owner)
    typer.echo(f"{labels}: {done.recordings} recordings of {done.patients} patients")
    typer.echo("classes: " + ", ".join(f"{name} {number}" for name, number in done.classes.items()))
    made = f", {done.as_signals} of them as WFDB records of their signals" if done.as_signals else ""
    typer.echo(f"{folder}: their files, which hold patients' data{made}")
    if done.left_out:
        typer.echo("left out: " + ", ".join(f"{number} {why}" for why, number in done.left_out.items()))
    typer.echo(f"next: twelvelead store create {folder} {labels} own.store --folds 10")


@contextmanager
def _ledger(settings: Path | None, store: Path | None) -> Iterator["Ledger"]:
    from twelvelead.service.settings import load_settings, open_ledger

    with open_ledger(load_settings(settings, store=store)) as ledger:
        yield ledger


def _event(action: str, key: str) -> "Event":
    from twelvelead.ledger import Event

    return Event("local", action, subject=key)
