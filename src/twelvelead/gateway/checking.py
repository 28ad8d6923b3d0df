"""Whether a gateway could do its work: its own files and ports, and whether every destination answers. Nothing of a
patient is sent; a report of a generated ECG shows what would be."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.exchange.report import Report
from twelvelead.gateway.delivering import NotDelivered
from twelvelead.gateway.gateway import sender_to
from twelvelead.gateway.outputs import outputs_for
from twelvelead.gateway.settings import Settings
from twelvelead.inference.engine import Engine
from twelvelead.output.picture import render


def check(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Whether each part is well, and a line about it.

    Args:
        settings: of the gateway.

    Raises:
        TwelveLeadError: TLS files are none, or the weights are not there.
    """
    if settings.dicom is not None:
        settings.dicom.context()
    for folder in settings.folders:
        there = folder.path.is_dir()
        yield there, f"folder {folder.path}: {'is there' if there else 'is not there'}"
    for destination in settings.destinations:
        sender = sender_to(destination)
        try:
            yield True, f"{destination.name}: {sender.check()}"
        except NotDelivered as failure:
            yield False, f"{destination.name}: {failure}"
        finally:
            sender.close()


def made_up_report(settings: Settings) -> Iterator[str]:
    """Lines that show a report of a generated ECG, as it would be written for each destination; none is sent.

    Raises:
        TwelveLeadError: the weights are not there.
    """
    answering = settings.answering
    engine = Engine(answering.weights, threads=1)
    ecg = replace(synthetic_ecg("st_elevation", sampling_rate=500), source="SYNTHETIC ECG, of no patient")
    answer = engine.predict(ecg, answering.operating_point, error_rate=answering.error_rate, measure=answering.measure)
    page = render(answer, "pdf", language=answering.language, label="SYNTHETIC ECG")
    report = Report.of(answer, datetime.now().astimezone(), language=answering.language, id="synthetic", page=page)
    reading = report.answer["reading"]
    yield f"A report of a synthetic ECG, of no patient; it is sent nowhere. {report.answer['notice']}"
    yield f"{reading['conclusion']['text']} {reading['urgency']['text']}"
    for section in reading["sections"]:
        yield f"  {section['heading']}: {' '.join(sentence['text'] for sentence in section['sentences'])}"
    for output in outputs_for(settings.destinations, signed=False):
        yield f"to {output.destination}: {output.form}, {len(output.write(report, b'')):,} bytes"
