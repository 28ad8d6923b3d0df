"""The command line: parse, call, print; every import of weight is inside a command."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli import (
    compare,
    drift,
    ecg,
    embed,
    ensemble,
    evaluate,
    gateway,
    models,
    ptbxl,
    refit,
    robustness,
    score,
    serve,
    store,
    train,
    tune,
)
from twelvelead.errors import TwelveLeadError
from twelvelead.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Reads a 12-lead ECG and predicts NORM, MI, STTC, CD and HYP; trains and compares such models on PTB-XL. "
    "A decision aid, not a medical device.",
)
app.command()(ecg.interpret)
app.command()(score.score)
app.command()(drift.drift)
app.command()(embed.embed)
app.command()(embed.similar)
app.command()(ecg.draw)
app.command()(ecg.demo)
app.command()(train.train)
app.command()(ensemble.ensemble)
app.command()(tune.tune)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(robustness.robustness)
app.command()(train.export)
app.command()(refit.refit)
app.command()(models.models)
app.add_typer(serve.app, name="serve")
app.add_typer(gateway.app, name="gateway")
app.add_typer(ptbxl.app, name="ptbxl")
app.add_typer(store.app, name="store")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"twelvelead {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a user's mistake ends with one line and its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the characters of the bars, or of a file's name
    try:
        app()
    except TwelveLeadError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        where = f"{Path(str(error.filename))}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; free space or choose another place, then run it again", 2)


def _fail(message: str, code: int) -> None:
    print(f"twelvelead: {message}", file=sys.stderr)
    sys.exit(code)
