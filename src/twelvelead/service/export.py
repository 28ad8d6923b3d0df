"""What readers have signed, as labels to train on: a table and a folder of recordings that `twelvelead store create`
takes. Nothing in the table was typed by a person: paths and codes are ours, patients are hashes, free words stay out.
"""

import csv
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np

from twelvelead.data.partial import partial_folder
from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing
from twelvelead.inference.shown import FULL
from twelvelead.ledger import Books, Event, Ledger, Recording
from twelvelead.service import kept, signals
from twelvelead.weights.statements import load_statements

Classes = Literal["superclass", "statement"]

READING = ("sampling_rate", "unit", "scale", "variable", "time_unit")
"""Options without which an original cannot be read."""

_SUPERCLASS = {each.statement: each.superclass for each in load_statements()}


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        recordings, patients: how many; a recording whose patient is unknown is a patient of its own.
        classes: name -> recordings that have it; one that none has is no class, since nothing could learn it.
        as_signals: of the recordings, those whose original states too little to be read alone.
        left_out: why -> how many.
    """

    recordings: int
    patients: int
    classes: Mapping[str, int]
    as_signals: int
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class _Row:
    file: str
    patient: str
    age: float | None
    sex: str | None
    classes: frozenset[str]
    recording: Recording = field(repr=False)
    as_signal: bool


def export(
    ledger: Ledger, labels: Path, originals: Path, *, classes: Classes = "superclass", owner: str | None = None
) -> Exported:
    """Write the newest signed reading of each recording as a line of a table, and the recordings beside it.

    Args:
        ledger: that has them.
        labels: the table; not there yet.
        originals: the folder; not there yet. Each recording is as it came, or its signal as a WFDB record where its
            original states too little to be read alone.
        classes: "superclass": PTB-XL's five, of what was stated; "statement": the codes that were stated.
        owner: whose recordings; None for everybody's.

    Raises:
        TwelveLeadError: nothing can be exported, or it is there already or cannot be written; nothing is then.
    """
    for path in (labels, originals):
        if path.exists():
            raise TwelveLeadError(f"{path}: is there already; name another, or remove it")
    left_out: Counter[str] = Counter()
    with replacing(labels) as table, partial_folder(originals) as folder:
        folder.chmod(0o700)
        with ledger.view() as books:
            rows = list(_rows(ledger, books, folder, classes, owner, left_out))
        if not any(row.classes for row in rows):
            raise TwelveLeadError("no reading is signed that states a class; there is nothing to export")
        stated = _stated(rows)
        _write(table, rows, tuple(stated))
        with ledger.begin() as books:
            books.audit.extend([_event(row.recording) for row in rows])
    patients = len({row.patient for row in rows})
    return Exported(len(rows), patients, stated, sum(row.as_signal for row in rows), dict(left_out))


def _rows(
    ledger: Ledger, books: Books, folder: Path, classes: Classes, owner: str | None, left_out: Counter[str]
) -> Iterator[_Row]:
    salt = secrets.token_bytes(32)  # so that nobody finds an id by trying all
    signed = 0
    for reading in books.readings.signed(owner):
        signed += 1
        recording = books.recordings.get(reading.recording, owner)
        codes = [statement["code"] for statement in reading.statements if statement.get("code")]
        answer = books.recordings.answered(recording.id)
        if answer is None or answer.state != "interpreted":
            left_out["refused by the quality gate"] += 1
        elif not codes:
            left_out["signed without a code"] += 1
        elif classes == "superclass" and not all(code in FULL or code in _SUPERCLASS for code in codes):
            left_out["signed with a code that is not PTB-XL's"] += 1
        else:
            file, as_signal = _write_recording(ledger, books, folder, recording.id)
            stated = frozenset(codes if classes == "statement" else filter(None, map(superclass_of, codes)))
            whose = recording.whose or (recording.id, None)
            patient = "p" + blake2b(repr(whose).encode(), key=salt, digest_size=16).hexdigest()
            said = answer.content
            yield _Row(file, patient, said.get("age"), said.get("sex"), stated, recording, as_signal)
    if unsigned := books.recordings.list(owner, limit=1).total - signed:
        left_out["not signed"] = unsigned


def superclass_of(code: str) -> str:
    """The superclass of PTB-XL that a code is or belongs to; "" for none."""
    return code if code in FULL else _SUPERCLASS.get(code, "")


def _stated(rows: Sequence[_Row]) -> dict[str, int]:
    """Every class that a row has, in PTB-XL's order, others behind -> how many have it."""
    counts = Counter(name for row in rows for name in row.classes)
    return {name: counts[name] for name in dict.fromkeys([*FULL, *_SUPERCLASS, *sorted(counts)]) if name in counts}


def _write_recording(ledger: Ledger, books: Books, folder: Path, recording: str) -> tuple[str, bool]:
    """The path below the folder, and whether it is the signal in place of the original."""
    sent, told = kept.original(ledger, books, recording)
    parts, first = kept.parts_of(sent), f"recording{sent.suffix}"
    signal = books.recordings.attachment(recording, kept.SIGNAL)
    as_signal = signal is not None and any(told.get(name) is not None for name in READING)
    if as_signal and signal is not None:
        parts, first = as_wfdb(ledger.content(signal.sha256)), "recording.hea"
    (folder / recording).mkdir()
    for name, content in parts.items():
        (folder / recording / name).write_bytes(content)
    return f"{recording}/{first}", as_signal


def as_wfdb(content: bytes) -> dict[str, bytes]:
    """A signal, as `signals.encode` gives it, as a WFDB record of 16 bits: name -> bytes of its two files."""
    found = signals.decode(content)
    finite = np.isfinite(found.samples)
    step = max(1.0, float(np.abs(found.samples[finite], dtype=np.float64).max(initial=0)) * 1000 / 32767)
    counts = np.full(found.samples.shape, -32768, "<i2")
    counts[finite] = np.rint(found.samples[finite] * (1000 / step))
    checksums = counts.astype(np.int64).sum(axis=0) & 0xFFFF
    lines = [f"recording {len(found.leads)} {found.sampling_rate:.12g} {len(counts)}"]
    lines += [
        f"recording.dat 16 {1000 / step:.9g}(0)/mV 16 0 {counts[0, column]} {checksum} 0 {lead}"
        for column, (lead, checksum) in enumerate(zip(found.leads, checksums.tolist(), strict=True))
    ]
    return {"recording.hea": ("\n".join(lines) + "\n").encode(), "recording.dat": counts.tobytes()}


def _write(table: Path, rows: Sequence[_Row], classes: Sequence[str]) -> None:
    with table.open("w", newline="", encoding="utf-8") as stream:
        table.chmod(0o600)
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "patient_id", "age", "sex", *classes])
        for row in rows:
            known: list[Any] = ["" if row.age is None else f"{row.age:g}", row.sex or ""]
            writer.writerow([row.file, row.patient, *known, *(int(name in row.classes) for name in classes)])


def _event(recording: Recording) -> Event:
    return Event("local", "export", subject=recording.id, input_sha256=recording.source_sha256)
