"""The verb evaluate."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from twelvelead.cli.options import (
    OTHER_FOLD,
    AllowTrainedFold,
    OperatingPoint,
    StoreArgument,
    Thresholds,
    WeightsArgument,
    at,
    folds_from,
)
from twelvelead.errors import Interrupted, TwelveLeadError


def evaluate(
    weights: WeightsArgument,
    store: StoreArgument,
    fold: Annotated[
        str | None,
        typer.Option(help="Take this fold of the store, or several, as in 1,2,3 or 1-3.", show_default="9"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the report into this folder.", show_default="report-NAME-foldN")
    ] = None,
    protocol: Annotated[
        Literal["drop", "keep", "likely"], typer.Option(help="Put the figures of these records and labels first.")
    ] = "drop",
    operating_point: OperatingPoint = "accuracy",
    thresholds: Thresholds = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="Score this label task of the store.",
            show_default="that of the weights, else the one that shares most classes with them",
        ),
    ] = None,
    cross_validate: Annotated[
        bool,
        typer.Option(
            "--cross-validate",
            help="Take WEIGHTS as the folder that train --folds all made, and score each fold by the run that left it "
            "out; all folds, if --fold names none.",
        ),
    ] = False,
    allow_trained_fold: AllowTrainedFold = False,
) -> None:
    """Score weights on folds of a store under every protocol, with intervals and subgroups.

    Classes of the weights and of the store are matched by their names: those that both know are scored, the others are
    named.

    Writes report.html (one page, to read and to print), report.md with its pictures, metrics.json, predictions.npz and
    a confusion matrix a class.
    """
    from rich.console import Console

    from twelvelead.cli.meter import Meter
    from twelvelead.data.store import Store
    from twelvelead.data.tasks import fold_names, select
    from twelvelead.inference.cross_validation import finished_runs, runs_of, score_out_of_fold
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.scoring import gate_findings, score_folds, truth_of
    from twelvelead.output.report import evaluation, table, write
    from twelvelead.weights.matching import match
    from twelvelead.weights.suitability import require_suitable, require_unseen

    point, asked = at(operating_point, thresholds), None if fold is None else folds_from(fold)
    opened = Store.open(store)
    runs = runs_of(Path(weights), opened, asked) if cross_validate else {}
    folds = tuple(runs) or asked or (9,)
    if not runs and len(finished_runs(Path(weights))) > 1:
        raise TwelveLeadError(f"{weights}: holds several runs; name one of them, or add --cross-validate")
    engine = Engine(runs[folds[0]] if runs else weights)
    contract, name = engine.contract, Path(weights).resolve().name if runs else engine.contract.name
    require_suitable(contract, opened, weights)
    shared = match(contract, opened, task)
    shared.contract.thresholds_at(point)
    select(opened, folds, truth_of(shared, opened, protocol))
    if not (allow_trained_fold or runs):
        require_unseen(contract, opened, folds, weights, OTHER_FOLD)
    of_task = "" if shared.task == contract.task else f"-{shared.task}"
    out = out or Path(f"report-{name}{of_task}-fold{fold_names(folds).replace(', ', '_')}")
    out.mkdir(parents=True, exist_ok=True)
    scorer: dict[str, Any] = {"name": name}
    try:
        with Meter() as meter:
            if runs:
                scored, scorer["runs"] = score_out_of_fold(runs, opened, meter.show, task)
            else:
                scored = score_folds(engine, opened, folds, meter.show, task)
                scorer["sha256"] = contract.files["onnx"]["sha256"]
                scorer["contract_sha256"] = engine.contract_sha256
            findings = gate_findings(contract, opened, scored.records, meter.show)
        command = shlex.join(["twelvelead", *sys.argv[1:]])
        found = evaluation(opened, scored, findings, protocol, point, scorer, command)
        write(found, out)
    except KeyboardInterrupt:
        raise Interrupted(f"{out}: interrupted; the same command makes the report anew") from None
    Console(highlight=False, markup=False).print(table(found.values))
    for line in found.values["notes"]:
        typer.echo(line)
    typer.echo(f"report.html, report.md, metrics.json, predictions.npz and confusion matrices in {out}")
