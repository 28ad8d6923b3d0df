"""The option by which users name a file with an architecture of their own."""

from pathlib import Path
from typing import Annotated

import typer

Architecture = Annotated[
    list[Path] | None,
    typer.Option(
        help="Run this Python file of your own, which registers an architecture by @register_model; it may be given "
        "several times.",
        show_default=False,
    ),
]


def load_architecture(files: list[Path] | None) -> None:
    """Run the files, so that recipes and weights know what they register.

    Raises:
        TwelveLeadError: a file is not there, cannot be run, or registers nothing.
    """
    if files:
        from twelvelead.models import load_architectures

        for file in files:
            load_architectures(file)
