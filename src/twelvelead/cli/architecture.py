"""The option by which users name a file with an architecture of their own."""

from pathlib import Path
from typing import Annotated

import typer

Architecture = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Run this Python file of your own, which registers an architecture by @register_model, or name a class as "
        "module:object; it may be given several times.",
        show_default=False,
    ),
]


def load_architecture(files: list[str] | None) -> None:
    """Run the files, so that recipes and weights know what they register.

    Raises:
        TwelveLeadError: a file is not there, cannot be run, or registers nothing.
    """
    if files:
        from twelvelead.models import load_architectures
        from twelvelead.training.named import importable, is_named, register_named

        for file in files:
            if is_named(file) and not Path(file).is_file():
                with importable(Path()):
                    register_named(file, "--architecture")
            else:
                load_architectures(Path(file))
