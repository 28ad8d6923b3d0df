"""docs/results.md: the figures of the runs in results/ as one page."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from results_figures import COMMON, METRICS, RARE, Index, counted, figures, seeds_figures, told_apart
from twelvelead.data.tasks import fold_names
from twelvelead.output.report.numbers import MINUS, number, with_interval

HEADINGS = {
    "macro_auroc": "macro AUROC",
    "macro_average_precision": "macro AP",
    "macro_f1": "macro F1",
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "Hamming loss",
    "calibration_error": "calibration error",
}
FOUR = ("macro_auroc", "hamming_loss")
"""Metrics that are shown with four digits; the others with three."""

HEAD = """\
# Results

<!-- made by `python tools/results.py write` from results/; do not edit -->

PTB-XL 1.0.3, 12 leads at 100 Hz, trained on folds 1-8, protocol `drop` (records without a label of the task are left
out) where a row says nothing else. What did not help stands here too.

**Fold 9, which also chose.** It chose the epoch, the calibration and the thresholds of each run, and {count} things
beside:
{chosen}
So these figures are a little too good, that of the best of many runs most of all. Fold 10 chose nothing; what the
shipped weights reach on it stands [below](#fold-10).

Brackets are 95 % intervals by patient bootstrap (1,000 resamples). A difference is that of the macro AUROC to the row
named beside it, on the same 2,000 resamples of patients ([how](evaluation.md#comparing)); it is bold where its interval
excludes 0. Nothing adjusts for the number of comparisons ({differences} here): one in twenty would be bold if nothing
made a difference. Macro F1 is decided at the thresholds `f1`, subset accuracy and Hamming loss at `accuracy`. The
calibration error pools all record-class pairs in 15 bins; by chance alone it would be {chance}. Minutes are those of
the epochs, validation included, on the machine that the last column names. Each row links to its recipe.
[results/](../results/README.md) has the logs, every figure as one table and all predictions; `python tools/results.py
predictions NAME FILE.npz` writes those of a run as `twelvelead compare` takes them.

![Macro AUROC of each run with its 95 % interval](results.png)
"""

FOLD10 = """\
## Fold 10

The weights of version 0.1.0 on fold 10, measured once, from outside; it chose nothing. Thresholds as shipped.
Macro AUROC with 95 % intervals by patient bootstrap, under both protocols, and beside them what others print. What they
print is comparable in its own column alone: `keep` counts the 40 records without a superclass, `drop` leaves them out.

| model | `drop`, 2,158 records | `keep`, 2,198 records | source |
|---|---|---|---|
"""

FOLD10_TEXT = """
Under `keep`, `single` has 0.9330: below ECGFounder's 0.9347, and inside its interval. On the same resamples under
`drop` `single` is above `reference` by 0.0046 [0.0021, 0.0069] (adjusted p 0.004); `ensemble` cannot be told apart from
`single` (+0.0011 [-0.0002, +0.0023]).

Other metrics of these weights under `drop`:

| metric | operating point | `reference` | `single` | `ensemble` |
|---|---|---|---|---|
"""

FOLD10_TASKS = """
Other tasks on fold 10, `keep`: one network trained by `twelvelead train attentive --task all`, measured from outside,
which answers all 71 statements and does not ship, beside the best published figures (arXiv 2509.25095).

| task | this network | over classes with at least 10 positives | best known published |
|---|---|---|---|
"""

_FOLD10_METRICS = (
    ("macro average precision", "macro_average_precision", "accuracy", 3),
    ("macro F1", "macro_f1", "f1", 3),
    ("subset accuracy", "subset_accuracy", "accuracy", 3),
    ("Hamming loss", "hamming_loss", "accuracy", 4),
    ("calibration error", "calibration_error", "accuracy", 3),
)


def page(index: Index) -> str:
    """The whole page, as Markdown."""
    found = {name: figures(index, name) for name in index.rows}
    machines = _machines(index)
    differences = sum(1 for of in found.values() if of["difference"])
    chances = [of["calibration_error_by_chance"] for of in found.values()]
    parts = [
        HEAD.format(
            count=len(index.chosen),
            chosen="".join(f"\n{_wrapped(f'- {one}')}" for one in index.chosen) + "\n",
            differences=differences,
            chance=" to ".join(dict.fromkeys(number(value) for value in (min(chances), max(chances)))),
        )
    ]
    for section, about in index.sections.items():
        rows = index.of(section)
        if rows:
            parts.append("\n".join(_section(index, about, rows, found, machines)))
    if index.seeds:
        parts.append("\n".join(_seeds(index)))
    if index.fold10:
        parts.append("".join(_fold10(index)))
    if machines:
        named = "".join(f"| {letter} | {machine} |\n" for machine, letter in machines.items())
        remark = f"\n{_wrapped(index.remark)}\n" if index.remark else ""
        parts.append("## Hardware\n\n| | machine |\n|---|---|\n" + named + remark)
    return "\n".join(parts)


def _section(
    index: Index, about: dict[str, str], rows: Sequence[str], found: dict[str, Any], machines: dict[str, str]
) -> Iterator[str]:
    yield f"## {about['title']}\n"
    if about.get("text"):
        yield f"{_wrapped(about['text'])}\n"
    headings = list(HEADINGS.values())
    if any(COMMON in found[name]["metrics"] for name in rows):
        headings.insert(1, f"over classes with {RARE} positives")
    headings = ["run", *headings, "difference of macro AUROC", "best of epochs", "minutes", "on"]
    yield _row(headings)
    yield _row(["---"] * len(headings))
    for name in rows:
        of, run = found[name], index.about[name]
        cells = [_metric(of["metrics"], metric, of["intervals"]) for metric in METRICS]
        if any(COMMON in found[other]["metrics"] for other in rows):
            cells.insert(1, _metric(of["metrics"], COMMON, of["intervals"]) if COMMON in of["metrics"] else "")
        epochs = f"{run['best_epoch']} of {run['epochs']}" if run["epochs"] else ""
        minutes = f"{run['minutes']:.0f}" if run["minutes"] is not None else ""
        on = ", ".join(machines[machine] for machine in run["hardware"]) or "not recorded"
        compared = of["difference"] is not None or any(other.get("baseline") == name for other in index.rows.values())
        difference = _difference(of["difference"]) if compared else ""
        cells = [_named(index, name), *cells, difference, epochs, minutes, on]
        yield _row(cells)
    yield from _counts(index, rows)


def _named(index: Index, name: str) -> str:
    """The name and text of a row, with a fold, a protocol or training folds that are not those of the page."""
    run, remarks = index.about[name], []
    if run["validation_folds"] != [9] or run["train_folds"] != list(range(1, 9)):
        measured, trained = fold_names(run["validation_folds"]), fold_names(run["train_folds"])
        remarks.append(f"**measured on fold {measured}**, trained on {trained}")
    if run["protocol"] != "drop":
        remarks.append(f"protocol `{run['protocol']}`")
    recipe = index.kept.folder / "recipes" / f"{name}.toml"
    linked = f"[`{name}`](../results/recipes/{name}.toml)" if recipe.is_file() else f"`{name}`"
    return "; ".join([f"{linked}: {index.rows[name]['change']}", *remarks])


def _counts(index: Index, rows: Sequence[str]) -> Iterator[str]:
    """How many records, and which classes are rare: once for each task and fold of the rows of a section."""
    yield ""
    first: dict[tuple[str, str], str] = {}
    for name in rows:
        run = index.about[name]
        first.setdefault((run["task"], fold_names(run["validation_folds"])), name)
    for (task, fold), name in first.items():
        of = counted(index.kept.predictions(name))
        text = (
            f"`{task}`, fold {fold}: {of['records']:,} records of {of['patients']:,} patients, {of['classes']} classes."
        )
        if of["rare"]:
            named = ", ".join(f"{name} {count}" for name, count in sorted(of["rare"].items(), key=lambda one: one[1]))
            text += (
                f" Fewer than {RARE} records have {named}; in a macro mean each of them counts as much as a common "
                "class, so one record can move it visibly, and the intervals of such means are too narrow."
            )
        if of["classes_left_out"]:
            text += f" In no macro mean, since none or all records have it: {', '.join(of['classes_left_out'])}."
        yield _wrapped(text) + "\n"


def _fold10(index: Index) -> Iterator[str]:
    yield FOLD10
    for name in ("ensemble", "single", "reference"):
        cells = [_outside(index, name, protocol, "macro_auroc", "accuracy", 4) for protocol in ("drop", "keep")]
        yield _row([f"**`{name}`, version 0.1.0**", *cells, "measured from outside"]) + "\n"
    for of in index.published:
        cells = [of["macro_auroc"] if of["protocol"] == protocol else "" for protocol in ("drop", "keep")]
        yield _row([of["model"], *cells, of["source"]]) + "\n"
    yield FOLD10_TEXT
    for title, metric, point, digits in _FOLD10_METRICS:
        cells = [_outside(index, name, "drop", metric, point, digits) for name in ("reference", "single", "ensemble")]
        yield _row([title, f"`{point}`", *cells]) + "\n"
    yield FOLD10_TASKS
    for task, published in index.best_published.items():
        figures = [_outside(index, "attentive-task-all", "keep", m, "", 3, task) for m in ("macro_auroc", COMMON)]
        yield _row([f"`{task}`", *figures, published]) + "\n"


def _outside(
    index: Index, name: str, protocol: str, metric: str, point: str, digits: int, task: str = "superclass"
) -> str:
    """A figure of fold10.csv with its interval, where it has one; "not measured" where there is none."""
    for row in index.fold10:
        if (row["weights"], row["task"], row["protocol"], row["operating_point"], row["metric"]) == (
            name, task, protocol, point, metric,
        ):  # fmt: skip
            if not row["low"]:
                return number(float(row["value"]), digits)
            return with_interval(float(row["value"]), (float(row["low"]), float(row["high"])), digits)
    return "not measured"


def _seeds(index: Index) -> Iterator[str]:
    yield "## Seeds\n"
    yield _wrapped(
        "Mean over seeds, and in parentheses the lowest and the highest. The difference is that of the means; its "
        "paired interval resamples patients, so it holds the luck of the records, but not that of other seeds."
    )
    yield ""
    headings = ["recipe", "seeds", *HEADINGS.values(), "difference of mean macro AUROC"]
    yield _row(headings)
    yield _row(["---"] * len(headings))
    for name, row in index.seeds.items():
        of = seeds_figures(index, name)
        cells = [_spread(of["values"][metric], 4 if metric in FOUR else 3) for metric in METRICS]
        yield _row([row["change"], str(len(row["runs"])), *cells, _difference(of["difference"], index.seeds)])
    yield ""


def _spread(values: Sequence[float], digits: int) -> str:
    mean = number(sum(values) / len(values), digits)
    return f"{mean} ({number(min(values), digits)} to {number(max(values), digits)})" if len(values) > 1 else mean


def _metric(metrics: dict[str, float], metric: str, bounds: dict[str, Any]) -> str:
    return with_interval(metrics[metric], bounds[metric], 4 if metric in FOUR else 3)


def _difference(of: dict[str, Any] | None, named: dict[str, dict[str, Any]] | None = None) -> str:
    """Against which row, and how much, bold where it was told apart."""
    if of is None:
        return "baseline"
    low, high = of["interval"]
    text = f"{_signed(of['value'])} [{_signed(low)}, {_signed(high)}]"
    against = named[of["baseline"]]["change"] if named else of["baseline"]
    return f"{f'**{text}**' if told_apart(of) else text} to {against}"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", MINUS)


def _machines(index: Index) -> dict[str, str]:
    """Each machine with its letter."""
    seen = dict.fromkeys(machine for name in index.rows for machine in index.about[name]["hardware"])
    return {machine: chr(ord("A") + place) for place, machine in enumerate(seen)}


def _wrapped(text: str) -> str:
    """At 120 letters; what follows a dash is set in."""
    set_in = "  " if text.startswith("- ") else ""
    return fill(text, 120, subsequent_indent=set_in, break_long_words=False, break_on_hyphens=False)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
