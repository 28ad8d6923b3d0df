"""The verb robustness."""

from pathlib import Path
from typing import Annotated

import typer

from twelvelead.cli.options import OTHER_FOLD, AllowTrainedFold, StoreArgument, WeightsArgument
from twelvelead.errors import Interrupted


def robustness(
    weights: WeightsArgument,
    store: StoreArgument,
    out: Annotated[Path, typer.Option(help="Write the tables and the heat map into this folder.", show_default=False)],
    fold: Annotated[int, typer.Option(help="Take this fold of the store.")] = 9,
    records: Annotated[
        int | None,
        typer.Option(help="Take about this many records, with whole patients.", show_default="all of the fold", min=1),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            help="Put these faults on, their names separated by commas, as in muscle_noise,gain_low.",
            show_default="all",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed the faults and the resampling with this.", min=0)] = 0,
    allow_trained_fold: AllowTrainedFold = False,
) -> None:
    """Put faults on the recordings of a fold, and say how far the macro AUROC falls.

    Writes robustness.json, a table (robustness.md) and a heat map (robustness.png). After Ctrl-C the same command goes
    on.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.store import Store
    from twelvelead.ecg.faults import CLEAN, cases
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.robustness import fold_recordings, suite
    from twelvelead.inference.scoring import Asked
    from twelvelead.output.robustness import heading, report
    from twelvelead.weights.matching import match
    from twelvelead.weights.suitability import require_suitable, require_unseen

    wanted = cases(faults.split(",")) if faults else cases()
    engine, opened = Engine(weights), Store.open(store)
    require_suitable(engine.contract, opened, weights)
    if not allow_trained_fold:
        require_unseen(engine.contract, opened, [fold], weights, OTHER_FOLD)
    shared = match(engine.contract, opened)
    recordings = fold_recordings(shared, opened, fold, records)
    provenance = {"weights": engine.sha256, "data_hash": opened.data_hash, "fold": fold}
    try:
        with Meter() as meter:
            found = suite(
                recordings,
                Asked(engine, shared),
                wanted,
                out / "robustness.npz",
                provenance,
                seed=seed,
                progress=meter.show,
            )
    except KeyboardInterrupt:
        raise Interrupted(f"{out}: interrupted; the same command goes on after the last whole fault") from None
    values = report(found, recordings, shared, opened, fold, seed, out)
    worst = max((case for case in found if case != CLEAN), key=lambda case: found[CLEAN][0] - found[case][0])
    typer.echo(heading(values))
    typer.echo(f"largest fall: {found[CLEAN][0] - found[worst][0]:.4f}, {worst}")
    typer.echo(f"robustness.json, robustness.md and robustness.png in {out}")
