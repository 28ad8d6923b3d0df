"""The statements of weights, one row each: what is assessed, and how well."""

from collections.abc import Sequence

from twelvelead.weights.head import Head
from twelvelead.weights.statements import load_statements

HEADINGS = (
    "statement",
    "meaning",
    "positives in training",
    "positives in validation",
    "AUROC (95 % interval)",
    "sensitivity",
    "specificity",
)
POINT = "accuracy"
"""The operating point of the sensitivities and specificities."""


def statement_rows(head: Head) -> list[tuple[str, ...]]:
    """The cells under `HEADINGS` for each class of a head, as text; what is not assessed says so in place of figures.

    Sensitivity and specificity are those of the operating point `POINT`, cross-fitted by patient.
    """
    meanings = {each.statement: each.description for each in load_statements()}
    point = head.operating_points[POINT]
    rows = []
    for column, (name, assessed) in enumerate(zip(head.classes, head.assessed, strict=True)):
        counts = [f"{head.positives[part][column]:,}" for part in ("training", "validation")]
        figures = ["not assessed", "", ""]
        if assessed:
            figures = [
                _estimate(head.auroc[column], "{:.3f}"),
                *(_estimate(point[kind][column], "{:.2f}") for kind in ("sensitivity", "specificity")),
            ]
        rows.append((name, meanings.get(name, ""), *counts, *figures))
    return rows


def rule(head: Head) -> str:
    """When a statement is assessed, in a sentence."""
    least = head.least_positives
    return (
        f"A statement with fewer than {least['training']} positives in training or {least['validation']} in validation "
        "is not assessed: an answer names it and says nothing of it."
    )


def _estimate(values: Sequence[float | None], form: str) -> str:
    value, low, high = values
    if value is None:
        return "-"
    bounds = "" if low is None or high is None else f" ({form.format(low)}-{form.format(high)})"
    return form.format(value) + bounds
