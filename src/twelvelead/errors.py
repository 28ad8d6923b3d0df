"""Errors that a user can mend. The command line prints their text as one line and ends with their exit code.

    TwelveLeadError      the command line is wrong, or something outside is      exit code 2
    ├── Unreadable       a file cannot be read                                   exit code 2
    ├── Refused          a recording was read, but is not fit to interpret       exit code 3
    ├── Conflict         what was to be changed is no longer as it was           exit code 2
    ├── MissingExtra     an optional dependency is not installed                 exit code 2
    └── Interrupted      the user stopped it; nothing finished is lost           exit code 130

Each has a stable `code` beside its text: the text may change with any version, a code of `ERROR_CODES` or of
`twelvelead.ecg.finding.CODES` keeps its meaning.
"""

from typing import Any

ERROR_CODES = {
    "usage": "the command line or an argument asks for what there is not",
    "unreadable": "a file cannot be read, for a reason without a code of its own",
    "not-found": "no such file, recording, job or key, or nothing in it to read",
    "unknown-format": "not a recording of a known kind",
    "truncated": "a file is cut short or holds less than it announces",
    "damaged": "a file contradicts itself, its checksum or its format",
    "too-large": "a file is larger than is read at once",
    "unit-missing": "no unit is stated, and none was given",
    "rate-missing": "no sampling rate is stated, and none was given",
    "uncalibrated": "the size of a step is not stated where the format has a place for it",
    "ambiguous": "a file holds several things that could be meant, and one has to be named",
    "contradiction": "what was given contradicts what the file states",
    "unsupported": "a file of a known kind uses what is not read",
    "weights": "the weights or their contract are not there, do not match or do not fit",
    "conflict": "what was to be changed is no longer as it was, or is there already as something else",
    "ledger": "the database of what is kept is not there, full, damaged or busy",
    "not-writable": "a place cannot be written",
    "missing-extra": "an optional dependency is not installed",
    "interrupted": "the user or the system stopped it",
    "not-acceptable": "the service cannot give an answer in any of the forms asked for",
    "no-resource": "the service has no such thing, or none that the key may know of",
    "denied": "a key is missing, unknown, revoked or not meant for this, or another site sent the request",
    "busy": "the service has more to do than it takes on at once",
    "too-slow": "a request takes longer to come than the service waits",
    "not-ready": "the service is starting or stopping, or its self-test failed",
    "internal": "a fault of the program's own",
    "refused": "a recording is not fit to interpret, for a reason without a code of its own",
}
"""Code of an error -> what it stands for. A refusal of the quality gate has the code of its first finding instead."""


class TwelveLeadError(Exception):
    """A fault outside the program: the text names the file, what is wrong and what to do.

    Args:
        message: one line.
        code: one of `ERROR_CODES`; that of the class where none is given.

    Attributes:
        exit_code: what the command line ends with: 2, the command line is wrong or a file cannot be read.
        code: which error it is.
    """

    exit_code = 2
    code = "usage"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class Unreadable(TwelveLeadError):
    """A file cannot be read: unknown format, truncated, wrong checksum, unit or sampling rate not stated."""

    code = "unreadable"


class Refused(TwelveLeadError):
    """A recording was read but is not fit to interpret: missing lead, NaN, flat, too short.

    Args:
        message: the file, the fault and the remedy.
        findings: of the quality gate (`twelvelead.ecg.quality.Finding`); the first that refuses gives the code.
    """

    exit_code = 3
    code = "refused"

    def __init__(self, message: str, findings: tuple[Any, ...] = ()) -> None:
        code = next((finding.code for finding in findings if finding.severity == "refuse"), None)
        super().__init__(message, code=code)
        self.findings = findings


class Conflict(TwelveLeadError):
    """What was to be changed is no longer as it was: somebody else was faster. Nothing is changed."""

    code = "conflict"


class MissingExtra(TwelveLeadError):
    """An optional dependency is not installed.

    Args:
        what: what the user asked for, as the start of a sentence.
        extra: the extra that brings the dependency.
    """

    code = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'twelvelead[{extra}]'")


class Interrupted(TwelveLeadError):
    """The user or the system stopped what takes long; nothing finished is lost.

    Args:
        message: one line.
        number: of the signal: 2 for Ctrl-C, 15 for SIGTERM, 1 for SIGHUP; the exit code is 128 more.
    """

    exit_code = 130
    code = "interrupted"

    def __init__(self, message: str, number: int = 2) -> None:
        super().__init__(message)
        self.exit_code = 128 + number
