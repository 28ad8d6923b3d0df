"""An interpretation as a picture: the ECG on paper, the findings under it."""

from pathlib import Path

from twelvelead.ecg.paper import figure, save_png
from twelvelead.inference.interpretation import Interpretation
from twelvelead.output.names import full


def write_png(interpretation: Interpretation, path: Path, label: str = "") -> None:
    """Draw the 12 leads to scale with the attention and the findings.

    Args:
        interpretation: what to draw.
        path: of the PNG, written atomically.
        label: a mark on the sheet, such as "SYNTHETIC ECG".

    Raises:
        TwelveLeadError: the file cannot be written.
    """
    sheet = figure(
        interpretation.ecg,
        label=label or ("TRAINED ON SYNTHETIC ECGs" if interpretation.synthetic else ""),
        findings=[
            (full(result.name), result.probability, f"{_decision(result.present)} (from {result.threshold:.2f})")
            for result in interpretation.classes
        ],
        lines=(
            f"weights: {interpretation.weights}, {interpretation.sha256[:12]}",
            f"thresholds: {interpretation.aim}",
            *interpretation.warnings,
        ),
        attention=interpretation.attention,
    )
    save_png(sheet, path)


def _decision(present: bool) -> str:
    return "present" if present else "absent"
