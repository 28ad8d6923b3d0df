"""Verbs on single recordings: interpret, demo."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.weights import DEFAULT

if TYPE_CHECKING:
    from twelvelead.inference.interpretation import Interpretation

Weights = Annotated[str, typer.Option(help="A shipped name, a run folder, a folder of weights, or a file in one.")]
OperatingPoint = Annotated[
    str, typer.Option(help="Its name, accuracy, f1 or another of the weights', or one number from 0 to 1.")
]


def interpret(
    files: Annotated[
        list[str],
        typer.Argument(
            help="ECG files of any kind, folders, quoted patterns such as 'ecgs/*.xml', or - for standard input.",
            show_default=False,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of tables.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the pictures; without --json the current one.", show_default=False),
    ] = None,
    form: Annotated[Literal["png", "svg", "pdf"], typer.Option("--format", help="Of the pictures.")] = "png",
    layout: Annotated[Literal["3x4+1", "6x2", "12x1"], typer.Option(help="Of the leads on the paper.")] = "3x4+1",
    speed: Annotated[int, typer.Option(help="Of the paper: 25 or 50 mm/s.")] = 25,
    gain: Annotated[int, typer.Option(help="Of the paper: 5, 10 or 20 mm/mV.")] = 10,
    start: Annotated[
        float | None, typer.Option(help="First second on the paper.", show_default="where the attention is", min=0)
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Which stretch of which lead speaks for each class; a picture has it.")
    ] = False,
    measure: Annotated[bool, typer.Option("--measure/--no-measure", help="Heart rate, PR, QRS, QT and axis.")] = True,
    age: Annotated[float | None, typer.Option(help="In years, where the file does not say.", min=0, max=130)] = None,
    sex: Annotated[Literal["male", "female"] | None, typer.Option(help="Where the file does not say.")] = None,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
    identifier: Annotated[
        str | None, typer.Option("--id", help="What to call the one file in all that is printed and drawn.")
    ] = None,
    hash_names: HashNames = False,
    operating_point: OperatingPoint = "accuracy",
    error_rate: Annotated[
        float, typer.Option(help="A class is uncertain where more errors would be made: 0.01, 0.02, 0.05, ... 0.3.")
    ] = 0.1,
    prevalence: Annotated[
        str, typer.Option(help="For the predictive values, as in MI=0.05,HYP=0.1; else the validation fold's.")
    ] = "",
    weights: Weights = DEFAULT,
) -> None:
    """Interpret ECG files: each class with probability and decision, where the model looked, and a picture.

    Exit code 0: all well; 2: a file cannot be read; 3: a recording is not fit to interpret. --age and --sex take the
    place of what the file says.
    """
    from dataclasses import replace

    from twelvelead.inference.engine import Engine
    from twelvelead.readers import read
    from twelvelead.readers.find import recordings

    called = naming(identifier, hash_names, files)
    engine = Engine(weights)
    shares = _prevalence(prevalence)
    engine.rules(operating_point, error_rate, shares)  # a fault in these is told once, not for each file
    drawn: dict[str, Any] = {"layout": layout, "speed": speed, "gain": gain, "start": start}
    found = recordings(file for file in files if file != "-")
    tell_passed_over(found)
    for fault in found.faults:
        _fault(str(fault).partition(": ")[0], fault, json=json)
    codes = [fault.exit_code for fault in found.faults]
    taken: set[str] = set()
    for path in [*([None] if "-" in files else []), *found.files]:
        # a file of that name is ./-
        source = (identifier or "standard input") if path is None else called(path)
        try:
            ecg = read(
                sys.stdin.buffer if path is None else path,
                sampling_rate=sampling_rate,
                unit=unit,
                scale=scale,
                variable=variable,
                time_unit=time_unit,
                name=source,
            )
            ecg = replace(ecg, age=ecg.age if age is None else age, sex=sex or ecg.sex)
            picture = None if json and out is None else _free(out or Path(), _stem(source), form, taken)
            answer = engine.predict(
                ecg,
                operating_point,
                error_rate=error_rate,
                prevalence=shares,
                explain=explain or picture is not None,
                measure=measure,
            )
            _show(answer, json=json, picture=picture, **drawn)
        except TwelveLeadError as error:
            _fault(source, error, json=json)
            codes.append(error.exit_code)
    if codes:
        raise typer.Exit(min(codes))


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("demo"),
    weights: Weights = DEFAULT,
) -> None:
    """Interpret three generated ECGs, without any file of one's own: a normal one, an abnormal one, and one that is
    refused. They are synthetic and show no patient.
    """
    from dataclasses import replace

    from twelvelead.ecg import paper
    from twelvelead.ecg.leads import LEADS
    from twelvelead.ecg.synthetic import synthetic_ecg
    from twelvelead.inference.engine import Engine

    typer.echo("Synthetic ECGs from a dipole model. They show how the product works, not how well.\n")
    engine = Engine(weights)
    out.mkdir(parents=True, exist_ok=True)
    label = "SYNTHETIC ECG"
    for variant in ("normal", "st_elevation"):
        ecg = synthetic_ecg(variant)
        answer = engine.predict(replace(ecg, source=f"synthetic {variant.replace('_', ' ')}"), explain=True)
        _show(answer, picture=out / f"{variant}.png", label=label)
    loose = synthetic_ecg("normal", seed=1)
    signal = loose.signal.copy()
    signal[:, LEADS.index("V2")] = 0
    loose = replace(loose, signal=signal, source="synthetic, the cable of V2 not connected")
    picture = out / "refused.png"
    paper.save(paper.figure(loose, title="Refused: not fit to interpret", label=label), picture)
    try:
        engine.predict(loose)
    except Refused as error:
        typer.echo(f"{label}: refused\n{error}\npicture: {picture}\n")
    typer.echo(f"pictures in {out}; interpret your own with: twelvelead interpret FILE")


def _show(
    answer: "Interpretation",
    *,
    json: bool = False,
    picture: Path | None,
    label: str = "",
    **drawn: Any,
) -> None:
    if picture is not None:
        from twelvelead.output.picture import write_picture

        picture.parent.mkdir(parents=True, exist_ok=True)
        write_picture(answer, picture, label=label, **drawn)
    if json:
        import json as encoder

        values = answer.to_dict()
        if picture is not None:
            values["picture"] = str(picture)
        typer.echo(encoder.dumps(values))
        return
    from rich.console import Console

    from twelvelead.output.terminal import render

    console = Console(highlight=False, markup=False)
    console.print(render(answer, label))
    if picture is not None:
        console.print(f"picture: {picture}\n", style="dim", soft_wrap=True)


def _prevalence(text: str) -> dict[str, float]:
    """What --prevalence says: class -> share."""
    shares = {}
    for entry in filter(None, text.split(",")):
        name, _, share = entry.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise TwelveLeadError(f"--prevalence {entry}: give a class and its share, as in MI=0.05") from None
    return shares


def _fault(source: str, error: TwelveLeadError, *, json: bool) -> None:
    if json:
        import json as encoder
        from dataclasses import asdict

        values: dict[str, Any] = {"source": source, "error": str(error), "exit_code": error.exit_code}
        if isinstance(error, Refused):
            values["findings"] = [asdict(finding) for finding in error.findings]
        typer.echo(encoder.dumps(values))
    typer.echo(f"twelvelead: {error}", err=True)


def _stem(name: str) -> str:
    """What a picture of a file that is called so is called."""
    return Path(name).stem.replace("\\", "_") or "ecg"


def _free(folder: Path, stem: str, suffix: str, taken: set[str]) -> Path:
    """A name that no other file of this call has."""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return folder / f"{name}.{suffix}"
