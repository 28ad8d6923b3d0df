"""The tables of docs/external.md, from reports of `twelvelead evaluate` and from the store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.mapping import CodeMapping
from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.ecg.beats import find_beats
from twelvelead.ecg.leads import LEADS
from twelvelead.evaluation import evaluate, intervals
from twelvelead.evaluation.metrics import auroc
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.scoring import recording
from twelvelead.output.comparison import comparison
from twelvelead.output.report.numbers import number, with_interval
from twelvelead.weights.statements import load_statements

FEWEST = 5
"""Positives that a statement needs for the second macro mean."""

SOKOLOW_LYON = 3.5
"""mV, S in V1 and R in V5 or V6 (Sokolow and Lyon 1949)."""

CORNELL = (2.8, 2.0)
"""mV, S in V3 and R in aVL of men and of women (Casale et al. 1985)."""


@dataclass(frozen=True)
class Report:
    """What `twelvelead evaluate` wrote of some weights.

    Attributes:
        weights: their name.
        values: of metrics.json.
        predictions: of predictions.npz, in `file`.
    """

    weights: str
    values: Mapping[str, Any]
    predictions: Predictions
    file: Path

    def cell(self, metric: str, name: str = "") -> str:
        """A metric of all classes or of one, with its interval."""
        of = self.values["classes"][name] if name else self.values
        key = f"classes.{name}.{metric}" if name else metric
        return with_interval(of[metric], self.values["intervals"].get(key))


def mapping_table(mapping: CodeMapping, records: Mapping[str, int]) -> Iterator[str]:
    """The mapping in its order.

    Args:
        mapping: of the phrases.
        records: normalised phrase -> recordings whose header has it.
    """
    superclass_of = {each.statement: each.superclass for each in load_statements()}
    yield from _head("LUDB's phrase", "records", "statement", "class", "relation", "remark")
    for code, meaning in mapping.meanings.items():
        remark = "; ".join(filter(None, ["says nothing against NORM" if meaning.normal else "", meaning.note]))
        classes = dict.fromkeys([*(superclass_of[name] for name in meaning.statements), *meaning.classes])
        statements = " ".join(f"`{name}`" for name in meaning.statements)
        mapped = statements or ("" if meaning.classes else "not mapped")
        yield _row(
            meaning.code, records.get(code, 0), mapped, " ".join(filter(None, classes)), meaning.relation, remark
        )


def superclass_tables(reports: list[Report], store: Store) -> Iterator[str]:
    """Order, decisions and calibration, subgroups, and what age and voltages alone would tell."""
    first = reports[0]
    classes = first.predictions.classes
    count = {name: first.values["classes"][name]["positives"] for name in classes}
    dropped = first.values["protocols"]["drop"]["records"]
    yield (
        f"**Order**, AUROC; {first.values['records']} records, in parentheses those with the class. By age alone: what "
        "the age would reach as an answer, the older the likelier, for NORM the younger."
    )
    yield ""
    heads = ["macro", *(f"{name} ({count[name]})" for name in classes)]
    yield from _head("", *heads, "macro average precision", f"macro AUROC, `drop` ({dropped})")
    for report in reports:
        cells = [report.cell("macro_auroc"), *(report.cell("auroc", name) for name in classes)]
        other = report.values["protocols"]["drop"]
        by_drop = with_interval(other["metrics"]["macro_auroc"], other["intervals"]["macro_auroc"])
        yield _row(f"`{report.weights}`", *cells, report.cell("macro_average_precision"), by_drop)
    by_age = _by_age(first.predictions, store)
    yield _row("by age alone", number(float(np.nanmean(by_age))), *map(_number, by_age), "", "")
    yield ""
    for name, other in _paired(reports):
        yield f"- Macro AUROC of `{name}` less that of `{first.weights}`, paired: {other}."
    yield ""
    yield "**Decisions** at the operating point `accuracy` and **calibration**. Probability: the mean over all records."
    yield ""
    yield from _head("", "class", "share recorded", "probability", "sensitivity", "specificity", "precision")
    for report in reports:
        mean = dict(zip(classes, report.predictions.probabilities.mean(axis=0), strict=True))
        for name in classes:
            decided = (report.cell(metric, name) for metric in ("recall", "specificity", "precision"))
            share = count[name] / report.values["records"]
            yield _row(f"`{report.weights}`", name, f"{share:.2f}", f"{mean[name]:.2f}", *decided)
    yield ""
    for report in reports:
        yield (
            f"- `{report.weights}` (ONNX {report.values['weights']['sha256'][:12]}): calibration error "
            f"{report.cell('calibration_error')}, by chance {number(report.values['calibration_error_by_chance'])}; "
            f"subset accuracy {report.cell('subset_accuracy')}."
        )
    yield ""
    yield from _subgroups(reports)
    yield ""
    yield from _voltages(store)
    gate = first.values["quality_gate"]
    yield ""
    yield f"**Quality gate.** It would refuse {gate['refused']} records and warn of {gate['warned']}; all are scored."


def statement_tables(reports: list[Report]) -> Iterator[str]:
    """Order and decisions of each statement that LUDB can state and has."""
    first = reports[0]
    classes = first.predictions.classes
    positives = {name: first.values["classes"][name]["positives"] for name in classes}
    absent = [name for name in classes if not positives[name]]
    yield (
        f"**Statements**, AUROC; {first.values['records']} records. Of the 71 LUDB's phrases can state {len(classes)}; "
        f"of these no record has {', '.join(f'`{name}`' for name in absent) or 'none'}. "
        f"{len(first.values['classes_not_in_labels'])} cannot be stated: "
        f"{', '.join(f'`{name}`' for name in first.values['classes_not_in_labels'])}."
    )
    yield ""
    yield from _head("", "records", *(f"`{report.weights}`" for report in reports), "sensitivity, specificity of each")
    enough = [column for column, name in enumerate(classes) if positives[name] >= FEWEST]
    yield _row("macro", "", *(report.cell("macro_auroc") for report in reports), "")
    yield _row(
        f"macro over the {len(enough)} with at least {FEWEST} records",
        "",
        *(_macro(report.predictions, enough) for report in reports),
        "",
    )
    for name in sorted(filter(positives.get, classes), key=lambda name: -positives[name]):
        of = [report.values["classes"][name] for report in reports]
        decided = "; ".join(f"{number(one['recall'], 2)}, {number(one['specificity'], 2)}" for one in of)
        yield _row(f"`{name}`", positives[name], *(report.cell("auroc", name) for report in reports), decided)
    yield ""
    for report in reports:
        yield (
            f"- `{report.weights}`: calibration error over all {len(classes)} {report.cell('calibration_error')}, by "
            f"chance {number(report.values['calibration_error_by_chance'])}."
        )


def _macro(of: Predictions, columns: list[int]) -> str:
    y, p = of.labels[:, columns], of.probabilities[:, columns]
    names = [of.classes[column] for column in columns]
    bounds = intervals(y, p, p >= 0.5, of.patient_id, names)
    return with_interval(evaluate(y, p, 0.5, names)["macro_auroc"], bounds["macro_auroc"])


def _paired(reports: list[Report]) -> Iterator[tuple[str, str]]:
    for report in reports[1:]:
        found = {one.metric: one for one in comparison([reports[0].file, report.file]).differences}["macro_auroc"]
        yield report.weights, with_interval(found.difference, (found.low, found.high))


def _by_age(of: Predictions, store: Store) -> NDArray[np.float64]:
    """AUROC of each class by age, the older the likelier; of NORM the younger."""
    ages = dict(zip(store.column("ecg_id").tolist(), store.column("age").tolist(), strict=True))
    age = np.array([ages[number] for number in of.ecg_id.tolist()]) / 200
    return auroc(of.labels, np.stack([1 - age if name == "NORM" else age for name in of.classes], axis=1))


def _subgroups(reports: list[Report]) -> Iterator[str]:
    yield (
        "**Subgroups**, macro AUROC over the classes that can be scored in the group; differences, in the order of the "
        "weights, over those that can be scored in the rest too (age and sex hidden: to the same records with both)."
    )
    yield ""
    yield from _head("", "records", *(f"`{one.weights}`" for one in reports), "differences", "remark")
    for place, group in enumerate(reports[0].values["subgroups"]):
        if group["family"] not in ("sex", "age in years", "age and sex") or not group["records"]:
            continue
        of = [report.values["subgroups"][place] for report in reports]
        cells = [with_interval(one.get("macro_auroc"), one["intervals"].get("macro_auroc")) for one in of]
        gaps = [one["differences"]["macro_auroc"] for one in of if "macro_auroc" in one["differences"]]
        left_out = group["classes_left_out"]
        remark = "; ".join(filter(None, [group["note"], f"without {', '.join(left_out)}" if left_out else ""]))
        differences = "; ".join(with_interval(gap[0], gap[1:]) for gap in gaps)
        yield _row(f"{group['family']}: {group['name']}", group["records"], *cells, differences, remark)


def _voltages(store: Store) -> Iterator[str]:
    """How many records with and without LVH meet two voltage criteria."""
    known = labels(store, "all", "keep")
    hypertrophied = known.values[:, known.classes.index("LVH")]
    met = np.array([_high_voltage(store, row) for row in range(len(store))])
    yield (
        f"**Voltage.** Of the {hypertrophied.sum()} records with LUDB's left ventricular hypertrophy "
        f"{met[hypertrophied].sum()} meet Sokolow and Lyon's or the Cornell voltage criterion, and "
        f"{met[~hypertrophied].sum()} of the {(~hypertrophied).sum()} without (median beat)."
    )


def _high_voltage(store: Store, row: int) -> bool:
    beats = find_beats(recording(store, row))
    before = 0.1
    beat = beats.median_beat(before=before, after=0.06)
    if beat is None:
        return False
    rate = beats.cleaned.rate
    qrs = beat[round((before - 0.06) * rate) :] - np.median(beat[: round(0.04 * rate)], axis=0)
    up = dict(zip(LEADS, qrs.max(axis=0).tolist(), strict=True))
    down = dict(zip(LEADS, (-qrs.min(axis=0)).tolist(), strict=True))
    female = store.column("sex")[row] == 1
    return bool(
        down["V1"] + max(up["V5"], up["V6"]) >= SOKOLOW_LYON or up["aVL"] + down["V3"] > CORNELL[1 if female else 0]
    )


def _number(value: float) -> str:
    return number(None if np.isnan(value) else float(value))


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield f"|{'---|' * len(names)}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
