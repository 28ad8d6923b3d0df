"""Weights that a training starts from: whether they may, and their parameters (transfer learning)."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from twelvelead.data.store import Store
from twelvelead.errors import Unreadable
from twelvelead.models import ECGModel
from twelvelead.training.inherit import inherit
from twelvelead.training.recipe import Recipe
from twelvelead.weights import Contract, file, find
from twelvelead.weights.suitability import require_suitable, require_unseen


def initial_contract(recipe: Recipe) -> Contract:
    """The contract of a recipe's initial weights, which the recipe has to agree with.

    Raises:
        Unreadable: there are no such weights.
        TwelveLeadError: the recipe contradicts them, or means other ones of that name.
    """
    values = recipe.to_dict()
    inherit(values, f"recipe {recipe.name}")
    return Contract.load(find(recipe.initial))


def require_starting(contract: Contract, recipe: Recipe, store: Store) -> None:
    """See that weights can be the start of a training on a store.

    Args:
        contract: of the weights.
        recipe: of the training.
        store: what is trained on.

    Raises:
        TwelveLeadError: the weights cannot read the store, or a validation fold trained them or what they came from.
    """
    require_suitable(contract, store, recipe.initial)
    require_unseen(
        contract, store, recipe.validation_folds, recipe.initial, "choose other validation_folds, or other weights"
    )


def load_initial(
    model: ECGModel, recipe: Recipe, classes: tuple[str, ...], statements: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Give a model the parameters of the recipe's initial weights.

    All are taken over. In the last layer, those of a class go to the output of the same name, or else those of a
    statement; of statements likewise. The outputs of other names stay as they are.

    Args:
        model: of the weights' architecture and settings; its outputs are the classes and, behind them, the statements.
        recipe: names the weights.
        classes, statements: of the model.

    Returns:
        The classes and statements whose outputs were taken over.

    Raises:
        Unreadable: the weights are not what their contract describes.
    """
    path = file(recipe.initial, "safetensors")
    contract = Contract.load(find(recipe.initial))
    beside = () if contract.statements is None else contract.statements.classes
    of_classes = {name: row for row, name in enumerate(contract.classes)}
    of_statements = {name: len(contract.classes) + row for row, name in enumerate(beside)}
    wanted = [(name, of_statements | of_classes) for name in classes]
    wanted += [(name, of_classes | of_statements) for name in statements]
    kept = {row: there[name] for row, (name, there) in enumerate(wanted) if name in there}
    own = model.state_dict()
    try:
        state = load_file(path)
        for part in ("weight", "bias"):
            key = f"{model.output_name}.{part}"
            rows = own[key].clone()
            for row, there in kept.items():
                rows[row] = state[key][there]
            state[key] = rows
        if recipe.lead_sets:
            state = {key: _widened(value, own[key]) for key, value in state.items()}
        model.load_state_dict(state)
    except (KeyError, IndexError, RuntimeError, SafetensorError) as error:
        fault = str(error).splitlines()[0]
        raise Unreadable(f"{path}: does not fit the model in its contract ({fault}); export it again") from None
    return tuple(wanted[row][0] for row in kept)


def _widened(values: Tensor, own: Tensor) -> Tensor:
    """The parameters of a first layer that reads leads, for one that reads whether they are there behind them: at first
    it takes no notice of that."""
    if values.dim() > 1 and own.shape[1] == 2 * values.shape[1]:
        return torch.cat([values, torch.zeros_like(values)], dim=1)
    return values


def ancestors(recipe: Recipe) -> dict[str, list[dict[str, Any]]]:
    """What the contract of a training says of the weights that it came from, for its data's entry.

    Raises:
        Unreadable: there are no such weights any more.
        TwelveLeadError: the recipe means other initial weights of that name.
    """
    return {
        "initial": _lineage(initial_contract(recipe), recipe.initial) if recipe.initial else [],
        "teachers": [
            step
            for teacher in (recipe.teachers if recipe.teacher_weight else ())
            for step in _lineage(Contract.load(find(teacher)), teacher)
        ],
    }


def _lineage(contract: Contract, given: str) -> list[dict[str, Any]]:
    """Weights, by the name or place that a recipe gives, and those that they came from."""
    data = {name: value for name, value in contract.data.items() if name not in ("initial", "teachers")}
    step = {
        "weights": contract.name if Path(given).exists() else given,
        "sha256": contract.files["safetensors"]["sha256"],
        "train_folds": list(contract.train_folds),
        "data": data,
    }
    return [step, *contract.ancestors]
