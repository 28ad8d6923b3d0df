"""Verbs on single recordings: interpret, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twelvelead.errors import TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.ecg.record import ECG
    from twelvelead.inference.engine import Engine

Weights = Annotated[str, typer.Option(help="A shipped name, a run folder, a folder of weights, or a file in one.")]
Thresholds = Annotated[str, typer.Option(help="accuracy, f1, or one number from 0 to 1 for all classes.")]


def interpret(
    files: Annotated[list[Path], typer.Argument(help="ECG files: WFDB (.hea), CSV or NPY.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of tables.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the pictures; without --json the current one.", show_default=False),
    ] = None,
    age: Annotated[float | None, typer.Option(help="In years, where the file does not say.", min=0, max=130)] = None,
    sex: Annotated[Literal["male", "female"] | None, typer.Option(help="Where the file does not say.")] = None,
    sampling_rate: Annotated[float | None, typer.Option(help="In Hz, for CSV and NPY.")] = None,
    unit: Annotated[str | None, typer.Option(help="mV, uV or V, for CSV and NPY.")] = None,
    thresholds: Thresholds = "accuracy",
    weights: Weights = "reference",
) -> None:
    """Interpret ECG files: each class with probability and decision, where the model looked, and a picture.

    Exit code 0: all well; 2: a file cannot be read; 3: a recording is not fit to interpret. --age and --sex take the
    place of what the file says.
    """
    from dataclasses import replace

    from twelvelead.inference.engine import Engine
    from twelvelead.readers import read

    engine = Engine(weights)
    engine.contract.threshold(thresholds)
    codes = []
    taken: set[str] = set()
    for path in files:
        try:
            ecg = read(path, sampling_rate=sampling_rate, unit=unit)
            ecg = replace(ecg, age=ecg.age if age is None else age, sex=sex or ecg.sex)
            picture = None if json and out is None else _free(out or Path(), path.stem, taken)
            _show(engine, ecg, thresholds, json=json, picture=picture)
        except TwelveLeadError as error:
            _fault(path, error, json=json)
            codes.append(error.exit_code)
    if codes:
        raise typer.Exit(min(codes))


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("demo"),
    weights: Weights = "reference",
) -> None:
    """Interpret generated ECGs, without any file of one's own: they are synthetic and show no patient."""
    from dataclasses import replace

    from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg
    from twelvelead.inference.engine import Engine

    typer.echo("Synthetic ECGs from a dipole model. They show how the product works, not how well.\n")
    engine = Engine(weights)
    out.mkdir(parents=True, exist_ok=True)
    for variant in VARIANTS:
        ecg = synthetic_ecg(variant)
        _show(
            engine,
            replace(ecg, source=f"synthetic {variant.replace('_', ' ')}"),
            "accuracy",
            picture=out / f"{variant}.png",
            label="SYNTHETIC ECG",
        )
    typer.echo(f"pictures in {out}; interpret your own with: twelvelead interpret FILE")


def _show(
    engine: "Engine", ecg: "ECG", thresholds: str, *, json: bool = False, picture: Path | None, label: str = ""
) -> None:
    interpretation = engine.predict(ecg, thresholds)
    if picture is not None:
        from twelvelead.output.picture import write_png

        picture.parent.mkdir(parents=True, exist_ok=True)
        write_png(interpretation, picture, label)
    if json:
        import json as encoder

        typer.echo(encoder.dumps(interpretation.to_dict() | ({"picture": str(picture)} if picture else {})))
        return
    from rich.console import Console

    from twelvelead.output.terminal import render

    console = Console(highlight=False, markup=False)
    console.print(render(interpretation, label))
    if picture is not None:
        console.print(f"picture: {picture}\n", style="dim", soft_wrap=True)


def _fault(path: Path, error: TwelveLeadError, *, json: bool) -> None:
    if json:
        import json as encoder

        typer.echo(encoder.dumps({"source": str(path), "error": str(error), "exit_code": error.exit_code}))
    typer.echo(f"twelvelead: {error}", err=True)


def _free(folder: Path, stem: str, taken: set[str]) -> Path:
    """A PNG name that no other file of this call has."""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return folder / f"{name}.png"
