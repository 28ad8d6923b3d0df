"""The whole way on generated ECGs, for those who have no PTB-XL yet: it shows how things go, not how well."""

from dataclasses import replace
from pathlib import Path

from twelvelead.data.store import Store
from twelvelead.data.synthetic import synthetic_store
from twelvelead.training.recipe import Recipe

RECORDS = 600
EPOCHS = 5


def prepare_synthetic(run: Path, recipe: Recipe) -> tuple[Store, Recipe]:
    """A small generated store beside the run's folder, and the recipe cut down to it.

    Args:
        run: folder of the run; the store becomes its neighbour, NAME-store.
        recipe: what would be trained on real data.

    Returns:
        The store, and the recipe with fewer epochs, smaller batches and no auxiliary task that the store lacks, named
        NAME-synthetic.
    """
    path = run.absolute().with_name(f"{run.absolute().name}-store")
    store = Store.open(path) if path.exists() else synthetic_store(path, records=RECORDS)
    return store, replace(
        recipe,
        name=f"{recipe.name}-synthetic",
        epochs=min(recipe.epochs, EPOCHS),
        batch_size=min(recipe.batch_size, 32),
        auxiliary_task=recipe.auxiliary_task if recipe.auxiliary_task in store.tasks else "",
        average_decay=min(recipe.average_decay, 0.9),
    )
