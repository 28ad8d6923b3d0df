"""Which classes of a store weights can answer: those of the same name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twelvelead.errors import TwelveLeadError
from twelvelead.weights.contract import Contract
from twelvelead.weights.head import Head, joined
from twelvelead.weights.statements import KINDS

MOST_NAMED = 6
"""Classes that an error names."""


class Data(Protocol):
    """Many recordings with labels, as `twelvelead.data.store.Store` holds them.

    Attributes:
        path: where they lie.
        tasks: task -> class -> what makes it.
    """

    @property
    def path(self) -> Path: ...
    @property
    def tasks(self) -> Mapping[str, Mapping[str, Sequence[str]]]: ...


@dataclass(frozen=True)
class Shared:
    """What weights and a store both know.

    Attributes:
        contract: of the weights, as if they answered the shared classes alone.
        columns: of these among all that the weights answer, their classes, statements and subclasses in this order.
        task: of the store.
        only_weights: classes of the weights that the store does not know.
        only_store: classes of the store's task that the weights do not know.
    """

    contract: Contract
    columns: tuple[int, ...]
    task: str
    only_weights: tuple[str, ...] = ()
    only_store: tuple[str, ...] = ()


def match(contract: Contract, data: Data, task: str | None = None) -> Shared:
    """The classes that weights and a store share, by their names.

    A name is answered by the head of the weights whose task is the store's, else by their classes, their statements or
    PTB-XL's subclasses, the first that has it.

    Args:
        contract: of the weights.
        data: the store.
        task: of the store; None takes that of the weights where it shares a class with them, else the one that shares
            most.

    Raises:
        TwelveLeadError: the store has no such task, or no class of it is known to the weights.
    """
    if task is not None and task not in data.tasks:
        raise TwelveLeadError(f"{data.path}: no task {task}; it has {', '.join(data.tasks)}")
    wanted = task or _best_task(contract, data)
    names = tuple(data.tasks[wanted])
    heads = _heads(contract)
    parts = _parts(contract, wanted, names)
    used = [place for place, of in enumerate(parts) if of]
    if not used:
        raise TwelveLeadError(
            f"{data.path}: none of its classes ({_few(names)}) is one of the weights {contract.name} "
            f"({_few(contract.classes)}); give them the same names by a mapping (twelvelead store create SOURCE LABELS "
            "STORE --mapping MAP.toml), or fine-tune the weights to them (twelvelead train fine-tune STORE RUN --from "
            "WEIGHTS)"
        )
    starts = [sum(len(head.classes) for head in heads[:place]) for place in range(len(heads))]
    columns = [starts[place] + heads[place].classes.index(name) for place in used for name in parts[place]]
    whole = contract.by_task.get(wanted)
    known = whole.classes if whole else tuple(name for place in used for name in heads[place].classes)
    head = joined(wanted, [_of(heads[place], parts[place]) for place in used])
    taken = {name for of in parts for name in of}
    return Shared(
        contract.answering(head),
        tuple(columns),
        wanted,
        tuple(dict.fromkeys(name for name in known if name not in names)),
        tuple(name for name in names if name not in taken),
    )


def _heads(contract: Contract) -> list[Head]:
    return [head for head in (contract, contract.statements, contract.subclasses) if head is not None]


def _parts(contract: Contract, task: str, names: Sequence[str]) -> list[list[str]]:
    """Which of the names each head answers, in the order of its classes."""
    heads = _heads(contract)
    by_statements = task in KINDS and contract.subclasses is not None
    asked_first = [head.task == task or (by_statements and head is contract.statements) for head in heads]
    parts: list[list[str]] = [[] for _ in heads]
    taken: set[str] = set()
    for place in sorted(range(len(heads)), key=lambda place: not asked_first[place]):
        parts[place] = [name for name in heads[place].classes if name in names and name not in taken]
        taken.update(parts[place])
    return parts


def _best_task(contract: Contract, data: Data) -> str:
    def shared(task: str) -> int:
        return sum(map(len, _parts(contract, task, tuple(data.tasks[task]))))

    if contract.task in data.tasks and set(contract.classes) & set(data.tasks[contract.task]):
        return contract.task
    return max(data.tasks, key=shared)


def _of(head: Head, names: Sequence[str]) -> Head:
    return head if tuple(names) == head.classes else head.only(head.task, names)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
