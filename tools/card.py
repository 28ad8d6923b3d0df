"""Model cards: a page of Markdown for each of the weights that ship, every figure from its contract.

    python tools/card.py [docs]

What holds for all of them is in card_limits.md beside this file.
"""

import csv
import sys
import textwrap
from pathlib import Path

from twelvelead.data.tasks import fold_names
from twelvelead.files import replacing
from twelvelead.inference.shown import show_class
from twelvelead.output.catalogue import PURPOSES, auroc, facts, measured_on, megabytes
from twelvelead.output.statement_rows import HEADINGS, POINT, rule, statement_rows
from twelvelead.weights import Contract, find, shipped

INDEX = "model-card.md"
FOLD10 = Path(__file__).resolve().parents[1] / "results" / "fold10.csv"
"""Figures of the shipped weights that were measured from outside."""
DESIGNS = {
    "reference": "residual Conv1D blocks, a bidirectional LSTM, attention over time, a dense branch for age and sex",
    "ensemble": "several networks whose probabilities are averaged",
}
"""Architecture -> what it is, where docs/models.md has no better place for it."""
_PTBXL = (
    "PTB-XL 1.0.3 holds 21,799 ECGs of 18,869 patients, recorded from October 1989 to June 1996 with devices of one "
    "maker (Schiller AG). Labels: the SCP statements of cardiologists, whatever their likelihood unless the protocol "
    "is `likely`."
)
"""Wagner et al. 2020, doi:10.1038/s41597-020-0495-6."""
_USE = (
    "For research, teaching, and as a decision aid that a physician checks against the ECG. It is not a medical "
    "device: no authority has assessed it, and it must not be the ground of a diagnosis, of a therapy, or of leaving "
    "one out."
)
FIVE = """\
- Five superclasses are not a reading of the ECG. A normal answer does not exclude what the classes do not cover,
  arrhythmia above all."""
SEVENTY_ONE = """\
- The statements are those of PTB-XL. What they do not name (ventricular tachycardia, hyperkalaemia, Brugada's pattern
  and more), and what is not assessed, a normal answer does not exclude.
- Some labels of PTB-XL go with the device or the year of a recording, SVARR most of all; a network may have learned
  that ([raw-signals.md](raw-signals.md))."""
UNFILTERED = """\
- The signal goes in unfiltered. A constant offset of 0.5 mV or strong baseline wander misleads it badly
  ([raw-signals.md](raw-signals.md)): recordings of devices without a high-pass have to lose it first."""
FILTERED = """\
- What is slower than 0.5 Hz is taken away inside ([raw-signals.md](raw-signals.md) has what that cures and what it
  costs)."""
FORMS = {"onnx": "ONNX Runtime", "safetensors": "PyTorch", "keras": "Keras 3"}
AGGREGATES = {
    "probability": "whose probabilities are averaged",
    "logit": "whose logits are averaged",
    "maximum": "of whose probabilities the highest counts",
}
METRICS = {
    "macro_auroc": "macro AUROC",
    "macro_average_precision": "macro average precision",
    "macro_f1_at_f1": "macro F1, operating point `f1`",
    "subset_accuracy_at_accuracy": "subset accuracy, operating point `accuracy`",
    "hamming_loss_at_accuracy": "Hamming loss, operating point `accuracy`",
    "calibration_error": "calibration error",
}


