"""The pictures of the report."""

from collections.abc import Iterator

import numpy as np

from twelvelead.ecg.record import ECG
from twelvelead.evaluation.subgroups import FEWEST_PATIENTS
from twelvelead.inference.scoring import recording
from twelvelead.inference.shown import show_probability
from twelvelead.output.report.document import Picture
from twelvelead.output.report.mistakes import Mistake
from twelvelead.output.report.numbers import with_interval
from twelvelead.output.report.values import Evaluation
from twelvelead.plots import panels
from twelvelead.plots.confusion import confusion_panels, cooccurrence_figure
from twelvelead.plots.forest import forest_figure
from twelvelead.plots.style import svg

MOST = 11
"""Classes that get a panel of their own, the most frequent ones: with a legend they fill a page."""


def columns_shown(found: Evaluation) -> list[int]:
    """The most frequent classes, as columns in their own order."""
    positives = found.predictions.labels.sum(axis=0)
    return sorted(np.argsort(-positives, kind="stable")[:MOST].tolist())


def class_figures(found: Evaluation) -> Iterator[Picture]:
    """Confusion matrices, curves and co-occurrence of the classes shown, in this order."""
    columns = columns_shown(found)
    classes = [found.predictions.classes[column] for column in columns]
    y, p = found.predictions.labels[:, columns], found.predictions.probabilities[:, columns]
    d = found.predicted[:, columns]
    known = None if found.predictions.known is None else found.predictions.known[:, columns]

    def titled(metric: str) -> list[str]:
        key = "classes.{}." + metric
        by_class = found.values["classes"]
        return [
            f"{name}  {with_interval(by_class[name][metric], found.values['intervals'].get(key.format(name)))}"
            for name in classes
        ]

    thresholds = {found.operating_point: found.thresholds[columns]}
    thresholds |= {
        name: np.array(values)[columns]
        for name, values in found.predictions.thresholds.items()
        if name != found.operating_point
    }
    own = thresholds[found.operating_point]
    cut = [f"{name}, from {threshold:.3f}" for name, threshold in zip(classes, own, strict=True)]
    share = ", the count and its share of the recorded row"
    yield Picture(
        "confusion.svg",
        svg(confusion_panels(y, d, cut, known)),
        f"Confusion matrix of each class{share}",
        f"Above each matrix the probability from which the class is called present; in each cell{share[1:]}.",
    )
    yield Picture(
        "roc.svg",
        svg(panels.roc_panels(y, p, d, titled("auroc"), known)),
        "ROC curve of each class",
        "Receiver operating characteristic, with AUROC and its 95 % interval.",
    )
    yield Picture(
        "precision-recall.svg",
        svg(panels.precision_recall_panels(y, p, d, titled("average_precision"), known)),
        "Precision-recall curve of each class",
        "Precision against recall, with average precision and its 95 % interval, and how many records have the class.",
    )
    yield Picture(
        "reliability.svg",
        svg(panels.reliability_panels(y, p, [f"{name}  Brier {_brier(found, name)}" for name in classes], known)),
        "Reliability curve of each class, with counts",
        "Share of records with the class against the mean probability, in 15 bins of equal width, and below the number "
        "of records in each bin (logarithmic). On the dashed line probabilities mean what they say.",
    )
    yield Picture(
        "thresholds.svg",
        svg(panels.threshold_panels(y, p, thresholds, classes, known)),
        "Precision, recall, F1 and accuracy of each class against its threshold",
        "What another threshold would give. The full line is the threshold that decides in this report.",
    )
    yield Picture(
        "cooccurrence.svg",
        svg(cooccurrence_figure(y, d, classes)),
        "How many records have each pair of classes, as recorded and as predicted",
        "Records with both classes, on the diagonal those with the one; shaded by the share of the row's class.",
    )


def subgroup_figure(found: Evaluation) -> Picture | None:
    """Macro AUROC of the subgroups; None where none has one."""
    rows = [
        (f"{group.family}: {group.name} ({group.records:,})", *group.metrics["macro_auroc"])
        for group in found.subgroups
        if "macro_auroc" in group.metrics and group.patients >= FEWEST_PATIENTS
    ]
    whole = found.values["macro_auroc"]
    if not rows or whole is None:
        return None
    return Picture(
        "subgroups.svg",
        svg(forest_figure(rows, whole, "macro AUROC")),
        "Macro AUROC of each subgroup with its interval",
        "Macro AUROC with its own 95 % interval, number of records in parentheses; dashed, that of all records. Groups "
        f"of fewer than {FEWEST_PATIENTS} patients are left out.",
    )


def ecg_picture(found: Evaluation, mistake: Mistake, number: int) -> Picture:
    """The ECG of a mistake, to scale.

    Raises:
        Refused: the store's leads do not give the twelve.
    """
    of = found.predictions
    ecg = recording(found.store, int(found.rows[mistake.record]))
    name = of.classes[mistake.column]
    said = f"{name} {mistake.kind}, probability {show_probability(mistake.probability)}"
    labels, decided = of.labels[mistake.record], found.predicted[mistake.record]
    recorded = ", ".join(np.array(of.classes)[labels]) or "none of the classes"
    predicted = ", ".join(
        f"{of.classes[column]} {show_probability(of.probabilities[mistake.record, column])}"
        for column in np.flatnonzero(decided)
    )
    return Picture(
        f"mistake-{number}.svg",
        _drawn(ecg, f"{ecg.source}: {said}", "SYNTHETIC ECG" if found.store.synthetic else ""),
        f"{ecg.source} as a 12-lead ECG",
        f"{ecg.source}: {said}. Recorded: {recorded}. Predicted: {predicted or 'none of the classes'}. "
        "A large square is 0.2 s by 0.5 mV.",
    )


def _drawn(ecg: ECG, title: str, label: str) -> bytes:
    """The upper part of the page, which holds the traces."""
    from matplotlib.transforms import Bbox

    from twelvelead.ecg.paper import BOTTOM, HEIGHT, LEFT, RIGHT, Line, draw, figure_of, warn

    headline = [*([warn(label)] if label else []), Line(title, "bold")]
    (page,) = draw(ecg, headline=headline)
    upper = Bbox([[LEFT - 1, HEIGHT - BOTTOM - 4], [RIGHT + 1, HEIGHT - 4]])
    return svg(figure_of(page), Bbox(upper.get_points() / 25.4))


def _brier(found: Evaluation, name: str) -> str:
    return f"{found.values['classes'][name]['brier']:.3f}"
