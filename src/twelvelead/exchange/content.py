"""What a report says, whatever the standard: findings, measurements, quality, words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twelvelead.ecg.measure import QUANTITIES
from twelvelead.exchange.codes import Overall
from twelvelead.exchange.report import Report, Signed
from twelvelead.reading.languages import Texts, load_texts
from twelvelead.reading.statements import BORDERLINE, CLASS_SECTIONS, COVERS, NORMAL, SITES


@dataclass(frozen=True)
class Finding:
    """One thing that the ECG shows.

    Attributes:
        key: acronym of the statement, or name of the class; of several that exclude each other the first.
        name: of the statement, in short; of what is uncertain, `text`.
        text: in words; of an infarction also that its age is open.
        certain: whether it is asserted; what is not is equivocal, and is never sent under the code of the finding.
        probability: the machine's in two digits, from 0.01 to 0.99, since no probability means 0 or 1; None for a
            reader's.
    """

    key: str
    name: str
    text: str
    certain: bool
    probability: float | None = None


@dataclass(frozen=True)
class Measured:
    """A measurement.

    Attributes:
        quantity: of `twelvelead.ecg.measure.QUANTITIES`.
        value: in its unit; None where it was withheld.
        why: it was withheld.
        moved: whether a reader measured it.
    """

    quantity: str
    value: float | None
    why: str = ""
    moved: bool = False


@dataclass(frozen=True)
class Content:
    """All that is said.

    Attributes:
        overall: which kind of ECG; None where a reader signed without saying.
        conclusion: sentences that come first: the conclusion and the urgency, or why there is none.
        words: the findings as prose; a reader's are the reader's own.
        findings: in the order in which they are read.
        withdrawn: keys of what the machine found and the reader does not uphold.
        measured: empty where nothing was measured.
        cautions: what to mind.
        quality: what the reader of the file and the quality gate say of the recording, but for why it is refused.
        notice: what a report of a machine is.
        language: of `conclusion`, `words`, `findings` and `cautions`.
    """

    overall: Overall | None
    conclusion: str
    words: str
    findings: tuple[Finding, ...]
    withdrawn: tuple[str, ...]
    measured: tuple[Measured, ...]
    cautions: tuple[str, ...]
    quality: tuple[str, ...]
    notice: str
    language: str


def content_of(report: Report) -> Content:
    """What a report says: the machine's reading, or in its place what a reader signed."""
    answer, reading = report.answer, report.answer["reading"]
    texts = load_texts(reading["language"])
    machine = _each_once(_machine_findings(answer, texts))
    signed = report.signed
    said = machine if signed is None else _each_once(_signed_findings(signed, texts))
    keys = {finding.key for finding in said}
    return Content(
        overall=_overall(answer, machine) if signed is None else _signed_overall(said),
        conclusion=(
            f"{reading['conclusion']['text']} {reading['urgency']['text']}" if signed is None else _signature(report)
        ),
        words=_words(reading) if signed is None else _signed_words(signed, said),
        findings=said,
        withdrawn=tuple(finding.key for finding in machine if finding.key not in keys),
        measured=tuple(_measured(answer.get("measurements"), signed)),
        cautions=() if signed is not None else tuple(one["text"] for one in (*reading["cautions"], *reading["marks"])),
        quality=tuple(one["message"] for one in answer["findings"] if one["severity"] != "refuse"),
        notice=answer["notice"] if signed is None else f"{answer['notice'].partition(':')[0]}.",
        language=reading["language"],
    )


def _each_once(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    return tuple({finding.key: finding for finding in findings}.values())


def _machine_findings(answer: Mapping[str, Any], texts: Texts) -> Iterator[Finding]:
    results = _results(answer)
    for section in answer["reading"]["sections"]:
        for sentence in section["sentences"]:
            names = {**sentence["statements"], **sentence["classes"]}
            if sentence["decision"] == "uncertain":
                # of rivals the most probable stands first
                text = sentence["text"]
                yield Finding(next(iter(names)), text, text, False, _rounded(max(names.values())))
            elif sentence["decision"] == "present":
                present = [name for name in names if results[name]["decision"] == "present"]
                for name in present:
                    if not any(specific in present for specific in COVERS.get(name, ())):
                        yield Finding(name, _name(name, texts), _sited(name, texts), True, _rounded(names[name]))


def _rounded(probability: float) -> float:
    return min(max(round(probability, 2), 0.01), 0.99)


def _signed_findings(signed: Signed, texts: Texts) -> Iterator[Finding]:
    for one in signed.statements:
        if code := one.get("code"):
            remark = f" ({one['text']})" if one.get("text") else ""
            name = _name(code, texts)
            yield Finding(code, name, name + remark, True)


def _signed_words(signed: Signed, findings: tuple[Finding, ...]) -> str:
    """The reader's own words, else the findings."""
    own = [signed.text, *(one["text"] for one in signed.statements if not one.get("code"))]
    return "\n".join(filter(None, own)) or "; ".join(finding.text for finding in findings)


def _sited(key: str, texts: Texts) -> str:
    """As a reading says it: an infarction is of undetermined age."""
    family, sites = next(((family, sites) for family, sites in SITES.items() if key in sites), ("", {}))
    if not family:
        return _name(key, texts)
    return texts.capital(texts("families", family, sites=texts("sites", sites[key])))


def _name(key: str, texts: Texts) -> str:
    phrase = texts("classes", key) if key in CLASS_SECTIONS else texts.table["statements"].get(key, key)
    return texts.capital(phrase)


def _overall(answer: Mapping[str, Any], findings: tuple[Finding, ...]) -> Overall:
    """Equivocal is what is borderline only because the answer is not sure: it is among the least certain fifth, or
    nothing that is certain keeps it from being normal."""
    level: Overall = answer["reading"]["conclusion"]["level"]
    if level != "borderline":
        return level
    if answer["certainty"]["abstains"]:
        return "equivocal"
    abnormal = any(one.certain and one.key not in NORMAL for one in findings)
    normal = _results(answer).get("NORM", {}).get("decision") == "present"
    return level if abnormal or (normal and all(one.certain for one in findings)) else "equivocal"


def _results(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**answer.get("classes", {}), **answer.get("statements", {})}


def _signed_overall(findings: tuple[Finding, ...]) -> Overall | None:
    keys = {finding.key for finding in findings}
    if keys - NORMAL - BORDERLINE:
        return "abnormal"
    if keys & BORDERLINE:
        return "borderline"
    return "normal" if "NORM" in keys else None


def _signature(report: Report) -> str:
    signed = report.signed
    assert signed is not None
    sure = "" if signed.authenticated else " (name as stated, not authenticated)"
    return f"Read and signed by {signed.author}{sure}, {signed.at:%Y-%m-%d %H:%M}."


def _words(reading: Mapping[str, Any]) -> str:
    return " ".join(sentence["text"] for section in reading["sections"] for sentence in section["sentences"])


def _measured(measurements: Mapping[str, Any] | None, signed: Signed | None) -> Iterator[Measured]:
    own = signed.measurements if signed is not None else None
    if own is not None and own.get("moved"):
        for name in QUANTITIES:
            yield Measured(name, own.get(name), own.get("withheld", {}).get(name, ""), moved=True)
    elif measurements is not None:
        for name in QUANTITIES:
            yield Measured(name, measurements[name], measurements["withheld"].get(name, ""))
