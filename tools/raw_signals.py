"""Is the original, unfiltered signal the more robust input? Three equal trainings, one robustness suite.

    python tools/raw_signals.py all STORE FOLDER [--fold 9] [--records N]

or stage by stage: prepare, train (--only raw, filtered or zscored: one of the three), score.

The recipe beside this file (raw_signals.toml) is trained on the original signals, on signals band-pass filtered from
0.5 to 40 Hz, and on signals standardised for each record and lead. Then each model meets the same faults of the same
records; the faults are put on the original signal, and each model's preparation comes after them, as it would in use.
FOLDER receives the derived stores, the runs and the answer: raw_signals.json, .md and .png. After Ctrl-C the same
command goes on.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.cli.meter import Meter
from twelvelead.data.store import COLUMNS, Store, write_store
from twelvelead.ecg.faults import CLEAN, FAULTS, Case, cases
from twelvelead.evaluation.bootstrap import estimate
from twelvelead.files import replacing
from twelvelead.inference.engine import Engine
from twelvelead.inference.faults import Floats, summary
from twelvelead.inference.robustness import PROTOCOL, RESAMPLES, fold_recordings, suite
from twelvelead.plots.style import LIGHT, new_figure, save_png
from twelvelead.weights.matching import match

RECIPE = Path(__file__).with_suffix(".toml")
BATCH = 256

Signal = NDArray[np.float32]


def raw(signal: Signal, sampling_rate: float) -> Signal:
    """The original signal."""
    return signal


def filtered(signal: Signal, sampling_rate: float) -> Signal:
    """Butterworth band-pass of order 2 from 0.5 to 40 Hz, forwards and backwards, so without a shift in time.

    Args:
        signal: [n, samples, leads] float32 mV.
        sampling_rate: in Hz, above 80.

    Returns:
        float32 mV in the shape of `signal`.
    """
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, (0.5, 40), "bandpass", fs=sampling_rate, output="sos")
    length = min(signal.shape[1] - 1, round(2 * sampling_rate))
    return np.asarray(sosfiltfilt(sections, signal, axis=1, padlen=length), np.float32)


def zscored(signal: Signal, sampling_rate: float) -> Signal:
    """Each lead of each record with mean 0 and a standard deviation of 0.24 mV, that of PTB-XL, so that the model's
    constant scale suits it as it suits the original; a flat lead becomes 0.

    Args:
        signal: [n, samples, leads] float32 mV.
        sampling_rate: in Hz.

    Returns:
        float32 mV in the shape of `signal`.
    """
    centred = signal - signal.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.where(spread < 1e-3, 0, np.float32(0.24) * centred / np.maximum(spread, np.float32(1e-3)))


PREPARATIONS: dict[str, Callable[[Signal, float], Signal]] = {"raw": raw, "filtered": filtered, "zscored": zscored}
TITLES = {"raw": "original", "filtered": "0.5-40 Hz", "zscored": "z-scored"}
COLOURS = {"raw": "#0072b2", "filtered": "#d55e00", "zscored": "#009e73"}
"""Of Okabe and Ito's palette, which the colour-blind can tell apart."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("prepare", "train", "score", "all"))
    parser.add_argument("store", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=tuple(PREPARATIONS), help="train on this one alone")
    parser.add_argument("--fold", type=int, default=9, help="to score")
    parser.add_argument("--records", type=int, help="to score about so many, with whole patients; default all")
    options = parser.parse_args()
    store = Store.open(options.store)
    if options.stage in ("prepare", "all"):
        prepare(store, options.folder)
    if options.stage in ("train", "all"):
        for name in [options.only] if options.only else PREPARATIONS:
            train(name, store, options.folder)
    if options.stage in ("score", "all"):
        score(store, options.folder, options.fold, options.records)


def prepare(store: Store, folder: Path) -> None:
    """Write the derived stores that are not there yet."""
    for name in ("filtered", "zscored"):
        if (folder / name).exists():
            print(f"{name}: there already")
            continue
        write_store(
            folder / name,
            _prepared(store, name),
            columns={column: np.asarray(store.column(column)) for column in COLUMNS},
            likelihoods=np.asarray(store.likelihoods),
            statements=store.statements,
            tasks=store.tasks,
            sampling_rate=store.sampling_rate,
            source=f"{store.source}, {name}",
            leads=store.leads,
            synthetic=store.synthetic,
        )
        print(f"{name}: {len(store):,} records in {folder / name}")


def _prepared(store: Store, name: str) -> Iterator[NDArray[np.int16]]:
    limits = np.iinfo(np.int16)
    for start in range(0, len(store), BATCH):
        millivolts = store.millivolts(slice(start, start + BATCH))
        microvolts = np.rint(PREPARATIONS[name](millivolts, store.sampling_rate) * 1e3)
        yield from np.clip(microvolts, limits.min, limits.max).astype(np.int16)


def train(name: str, store: Store, folder: Path) -> Path:
    """Train the recipe on one of the three, or go on where it was interrupted; returns the folder of the run."""
    from twelvelead.training.recipe import Recipe
    from twelvelead.training.run import train as start

    run = folder / "runs" / name
    start(Recipe.load(RECIPE), store if name == "raw" else Store.open(folder / name), run)
    return run


