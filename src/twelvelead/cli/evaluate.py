"""The verb evaluate."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from twelvelead.cli.options import OTHER_FOLD, AllowTrainedFold, OperatingPoint, StoreArgument, WeightsArgument
from twelvelead.errors import Interrupted


def evaluate(
    weights: WeightsArgument,
    store: StoreArgument,
    fold: Annotated[int, typer.Option(help="Take this fold of the store.")] = 9,
    out: Annotated[
        Path | None, typer.Option(help="Write the report into this folder.", show_default="report-NAME-foldN")
    ] = None,
    protocol: Annotated[
        Literal["drop", "keep", "likely"], typer.Option(help="Put the figures of these records and labels first.")
    ] = "drop",
    operating_point: OperatingPoint = "accuracy",
    task: Annotated[
        str | None,
        typer.Option(
            help="Score this label task of the store, which the weights have to answer: with statements also all, "
            "diagnostic, form, rhythm or subclass.",
            show_default="the weights'",
        ),
    ] = None,
    allow_trained_fold: AllowTrainedFold = False,
) -> None:
    """Score weights on a fold under every protocol, with intervals and subgroups.

    Writes report.html (one page, to read and to print), report.md with its pictures, metrics.json, predictions.npz and
    a confusion matrix a class.
    """
    from rich.console import Console

    from twelvelead.cli.meter import Meter
    from twelvelead.data.store import Store
    from twelvelead.data.tasks import select
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.scoring import gate_findings, score_fold, truth_of
    from twelvelead.output.report import evaluation, table, write
    from twelvelead.weights.suitability import require_suitable, require_unseen

    engine = Engine(weights)
    contract = engine.contract.of_task(task or engine.contract.task)
    contract.thresholds_at(operating_point)
    opened = Store.open(store)
    require_suitable(contract, opened, weights)
    select(opened, fold, truth_of(contract, opened, protocol, partly=True))
    if not allow_trained_fold:
        require_unseen(contract, opened, [fold], weights, OTHER_FOLD)
    of_task = "" if contract.task == engine.contract.task else f"-{contract.task}"
    out = out or Path(f"report-{contract.name}{of_task}-fold{fold}")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with Meter() as meter:
            scored = score_fold(engine, opened, fold, meter.show, contract.task)
            findings = gate_findings(contract, opened, scored.records, meter.show)
        command = shlex.join(["twelvelead", *sys.argv[1:]])
        found = evaluation(
            contract, opened, scored, findings, protocol, operating_point, engine.contract_sha256, command
        )
        write(found, out)
    except KeyboardInterrupt:
        raise Interrupted(f"{out}: interrupted; the same command makes the report anew") from None
    Console(highlight=False, markup=False).print(table(found.values))
    typer.echo(f"report.html, report.md, metrics.json, predictions.npz and confusion matrices in {out}")
