"""Why there is no answer for a file, as JSON holds it. `error.schema.json` describes it."""

from dataclasses import asdict
from typing import Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.inference.interpretation import NOTICE, gravest_first
from twelvelead.version import __version__

FORMAT = "twelvelead-error"
VERSION = 1


def describe_error(
    error: TwelveLeadError, source: str, engine: Engine, *, ecg: ECG | None = None, picture: str | None = None
) -> dict[str, Any]:
    """Plain values, as `twelvelead interpret --json` prints them, with the reading, in the place of an interpretation.

    Args:
        error: of `twelvelead.read` or `Engine.predict`.
        source: the file, or what stands in its place.
        engine: that was asked, or would have been.
        ecg: the recording, where it could be read.
        picture: the file that shows it, where one was drawn.
    """
    findings = gravest_first(error.findings) if isinstance(error, Refused) else ()
    return {
        "format": FORMAT,
        "version": VERSION,
        "source": source,
        "source_sha256": None if ecg is None else ecg.sha256,
        "code": error.code,
        "error": str(error),
        "exit_code": error.exit_code,
        "findings": [asdict(finding) | {"grave": finding.grave} for finding in findings],
        "picture": picture,
        "model": {
            "name": engine.contract.name,
            "sha256": engine.sha256,
            "contract_sha256": engine.contract_sha256,
        },
        "product": {"name": "twelvelead", "version": __version__},
        "notice": NOTICE,
    }
