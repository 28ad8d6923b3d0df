"""Options of every verb that reads recordings, and what files are called there."""

from typing import TYPE_CHECKING, Annotated

import typer

from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.naming import Naming
    from twelvelead.readers.find import Found

SamplingRate = Annotated[float | None, typer.Option(help="State the sampling rate in Hz where the file does not.")]
Unit = Annotated[str | None, typer.Option(help="State the unit of voltage, mV, uV or V, where the file does not.")]
Scale = Annotated[
    float | None,
    typer.Option(
        help="State the microvolts of a step of an uncalibrated file, or in place of the file's own (a finding)."
    ),
]
Variable = Annotated[
    str | None,
    typer.Option(
        help="Name the matrix of a MATLAB file, as in ECG.data, the data set of HDF5 or the column of Parquet, where "
        "several can be the ECG."
    ),
]
TimeUnit = Annotated[
    str | None, typer.Option(help="State the unit of a CSV's time column that does not: s, ms, us, ns, min, h or d.")
]
HashNames = Annotated[
    bool,
    typer.Option(
        "--hash-names",
        help="Put a keyed hash in the place of each file's name in all that is printed, drawn and stored.",
    ),
]


def naming(text: str | None, hash_names: bool, files: list[str]) -> "Naming":
    """What the files of a call are called.

    Raises:
        TwelveLeadError: one text for several files, or both a text and hashes.
    """
    from twelvelead.naming import Naming, name_key

    if text is not None and (hash_names or len(files) != 1):
        raise TwelveLeadError("--id names one file; leave out --hash-names, and give one file at a time")
    return Naming(text, name_key() if hash_names else None)


def tell_passed_over(found: "Found") -> None:
    """On standard error, which files of folders were no recordings, counted by kind."""
    said = found.passed_over_in_words()
    if said:
        typer.echo(f"twelvelead: {said}", err=True)
