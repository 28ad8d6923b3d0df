"""A page as PNG, SVG or PDF; the same page gives the same bytes."""

import os
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")

_HOW: dict[str, dict[str, Any]] = {
    "png": {"pil_kwargs": {"compress_level": 4}},
    "svg": {"metadata": {"Date": None, "Creator": "twelvelead"}},
    "pdf": {"metadata": {"CreationDate": None, "Creator": "twelvelead", "Producer": "twelvelead"}},
}
# TrueType text that can be searched and copied; without a salt of its own an SVG would name its parts at random.
_SETTINGS: Any = {"pdf.fonttype": 42, "svg.hashsalt": "twelvelead"}
_settings = Lock()  # Matplotlib's settings are of the process


def encoded(page: "Figure", format: str) -> bytes:
    """The page as "png" (8 pixels a mm), "svg" or "pdf" (one page, vectors)."""
    from matplotlib import rc_context

    buffer = BytesIO()
    with _settings, rc_context(_SETTINGS):
        page.savefig(buffer, format=format, dpi="figure", **_HOW[format])
    return buffer.getvalue()


def save(page: "Figure", path: str | os.PathLike[str]) -> None:
    """Writes the page in the format of the path's suffix, whole or not at all.

    Raises:
        TwelveLeadError: the suffix is none of `FORMATS`, or the file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise TwelveLeadError(f"{target}: no such kind of picture; end the name in {', '.join(FORMATS)}")
    content = encoded(page, target.suffix.lower()[1:])
    try:
        with replacing(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise TwelveLeadError(
            f"{target}: cannot be written ({error.strerror}); choose a folder that exists and is writable"
        ) from None
