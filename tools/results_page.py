"""docs/results.md: the figures of the runs in results/ as one page."""

from collections.abc import Iterator, Sequence
from typing import Any

from results_figures import METRICS, RARE, Index, figures, seeds_figures, told_apart
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
So these figures are a little too good, that of the best of many runs most of all. Fold 10 was used for nothing.

Brackets are 95 % intervals by patient bootstrap (1,000 resamples). A difference is that of the macro AUROC to the row
named beside it, on the same 2,000 resamples of patients ([how](evaluation.md#comparing)); it is bold where its interval
excludes 0. Nothing adjusts for the number of comparisons ({differences} here): one in twenty would be bold if nothing
made a difference. Macro F1 is decided at the thresholds `f1`, subset accuracy and Hamming loss at `accuracy`. The
calibration error pools all record-class pairs in 15 bins; by chance alone it would be {chance}. Minutes are those of
the epochs, validation included, on the machine that the last column names. Each row links to its recipe, log and
predictions; `twelvelead compare results/ONE results/OTHER` gives every metric.

![Macro AUROC of each run with its 95 % interval](results.png)
"""

PUBLISHED = """\
## Published figures

Macro AUROC of the five superclasses on **fold 10**, as their authors print it. Nothing above was measured there, and
folds 9 and 10 differ (fold 10 is about 0.003 harder), so these figures are not directly comparable.

| model | macro AUROC, fold 10 | source |
|---|---|---|
"""


def page(index: Index) -> str:
    """The whole page, as Markdown."""
    found = {name: figures(index, name) for name in index.runs}
    machines = _machines(index)
    differences = sum(1 for of in found.values() if of["difference"])
    chances = [of["calibration_error_by_chance"] for of in found.values()]
    parts = [
        HEAD.format(
            count=len(index.chosen),
            chosen="".join(f"\n- {one}" for one in index.chosen) + "\n",
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
    parts.append(
        PUBLISHED + "".join(f"| {of['who']} | {of['macro_auroc']} | {of['source']} |\n" for of in index.published)
    )
    if machines:
        named = "".join(f"| {letter} | {machine} |\n" for machine, letter in machines.items())
        remark = f"\n{index.remark}\n" if index.remark else ""
        parts.append("## Hardware\n\n| | machine |\n|---|---|\n" + named + remark)
    return "\n".join(parts)


def _section(
    index: Index, about: dict[str, str], rows: Sequence[str], found: dict[str, Any], machines: dict[str, str]
) -> Iterator[str]:
    tasks = {name: index.about(name)["task"] for name in rows}
    others = any(task in index.best_published for task in tasks.values())
    yield f"## {about['title']}\n"
    if about.get("text"):
        yield f"{about['text']}\n"
    headings = list(HEADINGS.values())
    if others:
        headings.insert(1, "best known published, fold 10")
    headings = ["run", *headings, "difference of macro AUROC", "best of epochs", "minutes", "on"]
    yield _row(headings)
    yield _row(["---"] * len(headings))
    for name in rows:
        of, run, row = found[name], index.about(name), index.runs[name]
        cells = [_metric(of["metrics"], metric, of["intervals"]) for metric in METRICS]
        if others:
            cells.insert(1, index.best_published.get(tasks[name], ""))
        epochs = f"{run['best_epoch']} of {run['epochs']}" if run["epochs"] else ""
        minutes = f"{run['minutes']:.0f}" if run["minutes"] is not None else ""
        on = ", ".join(machines[machine] for machine in run["hardware"]) or "not recorded"
        compared = of["difference"] is not None or any(other.get("baseline") == name for other in index.runs.values())
        difference = _difference(of["difference"]) if compared else ""
        cells = [_named(name, row["change"], of, run), *cells, difference, epochs, minutes, on]
        yield _row(cells)
    folds = {name: fold_names(index.about(name)["validation_folds"]) for name in rows}
    yield from _counts({name: (tasks[name], folds[name]) for name in rows}, found)


def _named(name: str, change: str, of: dict[str, Any], run: dict[str, Any]) -> str:
    """The text of a row, with a fold, a protocol or training folds that are not those of the page."""
    remarks = []
    if run["validation_folds"] != [9] or run["train_folds"] != list(range(1, 9)):
        measured, trained = fold_names(run["validation_folds"]), fold_names(run["train_folds"])
        remarks.append(f"**measured on fold {measured}**, trained on {trained}")
    if of["protocol"] != "drop":
        remarks.append(f"protocol `{of['protocol']}`")
    return "; ".join([f"[{change}](../results/{name})", *remarks])


def _counts(rows: dict[str, tuple[str, str]], found: dict[str, Any]) -> Iterator[str]:
    """How many records, and which classes are rare: once for each task and fold of the rows of a section."""
    yield ""
    for task, fold in dict.fromkeys(rows.values()):
        of = next(found[name] for name, row in rows.items() if row == (task, fold))
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
        yield text + "\n"


def _seeds(index: Index) -> Iterator[str]:
    yield "## Seeds\n"
    yield (
        "Mean over seeds, and in parentheses the lowest and the highest. The difference is that of the means; its "
        "paired interval resamples patients, so it holds the luck of the records, but not that of other seeds.\n"
    )
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
    seen = dict.fromkeys(machine for name in index.runs for machine in index.about(name)["hardware"])
    return {machine: chr(ord("A") + place) for place, machine in enumerate(seen)}


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