def score(store: Store, folder: Path, fold: int, records: int | None) -> None:
    """Put all three to the suite and write the answer."""
    found = {name: scored(name, store, folder, fold, records) for name in PREPARATIONS}
    parts = {name: figures(of) for name, of in found.items()}
    recordings = fold_recordings(match(Engine(folder / "runs" / "raw").contract, store), store, fold, records)
    values = {
        "fold": fold,
        "protocol": PROTOCOL,
        "synthetic": store.synthetic,
        "data_hash": store.data_hash,
        "records": len(recordings.rows),
        "patients": len(np.unique(recordings.patients)),
        "resamples": RESAMPLES,
        "figures": {part: compared({name: of[part] for name, of in parts.items()}) for part in parts["raw"]},
    }
    with replacing(folder / "raw_signals.json") as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    with replacing(folder / "raw_signals.md") as partial:
        partial.write_text(markdown(values), encoding="utf-8")
    draw(found, folder / "raw_signals.png", heading(values))
    print(markdown(values))


def scored(name: str, store: Store, folder: Path, fold: int, records: int | None) -> dict[Case, Floats]:
    """The suite on one of the three; the fault first, then the preparation."""
    engine = Engine(folder / "runs" / name)

    def predict(ecg: Signal, features: Signal) -> Floats:
        return engine.run(np.ascontiguousarray(PREPARATIONS[name](ecg, store.sampling_rate)), features)[0]

    with Meter() as meter:
        return suite(
            fold_recordings(match(engine.contract, store), store, fold, records),
            predict,
            cases(),
            folder / f"scores_{name}.npz",
            {"weights": engine.sha256, "data_hash": store.data_hash, "fold": fold, "preparation": name},
            progress=lambda what, done, total, size=0: meter.show(f"{name}, {what}", done, total, size),
        )


def figures(of: dict[Case, Floats]) -> dict[str, Floats]:
    """What the table's rows say of one of the three: name -> [1 + resamples]."""
    parts = {
        "clean": of[CLEAN],
        "under graded faults, mean": summary(of),
        "fall under graded faults, mean": of[CLEAN] - summary(of),
    }
    for name, fault in FAULTS.items():
        each = {severity: of[Case(name, severity)] for severity in fault.severities}
        parts[f"{fault.title}, mean"] = np.mean(list(each.values()), axis=0)
        for severity, values in each.items():
            shown = f"{severity:g} {fault.unit}" if fault.graded else severity
            parts[f"{fault.title}, {shown}"] = values
    return parts


def compared(values: Mapping[str, Floats]) -> dict[str, dict[str, float]]:
    original = values["raw"]
    differences = {f"raw - {name}": original - other for name, other in values.items() if name != "raw"}
    return {name: estimate(of)._asdict() for name, of in (dict(values) | differences).items()}


def heading(values: Mapping[str, Any]) -> str:
    kind = "SYNTHETIC ECGs, " if values["synthetic"] else ""
    return (
        f"{kind}fold {values['fold']}, protocol {values['protocol']}, {values['records']:,} records; "
        "the fold also chose the epoch of each training"
    )


def markdown(values: Mapping[str, Any]) -> str:
    """The tables of docs/raw-signals.md: first the means, then every case."""
    means = {part: of for part, of in values["figures"].items() if part.endswith("mean") or part == "clean"}
    single = {part: of for part, of in values["figures"].items() if part not in means}
    lines = [
        f"{heading(values)}. Macro AUROC, and differences with their 95 % interval (paired bootstrap by patient, "
        f"{values['resamples']:,} resamples).",
        "",
        *_table(means),
        "",
        "Every case:",
        "",
        *_table(single),
    ]
    return "\n".join(lines) + "\n"


def _table(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "| | " + " | ".join(TITLES.values()) + " | original − 0.5-40 Hz | original − z-scored |"
    yield "|---" * 6 + "|"
    for part, of in figures.items():
        plain = [f"{of[name]['value']:.4f}" for name in PREPARATIONS]
        differences = [_difference(of[f"raw - {name}"]) for name in ("filtered", "zscored")]
        yield f"| {part} | {' | '.join(plain + differences)} |"


def _difference(of: Mapping[str, float]) -> str:
    return f"{of['value']:+.4f} [{of['low']:+.4f}, {of['high']:+.4f}]".replace("-", "\u2212")


def draw(found: Mapping[str, Mapping[Case, Floats]], path: Path, note: str) -> None:
    """A panel for each fault: macro AUROC of the three over its severities, with 95 % intervals."""
    figure = new_figure(14, 11)
    grid = figure.subplots(4, -(-len(FAULTS) // 4), sharey=True)
    for axes in grid.flat[len(FAULTS) :]:
        axes.set_visible(False)
    for axes, (fault_name, fault) in zip(grid.flat, FAULTS.items(), strict=False):
        places = np.arange(len(fault.severities))
        for shift, (name, of) in zip((-0.12, 0, 0.12), found.items(), strict=True):
            estimates = [estimate(of[Case(fault_name, severity)]) for severity in fault.severities]
            value, low, high = np.array(estimates).T
            axes.errorbar(
                places + shift,
                value,
                (value - low, high - value),
                color=COLOURS[name],
                marker="o",
                markersize=3.5,
                linewidth=1.4 if fault.graded else 0,
                elinewidth=0.9,
                label=TITLES[name],
            )
            axes.axhline(of[CLEAN][0], color=COLOURS[name], linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
        labels = [f"{severity:g}" if fault.graded else str(severity) for severity in fault.severities]
        axes.set_xticks(places, labels, rotation=0 if fault.graded else 60)
        axes.set_title(f"{fault.title} ({fault.unit})" if fault.unit else fault.title, fontsize=10)
        axes.tick_params(labelsize=8)
        axes.grid(axis="y", color=LIGHT, linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("macro AUROC", fontsize=9)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=11)
    figure.suptitle(
        f"The same recipe on three inputs, under faults of the recording\n{note}; dashed: clean", fontsize=12
    )
    save_png(figure, path)


if __name__ == "__main__":
    main()
