"""The verb models: what ships."""

from typing import Annotated

import typer

_WIDTH = 100
"""Columns, at most, and for what goes to a file."""


def models(
    name: Annotated[
        str | None,
        typer.Argument(help="Show the whole contract of these weights: a shipped name, a run folder, or a file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list of what ships, or the contract.")] = False,
) -> None:
    """List the weights that ship: what they predict, how well, how large they are, and what they are for."""
    import json

    from rich.console import Console

    from twelvelead.output.catalogue import catalogue, table
    from twelvelead.output.contract_text import whole
    from twelvelead.weights import Contract, find
    from twelvelead.weights.contract import FILE

    if as_json:
        if name is None:
            typer.echo(json.dumps(catalogue(), indent=2, ensure_ascii=False))
        else:
            folder = find(name)
            Contract.load(folder)
            typer.echo((folder / FILE).read_text(encoding="utf-8").rstrip())
        return
    console = Console(highlight=False, markup=False)
    console.width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    console.print(table(catalogue()) if name is None else whole(name))
