"""Pages as PNG, SVG or PDF; the same pages give the same bytes."""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from twelvelead.errors import TwelveLeadError
from twelvelead.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")

# Text that can be searched and copied; without a salt of its own an SVG would name its parts at random.
_SETTINGS: Any = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "twelvelead"}
_settings = Lock()  # Matplotlib's settings are of the process


def figure_of(page: "Axes") -> "Figure":
    """The figure that a page lies in."""
    from matplotlib.figure import Figure

    figure = page.figure
    assert isinstance(figure, Figure)
    return figure


def format_of(path: str | os.PathLike[str]) -> str:
    """ "png", "svg" or "pdf", by the suffix.

    Raises:
        TwelveLeadError: the suffix is none of `FORMATS`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise TwelveLeadError(f"{path}: no such kind of picture; end the name in {', '.join(FORMATS)}")
    return suffix[1:]


def encode(pages: Sequence["Axes"], format: str, about: Mapping[str, str] | None = None) -> bytes:
    """The pages as "png" (8 pixels a mm), "svg", both one below the other, or "pdf" (vectors, A4 pages).

    Args:
        pages: of `twelvelead.ecg.paper.draw`; for "pdf" each a figure, else all in one.
        format: "png", "svg" or "pdf".
        about: Title, Subject, Author and Keywords for the file itself; no time, so that equal pages are equal bytes.
    """
    from matplotlib import rc_context

    about = dict(about or {})
    buffer = BytesIO()
    with _settings, rc_context(_SETTINGS):
        if format == "pdf":
            from matplotlib.backends.backend_pdf import PdfPages

            details: dict[str, Any] = {"Creator": "twelvelead", "Producer": "twelvelead", **about, "CreationDate": None}
            with PdfPages(buffer, metadata=details) as pdf:
                for page in pages:
                    pdf.savefig(figure_of(page), dpi="figure")
            return buffer.getvalue()
        how: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}, "metadata": {"Software": "twelvelead", **about}}
        if format == "svg":
            subject = {"Description": about["Subject"]} if "Subject" in about else {}
            title = {"Title": about["Title"]} if "Title" in about else {}
            how = {"metadata": {"Date": None, "Creator": "twelvelead", **title, **subject}}
        figure_of(pages[0]).savefig(buffer, format=format, dpi="figure", **how)
    return buffer.getvalue()


def save(content: bytes, path: str | os.PathLike[str]) -> None:
    """Writes a picture, whole or not at all.

    Raises:
        TwelveLeadError: the file cannot be written.
    """
    target = Path(path)
    try:
        with replacing(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise TwelveLeadError(
            f"{target}: cannot be written ({error.strerror}); choose a folder that exists and is writable",
            code="not-writable",
        ) from None
