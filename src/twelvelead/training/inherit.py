"""What a recipe takes over from the weights that it starts from."""

from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.weights import Contract, file, find

_GIVEN = ("architecture", "highpass")


def inherit(values: dict[str, Any], source: str) -> dict[str, Any]:
    """A recipe's plain values with all that its initial weights give.

    Args:
        values: of the recipe, among them `initial`.
        source: of the recipe, named in errors.

    Returns:
        The values, with the architecture, its settings, metadata, window and stride of the weights, the SHA-256 of
        their safetensors file, and their aggregate where the recipe has none.

    Raises:
        Unreadable: there are no such weights, or they are not what their contract describes.
        TwelveLeadError: the recipe contradicts them, or they are an ensemble.
    """
    initial = values["initial"]
    contract = Contract.load(find(initial))
    if contract.members or contract.architecture == "ensemble":
        names = ", ".join(contract.members)
        raise TwelveLeadError(
            f"{initial}: an ensemble of {names}, which share no layers to train on; start from one network, such as "
            "the weights of a member's run"
        )
    file(initial, "safetensors")
    given: dict[str, Any] = {name: getattr(contract, name) for name in _GIVEN}
    given |= {name: getattr(contract, name) / contract.sampling_rate for name in ("window", "stride")}
    given |= {"metadata": bool(contract.metadata), "model": contract.model}
    given |= {"initial_sha256": contract.files["safetensors"]["sha256"]}
    for name, value in given.items():
        stated = values.get(name)
        if name == "initial_sha256":
            if stated not in (None, "", value):
                raise TwelveLeadError(
                    f"{source}: means other weights than {initial} holds now (SHA-256 differs); name those it began "
                    "with, or another folder and a recipe without initial_sha256"
                )
        elif name == "model" and isinstance(stated, dict):
            wrong = [f"model.{key}" for key in stated if stated[key] != value.get(key)]
            if wrong:
                raise _contradiction(source, initial, wrong[0], stated[wrong[0][6:]], value.get(wrong[0][6:]))
        elif stated is not None and stated != value:
            raise _contradiction(source, initial, name, stated, value)
    return {"aggregate": contract.aggregate} | values | given


def _contradiction(source: str, initial: str, name: str, stated: Any, given: Any) -> TwelveLeadError:
    there = f"have {given!r}" if given is not None else "do not set it"
    return TwelveLeadError(
        f"{source}: {name} is {stated!r}, but the initial weights {initial} {there}; take {name} out of the recipe"
    )
