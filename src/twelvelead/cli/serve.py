"""The verb serve: the service itself. What belongs to it stands in `cli/keeping.py`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli import keeping
from twelvelead.cli.groups import group_with_default
from twelvelead.cli.keeping import SettingsFile, Store
from twelvelead.errors import TwelveLeadError

_DEFAULT = "run"


app = typer.Typer(
    cls=group_with_default(_DEFAULT),
    help="Answer over HTTP; `twelvelead serve FOLDER` is `twelvelead serve run FOLDER`, whose help lists the options.",
)


@app.command(_DEFAULT)
def run(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Keep the recordings of this folder once it answers.", show_default=False),
    ] = None,
    settings: SettingsFile = None,
    host: Annotated[str | None, typer.Option(help="Listen at this address.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Listen at this port.", show_default="8765")] = None,
    store: Store = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(help="Answer only what these addresses send, which are reverse proxies that end TLS."),
    ] = None,
    open: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open", help="Show the page in a browser once it answers.", show_default="on a terminal"
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Take a store that is gone at the end, with generated ECGs in it.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the settings as they are, secrets masked, and end.")
    ] = False,
) -> None:
    """Answer over HTTP until it is told to stop.

    Every setting stands in one TOML file, in the environment as TWELVELEAD_NAME, or here; the later counts.
    """
    from tempfile import TemporaryDirectory

    from twelvelead.service.settings import load_settings

    if demo and (store is not None or folder is not None):
        raise TwelveLeadError("--demo takes a store and ECGs of its own; leave out the folder and --store")
    with TemporaryDirectory(prefix="twelvelead-") as temporary:
        place = Path(temporary) / "store" if demo else store
        told = load_settings(settings, host=host, port=port, store=place, behind_proxy=behind_proxy)
        if print_config:
            typer.echo(told.to_toml(), nl=False)
            return
        from twelvelead.service.app import create_app
        from twelvelead.service.filling import of_demo, of_folder
        from twelvelead.service.server import serve

        application = create_app(told, of_demo() if demo else of_folder(folder) if folder is not None else ())
        token = application.state.core.callers.token
        shows = told.local and sys.stdout.isatty() if open is None else open

        def listening(port: int) -> None:
            scheme = "https" if told.tls_key else "http"
            name = f"[{told.host}]" if ":" in told.host else told.host
            address = f"{scheme}://{name}:{port}/" + (f"?token={token}" if token is not None else "")
            print(f"twelvelead: answers at {address}", file=sys.stderr, flush=True)
            if shows:
                import webbrowser

                webbrowser.open(address)

        serve(application, told, listening)


keeping.add_to(app)
