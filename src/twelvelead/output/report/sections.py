"""What the report says, section by section."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twelvelead.data.tasks import PROTOCOLS
from twelvelead.errors import Refused
from twelvelead.evaluation.bootstrap import FEWEST
from twelvelead.evaluation.subgroups import FEWEST_PATIENTS, Subgroup
from twelvelead.inference.interpretation import NOTICE
from twelvelead.inference.shown import show_class, show_probability
from twelvelead.output.report.document import Block, Code, Document, Heading, Marked, Paragraph, Table
from twelvelead.output.report.figures import class_figures, columns_shown, ecg_picture, subgroup_figure
from twelvelead.output.report.mistakes import confident_mistakes, drawn
from twelvelead.output.report.numbers import number, with_interval
from twelvelead.output.report.values import Evaluation, folds_of

HEADLINE = {
    "macro_auroc": "macro AUROC",
    "macro_average_precision": "macro average precision",
    "fmax": "Fmax",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall (sensitivity)",
    "macro_specificity": "macro specificity",
    "macro_f1": "macro F1",
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "Hamming loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "calibration_error_by_chance": "calibration error by chance",
}
"""Metrics under all protocols, and what they are called."""

AVERAGED = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "precision": "precision",
    "recall": "recall (sensitivity)",
    "specificity": "specificity",
    "f1": "F1",
}
MOST_NAMED = 6
"""Classes that a remark names; of more it says how many, and metrics.json names them."""
COMPARED = {"macro_auroc": "macro AUROC", "subset_accuracy": "subset accuracy"}


def document(found: Evaluation, robustness: Sequence[Block]) -> Document:
    """The whole report.

    Args:
        found: the evaluation.
        robustness: what is known of the weights' robustness, as blocks.
    """
    values = found.values
    kind = "synthetic ECGs, " if values["synthetic"] else ""
    classes = len(found.predictions.classes)
    blocks = [
        *_notes(values),
        *_headline(found),
        *_classes(found),
        *_figures(found),
        *_subgroups(found),
        *_mistakes(found),
        *_gate(values),
        *robustness,
        *_reproduce(values),
    ]
    return Document(
        f"Evaluation of {values['weights']['name']} on {values['data']}, fold {folds_of(values)}",
        f"Task {values['task']}, {classes} {'class' if classes == 1 else 'classes'}; {kind}protocol "
        f"{values['protocol']}, {values['records']:,} records of {values['patients']:,} patients; fold "
        f"{folds_of(values)}, {values['role']}.",
        blocks,
    )


def _notes(values: Mapping[str, Any]) -> Iterator[Block]:
    grave = values["synthetic"] or values["trained_fold"]
    for note in values["notes"]:
        yield Paragraph(note, "warning" if grave else "note")
    yield Paragraph(NOTICE, "note")


def _headline(found: Evaluation) -> Iterator[Block]:
    values = found.values
    under = values["protocols"]
    available: list[str] = [name for name in PROTOCOLS if under[name]["available"]]

    def row(label: str, cells: Mapping[str, str]) -> list[str]:
        return [label, *(cells.get(name, "not available") for name in PROTOCOLS)]

    rows = [row(what, {name: f"{under[name][what]:,}" for name in available}) for what in ("records", "patients")]
    for metric, label in HEADLINE.items():
        cells = {
            name: with_interval(under[name]["metrics"][metric], under[name]["intervals"].get(metric), 4)
            for name in available
            if metric in under[name]["metrics"]
        }
        if cells:
            rows.append(row(label, cells))
    named = found.operating_point in found.contract.thresholds or "," in found.operating_point
    thresholds = f"of `{found.operating_point}`" if named else f"{found.operating_point} for all classes"
    yield Heading("Figures under all protocols")
    head = [f"{name} (asked for)" if name == values["protocol"] else name for name in PROTOCOLS]
    yield Table(
        ["metric", *head],
        rows,
        "In brackets the 95 % interval: bootstrap by patient, 1,000 resamples. Protocols: drop leaves out records "
        "without a label of the task; keep keeps them with all classes absent; likely counts only statements with a "
        f"stated likelihood of at least 50 %. Decisions follow the thresholds {thresholds}.",
    )
    for name in PROTOCOLS:
        if not under[name]["available"]:
            reason = under[name]["reason"].partition(";")[0]
            yield Paragraph(f"{reason[0].upper()}{reason[1:]}.")
    averages = [name for name in ("macro", "micro", "weighted") if f"{name}_auroc" in values]
    if len(averages) > 1:
        yield Table(
            [f"protocol {values['protocol']}", *averages],
            [
                [label, *(_overall(values, f"{average}_{metric}") for average in averages)]
                for metric, label in AVERAGED.items()
            ],
            "Averages: macro, the plain mean over the classes; micro, all pairs of record and class pooled; weighted, "
            "the mean over the classes weighted by their number of records.",
        )


def _overall(values: Mapping[str, Any], name: str) -> str:
    return with_interval(values.get(name), values["intervals"].get(name))


def _classes(found: Evaluation) -> Iterator[Block]:
    values = found.values
    by_class, bounds = values["classes"], values["intervals"]

    def cells(name: str, *metrics: str) -> list[str]:
        return [with_interval(by_class[name][m], bounds.get(f"classes.{name}.{m}")) for m in metrics]

    yield Heading("Each class")
    yield Table(
        ["class", "records", "AUROC", "average precision", "Brier score"],
        [
            [show_class(name), f"{of['positives']:,}", *cells(name, "auroc", "average_precision", "brier")]
            for name, of in by_class.items()
        ],
        f"Order and probabilities, protocol {values['protocol']}; records, those with the class. A class that fewer "
        f"than {FEWEST} records have, or lack, has no interval of its own: it would hold the truth too rarely.",
    )
    yield Table(
        ["class", "threshold", "precision", "recall", "specificity", "F1"],
        [
            [name, number(of["threshold"]), *cells(name, "precision", "recall", "specificity", "f1")]
            for name, of in by_class.items()
        ],
        "Decisions: a class is present from its threshold on. The intervals take the thresholds as given.",
    )


def _figures(found: Evaluation) -> Iterator[Block]:
    shown, there = len(columns_shown(found)), len(found.predictions.classes)
    headings = {
        "confusion": "Confusion matrices",
        "roc": "ROC and precision-recall curves",
        "reliability": "Reliability",
        "operating_point": "Operating point",
        "cooccurrence": "Classes that occur together",
    }
    for picture in class_figures(found):
        heading = headings.get(picture.name.removesuffix(".svg"))
        if heading:
            yield Heading(heading)
        if picture.name == "confusion.svg" and shown < there:
            yield Paragraph(
                f"The figures show the {shown} most frequent of the {there} classes; the tables above hold all."
            )
        yield picture


def _subgroups(found: Evaluation) -> Iterator[Block]:
    yield Heading("Subgroups")
    captions = {
        "macro_auroc": "Difference: to all other records; for hidden age and sex, to the same records with age and sex "
        "given. The intervals of all differences, of both tables, hold together with 95 % (the largest studentised "
        "deviation over resampled patients). One that excludes 0 is a gap and stands out. Fewer than "
        f"{FEWEST_PATIENTS} patients have no interval.",
        "subset_accuracy": "Every class has to be right, so subset accuracy falls with the number of classes recorded.",
    }
    for metric, caption in captions.items():
        yield Table(
            ["subgroup", "remark", "records", COMPARED[metric], "difference"],
            [_subgroup(group, metric) for group in found.subgroups],
            caption,
            names=2,
        )
        figure = subgroup_figure(found) if metric == "macro_auroc" else None
        if figure:
            yield figure


def _subgroup(group: Subgroup, metric: str) -> list[str]:
    remarks = [group.note] if group.note else []
    if metric == "macro_auroc" and group.records and group.classes_left_out:
        left_out = group.classes_left_out
        named = ", ".join(left_out) if len(left_out) <= MOST_NAMED else f"{len(left_out)} classes"
        remarks.append(f"without {named}")
    found, difference = group.metrics.get(metric), group.differences.get(metric)
    few = group.patients < FEWEST_PATIENTS
    value = with_interval(found[0], None if few else found[1:]) if found else ""
    gap = with_interval(difference[0], difference[1:]) if difference else ""
    name = f"{group.family}: {group.name}"
    return [name, "; ".join(remarks), f"{group.records:,}", value, Marked(gap) if metric in group.gaps else gap]


def _mistakes(found: Evaluation) -> Iterator[Block]:
    of = found.predictions
    columns = columns_shown(found)
    mistakes = confident_mistakes(of.labels, of.probabilities, found.predicted, columns, of.known)
    yield Heading("The most confident mistakes")
    if not mistakes:
        yield Paragraph("No decision is wrong.")
        return
    yield Table(
        ["mistake", "recorded", "ECG", "probability", "threshold"],
        [
            [
                f"{of.classes[mistake.column]} {mistake.kind}",
                ", ".join(name for name, there in zip(of.classes, of.labels[mistake.record], strict=True) if there),
                str(of.ecg_id[mistake.record]),
                show_probability(mistake.probability),
                number(float(found.thresholds[mistake.column])),
            ]
            for mistake in mistakes
        ],
        "Of each class shown above the surest false alarm (predicted, not recorded) and the surest miss (recorded, not "
        "predicted). Some of them are mistakes of the record: the label, too, is a reading.",
        names=2,
    )
    try:
        yield from [ecg_picture(found, mistake, n) for n, mistake in enumerate(drawn(mistakes), start=1)]
    except Refused as refused:
        yield Paragraph(f"Not drawn: {refused}.")


def _gate(values: Mapping[str, Any]) -> Iterator[Block]:
    gate = values["quality_gate"]
    yield Heading("What the quality gate would say")
    yield Paragraph(
        f"Every record is scored. Of the {gate['records']:,} records of the fold the gate would refuse "
        f"{gate['refused']:,} and warn of {gate['warned']:,} more."
    )
    if gate["findings"]:
        yield Table(
            ["finding", "refused", "warned of"],
            [[code, f"{of['refuse']:,}", f"{of['warn']:,}"] for code, of in gate["findings"].items()],
            "Records with each finding; a record may have several.",
        )
        yield Table(
            ["records", "number", *COMPARED.values()],
            [
                ["all", f"{values['records']:,}", *(_overall(values, metric) for metric in COMPARED)],
                *(
                    [name, f"{of['records']:,}", *(_overall(of, metric) if metric in of else "" for metric in COMPARED)]
                    for name, of in gate["without"].items()
                ),
            ],
            f"For information, protocol {values['protocol']}.",
        )


def _files(weights: Mapping[str, Any]) -> Iterator[list[str]]:
    for run in weights.get("runs", [weights]):
        of = f" of {run['name']}" if "runs" in weights else ""
        yield [f"weights (ONNX){of}, SHA-256", run["sha256"]]
        yield [f"contract{of}, SHA-256", run["contract_sha256"]]


def _reproduce(values: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("How to reproduce it")
    if values["command"]:
        yield Code(values["command"])
    yield Table(
        ["what", "is"],
        [
            *_files(values["weights"]),
            [f"data ({values['data']}), hash of the store", values["data_hash"]],
            *([of["what"], f"fitted on {of['chosen_on']}"] for of in values["choices"]),
            *([name, text] for name, text in values["versions"].items()),
        ],
        "The bootstrap has the seed 0. The same weights, data and versions give the same figures.",
        names=2,
    )
