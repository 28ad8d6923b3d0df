"""Does the attribution follow the evidence?

    python tools/explain.py STORE [--weights reference] [--fold 9] [--positives 100] [--seed 0]

For each of some positives of the fold, spread over the classes, the 10 % of lead-time cells with the highest
attribution are hidden together, and so are as many cells drawn at random; each time the fall of the class's probability
is taken. So that the test is not the attribution over again, it hides otherwise: attribution draws a straight line over
one cell at a time, the test sets all of them together to the median of their lead.

The control: attributions of the same recordings by a network whose weights are shuffled within each array, scored on
the network as it is. If they did as well, the attributions would not depend on what was learnt.
"""

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels, select
from twelvelead.inference.engine import Engine
from twelvelead.inference.explain import attribute
from twelvelead.weights import file, sha256

Array = NDArray[Any]
SHARE = 0.1
DRAWS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--positives", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    engine, store = Engine(options.weights), Store.open(options.store)
    with tempfile.TemporaryDirectory() as folder:
        shuffled = Engine(shuffle(options.weights, Path(folder), options.seed))
    truth = labels(store, engine.contract.task)
    records = select(store, options.fold, truth)
    rng = np.random.default_rng(options.seed)
    each = options.positives // len(truth.classes)
    chosen = [
        (record, column)
        for column in range(len(truth.classes))
        for record in rng.choice(records[truth.values[records, column]], each, replace=False)
    ]
    falls: dict[str, list[tuple[float, Array]]] = {"as learnt": [], "shuffled": []}
    for number, (record, column) in enumerate(chosen, start=1):
        signal = store.millivolts(record)
        features = store.features[record]
        for name, of in (("as learnt", engine), ("shuffled", shuffled)):
            values = attribution(of, signal, features, truth.classes[column])
            falls[name].append(fall(answers(engine, features, column), signal, values, rng))
        print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"fold {options.fold}, {len(chosen)} positives, {SHARE:.0%} of the cells hidden; fall of the probability")
    for name, pairs in falls.items():
        most, random = np.array([top for top, _ in pairs]), np.array([drawn for _, drawn in pairs])
        more = most > random.mean(axis=1)
        print(
            f"{name:>10}: most attributed {most.mean():.3f}, random {random.mean():.3f}; more than the mean of {DRAWS} "
            f"random draws in {more.mean():.0%}, than one draw in {(most[:, None] > random).mean():.0%}"
        )
        by_class = (
            f"{label} {part.mean():.0%}" for label, part in zip(truth.classes, more.reshape(-1, each), strict=True)
        )
        print(f"{'':>12}{', '.join(by_class)}")


def shuffle(weights: str, folder: Path, seed: int) -> Path:
    """The weights with the values of every float array of the graph in random order."""
    source = file(weights, "onnx")
    contract = Engine(weights).contract
    graph = onnx.load(source)
    rng = np.random.default_rng(seed)
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1:
            tensor.CopyFrom(numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), tensor.name))
    onnx.save(graph, folder / source.name)
    files = {"onnx": {"name": source.name, "sha256": sha256(folder / source.name)}}
    dataclasses.replace(contract, files=files).save(folder)
    return folder


def answers(engine: Engine, features: Array, column: int) -> Callable[[Array], Array]:
    """[n, samples, leads] to the probability of one class, [n]."""
    return lambda ecg: engine.run(ecg, np.tile(features, (len(ecg), 1))).probabilities[:, column]


def attribution(engine: Engine, signal: Array, features: Array, name: str) -> Array:
    """[leads, cells] of one class."""
    contract = engine.contract

    def probabilities(ecg: Array) -> Array:
        return engine.run(ecg, np.tile(features, (len(ecg), 1))).probabilities

    return attribute(probabilities, signal, contract.sampling_rate, contract.classes, contract.leads).values[name]


def fall(
    answer: Callable[[Array], Array], signal: Array, values: Array, rng: np.random.Generator
) -> tuple[float, Array]:
    """By how much the probability falls without the most attributed cells, and without random ones [DRAWS]."""
    count = round(SHARE * values.size)
    drawn = [rng.choice(values.size, count, replace=False) for _ in range(DRAWS)]
    variants = [hidden(signal, cells, values.shape) for cells in (np.argsort(-values, axis=None)[:count], *drawn)]
    before, top, *random = answer(np.stack([signal, *variants]))
    return float(before - top), before - np.array(random)


def hidden(signal: Array, cells: Array, shape: tuple[int, int]) -> Array:
    """The signal with some cells at the median of their lead."""
    changed = signal.copy()
    width = len(signal) // shape[1]
    median = np.median(signal, axis=0)
    for lead, cell in zip(*np.unravel_index(cells, shape), strict=True):
        changed[int(cell) * width : (int(cell) + 1) * width, lead] = median[lead]
    return changed


if __name__ == "__main__":
    main()
