"""An interpretation as a page: the ECG on paper, the answer under it, as PNG, SVG or PDF."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twelvelead.ecg.paper import Attribution, figure, save
from twelvelead.inference.interpretation import ClassResult, Interpretation
from twelvelead.output.names import full
from twelvelead.output.page import Row, Section, add

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_picture(
    interpretation: Interpretation,
    path: Path,
    *,
    layout: str = "3x4+1",
    speed: int = 25,
    gain: int = 10,
    start: float | None = None,
    label: str = "",
) -> None:
    """Draw the 12 leads to scale, what the model went by, and the answer, on one A4 page, landscape.

    Args:
        interpretation: what to draw.
        path: of the picture, written atomically; its suffix .png, .svg or .pdf chooses the format.
        layout: "3x4+1", "6x2" or "12x1".
        speed: of the paper, 25 or 50 mm/s.
        gain: 5, 10 or 20 mm/mV.
        start: first instant drawn of a recording longer than the paper, s; None takes the one with most attention.
        label: a mark on the page, such as "SYNTHETIC ECG".

    Raises:
        TwelveLeadError: the paper cannot show it so, the suffix is another, or the file cannot be written.
    """
    save(page(interpretation, layout, speed, gain, start, label), path)


def page(
    interpretation: Interpretation,
    layout: str = "3x4+1",
    speed: int = 25,
    gain: int = 10,
    start: float | None = None,
    label: str = "",
) -> "Figure":
    """The page of `write_picture`, not yet written."""
    sheet = figure(
        interpretation.ecg,
        label=label or ("TRAINED ON SYNTHETIC ECGs" if interpretation.synthetic else ""),
        layout=layout,
        speed=speed,
        gain=gain,
        start=start,
        attention=interpretation.attention,
        attribution=_attribution(interpretation),
    )
    sections = [Section("Quality of the recording", interpretation.warnings or ("Nothing found.",))]
    if interpretation.measurements is not None:
        lines = interpretation.measurements.lines()
        sections.insert(0, Section("Measurements, to be checked by the reader", lines))
    add(
        sheet.axes[0],
        [_row(result) for result in interpretation.classes],
        _caption(interpretation),
        sections,
        _model(interpretation),
    )
    return sheet


def _row(result: ClassResult) -> Row:
    performance = (
        result.sensitivity and result.sensitivity.value,
        result.specificity and result.specificity.value,
        result.positive_predictive_value,
        result.negative_predictive_value,
    )
    return Row(full(result.name), result.probability, result.threshold, result.decision, performance)


def _attribution(interpretation: Interpretation) -> Attribution | None:
    """What speaks for the most probable of the classes worth a look."""
    found = interpretation.attribution
    if found is None:
        return None
    name = max(interpretation.shown, key=lambda name: interpretation.probabilities[name])
    return Attribution(name, found.values[name].astype(np.float64), np.array(found.edges), found.leads)


def _caption(interpretation: Interpretation) -> str:
    words = [f"Operating point: {interpretation.operating_point}."]
    if any(result.sensitivity is not None for result in interpretation.classes):
        words.append("Sensitivity and specificity are of the fold that also chose it.")
    given = [f"{result.name} {result.prevalence:.0%}" for result in interpretation.classes if result.prevalence_given]
    if any(result.positive_predictive_value is not None for result in interpretation.classes):
        words.append(
            f"PPV and NPV are for a prevalence of {', '.join(given)}" + (", else that of this fold." if given else "")
            if given
            else "PPV and NPV are for the prevalence in that fold."
        )
    words.append(f"Uncertain: both answers, or none, are possible at an error rate of {interpretation.error_rate:.0%}.")
    if interpretation.abstains:
        words.append("As a whole this answer is among the least certain fifth: leave it to the reader.")
    return " ".join(words)


def _model(interpretation: Interpretation) -> tuple[str, ...]:
    members = f" of {len(interpretation.members)} networks" if interpretation.members else ""
    return (
        f"twelvelead {interpretation.version}, model {interpretation.weights}{members}, "
        f"weights SHA-256 {interpretation.sha256}",
        f"contract SHA-256 {interpretation.contract_sha256}",
    )
