"""How few records are too few: a probe and a fine-tuning of `single` on draws of PTB-XL.

    python benchmarks/few_records.py STORE [--work runs/few-records] [--draws 30] [--tuned 5 5 5 3 1]
        [--before 1 1 1 3 1] [--minutes 60]

Two tasks of five classes each: the most frequent subclasses that no superclass is named after, and the most frequent
rhythms. A draw is of 50, 100, 300 or 1,000 records of folds 1-8, at random but with three of each class at least; the
last one is of all. Beside it a quarter as many records, of a quarter of fold 9's patients, choose the epoch. The other
patients of fold 9 measure, and nothing else. Every way learns from the same draws.

Ways: `probe` and `fine-tune` as they ship, and `epochs`, the fine-tune that shipped before: ten epochs, outputs by name
or at random. What is measured is kept in results/few_records.csv, a row a training, so that the same command goes on;
the table is printed, and docs/few-records.png drawn, from the rows that are there. A fine-tuning that chose no epoch is
the probe of its draw, and is not measured again.
"""

import argparse
import csv
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from twelvelead.data.store import Store, write_store
from twelvelead.data.tasks import labels
from twelvelead.evaluation.metrics import auroc
from twelvelead.plots.style import COLOURS, INK, new_figure, plain, save_png
from twelvelead.training.folder import claim
from twelvelead.training.forms import load_windowed, predict
from twelvelead.training.module import Training
from twelvelead.training.probe import fit_last_layer
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import prepare, take_best, train_epochs
from twelvelead.training.speed import precision

TASKS = {
    "subclass": ("AMI", "IMI", "LVH", "LAFB/LPFB", "ISC_"),
    "rhythm": ("SR", "AFIB", "STACH", "SARRH", "SBRAD"),
}
SIZES = (50, 100, 300, 1000, 0)
"""Records of a draw; 0 for all."""

LEAST = 3
"""Records of each class in a draw."""

COLUMNS = ("task", "records", "draw", "way", "auroc", "epoch", "seconds")
ROWS = Path(__file__).parents[1] / "results" / "few_records.csv"
FIGURE = Path(__file__).parents[1] / "docs" / "few-records.png"
WAYS = {"probe": "probe", "tuned": "fine-tune", "epochs": "fine-tune before: ten epochs"}


@dataclass(frozen=True)
class Draw:
    """Records of one draw: those that train, those that choose."""

    train: NDArray[np.int64]
    choose: NDArray[np.int64]


