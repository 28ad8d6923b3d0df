"""The verb drift."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.errors import Interrupted, TwelveLeadError

_WIDTH = 132
"""Columns for a table that goes to a file."""

_PATIENT = "patient_id"


def drift(
    scores: Annotated[
        str,
        typer.Argument(
            metavar="SCORES",
            help="Take these answers: the folder or URL that score wrote to, or a Parquet or CSV file with its "
            "columns.",
            show_default=False,
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            help="Compare the values of these columns, their names separated by commas, as in site,device,month; month "
            "follows from the column time.",
            show_default=False,
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            help="Compare with a period of the column time, as in 2025, 2025-03 or 2025-01..2025-06, or with one "
            "group, as in site=A.",
            show_default="all other rows",
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(help="Take this column as the patients.", show_default=f"{_PATIENT}, where it is there"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write drift.html and drift.json into this folder, or the page alone to a name as in drift.html.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Compare answers between sites, devices, months or other columns, and say what drifted.

    Probabilities, decisions, findings, refusals, measurements, age and sex are tested, corrected for the number of
    tests. An alarm is an answer and not an error: the exit code is 0 with and without one.
    """
    from rich.console import Console

    from twelvelead.archive.columns import read_columns
    from twelvelead.archive.drift import groups, patients, quantities, wanted
    from twelvelead.cli.meter import Meter
    from twelvelead.evaluation.drift import changes
    from twelvelead.output.drift import Findings, table, write

    columns = list(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    if not columns:
        raise TwelveLeadError(f"--by {by}: names no column; name some, as in site,device,month")
    named = [*columns, patient or _PATIENT]
    if reference and "=" in reference:
        named.append(reference.partition("=")[0].strip())
    try:
        answers = read_columns(scores, wanted(*named), named)
        divided = groups(answers, columns, reference)
        who = patient or (_PATIENT if _PATIENT in answers else None)
        compared = quantities(answers)
        with Meter() as meter:
            found = changes(compared, divided, None if who is None else patients(answers, who), meter.show)
        result = Findings(answers.place, columns, reference, who, len(answers), compared, divided, found)
        files = [] if out is None else write(result, out)
    except KeyboardInterrupt:
        raise Interrupted("drift: interrupted; nothing is written, the same command begins anew") from None
    printed = Console(highlight=False, markup=False)
    if not printed.is_terminal:
        printed.width = max(printed.width, _WIDTH)
    printed.print(table(result))
    if files:
        typer.echo(" and ".join(map(str, files)))
