"""An answer with its reading, as JSON holds it: what `twelvelead interpret --json` prints."""

from typing import Any

from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.interpretation import Interpretation
from twelvelead.reading.compose import compose, compose_refused
from twelvelead.reading.languages import ENGLISH


def describe(interpretation: Interpretation, language: str = ENGLISH) -> dict[str, Any]:
    """`Interpretation.to_dict()` with the reading.

    Args:
        interpretation: to describe.
        language: of the reading.

    Raises:
        TwelveLeadError: there are no texts in this language.
    """
    return interpretation.to_dict() | {"reading": compose(interpretation, language).to_dict()}


def describe_fault(described: dict[str, Any], error: TwelveLeadError, language: str = ENGLISH) -> dict[str, Any]:
    """What `describe_error` gives, with the reading of a recording that was refused; null for what was not read.

    Args:
        described: of `twelvelead.inference.failure.describe_error`.
        error: that it describes.
        language: of the reading.

    Raises:
        TwelveLeadError: there are no texts in this language.
    """
    reading = compose_refused(error, language).to_dict() if isinstance(error, Refused) else None
    return described | {"reading": reading}