class Bench:
    """The store, cut into what draws are taken from, what chooses and what measures.

    Args:
        store: PTB-XL, folds 1-9.
        work: folder for what is computed once.
        task: a key of `TASKS`.
    """

    def __init__(self, store: Store, work: Path, task: str) -> None:
        self.store, self.work, self.task = store, work, task
        all_labels = labels(store, task, "keep")
        self.values = all_labels.values[:, [all_labels.classes.index(name) for name in TASKS[task]]]
        fold, patients = np.asarray(store.column("fold")), np.asarray(store.column("patient_id"))
        chosen = np.random.default_rng(0).permutation(np.unique(patients[fold == 9]))
        chooses = np.isin(patients, chosen[: len(chosen) // 4])
        self.train = np.flatnonzero(fold < 9)
        self.choose = np.flatnonzero((fold == 9) & chooses)
        self.measure = np.flatnonzero((fold == 9) & ~chooses)

    def draw(self, size: int, number: int) -> Draw:
        if not size:
            return Draw(self.train, self.choose)
        rng = np.random.default_rng((size, number))
        return Draw(self._drawn(self.train, size, rng), self._drawn(self.choose, max(20, size // 4), rng))

    def _drawn(self, records: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """`LEAST` of each class, rarest first, then others at random, [size] at most."""
        order = rng.permutation(records)
        found = np.zeros(0, np.int64)
        for column in np.argsort(self.values[records].sum(axis=0)):
            missing = max(0, LEAST - int(self.values[found, column].sum()))
            candidates = order[self.values[order, column] & ~np.isin(order, found)]
            found = np.append(found, candidates[:missing])
        found = np.append(found, order[~np.isin(order, found)][: max(0, size - len(found))])
        return np.sort(found)

    def auroc(self, probabilities: NDArray[np.floating]) -> float:
        return float(np.mean(auroc(self.values[self.measure], probabilities)))

    def probed(self, draw: Draw, embedding: NDArray[np.float32]) -> float:
        targets = self.values[draw.train].astype(np.float32)
        patients = np.asarray(self.store.column("patient_id"))[draw.train]
        found = fit_last_layer(embedding[draw.train].mean(axis=1), targets, patients)
        logits = embedding[self.measure] @ found.weight.T + found.bias
        return self.auroc(expit(logits).mean(axis=1))

    def trained(self, draw: Draw, recipe: Recipe, embedding: NDArray[np.float32]) -> tuple[float, int]:
        """The AUROC and the epoch that was taken, 0 for the probe."""
        folder = self.work / f"run-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        records = np.concatenate([draw.train, draw.choose])
        part = write_store(
            folder / "store",
            (self.store.signals[record] for record in records),
            columns={
                name: np.asarray(self.store.column(name))[records] for name in ("ecg_id", "patient_id", "age", "sex")
            }
            | {"fold": np.repeat([1, 9], [len(draw.train), len(draw.choose)])},
            likelihoods=np.where(self.values[records], np.float32(0), np.float32(np.nan)),
            statements=(names := [f"{name}, new" for name in TASKS[self.task]]),  # none that the weights have
            tasks={"labels": {name: (name,) for name in names}},
            sampling_rate=self.store.sampling_rate,
            source="PTB-XL, a draw",
        )
        recipe = replace(recipe, train_folds=(1,), validation_folds=(9,))
        training, epoch = learned(recipe, part, folder / "run")
        shutil.rmtree(folder)
        return self.auroc(answers(training, self.store, self.measure)) if epoch else self.probed(draw, embedding), epoch


def learned(recipe: Recipe, part: Store, run: Path) -> tuple[Training, int]:
    """Train a recipe on a store without writing weights: the best network, and its epoch, 0 for the probe."""
    begun = prepare(recipe, part)
    claim(run, begun.training.recipe, part)
    train_epochs(begun, run, run / "teachers.npy", lambda line: None)
    return begun.training, take_best(begun, run) + 1


def answers(training: Training, store: Store, measure: NDArray[np.int64]) -> NDArray[np.float32]:
    """[n, classes] probabilities of records of a store."""
    with torch.autocast("cpu", torch.bfloat16, precision() == "bf16-mixed"):
        return predict(training.windowed, store.signals, store.features, measure)


def embed(store: Store, work: Path) -> NDArray[np.float32]:
    """What the last layer of `single` reads of every record, [records, windows, units]; kept in WORK."""
    kept = work / f"windows-{store.data_hash[:12]}.npy"
    if not kept.exists():
        network, parts = load_windowed("single"), []
        read: list[torch.Tensor] = []
        network.get_submodule("model.output").register_forward_pre_hook(lambda _, given: read.append(given[0]))
        with torch.inference_mode():
            for start in range(0, len(store.signals), 64):
                chosen = slice(start, start + 64)
                ecg = torch.from_numpy(store.signals[chosen].astype(np.float32) / 1000)
                features = torch.from_numpy(np.array(store.features[chosen]))
                network(ecg, features)
                windows = read.pop().float()
                parts.append(windows.reshape(len(ecg), -1, windows.shape[-1]).numpy())
        np.save(kept, np.concatenate(parts))
    return np.asarray(np.load(kept))


def ways() -> dict[str, Recipe]:
    """The recipes of the trainings that are compared."""
    tuned = Recipe.load("fine-tune", "single")
    before = {"head": "names", "aggregate": "probability", "layer_rate": 1.0, "unfreeze": 0.0, "weight_decay": 0.01}
    before |= {"learning_rate": 1e-3, "average_decay": 0.0, "steps": 0, "epochs": 10, "patience": 10}
    return {"tuned": tuned, "epochs": replace(tuned, **before)}  # type: ignore[arg-type]


def wanted(tuned: list[int], before: list[int]) -> Iterator[tuple[int, int, str, str]]:
    """Trainings as (size, draw, task, way): draw by draw over the sizes, all records, which take longest, last."""
    draws = {"tuned": dict(zip(SIZES, tuned, strict=True)), "epochs": dict(zip(SIZES, before, strict=True))}
    for sizes in (SIZES[:-1], SIZES[-1:]):
        for number, size, way, task in product(range(max(*tuned, *before)), sizes, draws, TASKS):
            if number < draws[way][size]:
                yield size, number, task, way


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="PTB-XL, folds 1-9, as `twelvelead ptbxl prepare` makes it")
    parser.add_argument("--work", type=Path, default=Path("runs/few-records"))
    parser.add_argument("--draws", type=int, default=30, help="of each size, for the probe")
    parser.add_argument(
        "--tuned", type=int, nargs=len(SIZES), default=[5, 5, 5, 3, 1], help="draws of each size, tuned"
    )
    parser.add_argument("--before", type=int, nargs=len(SIZES), default=[1, 1, 1, 3, 1], help="likewise, as before")
    parser.add_argument("--minutes", type=float, default=60, help="no training is begun after so many")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    store = Store.open(options.store)
    benches = {task: Bench(store, options.work, task) for task in TASKS}
    began, rows = time.monotonic(), read()
    done = {(row["task"], row["records"], row["draw"], row["way"]) for row in rows}

    def note(task: str, size: int, number: int, way: str, value: float, epoch: int, seconds: float) -> None:
        new = not ROWS.exists()
        with ROWS.open("a", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows([COLUMNS] if new else [])
            writer.writerow([task, size, number, way, f"{value:.5f}", epoch, f"{seconds:.1f}"])
        print(f"{task}, {size or 'all'} records, draw {number}, {way}: {value:.4f} ({seconds:.0f} s)", flush=True)

    embedding = embed(store, options.work)
    for task, bench in benches.items():
        for size in SIZES:
            for number in range(options.draws if size else 1):
                if (task, str(size), str(number), "probe") not in done:
                    start = time.monotonic()
                    value = bench.probed(bench.draw(size, number), embedding)
                    note(task, size, number, "probe", value, 0, time.monotonic() - start)
    recipes = ways()
    for size, number, task, way in wanted(options.tuned, options.before):
        if (task, str(size), str(number), way) in done or time.monotonic() - began > 60 * options.minutes:
            continue
        start = time.monotonic()
        value, epoch = benches[task].trained(benches[task].draw(size, number), recipes[way], embedding)
        note(task, size, number, way, value, epoch, time.monotonic() - start)
    print(table(read()))
    draw_figure(read())


def read() -> list[dict[str, str]]:
    if not ROWS.exists():
        return []
    with ROWS.open(newline="") as stream:
        return list(csv.DictReader(stream))


Key = tuple[str, int, str]
"""Task, records and way."""


def gathered(rows: list[dict[str, str]]) -> dict[Key, dict[int, float]]:
    """AUROC by draw."""
    found: dict[Key, dict[int, float]] = {}
    for row in rows:
        found.setdefault((row["task"], int(row["records"]), row["way"]), {})[int(row["draw"])] = float(row["auroc"])
    return found


def table(rows: list[dict[str, str]]) -> str:
    """Markdown: of each task and size the mean AUROC over draws, and the least by which the fine-tuning exceeds the
    probe, and ten epochs, of the same draw."""
    values = gathered(rows)
    lines = [
        "| task | records | probe: mean (lowest to highest), draws | fine-tune | the same draws' probe "
        "| lowest difference | before: ten epochs | lowest difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        for size in SIZES:
            probe, tuned, epochs = (values.get((task, size, way), {}) for way in WAYS)
            if not probe:
                continue
            spread = f"{np.mean(list(probe.values())):.3f}"
            if len(probe) > 1:
                spread += f" ({min(probe.values()):.3f} to {max(probe.values()):.3f})"
            same = {draw: probe[draw] for draw in tuned if draw in probe}
            cells = [task, str(size or "all"), f"{spread}, {len(probe)}", _mean(tuned), _mean(same)]
            cells += [_least(tuned, probe), _mean(epochs), _least(tuned, epochs)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(values: dict[int, float]) -> str:
    return f"{np.mean(list(values.values())):.3f} ({len(values)})" if values else ""


def _least(values: dict[int, float], others: dict[int, float]) -> str:
    return f"{min(values[draw] - others[draw] for draw in shared):+.4f}" if (shared := values.keys() & others) else ""


def _as_if_all(values: dict[int, float], probe: dict[int, float]) -> float:
    """The mean that values of some of the probe's draws would have over all of them: the probe's, and the mean
    difference from it. Draws differ by more than the ways do."""
    return float(np.mean(list(probe.values())) + np.mean([values[draw] - probe[draw] for draw in values]))


def draw_figure(rows: list[dict[str, str]]) -> None:
    """Macro AUROC against the number of records: a point a training, and a line a way through the means of
    `_as_if_all`."""
    values = gathered(rows)
    figure = new_figure(7.2, 3.2)
    for axes, task in zip(figure.subplots(1, len(TASKS)), TASKS, strict=True):
        for colour, (way, name) in zip(COLOURS, WAYS.items(), strict=False):
            found = [(place, values.get((task, size, way), {})) for place, size in enumerate(SIZES)]
            found = [(place, draws) for place, draws in found if draws]
            for place, draws in found:
                shifted = np.full(len(draws), place + (list(WAYS).index(way) - 1) * 0.13)
                axes.scatter(shifted, list(draws.values()), s=9, color=colour, alpha=0.4, linewidths=0)
            means = [_as_if_all(draws, values[task, SIZES[place], "probe"]) for place, draws in found]
            shift = (list(WAYS).index(way) - 1) * 0.13
            axes.plot(
                [place + shift for place, _ in found], means, color=colour, linewidth=1.6, marker="o", ms=4, label=name
            )
        axes.set_title(f"{task}: {', '.join(TASKS[task])}", fontsize=9, color=INK)
        axes.set_xticks(range(len(SIZES)), [f"{size:,}" if size else "all" for size in SIZES])
        axes.set_xlabel("training records", fontsize=8, color=INK)
        plain(axes)
    figure.axes[0].set_ylabel("macro AUROC, fold 9", fontsize=8, color=INK)
    figure.axes[0].legend(frameon=False, fontsize=8)
    save_png(figure, FIGURE)


if __name__ == "__main__":
    main()
