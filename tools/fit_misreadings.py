"""Fits the network that tells inverted, interchanged, reversed and wrongly timed recordings, on folds 1-7 of PTB-XL.

    python tools/fit_misreadings.py STORE

Writes src/twelvelead/ecg/quality/misreadings.npz: weights from folds 1-6, limits from fold 7. Folds 8 and 9 take no
part; tools/quality.py measures on them. About a quarter of an hour on one core.
"""

import argparse
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.ecg.quality import misreadings as fitted
from twelvelead.ecg.quality.at_the_beat import median_beat
from twelvelead.ecg.quality.misreadings import FITTED, INDEPENDENT, MISREADINGS, features, misreading_scores
from twelvelead.ecg.record import ECG
from twelvelead.ecg.resample import resample
from twelvelead.files import replacing

TRAINED, LIMITED = range(1, 7), 7
HIDDEN = (256, 64)
EPOCHS, BATCH, RATE, DECAY = 24, 1024, 4e-3, 1e-2
"""Of an epoch, every recording comes once for each misreading, on the average."""

OFTEN = {"none": 4.0, "V1/V2": 2.0, "V2/V3": 2.0, "V3/V4": 2.0, "V4/V5": 2.0, "V5/V6": 2.0}
SELDOM = 0.6
"""How often a misreading is shown, relative to the others: what is hard to tell more often."""

GAIN, STEPS = 0.1, 1
"""Varied in training: each lead's gain (standard deviation of its logarithm), and the centre by so many samples."""

FACTORS = {"too low": (0.5, 0.4), "too high": (2.0, 2.5)}
"""Declared over true sampling rate."""

STRETCHED = 4000
"""Recordings that are read at each factor's rate."""

FOUND = {"V1/V2": 0.95, "V2/V3": 0.92, "V3/V4": 0.92, "V4/V5": 0.92, "V5/V6": 0.92, "too low": 0.95, "too high": 0.95}
FOUND_ELSE = 0.97
"""Of fold 7's recordings that are misread so, this share passes the limit."""

DOUBTFUL = 0.004
"""PTB-XL holds real misreadings: this share of the recordings, those that the first fit doubts most, is left out of the
second."""

Array = NDArray[np.floating[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    store = Store.open(parser.parse_args().store)
    fold = store.column("fold")
    rows = np.flatnonzero(np.isin(fold, [*TRAINED, LIMITED]))
    beats = [beat_of(store, row) for row in rows]
    there = np.array([beat is not None for beat in beats])
    real, fold = np.array([beat for beat in beats if beat is not None]), fold[rows[there]]
    chosen = np.random.default_rng(0).permutation(rows)[:STRETCHED]
    timed: dict[str, list[list[Array]]] = {name: [[], []] for name in FACTORS}
    for name, factors in FACTORS.items():
        for place, row in enumerate(chosen):
            beat = beat_of(store, row, factors[place % len(factors)])
            if beat is not None:
                timed[name][int(store.column("fold")[row] == LIMITED)].append(beat)
    train = {name: np.array(parts[0]) for name, parts in timed.items()}
    limit = {name: np.array(parts[1]) for name, parts in timed.items()}
    known = real[fold != LIMITED]
    fit(known, train, EPOCHS // 3)
    doubt = scores_of(known).max(axis=1)
    kept = known[doubt <= np.quantile(doubt, 1 - DOUBTFUL)]
    fit(kept, train, EPOCHS)
    limits(real[fold == LIMITED], limit)


def beat_of(store: Store, row: np.integer[Any], factor: float = 1.0) -> Array | None:
    """[8, 101] mV: of a recording whose declared sampling rate is wrong by a factor."""
    signal, rate = store.millivolts(row), store.sampling_rate
    if factor < 1:  # so that enough samples are left
        signal, rate = resample(signal, rate, 2 * rate), 2 * rate
    beat = median_beat(ECG(signal, rate * factor))
    return None if beat is None else beat[INDEPENDENT].astype(np.float32)


def fit(known: Array, timed: dict[str, Array], epochs: int) -> None:
    """Trains the network and puts it where the gate finds it."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    classes = len(MISREADINGS) + 1
    often = np.array([OFTEN.get(name, SELDOM) for name in ("none", *(which.name for which in MISREADINGS))])
    inputs = features(known[:2000])
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 0.1
    sizes = (inputs.shape[1], *HIDDEN, classes)
    layers: list[torch.nn.Module] = []
    for first, second in pairwise(sizes):
        layers += [torch.nn.Linear(first, second), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:2], torch.nn.Dropout(0.1), *layers[2:-1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * len(known) * classes // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        labels = rng.choice(classes, BATCH, p=often / often.sum())
        beats = shown(known, timed, labels, rng)
        beats = np.roll(beats, rng.integers(-STEPS, STEPS + 1), axis=2)
        beats *= np.exp(GAIN * rng.standard_normal((BATCH, 8, 1), np.float32))
        values = torch.from_numpy((features(beats) - mean) / scale)
        loss = torch.nn.functional.cross_entropy(network(values), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % (steps // 10) == 0:
            print(f"step {step:6} of {steps}, loss {loss.item():.4f}", flush=True)
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    arrays: dict[str, Any] = {"limits": np.zeros(len(MISREADINGS))}
    for place, layer in enumerate(linear):
        weights, bias = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
        if place == 0:
            weights, bias = weights / scale[:, None], bias - (mean / scale) @ weights
        arrays |= {f"weights{place}": weights.astype(np.float16), f"bias{place}": bias.astype(np.float32)}
    write(arrays)


def shown(known: Array, timed: dict[str, Array], labels: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """A beat for each label: 0 as it is, else as the misreading of that number shows it."""
    beats = known[rng.integers(len(known), size=len(labels))]
    for label in np.unique(labels[labels > 0]):
        which, places = MISREADINGS[label - 1], np.flatnonzero(labels == label)
        if which.leads is None:
            pool = timed[which.name]
            beats[places] = pool[rng.integers(len(pool), size=len(places))]
        else:
            beats[places] = which.of(beats[places])
    return beats


def scores_of(beats: Array) -> Array:
    """`misreading_scores`, a few at a time."""
    return np.concatenate([misreading_scores(part) for part in np.array_split(beats, len(beats) // 100 + 1)])


def limits(real: Array, timed: dict[str, Array]) -> None:
    """Adds the limits to what `fit` wrote, and says what they do on fold 7."""
    with np.load(FITTED) as arrays:
        table = dict(arrays)
    as_published = scores_of(real)
    passed = np.zeros(len(real), bool)
    for place, which in enumerate(MISREADINGS):
        misread = timed[which.name] if which.leads is None else which.of(real)
        scores = scores_of(misread)[:, place]
        table["limits"][place] = round(float(np.quantile(scores, 1 - FOUND.get(which.name, FOUND_ELSE))), 2)
        over = as_published[:, place] > table["limits"][place]
        passed |= over
        print(f"{which.name:16} limit {table['limits'][place]:6.2f}, passed by {over.sum():3} of {len(real)}")
    print(f"any: {passed.sum()} of {len(real)}")
    write(table)


def write(arrays: dict[str, Any]) -> None:
    with replacing(FITTED) as file, file.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    fitted._network.cache_clear()


if __name__ == "__main__":
    main()
