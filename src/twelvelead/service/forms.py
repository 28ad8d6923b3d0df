"""In which form a client wants the answer (RFC 9110, 12.5.1)."""

from typing import Literal

from twelvelead.service.problems import Problem

Form = Literal["json", "pdf", "png", "svg"]

MEDIA: dict[Form, str] = {
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
}
"""Form -> media type, the first where a client has no wish."""


def choose(accept: str | None) -> Form:
    """The form that a client likes best; of equals the first.

    Args:
        accept: the header; None where there is none.

    Raises:
        Problem: 406, it takes none of them.
    """
    if accept is None or not accept.strip():
        return "json"
    wishes = [_wish(entry) for entry in accept.split(",")]
    best: Form = max(MEDIA, key=lambda form: _quality(MEDIA[form], wishes))
    if _quality(MEDIA[best], wishes) == 0:
        raise Problem(406, "not-acceptable", f"an answer is {', '.join(MEDIA.values())}; name one of them in Accept")
    return best


def _wish(entry: str) -> tuple[str, float]:
    """A range of media types in lower case, and its weight, 0-1."""
    media, *parameters = (part.strip().lower() for part in entry.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return media, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return media, 0.0


def _quality(media: str, wishes: list[tuple[str, float]]) -> float:
    """The weight of the most specific range that a media type lies in."""
    for pattern in (media, media.partition("/")[0] + "/*", "*/*"):
        found = [weight for wish, weight in wishes if wish == pattern]
        if found:
            return max(found)
    return 0.0
