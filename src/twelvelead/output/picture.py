"""A recording as a page: the ECG on paper, what was found under it, as PNG, SVG or PDF."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twelvelead.ecg import paper
from twelvelead.ecg.finding import Finding
from twelvelead.ecg.paper import Evidence, Line, warn
from twelvelead.ecg.quality import check
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused
from twelvelead.inference.interpretation import ClassResult, Interpretation
from twelvelead.inference.shown import show_class
from twelvelead.output.overread import Overread, draw_readings, measured, say_machine, shorten
from twelvelead.output.page import UNSIGNED, Row, Section, Signature, write_foot
from twelvelead.output.words import LEAVE, say_meaning
from twelvelead.reading.compose import compose, say_refusal
from twelvelead.reading.languages import ENGLISH, Texts, load_texts
from twelvelead.reading.reading import Reading
from twelvelead.reading.urgency import PRESSING
from twelvelead.version import __version__

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(
    what: Interpretation | ECG,
    path: str | os.PathLike[str],
    *,
    layout: str = "3x4+1",
    speed: int = 25,
    gain: int = 10,
    start: float | None = None,
    label: str = "",
    measure: bool = True,
    refused: Refused | None = None,
    language: str = ENGLISH,
) -> Path:
    """Draw a recording, with or without its answer, to scale on A4 pages, landscape.

    10 s are drawn. At 50 mm/s they take two pages: two of a PDF, one below the other in a PNG or SVG. The name, the id
    and the time of recording are printed only where the recording was read with `identify=True`.

    Args:
        what: an interpretation: the ECG, what the model went by, and the answer; or an ECG alone: no model is needed.
            An ECG that the quality gate refuses is drawn all the same, with REFUSED and the reason in the place of the
            answer.
        path: of the picture, written atomically; its suffix .png, .svg or .pdf chooses the format.
        layout: "3x4+1", "6x2" or "12x1".
        speed: of the paper, 25 or 50 mm/s.
        gain: 5, 10 or 20 mm/mV; halved or quartered, and said to be, where the rows would run into each other.
        start: first instant drawn of a recording longer than 10 s, s; None is its beginning.
        label: a mark on the page, such as "SYNTHETIC ECG".
        measure: whether an ECG is measured; an interpretation has its own measurements.
        refused: of `Engine.predict`, where that refused the ECG.
        language: of the reading of an interpretation: "en", "de" or "es".

    Returns:
        The path.

    Raises:
        Refused: leads are missing that algebra cannot give.
        TwelveLeadError: the paper cannot show it so, the suffix is another, there are no texts in the language, or the
            file cannot be written.
    """
    how: dict[str, Any] = {"layout": layout, "speed": speed, "gain": gain, "start": start, "label": label}
    form = paper.format_of(path)
    paper.save(render(what, form, measure=measure, refused=refused, language=language, **how), path)
    return Path(path)


def render(
    what: Interpretation | ECG,
    form: str,
    *,
    measure: bool = True,
    refused: Refused | None = None,
    language: str = ENGLISH,
    reading: Reading | None = None,
    overread: Overread | None = None,
    **how: Any,
) -> bytes:
    """The bytes of the picture that `draw` writes.

    Args:
        what, measure, refused, language: see `draw`.
        form: "png", "svg" or "pdf".
        reading: where it was written before, also that of a refused ECG; else that of an interpretation is written now.
        overread: what a reader says; in short over the ECG, and in a PDF in full on pages of its own.
        how: layout, speed, gain, start and label of `draw`.
    """
    how["stacked"] = form != "pdf"
    ecg = what.ecg if isinstance(what, Interpretation) else what
    if isinstance(what, Interpretation):
        reading = reading or compose(what, language)
        pages = draw_answer(what, reading=reading, overread=overread, language=language, **how)
    else:
        pages = draw_recording(what, measure=measure, refused=refused, overread=overread, language=language, **how)
    if overread is not None and form == "pdf":
        machine = say_machine(reading) if reading else [Line(text) for text in say_refusal(refused)] if refused else []
        pages += draw_readings(overread, machine, ecg, load_texts(language))
    return paper.encode(pages, form, _about(what, ecg))


def draw_answer(
    interpretation: Interpretation,
    *,
    label: str = "",
    language: str = ENGLISH,
    reading: Reading | None = None,
    overread: Overread | None = None,
    **how: Any,
) -> list["Axes"]:
    """The pages of an interpretation, not yet written; its reading is at their head.

    Args:
        interpretation: what to draw.
        label: a mark at the top.
        language: of the reading.
        reading: where it was written before; else it is written now.
        overread: what a reader says; stands before what the machine says.
        how: layout, speed, gain, start and stacked of `twelvelead.ecg.paper.draw`.
    """
    texts = load_texts(language)
    grave = [finding for finding in interpretation.findings if finding.grave]
    others = [finding.message for finding in interpretation.findings if not finding.grave]
    headline = [] if overread is None else shorten(overread, texts)
    headline += [warn(text) for text in _labels(label, interpretation.synthetic)]
    headline += [warn(_sentence(finding)) for finding in grave]
    reading = reading or compose(interpretation, language)
    whole = f"{reading.conclusion.text} {reading.urgency.text}"
    if overread is not None:
        whole = f"{texts.capital(texts('overread', 'machine'))}: {whole}"
        headline.append(warn(whole) if reading.urgency.level in PRESSING else Line(whole))
    else:
        headline += [warn(whole) if reading.urgency.level in PRESSING else Line(whole, "bold"), Line(reading.findings)]
        headline += [Line(LEAVE, "bold")] if interpretation.abstains else []
    pages = paper.draw(
        interpretation.ecg,
        headline=headline,
        attention=interpretation.attention,
        evidence=_evidence(interpretation),
        **how,
    )
    nothing = "Nothing else found." if grave else "Nothing found."
    sections = [Section("Quality of the recording", others or (nothing,))]
    if interpretation.measurements is not None:
        sections.insert(0, _measured(interpretation.measurements.lines()))
    if overread is not None and (by_reader := measured(overread, texts)):
        sections.insert(0, Section(texts.capital(texts("overread", "measured")), by_reader))
    if mind := [*(one.text for one in reading.cautions), *(one.text for one in reading.marks)]:
        sections.insert(0, Section(reading.cautions_heading, mind))
    members = f" of {len(interpretation.members)} networks" if interpretation.members else ""
    small = [reading.note] if reading.note else []
    small.append(" ".join(say_meaning(interpretation)))
    small += _origin(interpretation.ecg)
    small.append(
        f"twelvelead {interpretation.version}, model {interpretation.weights}{members}, "
        f"weights SHA-256 {interpretation.sha256}, contract SHA-256 {interpretation.contract_sha256}"
    )
    _finish(pages, [_row(result) for result in interpretation.classes], sections, small, _signature(overread, texts))
    return pages


def draw_recording(
    ecg: ECG,
    *,
    label: str = "",
    measure: bool = True,
    refused: Refused | None = None,
    overread: Overread | None = None,
    language: str = ENGLISH,
    **how: Any,
) -> list["Axes"]:
    """The pages of a recording without an answer, not yet written; see `draw` and `draw_answer`."""
    findings = refused.findings if refused is not None else check(ecg)
    if refused is None and any(finding.severity == "refuse" for finding in findings):
        reasons = "; ".join(finding.message for finding in findings if finding.severity == "refuse")
        refused = Refused(f"{ecg.source}: {reasons}", findings)
    texts = load_texts(language)
    headline = [] if overread is None else shorten(overread, texts)
    headline += [warn(text) for text in _labels(label, synthetic=False)]
    if refused is not None:
        headline += [warn("REFUSED: not fit to interpret"), *(Line(text, "bold") for text in say_refusal(refused))]
    headline += [warn(_sentence(finding)) for finding in findings if finding.severity == "warn" and finding.grave]
    if refused is None:
        headline.append(Line("12-lead ECG, not interpreted", "bold"))
    pages = paper.draw(ecg, headline=headline, **how)
    sections = [Section("Quality of the recording", _quality(findings, refused))]
    if measure and refused is None:
        from twelvelead.ecg.measure import measure as measured_of

        sections.insert(0, _measured(measured_of(ecg).lines()))
    small = [*_origin(ecg), f"twelvelead {__version__}, without a model"]
    _finish(pages, [], sections, small, _signature(overread, texts))
    return pages


def _finish(
    pages: Sequence["Axes"],
    rows: Sequence[Row],
    sections: Sequence[Section],
    small_print: Sequence[str],
    signature: Signature,
) -> None:
    write_foot(pages[0], rows, sections, small_print, signature)
    for page in pages[1:]:
        write_foot(page, [], [Section("Measurements, quality and the answer's figures stand on page 1.", ())], [])


def _signature(overread: Overread | None, texts: Texts) -> Signature:
    """What stands on the lines to sign; nothing where nobody has signed."""
    if overread is None or not overread.signed:
        return UNSIGNED
    return Signature(overread.author, overread.date, texts("overread", "login" if overread.authenticated else "stated"))


def _labels(label: str, synthetic: bool) -> list[str]:
    return [label or "TRAINED ON SYNTHETIC ECGs: the answer means nothing"] if label or synthetic else []


def _sentence(finding: Finding) -> str:
    return finding.message[:1].upper() + finding.message[1:]


def _quality(findings: Sequence[Finding], refused: Refused | None) -> tuple[str, ...]:
    others = tuple(finding.message for finding in findings if finding.severity == "warn" and not finding.grave)
    return others or ("See the first lines." if refused is not None else "Nothing found.",)


def _measured(lines: Sequence[str]) -> Section:
    return Section("Measurements, to be checked by the reader", lines)


def _origin(ecg: ECG) -> list[str]:
    device = ecg.device or "not stated"
    return [f"Device: {device}." + (f" Input SHA-256 {ecg.sha256}" if ecg.sha256 else "")]


def _about(what: Interpretation | ECG, ecg: ECG) -> dict[str, str]:
    """For the file's own metadata: nothing about the patient, unless it was asked for."""
    name = ecg.identity.name if ecg.identity is not None else None
    subject = f"interpreted by the model {what.weights}" if isinstance(what, Interpretation) else "not interpreted"
    return {
        "Title": f"12-lead ECG of {name}" if name else "12-lead ECG",
        "Subject": subject,
        "Author": f"twelvelead {__version__}",
        "Keywords": "ECG, decision aid, not a medical device",
    }


def _row(result: ClassResult) -> Row:
    performance = (
        result.sensitivity and result.sensitivity.value,
        result.specificity and result.specificity.value,
        result.positive_predictive_value,
        result.negative_predictive_value,
    )
    return Row(
        show_class(result.name), result.probability, result.spread, result.threshold, result.decision, performance
    )


def _evidence(interpretation: Interpretation) -> Evidence | None:
    """What speaks for the most probable of the classes worth a look."""
    found = interpretation.attribution
    if found is None:
        return None
    name = max(interpretation.shown, key=lambda name: interpretation.probabilities[name])
    return Evidence(name, found.values[name].astype(np.float64), np.array(found.edges), found.leads)
