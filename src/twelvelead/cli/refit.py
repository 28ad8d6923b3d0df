"""The verb refit."""

import typer

from twelvelead.cli.options import StoreArgument, WeightsArgument


def refit(weights: WeightsArgument, store: StoreArgument) -> None:
    """Fit the contract of weights anew: calibration, thresholds, limits and figures, on the folds that chose them.

    The store is of the data that trained the weights. Contracts of earlier versions are read too. The contract is
    written in its old place; the files of the weights stay as they are.
    """
    from twelvelead.cli.meter import Meter
    from twelvelead.data.store import Store
    from twelvelead.inference.refit import refit as run
    from twelvelead.weights import find

    with Meter() as meter:
        contract = run(weights, Store.open(store), meter.show)
    for name, value in contract.metrics.items():
        low, high = contract.intervals.get(name, (None, None))
        bounds = f" ({low:.4f}-{high:.4f})" if low is not None and high is not None else ""
        typer.echo(f"{name}: {value:.4f}{bounds}")
    typer.echo(f"contract in {find(weights)}")
