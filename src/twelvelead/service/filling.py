"""What a service is started with: the recordings of a folder, or those of the demonstration."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import quoteattr

import numpy as np

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.files import read_regular
from twelvelead.readers.find import recordings
from twelvelead.readers.recording import LARGEST_FILE
from twelvelead.service.answering import Question
from twelvelead.service.auditing import Stamp
from twelvelead.service.callers import LOCAL
from twelvelead.service.core import Core
from twelvelead.service.log import event
from twelvelead.service.options import Reading
from twelvelead.service.problems import Problem
from twelvelead.service.uploads import Upload, signal_files, upload

_TOLD: dict[str, Any] = {"identify": True}
_PAUSE = 1.0
"""Seconds, where the queue is full or the service is not ready."""


async def fill(core: Core, uploads: Iterable[Upload]) -> Counter[str]:
    """Keep recordings as if this machine's user had sent them, one at a time; what is there already stays as it is.

    Returns:
        "interpreted", "refused" and "unreadable" -> how many.
    """
    values = Reading(**_TOLD).with_defaults(core.answerer)
    states: Counter[str] = Counter()
    for sent in uploads:
        reply = await _asked(core, Question(sent, values, keep=True))
        if reply is None or reply.kept is None:
            states["unreadable"] += 1
            continue
        stamp = Stamp(uuid4().hex, core.answering_sha256)
        recording, _ = await asyncio.to_thread(core.keeping.add, LOCAL, sent, _TOLD, reply, stamp)
        states[recording.state] += 1
    event("filled", **states)
    return states


async def _asked(core: Core, question: Question) -> Any:
    """The reply; None for what no worker survives."""
    while not core.stopping:
        try:
            core.require_ready()
            return await core.ask(question)
        except Problem as problem:
            if problem.status not in (429, 503):
                return None
            await asyncio.sleep(_PAUSE)
    return None


def of_folder(folder: Path) -> Iterable[Upload]:
    """The recordings in a folder, read one after another.

    Raises:
        TwelveLeadError: there is no such folder, or no recording in it.
    """
    if not folder.is_dir():
        raise TwelveLeadError(f"{folder}: no such folder; name one that holds ECG files", code="not-found")
    found = recordings([folder])
    if not found.files:
        raise found.faults[0]
    return map(_of_file, found.files)


def _of_file(path: Path) -> Upload:
    """A recording with what lies beside it; empty where it cannot be read, which its reader says then."""
    try:
        content = read_regular(path, LARGEST_FILE)
        beside = {}
        for name in signal_files(content):
            if (path.parent / name).is_file():
                beside[name] = read_regular(path.parent / name, LARGEST_FILE)
    except OSError:
        content, beside = b"", {}
    return upload(content, beside, path.suffix)


def of_demo() -> list[Upload]:
    """A generated ECG of each kind, and one that the quality gate refuses; they are of no patient."""
    ecgs = [synthetic_ecg(variant, sampling_rate=500) for variant in VARIANTS]
    signal = synthetic_ecg("normal", seed=1, sampling_rate=500).signal.copy()
    signal[:, LEADS.index("V2")] = 0
    ecgs.append(ECG(signal, 500.0, source="synthetic, cable of V2 loose"))
    return [upload(as_aecg(ecg, number), {}, ".xml") for number, ecg in enumerate(ecgs, start=1)]


def as_aecg(ecg: ECG, number: int) -> bytes:
    """A synthetic ECG as HL7 aECG, named as what it is."""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value><origin value="0" unit="uV"/>'
        f'<scale value="1" unit="uV"/><digits>{" ".join(map(str, column))}</digits></value></sequence></component>'
        for lead, column in zip(ecg.leads, np.rint(ecg.signal.T * 1000).astype(int).tolist(), strict=True)
    )
    sex = {"male": "M", "female": "F"}.get(ecg.sex or "", "UN")
    born = "" if ecg.age is None else f'<birthTime value="{2026 - round(ecg.age)}0101"/>'
    subject = f'<trialSubject><id root="SYNTHETIC" extension={quoteattr(f"DEMO-{number}")}/></trialSubject>'
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3">'
        f'<effectiveTime><low value="20260101120000"/></effectiveTime>{subject}<subjectDemographicPerson>'
        f'<name>{ecg.source.upper()}</name><administrativeGenderCode code="{sex}"/>{born}</subjectDemographicPerson>'
        '<component><series><code code="RHYTHM"/><author><seriesAuthor><manufacturerOrganization>'
        "<name>SYNTHETIC ECG, of no patient</name></manufacturerOrganization></seriesAuthor></author>"
        '<component><sequenceSet><component><sequence><code code="TIME_ABSOLUTE"/><value>'
        f'<increment value="{1000 / ecg.sampling_rate:.6g}" unit="ms"/></value></sequence></component>{sequences}'
        "</sequenceSet></component></series></component></AnnotatedECG>"
    )
    return text.encode()
