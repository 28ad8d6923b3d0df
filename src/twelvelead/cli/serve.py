"""The verb serve, and what belongs to a service: keys, audit, backups, purging."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

_DEFAULT = "run"


class _RunsByDefault(TyperGroup):
    """A group whose arguments are those of `run` where none of its commands is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunsByDefault,
    help="Answer over HTTP; `twelvelead serve FOLDER` is `twelvelead serve run FOLDER`, which lists the options.",
)

SettingsFile = Annotated[
    Path | None,
    typer.Option(help="Take the settings in this TOML file.", show_default="that in TWELVELEAD_SETTINGS, if any"),
]


@app.command(_DEFAULT)
def run(
    settings: SettingsFile = None,
    host: Annotated[str | None, typer.Option(help="Listen at this address.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Listen at this port.", show_default="8765")] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(help="Answer only what these addresses send, which are reverse proxies that end TLS."),
    ] = None,
    open: Annotated[bool, typer.Option("--open/--no-open", help="Show the page in a browser once it answers.")] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the settings as they are, secrets masked, and end.")
    ] = False,
) -> None:
    """Answer over HTTP until it is told to stop.

    Every setting stands in one TOML file, in the environment as TWELVELEAD_NAME, or here; the later counts.
    """
    from twelvelead.service.settings import load_settings

    told = load_settings(settings, host=host, port=port, behind_proxy=behind_proxy)
    if print_config:
        typer.echo(told.to_toml(), nl=False)
        return
    from twelvelead.service.app import create_app
    from twelvelead.service.server import serve

    def listening(port: int) -> None:
        scheme = "https" if told.tls_key else "http"
        address = f"{scheme}://{told.host}:{port}/"
        print(f"twelvelead: answers at {address}", file=sys.stderr, flush=True)
        if open:
            import webbrowser

            webbrowser.open(address)

    serve(create_app(told), told, listening)
