"""Errors that a user can mend. The command line prints their text as one line and ends with their exit code."""

from typing import Any


class TwelveLeadError(Exception):
    """A fault outside the program: the text names the file, what is wrong and what to do.

    Attributes:
        exit_code: what the command line ends with: 2, the command line is wrong or a file cannot be read.
    """

    exit_code = 2


class Unreadable(TwelveLeadError):
    """A file cannot be read: unknown format, truncated, wrong checksum, unit or sampling rate not stated."""


class Refused(TwelveLeadError):
    """A recording was read but is not fit to interpret: missing lead, NaN, flat, too short.

    Args:
        message: the file, the fault and the remedy.
        findings: of the quality gate (`twelvelead.ecg.quality.Finding`), where it refused.
    """

    exit_code = 3

    def __init__(self, message: str, findings: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class MissingExtra(TwelveLeadError):
    """An optional dependency is not installed.

    Args:
        what: what the user asked for, as the start of a sentence.
        extra: the extra that brings the dependency.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'twelvelead[{extra}]'")


class Interrupted(TwelveLeadError):
    """The user stopped a long work with Ctrl-C; nothing finished is lost."""

    exit_code = 130
