"""How a recording stands in the ledger, whoever brought it: its files, its options, its answer."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from twelvelead.ledger import Books, File, Identity, Ledger, NewAnswer, Recording, State
from twelvelead.ledger.recording import Json
from twelvelead.service import signals
from twelvelead.service.answering import Kept, Reply
from twelvelead.service.uploads import Upload, upload

SIGNAL = "signal.bin"
OPTIONS = "options.json"

URGENCY = {"critical": 4, "urgent": 3, "routine": 2, "normal": 1}
"""What a worklist is sorted by -> its number; 0 for what no rule speaks of."""

_STATES: dict[str, State] = {"answered": "interpreted", "refused": "refused", "unreadable": "unreadable"}


def parts_of(sent: Upload) -> dict[str, bytes]:
    """Name -> bytes of its files: of none but the first, whose suffix alone is kept, does the name matter."""
    return {f"recording{sent.suffix}": sent.content, **sent.beside}


def contents_of(sent: Upload, options: Mapping[str, Any]) -> tuple[bytes, ...]:
    """All bytes that `add` refers to."""
    return (*parts_of(sent).values(), *([_told(options)] if _asks(options) else []))


def once_of(sent: Upload, options: Mapping[str, Any]) -> str:
    """What is equal for the same bytes with the same options, and for nothing else."""
    return _sha256(sent.sha256.encode() + _told(options))


def add(
    books: Books, owner: str, sent: Upload, options: Mapping[str, Any], *, once: str | None = None
) -> tuple[Recording, bool]:
    """Enter a recording with its options; `contents_of` it were given to `Ledger.begin`.

    Args:
        books: in a transaction that writes.
        owner, once: see `Recordings.add`; `once_of` it where None.
        sent, options: of the recording.

    Raises:
        Conflict: `once` is there with other bytes.
    """
    files = [File(name, _sha256(content)) for name, content in parts_of(sent).items()]
    recording, is_new = books.recordings.add(owner, sent.sha256, "", files, once=once or once_of(sent, options))
    if is_new and _asks(options):
        books.recordings.attach(recording.id, OPTIONS, "application/json", _sha256(_told(options)))
    return recording, is_new


def learn(books: Books, recording: str, kept: Kept, *, signal: bool = True) -> None:
    """Enter what reading a recording gave: its kind, whose it is, and its signal.

    Args:
        books: in a transaction that writes.
        recording: its id.
        kept: of its reply.
        signal: whether the signal is kept too, which was given to `Ledger.begin`; else it is made when it is asked for.
    """
    books.recordings.recognise(recording, kept.kind)
    stated = kept.recording["identity"]
    books.recordings.identify(recording, None if stated is None else Identity(**stated))
    if signal:
        books.recordings.attach(recording, SIGNAL, signals.MEDIA, _sha256(kept.signal))


def original(ledger: Ledger, books: Books, recording: str) -> tuple[Upload, dict[str, Any]]:
    """The bytes of a recording as they came, and its options."""
    first, *others = books.recordings.files(recording)
    beside = {file.name: ledger.content(file.sha256) for file in others}
    told = books.recordings.attachment(recording, OPTIONS)
    sent = upload(ledger.content(first.sha256), beside, first.name.removeprefix("recording"))
    return sent, {"identify": True} if told is None else json.loads(ledger.content(told.sha256))


def new_answer(reply: Reply, settings_sha256: str) -> NewAnswer:
    """What a worker said, as it is kept.

    Args:
        reply: an answer, a refusal, or why it cannot be read.
        settings_sha256: of what decides answers.
    """
    content: Json = reply.error if reply.error is not None else json.loads(reply.body)
    recording = {} if reply.kept is None else reply.kept.recording
    said = content.get("reading") or {}
    conclusion = said.get("conclusion", "")
    return NewAnswer(
        _STATES[reply.outcome],
        content,
        code=reply.error["code"] if reply.error is not None else None,
        findings=tuple(content["findings"]),
        statements=_present(content),
        urgency=URGENCY.get(str((said.get("urgency") or {}).get("level")), 0),
        conclusion=conclusion if isinstance(conclusion, str) else conclusion.get("text", ""),
        duration_s=recording.get("duration_s"),
        sampling_rate_hz=recording.get("sampling_rate_hz"),
        weights_sha256=content["model"]["sha256"],
        contract_sha256=content["model"]["contract_sha256"],
        settings_sha256=settings_sha256,
        product=f"{content['product']['name']} {content['product']['version']}",
    )


def _present(content: Json) -> tuple[str, ...]:
    """The codes of classes and statements that an answer says to be present, each once."""
    both = (content.get("classes", {}), content.get("statements", {}))
    return tuple(dict.fromkeys(name for results in both for name, result in results.items() if result["present"]))


def _asks(options: Mapping[str, Any]) -> bool:
    """Whether anything is asked but what always is: that it is kept whose recording it is."""
    return bool(options.keys() - {"identify"})


def _told(options: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(sorted(options.items()))).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