def card(name: str) -> str:
    """The model card of shipped weights, in Markdown.

    Args:
        name: a shipped name.

    Raises:
        Unreadable: nothing of that name ships, or a file of it is missing or not the one that the contract describes.
    """
    contract = Contract.load(find(name))
    data = contract.data
    limits = f"- Nothing is written here of {data.get('name')}, the data of these weights."
    if str(data.get("name")).startswith("PTB-XL"):
        text = Path(__file__).with_name("card_limits.md").read_text(encoding="utf-8")
        filtered = contract.highpass or any(one["highpass"] for one in contract.model.get("members", []))
        limits = text.format(
            hidden=contract.recipe.get("hidden_metadata", 0.1),
            reading=FIVE if contract.statements is None else SEVENTY_ONE,
            baseline=FILTERED if filtered else UNFILTERED,
        ).rstrip()
    licence = f"The weights: MIT, as the package. The data: {data.get('licence', 'licence not stated')}."
    parts = [
        f"# Model card: `{name}`",
        "Made from `contract.json` by `python tools/card.py`; change that, not this page.",
        f"## What it is\n{_what(contract)}",
        _forms(name, contract),
        f"## What it is for\n{_prose(f'{PURPOSES.get(name, str())} {_USE}')}",
        f"## Data\n{_data(contract)}",
        f"## What it reaches\n{_figures(contract)}",
        *([f"## Statements\n{_statements(contract)}"] if contract.statements is not None else []),
        f"## Limits\n{limits}",
        f"## Licence\n{_prose(licence + _cite(data.get('citation')))}",
    ]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """The page that leads to the cards, in Markdown."""
    rows = [
        f"| [`{name}`](model-card-{name}.md) | {PURPOSES.get(name, '')} | {auroc(about)} | {about['measured_on']}, "
        f"protocol {about['protocol']} | {megabytes(about['bytes'])} |"
        for name in shipped()
        for about in [facts(name)]
    ]
    return "\n".join(
        [
            "# Model cards",
            "",
            "One page for each of the weights that ship; `twelvelead models` lists them too. Made by",
            "`python tools/card.py`; change that, not this page.",
            "",
            "| weights | for | macro AUROC (95 %) | measured on | size |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def write(folder: Path) -> tuple[Path, ...]:
    """Write the cards of all that ships and the page that leads to them; returns the files."""
    pages = {INDEX: index(), **{f"model-card-{name}.md": card(name) for name in shipped()}}
    for name, text in pages.items():
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return tuple(folder / name for name in pages)


def _what(contract: Contract) -> str:
    design = DESIGNS.get(contract.architecture, f"`{contract.architecture}` of [models.md](models.md)")
    if contract.members:
        design += f": {', '.join(contract.members)}"
    seconds = contract.window / contract.sampling_rate
    beside = ", with age and sex," if contract.metadata else ""
    classes = "; ".join(map(show_class, contract.classes))
    return _prose(
        f"Architecture `{contract.architecture}`: {design}. It maps {len(contract.leads)} leads in {contract.unit} at "
        f"{contract.sampling_rate} Hz{beside} to the probabilities of the task `{contract.task}`: {classes}. A "
        f"recording is read in overlapping windows of {seconds:g} s, {AGGREGATES[contract.aggregate]}. `contract.json` "
        "beside the weights is the exact description, and `twelvelead models NAME` shows it."
    )


def _forms(name: str, contract: Contract) -> str:
    rows = [
        f"| `{entry['name']}` | {FORMS.get(kind, kind)} | {megabytes((find(name) / entry['name']).stat().st_size)} |"
        for kind, entry in contract.files.items()
    ]
    return "\n".join(["| file | for | size |", "|---|---|---|", *rows])


def _data(contract: Contract) -> str:
    data = contract.data
    about = [
        f"{data.get('name')}, protocol `{contract.protocol}`. Folds {fold_names(contract.train_folds)} trained; fold "
        f"{fold_names(contract.validation_folds)} chose the epoch, the calibration and the thresholds."
    ]
    if str(data.get("name")).startswith("PTB-XL"):
        if 10 not in {*contract.train_folds, *contract.validation_folds}:
            about.append(_fold10(contract.name))
        about.append(_PTBXL)
    about += [
        f"{how} `{step['weights']}`, trained on {step['data'].get('name')}, folds {fold_names(step['train_folds'])}."
        for kind, how in (("initial", "Training started from"), ("teachers", "Its labels were softened by"))
        for step in data.get(kind, [])
    ]
    device = contract.versions.get("device")
    about.append(f"Trained on: {device}." if device else "The hardware that trained is not recorded.")
    about.append(f"Data hash `{data.get('hash')}`.")
    return _prose(" ".join(about))


def _fold10(name: str) -> str:
    """What version 0.1.0's weights of this name reached on fold 10."""
    with FOLD10.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["weights"], row["metric"]) == (name, "macro_auroc")]
    figures = {row["protocol"]: f"{row['value']} ({row['low']} to {row['high']})" for row in rows}
    if not figures:
        return "Fold 10 chose nothing."
    return (
        "Fold 10 chose nothing; the weights of version 0.1.0 were measured on it once, from outside: macro AUROC "
        f"{figures['drop']} under `drop`, {figures['keep']} under `keep`."
    )


def _figures(contract: Contract) -> str:
    lines = [
        f"{measured_on(contract).capitalize()}; protocol `{contract.protocol}`; 95 % intervals by patient bootstrap.",
        "",
        "| | value | 95 % interval |",
        "|---|---|---|",
    ]
    for key, label in METRICS.items():
        if key in contract.metrics:
            low_high = contract.intervals.get(key)
            bounds = "" if low_high is None else f"{low_high[0]:.4f} to {low_high[1]:.4f}"
            lines.append(f"| {label} | {contract.metrics[key]:.4f} | {bounds} |")
    points = contract.operating_points.get("accuracy", {})
    lines += ["", "Operating point `accuracy`, cross-fitted by patient:", ""]
    lines += ["| class | prevalence | sensitivity | specificity |", "|---|---|---|---|"]
    for row, name in enumerate(contract.classes):
        cells = [_estimate(points[kind][row]) if kind in points else "" for kind in ("sensitivity", "specificity")]
        lines.append(f"| {show_class(name)} | {contract.prevalence[row]:.1%} | {' | '.join(cells)} |")
    lines += [
        "",
        "Figures at thresholds fitted on the same records are a little too good; see [evaluation.md](evaluation.md).",
    ]
    return "\n".join(lines)


def _statements(contract: Contract) -> str:
    assert contract.statements is not None
    head = contract.statements
    macro = "; ".join(
        f"{label} {head.metrics[key]:.4f}"
        for key, label in METRICS.items()
        if key in ("macro_auroc", "macro_average_precision", "calibration_error")
    )
    text = (
        f"{measured_on(contract).capitalize()}. Over all {len(head.classes)}: {macro}. {rule(head)} Sensitivity and "
        f"specificity are those of the operating point `{POINT}`, cross-fitted by patient."
    )
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(row) + " |" for row in statement_rows(head)]
    return _prose(text) + "\n\n" + "\n".join(lines)


def _prose(text: str) -> str:
    return textwrap.fill(text.strip(), 120, break_long_words=False, break_on_hyphens=False)


def _cite(citation: str | None) -> str:
    return f" Cite {citation}" if citation else ""


def _estimate(values: tuple[float | None, ...]) -> str:
    value, low, high = values
    if value is None:
        return "too rare"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    for path in write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs")):
        print(path)
