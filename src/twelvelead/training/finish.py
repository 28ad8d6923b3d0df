"""What a finished training leaves: weights with their contract, predictions of the validation folds, and curves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twelvelead.ecg.lead_sets import parse_lead_set
from twelvelead.plots.training import curves_png
from twelvelead.training.data import StoreData
from twelvelead.training.folder import BEFORE, read, read_log
from twelvelead.training.forms import predict
from twelvelead.training.initial import ancestors
from twelvelead.training.module import Training
from twelvelead.training.writing import METADATA, fit_validation, headline, write_weights
from twelvelead.weights.fit import age_range
from twelvelead.weights.head import Head
from twelvelead.weights.lead_sets import LeadSet, carried


def finish(training: Training, data: StoreData, folder: Path, *, best_epoch: int, say: Callable[[str], None]) -> Path:
    """Fit calibration and thresholds on the validation folds, and write everything; returns the folder of weights."""
    recipe, store, labels = training.recipe, data.store, data.labels
    windowed = training.windowed.cpu().eval()
    records = data.validation_records
    draw(folder, best_epoch, store.synthetic)
    contract = write_weights(
        windowed,
        predict(windowed, store.signals, store.features, records),
        store,
        labels,
        data.auxiliary,
        records,
        folder,
        name=recipe.name,
        architecture=recipe.architecture,
        model=recipe.model,
        scale=windowed.model.scale,
        highpass=recipe.highpass,
        metadata=METADATA if recipe.metadata else (),
        ages=age_range(store.features[data.train_records, 0]),
        train_folds=recipe.train_folds,
        validation_folds=recipe.validation_folds,
        ancestors=ancestors(recipe),
        recipe=recipe.to_dict(),
        lead_sets=_lead_sets(training, data),
        versions=read(folder)["versions"],
    )
    weights = folder / "weights"
    say(f"{headline(contract)}; weights in {weights}")
    return weights


def _lead_sets(training: Training, data: StoreData) -> tuple[LeadSet, ...]:
    """What the outputs mean where the leads of a set alone are seen."""
    windowed, recipe, store, records = training.windowed, training.recipe, data.store, data.validation_records
    found = []
    for leads, shown in zip(map(parse_lead_set, recipe.lead_sets), training.lead_sets.cpu().numpy(), strict=True):
        raw = predict(windowed, store.signals, store.features, records, shown)
        entries = fit_validation(raw, store, data.labels, data.auxiliary, records, recipe.train_folds)
        statements = entries.pop("statements")
        if statements is not None:
            statements = replace(statements, carried=carried(statements, leads))
        subclasses = entries.pop("subclasses")
        found.append(LeadSet(leads=leads, classes=Head(**entries), statements=statements, subclasses=subclasses))
    return tuple(found)


def draw(folder: Path, best_epoch: int, synthetic: bool) -> None:
    """The curves of `log.csv` as `curves.png`, where there was an epoch."""
    rows = read_log(folder)
    if rows[-1]["epoch"] == BEFORE:
        return
    names = {"train loss": "train_loss", "validation macro AUROC": "validation_auroc", "learning rate": "learning_rate"}
    curves_png(
        [int(row["epoch"]) + 1 for row in rows],
        {label: [row[column] for row in rows] for label, column in names.items()},
        folder / "curves.png",
        best_epoch=best_epoch + 1,
        label="synthetic ECGs" if synthetic else "",
    )
