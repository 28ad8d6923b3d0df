"""Verbs on single recordings: interpret, draw, demo."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from twelvelead.cli.options import Measure, OperatingPoint, Thresholds, Weights, at
from twelvelead.cli.reading import (
    HashNames,
    SamplingRate,
    Scale,
    TimeUnit,
    Unit,
    Variable,
    naming,
    tell_passed_over,
)
from twelvelead.cli.reporting import PRINTED, original_of, report, suffix_of
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.weights import DEFAULT

if TYPE_CHECKING:
    from twelvelead.ecg.record import ECG
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.interpretation import Interpretation

Files = Annotated[
    list[str],
    typer.Argument(
        help="Name ECG files of any kind, folders, quoted patterns such as 'ecgs/*.xml', or - for standard input.",
        show_default=False,
    ),
]
Form = Annotated[
    Literal["png", "svg", "pdf"], typer.Option("--format", help="Draw pictures of this kind; a PDF has pages of A4.")
]
Outcome = Annotated[
    Literal["png", "svg", "pdf", "dicom-sr", "dicom-pdf", "fhir", "oru"],
    typer.Option(
        "--format",
        help="Draw pictures of this kind, or write reports for a hospital's systems; fhir and oru are printed where no "
        "folder is named. Reports name the patient only with --identify.",
    ),
]
Layout = Annotated[Literal["3x4+1", "6x2", "12x1"], typer.Option(help="Lay the leads on the paper like this.")]
Speed = Annotated[int, typer.Option(help="Draw at 25 mm/s, or at 50 mm/s on two pages.")]
Gain = Annotated[int, typer.Option(help="Draw at 5, 10 or 20 mm/mV; halved where the rows would run into each other.")]
Start = Annotated[
    float | None,
    typer.Option(help="Draw 10 s of a longer recording from this second on.", show_default="its beginning", min=0),
]
Identify = Annotated[
    bool,
    typer.Option(
        "--identify", help="Show the patient's name and id and the time of recording, where the file has them."
    ),
]
Identifier = Annotated[
    str | None,
    typer.Option("--id", help="Call the one file this in all that is printed and drawn.", show_default=False),
]


def interpret(
    files: Files,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a reading.")] = False,
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the tables of classes and statements, and what was measured, too."),
    ] = False,
    language: Annotated[
        str, typer.Option(help="Write the reading in this language: en, de or es; all else is English.")
    ] = "en",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Put the pictures or reports into this folder; with --json they are made only where it is named.",
            show_default="the current folder",
        ),
    ] = None,
    form: Outcome = "png",
    layout: Layout = "3x4+1",
    speed: Speed = 25,
    gain: Gain = 10,
    start: Start = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Find which stretch of which lead speaks for each class; takes seconds.")
    ] = False,
    measure: Measure = True,
    identify: Identify = False,
    age: Annotated[
        float | None,
        typer.Option(
            help="State the age in years, in place of what the file says.", min=0, max=130, show_default=False
        ),
    ] = None,
    sex: Annotated[
        Literal["male", "female"] | None,
        typer.Option(help="State the sex, in place of what the file says.", show_default=False),
    ] = None,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
    identifier: Identifier = None,
    hash_names: HashNames = False,
    operating_point: OperatingPoint = "accuracy",
    thresholds: Thresholds = None,
    error_rate: Annotated[
        float,
        typer.Option(help="Call a class uncertain where more errors would be made: 0.01, 0.02, 0.05, 0.1, 0.2 or 0.3."),
    ] = 0.1,
    prevalence: Annotated[
        str,
        typer.Option(
            help="State how frequent classes are, as in MI=0.05,HYP=0.1, for the predictive values.",
            show_default="the validation fold's",
        ),
    ] = "",
    weights: Weights = DEFAULT,
) -> None:
    """Interpret ECG files: a reading in words, what to mind, how urgent it is, and a picture.

    Exit code 0: all well; 2: a file cannot be read; 3: a recording is not fit to interpret, which is drawn or reported
    all the same.
    """
    from twelvelead.inference.decide import parse_prevalence
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.failure import describe_error
    from twelvelead.output.describe import describe, describe_fault
    from twelvelead.reading.languages import load_texts

    printed = out is None and form in PRINTED
    suffix = suffix_of(form, unplaced=json and out is None)
    load_texts(language)  # a fault in this and in the settings below is told once, not for each file
    inputs = _Inputs(files, identifier, hash_names)
    engine = Engine(weights)
    shares = parse_prevalence(prevalence)
    point = at(operating_point, thresholds)
    engine.rules(point, error_rate, shares)
    reading = {"sampling_rate": sampling_rate, "unit": unit, "scale": scale, "variable": variable}
    reading |= {"time_unit": time_unit, "identify": identify}
    drawing = {"layout": layout, "speed": speed, "gain": gain, "start": start, "language": language}
    for fault in inputs.faults:
        _show_error(fault, str(fault).partition(": ")[0], engine if json else None)
    codes = [fault.exit_code for fault in inputs.faults]
    for source, content in inputs:
        place = None if printed or (json and out is None) else inputs.place(source, out, suffix or form)
        held, original = (content, None) if suffix is None else original_of(content)
        ecg = shown = None
        try:
            ecg = _read(held, name=source, **reading)
            ecg = replace(ecg, age=ecg.age if age is None else age, sex=sex or ecg.sex)
            answer = engine.predict(
                ecg, point, error_rate=error_rate, prevalence=shares, explain=explain, measure=measure
            )
            if suffix is not None:
                shown = report(describe(answer, language), answer, form, place, original, **drawing)
            elif place is not None:
                answer = replace(answer, picture=_draw(answer, place, **drawing))
            if not printed:
                _show(answer, language, json=json, table=table, report=shown)
        except TwelveLeadError as error:
            if isinstance(error, Refused) and ecg is not None:
                how = drawing | {"refused": error, "measure": measure}
                if suffix is not None:
                    described = describe_fault(describe_error(error, source, engine, ecg=ecg), error, language)
                    shown = report(described, ecg, form, place, original, **how)
                elif place is not None:
                    shown = _draw(ecg, place, **how)
            picture, written = (shown, None) if suffix is None else (None, shown)
            _show_error(error, source, engine if json else None, ecg, picture, language, report=written)
            codes.append(error.exit_code)
    if codes:
        raise typer.Exit(min(codes))


def draw(
    files: Files,
    out: Annotated[
        Path | None, typer.Option(help="Put the pictures into this folder.", show_default="the current folder")
    ] = None,
    form: Form = "png",
    layout: Layout = "3x4+1",
    speed: Speed = 25,
    gain: Gain = 10,
    start: Start = None,
    measure: Measure = True,
    identify: Identify = False,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
    identifier: Identifier = None,
    hash_names: HashNames = False,
) -> None:
    """Draw ECG files to scale on ECG paper, without any model.

    What the quality gate would refuse is drawn too, and the page says why. Exit code 0: all drawn; 2: a file cannot be
    read.
    """
    inputs = _Inputs(files, identifier, hash_names)
    reading = {"sampling_rate": sampling_rate, "unit": unit, "scale": scale, "variable": variable}
    reading |= {"time_unit": time_unit, "identify": identify}
    drawing = {"layout": layout, "speed": speed, "gain": gain, "start": start, "measure": measure}
    for fault in inputs.faults:
        _show_error(fault, "", None)
    codes = [fault.exit_code for fault in inputs.faults]
    for source, content in inputs:
        picture = inputs.place(source, out, form)
        try:
            _draw(_read(content, name=source, **reading), picture, **drawing)
            typer.echo(f"{source}: drawn as {picture}")
        except TwelveLeadError as error:
            _show_error(error, source, None)
            codes.append(error.exit_code)
    if codes:
        raise typer.Exit(min(codes))


def demo(
    out: Annotated[Path, typer.Option(help="Put the pictures into this folder.")] = Path("demo"),
    weights: Weights = DEFAULT,
) -> None:
    """Interpret three generated ECGs, without any file of one's own: a normal one, an abnormal one, and one that is
    refused. They are synthetic and show no patient.
    """
    from twelvelead.ecg.leads import LEADS
    from twelvelead.ecg.synthetic import synthetic_ecg
    from twelvelead.inference.engine import Engine

    typer.echo("Synthetic ECGs from a dipole model. They show how the product works, not how well.\n")
    engine = Engine(weights)
    label = "SYNTHETIC ECG"
    for variant in ("normal", "st_elevation"):
        ecg = replace(synthetic_ecg(variant), source=f"synthetic {variant.replace('_', ' ')}")
        answer = engine.predict(ecg, explain=True)
        picture = _draw(answer, out / f"{variant}.png", label=label)
        _show(replace(answer, picture=picture), label=label)
    loose = synthetic_ecg("normal", seed=1)
    signal = loose.signal.copy()
    signal[:, LEADS.index("V2")] = 0
    loose = replace(loose, signal=signal, source="synthetic, the cable of V2 not connected")
    try:
        engine.predict(loose)
    except Refused as error:
        picture = _draw(loose, out / "refused.png", label=label, refused=error)
        typer.echo(f"{label}: refused\n{error}\npicture: {picture}\n")
    typer.echo(f"pictures in {out}; interpret your own with: twelvelead interpret FILE")


class _Inputs:
    """What the files of a call are called, and the names of their pictures."""

    def __init__(self, files: list[str], identifier: str | None, hash_names: bool) -> None:
        from twelvelead.readers.find import recordings

        called = naming(identifier, hash_names, files)
        found = recordings(file for file in files if file != "-")
        tell_passed_over(found)
        self.faults = found.faults
        self._entries: list[tuple[str, Path | BinaryIO]] = [(called(path), path) for path in found.files]
        if "-" in files:  # a file of that name is ./-
            self._entries.insert(0, (identifier or "standard input", sys.stdin.buffer))
        self._taken: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, Path | BinaryIO]]:
        return iter(self._entries)

    def place(self, source: str, folder: Path | None, suffix: str) -> Path:
        """A file that no other recording of this call has."""
        stem = Path(source).stem.replace("\\", "_") or "ecg"
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name)
        return (folder or Path()) / f"{name}.{suffix}"


def _read(content: Path | BinaryIO | bytes, **reading: Any) -> "ECG":
    """The recording, also where leads are missing: the gate refuses it then, and it can be drawn."""
    from twelvelead.readers import read

    try:
        return read(content, **reading)
    except Refused:
        if not isinstance(content, Path | bytes):
            raise
    return read(content, leads=None, **reading)


def _draw(what: "ECG | Interpretation", picture: Path, **how: Any) -> str:
    from twelvelead.output.picture import draw

    picture.parent.mkdir(parents=True, exist_ok=True)
    return str(draw(what, picture, **how))


def _show(
    answer: "Interpretation",
    language: str = "en",
    *,
    json: bool = False,
    table: bool = False,
    label: str = "",
    report: str | None = None,
) -> None:
    if json:
        import json as encoder

        from twelvelead.output.describe import describe

        typer.echo(encoder.dumps(describe(answer, language)))
        return
    from rich.console import Console

    from twelvelead.output.terminal import render
    from twelvelead.reading.compose import compose

    console = Console(highlight=False, markup=False)
    console.print(render(answer, compose(answer, language), label, table=table))
    for kind, file in (("picture", answer.picture), ("report", report)):
        if file is not None:
            console.print(f"{kind}: {file}\n", style="dim", soft_wrap=True)


def _show_error(
    error: TwelveLeadError,
    source: str,
    engine: "Engine | None",
    ecg: "ECG | None" = None,
    picture: str | None = None,
    language: str = "en",
    report: str | None = None,
) -> None:
    """On standard error, and as JSON where an engine is named."""
    if engine is not None:
        import json

        from twelvelead.inference.failure import describe_error
        from twelvelead.output.describe import describe_fault

        described = describe_error(error, source, engine, ecg=ecg, picture=picture)
        typer.echo(json.dumps(describe_fault(described, error, language)))
    else:
        for kind, file in (("picture", picture), ("report", report)):
            if file is not None:
                typer.echo(f"{kind}: {file}")
    typer.echo(f"twelvelead: {error}", err=True)
