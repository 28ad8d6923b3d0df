"""What a worker process does: the bytes of one recording to its answer, encoded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.decide import parse_prevalence
from twelvelead.inference.engine import Engine
from twelvelead.inference.explain import explain as attributed
from twelvelead.inference.failure import describe_error
from twelvelead.inference.interpretation import Interpretation, describe_recording
from twelvelead.inference.selftest import SAMPLING_RATE, UNIT, find_fault, known_recording
from twelvelead.inference.together import Asked, predict_each
from twelvelead.output.describe import describe, describe_fault
from twelvelead.readers import read
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.source import Source
from twelvelead.reading.languages import ENGLISH
from twelvelead.service import signals
from twelvelead.service.forms import Form
from twelvelead.service.uploads import Upload, upload

_BRIEF = 1 << 20
"""Bytes: a minute and a half of twelve leads at 500 Hz."""

_READING = ("sampling_rate", "unit", "scale", "identify", "variable", "time_unit")
_ANSWERING = ("operating_point", "error_rate", "explain", "measure")
_PAPER = ("layout", "gain", "start", "language")


@dataclass(frozen=True)
class Question:
    """One recording and what is asked about it.

    Attributes:
        upload: its bytes.
        options: of `twelvelead.service.options`, with their defaults.
        form: of the answer.
        keep: whether what a store keeps of the recording is wanted too.
    """

    upload: Upload
    options: dict[str, Any]
    form: Form = "json"
    keep: bool = False

    @property
    def is_brief(self) -> bool:
        """Whether its answer takes so little that others may wait for it, and be answered with it."""
        size = len(self.upload.content) + sum(map(len, self.upload.beside.values()))
        return self.form == "json" and not self.options.get("explain") and size <= _BRIEF


@dataclass(frozen=True)
class Kept:
    """What a store keeps of a recording beside its bytes and its answer.

    Attributes:
        kind: of file, by the module that reads it.
        recording: `describe_recording`.
        signal: as `signals.encode` gives it.
    """

    kind: str
    recording: dict[str, Any] = field(repr=False)
    signal: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What a worker says of one recording.

    Attributes:
        outcome: "answered", "refused" by the gate, or "unreadable".
        body: the answer, encoded; empty without one.
        error: `describe_error`, where there is no answer.
        findings: codes, of the gate and the reader.
        kept: where it was asked for, and the recording could be read.
    """

    outcome: str
    body: bytes = field(default=b"", repr=False)
    error: dict[str, Any] | None = field(default=None, repr=False)
    findings: tuple[str, ...] = ()
    kept: Kept | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of reading and answering a recording.

    Attributes:
        ecg: None where it could not be read.
        interpretation: None where there is none.
        error: why.
    """

    ecg: ECG | None = field(repr=False)
    interpretation: Interpretation | None = field(default=None, repr=False)
    error: TwelveLeadError | None = None


_engines: dict[str, Engine] = {}


def prepare(weights: tuple[str, ...]) -> None:
    """Load the weights of this process.

    Raises:
        TwelveLeadError: they cannot be loaded.
    """
    for place in weights:
        engine = Engine(place, threads=1)
        _engines[engine.contract.name] = engine


def answer(question: Question) -> Reply:
    """The answer, or why there is none; only a fault of ours is raised."""
    return reply_to(question, interpret(question))


def answer_each(questions: Sequence[Question]) -> list[Reply]:
    """As `answer` of each; what waits together is answered together."""
    return [reply_to(question, outcome) for question, outcome in zip(questions, interpret_each(questions), strict=True)]


def signal_of(question: Question) -> bytes | None:
    """The signal of a recording, see `signals.encode`; None where it cannot be read."""
    try:
        return signals.encode(read_sent(question.upload, question.options))
    except TwelveLeadError:
        return None


def interpret(question: Question) -> Outcome:
    """What comes of reading and answering; only a fault of ours is raised."""
    return interpret_each([question])[0]


def interpret_each(questions: Sequence[Question]) -> list[Outcome]:
    """As `interpret` of each."""
    outcomes: list[Outcome] = []
    asked: dict[str, dict[int, Asked]] = {}
    for place, question in enumerate(questions):
        ecg, options = None, question.options
        try:
            ecg = read_sent(question.upload, options)
            asked.setdefault(options["weights"], {})[place] = _asked(ecg, options)
            outcomes.append(Outcome(ecg))
        except TwelveLeadError as error:
            outcomes.append(Outcome(ecg, error=error))
    for weights, of_weights in asked.items():
        answers = predict_each(_engines[weights], list(of_weights.values()))
        for place, answer in zip(of_weights, answers, strict=True):
            ecg = outcomes[place].ecg
            if isinstance(answer, TwelveLeadError):
                outcomes[place] = Outcome(ecg, error=answer)
            else:
                outcomes[place] = Outcome(ecg, answer)
    return outcomes


def reply_to(question: Question, outcome: Outcome) -> Reply:
    """What a worker says of an outcome."""
    options, ecg, error = question.options, outcome.ecg, outcome.error
    kept = _kept(question.upload, ecg) if question.keep and ecg is not None else None
    if outcome.interpretation is not None:
        try:
            body = _encoded(outcome.interpretation, question.form, options)
            codes = tuple(finding.code for finding in outcome.interpretation.findings)
            return Reply("answered", body, findings=codes, kept=kept)
        except TwelveLeadError as fault:
            error = fault
    assert error is not None
    described = describe_error(error, question.upload.sha256, _engines[options["weights"]])
    described = describe_fault(described, error, options["language"])
    codes = tuple(finding["code"] for finding in described["findings"])
    return Reply("refused" if isinstance(error, Refused) else "unreadable", error=described, findings=codes, kept=kept)


def explain(question: Question, output: str) -> bytes:
    """What speaks for one class or statement and for those that the same runs tell of, as `Attribution.to_dict` in
    JSON.

    Raises:
        TwelveLeadError: it cannot be read, is refused, or the weights do not answer for the output.
    """
    ecg = read_sent(question.upload, question.options)
    found = attributed(_engines[question.options["weights"]], ecg, output)
    return json.dumps(found.to_dict(), separators=(",", ":")).encode()


def try_out(weights: str) -> str | None:
    """What is wrong with the answer to a known ECG, as a clause; None where nothing is."""
    options = {"weights": weights, "sampling_rate": SAMPLING_RATE, "unit": UNIT, "language": ENGLISH}
    reply = answer(Question(upload(known_recording(), {}, ".npy"), options))
    return reply.error["error"] if reply.error is not None else find_fault(json.loads(reply.body))


def read_sent(sent: Upload, options: dict[str, Any]) -> ECG:
    """The recording, also where leads are missing: the gate refuses it then, and it can be drawn."""
    reading = {name: options[name] for name in _READING if options.get(name) is not None}
    reading |= {"beside": sent.beside, "name": sent.sha256 + sent.suffix}
    try:
        ecg = read(sent.content, **reading)
    except Refused:
        ecg = read(sent.content, leads=None, **reading)
    age, sex = options.get("age"), options.get("sex")
    return replace(ecg, source=sent.sha256, age=ecg.age if age is None else age, sex=sex or ecg.sex)


def _kept(sent: Upload, ecg: ECG) -> Kept:
    kind = kind_of(Source(sent.content, sent.sha256 + sent.suffix, sent.beside))
    return Kept("" if kind is None else kind.module, describe_recording(ecg), signals.encode(ecg))


def _asked(ecg: ECG, options: dict[str, Any]) -> Asked:
    how = {name: options[name] for name in _ANSWERING if name in options}
    return Asked(ecg, prevalence=parse_prevalence(options.get("prevalence") or ""), **how)


def _encoded(interpretation: Interpretation, form: Form, options: dict[str, Any]) -> bytes:
    if form == "json":
        return json.dumps(describe(interpretation, options["language"])).encode()
    from twelvelead.output.picture import render

    return render(interpretation, form, **_paper(options))


def _paper(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in _PAPER if name in options} | {"speed": int(options.get("speed", 25))}
